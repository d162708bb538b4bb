/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_CORE_BASE45_H
#define SEATLOG_TICKETGEN_CORE_BASE45_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Base45 (RFC 9285): bytes in the 45 characters of a QR code's alphanumeric mode, which takes 5.5
 * bits for each of them. Two bytes become three characters, a last single one becomes two.
 */
#define BASE45_ENCODED_SIZE(octets_size) ((octets_size) / 2 * 3 + (octets_size) % 2 * 2 + 1)

/* out has BASE45_ENCODED_SIZE(size) bytes and ends with a NUL. Returns the length without it. */
size_t base45_encode(const uint8_t *octets, size_t size, char *out);

/*
 * Decodes size characters into at most out_size bytes and says how many there are. false: a
 * character that is none of the 45, a length that no bytes have, a group above what its bytes
 * hold, or out is too small. Exactly one text decodes to given octets.
 */
bool base45_decode(const char *text, size_t size, uint8_t *out, size_t out_size,
                   size_t *octets_size);

#endif
