/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_FORMATS_H
#define SEATLOG_TOOLS_PROVIDER_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The provider's ways of writing things. */

/* RFC 3339 with or without a fraction, in UTC or with an offset. false: it is not. */
bool formats_time_read(const char *text, int64_t *time_ms);

/* An ISO 8601 duration of weeks, days, hours, minutes and seconds: P7D, PT36H, P1DT12H. -1: it is
 * not. */
int64_t duration_parse_s(const char *text);

/* size random letters and digits and a NUL. Returns out. */
char *identifier_draw(char *out, size_t size);

#endif
