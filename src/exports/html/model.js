/* The profile as the page has it: src/exports/html_*.c write it. */

const MOST_NAME = 1000; /* characters shown */
const INLINED = 1, RUNTIME = 2, NAMELESS = 4;

/* What can be told of stacks: [name, title, is it bytes, sentence]; those that are not known are left out. */
const FIGURES = [
  ['at_peak_bytes', 'At peak', true, 'bytes held at the moment of the peak'],
  ['at_peak_allocs', 'Blocks at peak', false, 'blocks held at the moment of the peak'],
  ['live_bytes', 'Live', true, 'bytes not freed when the profile was written'],
  ['live_allocs', 'Live blocks', false, 'blocks not freed when the profile was written'],
  ['peak_bytes', 'Own peak', true, 'the most bytes that the stack itself ever held'],
  ['allocated_bytes', 'Allocated', true, 'bytes of all allocations'],
  ['allocs', 'Allocations', false, 'calls that handed out a block'],
  ['freed_bytes', 'Freed', true, 'bytes given back'],
  ['frees', 'Frees', false, 'blocks given back'],
  ['temporary_allocs', 'Temporary', false, 'blocks freed before the next allocation on their thread'],
  ['reallocs', 'Reallocs', false, 'calls of realloc'],
  ['grown_in_place', 'In place', false, 'reallocs that made a block larger where it was'],
  ['moved', 'Moved', false, 'reallocs that moved a block'],
  ['moved_bytes', 'Copied', true, 'bytes that realloc copied'],
  ['cross_thread_frees', 'Freed elsewhere', false, 'blocks freed by another thread than allocated them'],
];

/* Numbers for sorting and sums; what is beyond 2^53 keeps its digits beside them. */
function columnOf(values) {
  const column = Float64Array.from(values, Number);
  const digits = new Map();
  values.forEach((value, i) => {
    if (typeof value === 'string')
      digits.set(i, value);
  });
  return {
    numbers: column,
    at: i => digits.get(i) ?? column[i],
  };
}

function byStack(rows) {
  const found = new Map();
  for (const [stack, ...values] of rows ?? [])
    found.set(stack, values);
  return found;
}

function histogramOf(first, counts) {
  return counts.map((count, i) => ({bits: first + i, count}));
}

class Model {
  constructor(data) {
    Object.assign(this, {
      target: data.target, capture: data.capture, knows: data.knows, totals: data.totals, cost: data.cost,
      warnings: data.warnings, reasons: data.reasons, unmatchedFrees: data.unmatched_frees, timeline: data.timeline,
      threads: data.threads, freeStacks: data.free_stacks ?? [], doubleFrees: data.double_frees ?? [],
    });
    this.show = figuresOf(data.capture);
    this.readCalls(data);
    this.readTree(data.tree, data.ends);
    this.figures = {};
    for (const [name] of FIGURES) {
      if (data.figures[name])
        this.figures[name] = columnOf(data.figures[name]);
    }
    for (const part of ['sizes', 'lifetimes', 'ages', 'growth', 'leaks', 'truncated', 'by_thread'])
      this[part] = byStack(data[part]);
    this.freedBy = byStack(data.freed_by);
  }

  readCalls(data) {
    this.objects = data.objects;
    this.calls = data.calls.map(([name, file, line, object, flags]) => ({
      name: data.strings[name], file: file ? data.strings[file - 1] : '', line,
      object: object ? data.objects[object - 1] : '', flags, sortKey: data.strings[name].slice(0, MOST_NAME).toLowerCase(),
    }));
  }

  /* Parents come before their children; node 0 is the root, which is no call. */
  readTree(tree, ends) {
    this.nodeCall = Int32Array.from(tree.call);
    this.nodeParent = Int32Array.from(tree.up, (up, i) => i - up);
    this.ends = Int32Array.from(ends);
    this.nStacks = ends.length;
  }

  /* The stack's calls, innermost first. */
  callsOf(stack) {
    const calls = [];
    for (let node = this.ends[stack]; node; node = this.nodeParent[node])
      calls.push(this.calls[this.nodeCall[node]]);
    return calls;
  }

  /* Where a reader should look: from the first call that is not the language's runtime. */
  ownCalls(calls) {
    const own = calls.filter(call => !(call.flags & RUNTIME));
    return own.length ? own : calls;
  }

  /* The first of ownCalls(), without a list of all. */
  firstOwn(stack) {
    for (let node = this.ends[stack]; node; node = this.nodeParent[node]) {
      const call = this.calls[this.nodeCall[node]];
      if (!(call.flags & RUNTIME))
        return call;
    }
    return this.calls[this.nodeCall[this.ends[stack]]];
  }

  /* Which stacks have a call that contains the text, as bytes of 0 or 1. */
  stacksWith(text) {
    const wanted = text.toLowerCase();
    const matches = Uint8Array.from(this.calls, call => callText(call).includes(wanted) ? 1 : 0);
    const onWay = new Uint8Array(this.nodeCall.length);
    for (let node = 1; node < onWay.length; node++)
      onWay[node] = onWay[this.nodeParent[node]] | matches[this.nodeCall[node]];
    return Uint8Array.from(this.ends, end => onWay[end]);
  }

  sum(name) {
    return this.figures[name].numbers.reduce((sum, value) => sum + value, 0);
  }
}

/* What a search looks at. */
function callText(call) {
  call.text ??= `${call.name}\n${call.file}\n${call.object}`.toLowerCase();
  return call.text;
}

function baseName(path) {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}

/* "buf.c:12", or the object where the file is not known. */
function placeOf(call) {
  if (call.file)
    return baseName(call.file) + (call.line ? `:${call.line}` : '');
  return call.flags & NAMELESS || !call.object ? '' : baseName(call.object);
}

/* Names may hold what shows them in another order, or not at all; and be a million characters long. */
function visible(text) {
  const cut = text.length > MOST_NAME ? `${text.slice(0, MOST_NAME)}\u2026` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/* "parse (a.c:12) < load < main" */
function chainOf(model, calls) {
  const [first, ...callers] = model.ownCalls(calls);
  const place = placeOf(first);
  return [first.name + (place ? ` (${place})` : ''), ...callers.map(call => call.name)].map(visible).join(' < ');
}
