/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_HEX_H
#define SEATLOG_RUNTIME_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes as hexadecimal digits. Not in constant time: secrets go through libsodium. */

/* Writes 2 * size lower-case digits and a NUL. Returns out. */
char *hex_format(const uint8_t *octets, size_t size, char *out);

/* Reads 2 * size digits in either case. false: there is another character among them, and some of
 * out may have been written. */
bool hex_parse(const char *text, size_t size, uint8_t *out);

/* How many lower-case digits the text begins with, which W3C Trace Context wants. */
size_t hex_span(const char *text);

#endif
