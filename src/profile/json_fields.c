// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Tables of numbers, as far as the profile knows them, into JSON. */
#include "json_write.h"

void add_numbers(struct json_writer *writer, const struct profile *profile, cJSON *object,
		 const struct number_field *fields, const void *base)
{
	for (; fields->name; fields++)
		if (profile_knows(profile, fields->needs))
			json_add_number(writer, object, fields->name, *field_in(base, fields));
}

void put_numbers(struct json_line *line, const struct profile *profile, const struct number_field *fields,
		 const void *base)
{
	unsigned int lacks = profile_lacks(profile);
	for (; fields->name; fields++)
		if (!(fields->needs & lacks))
			json_put_named(line, fields->name, fields->length, *field_in(base, fields));
}
