// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Pieces of JSON files for other programs. */
#include "views_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool json_add_text(cJSON *object, const char *name, const char *text)
{
	char *clean = profile_clean_text(text);
	bool added = clean && cJSON_AddStringToObject(object, name, clean);
	free(clean);
	return added;
}

/* cJSON's own numbers are doubles. */
bool json_add_number(cJSON *object, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return cJSON_AddRawToObject(object, name, text);
}

bool json_append_number(cJSON *array, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON *item = cJSON_CreateRaw(text);
	if (item && cJSON_AddItemToArray(array, item))
		return true;
	cJSON_Delete(item);
	return false;
}
