# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""docs/profile.schema.json: what every profile is checked against that a test reads.

The schema leaves its objects open, as readers of profiles must be; here they are closed, so that a field
that is written and not described is a failure. By itself: what is wrong with the schema, as `make check` asks.
"""
import functools
import importlib
import json
import pathlib
import sys

PATH = pathlib.Path(__file__).resolve().parent.parent / 'docs/profile.schema.json'
DEBIAN = '/usr/lib/python3/dist-packages'
KEYWORDS = {'$schema', '$ref', '$comment', 'title', 'description', 'definitions', 'type', 'const', 'enum', 'pattern',
            'minimum', 'maximum', 'exclusiveMinimum', 'required', 'properties', 'dependencies', 'items', 'minItems',
            'maxItems', 'allOf', 'if', 'then', 'else'}


def import_debian(name):
    """A module of Debian's packages, also where another Python comes first in PATH and does not look for them:
    these are written in Python alone, so any version of it can read them."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if DEBIAN not in sys.path:
            sys.path.append(DEBIAN)  # last: what this Python has of its own stays first
    return importlib.import_module(name)


def load():
    return json.loads(PATH.read_text(encoding='utf-8'))


# --- profiles ---

class Pointed(float):
    """A number that was written with a point or an exponent. To JSON Schema 1.0 and 1e19 are integers; a whole
    number of ours is written as one, or it has lost its last digits on the way."""

    def is_integer(self):
        return False


def refuse(word):
    raise ValueError(f'{word} is not JSON')


def parse(text):
    return json.loads(text, parse_float=Pointed, parse_constant=refuse)


def closed(part, definitions):
    """The schema without unknown fields, and with each $ref replaced by what it stands for: fastjsonschema
    calls a function for each, which made checking three times as slow."""
    if isinstance(part, list):
        return [closed(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if '$ref' in part:
        return closed(definitions[part['$ref'].removeprefix('#/definitions/')], definitions)
    made = {key: closed(value, definitions) for key, value in part.items() if key != 'definitions'}
    return {**made, 'additionalProperties': False} if part.get('type') == 'object' else made


@functools.cache
def closed_schema():
    schema = load()
    return closed(schema, schema['definitions'])


@functools.cache
def validator():
    try:
        compiler = import_debian('fastjsonschema')
    except ImportError:
        sys.exit('the tests check profiles by python3-fastjsonschema, which is not installed: scripts/install-deps --test')
    validate = compiler.compile(closed_schema())

    def check(data, path):
        try:
            validate(data)
        except compiler.JsonSchemaException as error:
            raise AssertionError(f'{path}: not as docs/{PATH.name} says: {str(error)[:500]}') from None
    return check


def check(data, path=''):
    validator()(data, path)


# --- what is described, and what a profile has of it ---

def described(schema, path=''):
    """Each field as a path, 'stacks[].frames'; and each word that it may be, 'state=final'."""
    for word in schema.get('enum', []):
        yield f'{path}={word}'
    for name, part in schema.get('properties', {}).items():
        inner = f'{path}.{name}' if path else name
        yield inner
        yield from described(part, inner)
    if 'items' in schema:
        yield from described(schema['items'], f'{path}[]')


def used(value, path=''):
    if isinstance(value, str):
        yield f'{path}={value}'
    if isinstance(value, dict):
        for name, part in value.items():
            inner = f'{path}.{name}' if path else name
            yield inner
            yield from used(part, inner)
    if isinstance(value, list):
        for part in value:
            yield from used(part, f'{path}[]')


# --- the schema itself ---

def schemas(part, path='schema'):
    """Each schema within, the fields' ones too, with its place."""
    if not isinstance(part, dict):
        return
    yield path, part
    for key in ('properties', 'definitions', 'dependencies'):
        for name, inner in part.get(key, {}).items():
            yield from schemas(inner, f'{path}/{name}')
    for key in ('items', 'if', 'then', 'else'):
        yield from schemas(part.get(key), f'{path}/{key}')
    for i, inner in enumerate(part.get('allOf', [])):
        yield from schemas(inner, f'{path}/allOf/{i}')


def problems(schema):
    """What is wrong with it, beyond what JSON Schema calls wrong: words that no validator knows are ignored by
    all, and a field without a sentence is not documented."""
    parts = list(schemas(schema))
    objects = [(path, part) for path, part in parts if part.get('type') == 'object']
    fields = {name for _, part in objects for name in part['properties']}
    for path, part in parts:
        for word in part.keys() - KEYWORDS:
            yield f'{path}: {word} is no keyword that this schema uses'
        for name in {*part.get('required', []), *part.get('properties', {}), *part.get('dependencies', {})} - fields:
            yield f'{path}: {name} is no field of any object'
        if '$ref' in part and part['$ref'].removeprefix('#/definitions/') not in schema['definitions']:
            yield f"{path}: there is no {part['$ref']}"
    for path, part in objects:
        for name, field in part['properties'].items():
            sentence = field.get('description', '')
            if not 10 <= len(sentence) <= 300 or not sentence.endswith('.') or '. ' in sentence:
                yield f'{path}/{name}: not described by one sentence: {sentence!r}'
            if not {'type', 'enum', 'const', '$ref'} & field.keys():
                yield f'{path}/{name}: of any type'


def main():
    schema = load()
    found = list(problems(schema))
    try:
        jsonschema = import_debian('jsonschema')
    except ImportError:
        print('python3-jsonschema is not installed: not compared with the schema of schemas', file=sys.stderr)
    else:
        try:
            jsonschema.Draft7Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            found.append(f'no JSON Schema: {error}')
    for problem in found:
        print(f'{PATH.name}: {problem}', file=sys.stderr)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
