/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_UUID_H
#define SEATLOG_RUNTIME_BASE_UUID_H

#include "codec/value.h"

#include <stdbool.h>
#include <stddef.h>

/* UUIDs as text, and whether two are the same. What ours are made of is in identity.h. */
#define UUID_TEXT_SIZE 37 /* 36 characters and the NUL */

bool uuid_equal(const struct uuid *left, const struct uuid *right);
bool uuid_is_zero(const struct uuid *uuid);

/* Lower-case text with dashes; out has UUID_TEXT_SIZE bytes. Returns out. */
char *uuid_format(const struct uuid *uuid, char *out);

/* Accepts the 36-character form in either case, nothing else. */
bool uuid_parse(const char *text, size_t size, struct uuid *out);

#endif
