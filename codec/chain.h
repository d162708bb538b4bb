/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_CODEC_CHAIN_H
#define SEATLOG_CODEC_CHAIN_H

/*
 * The hash chain over a show's events.
 *
 * An event's hash is BLAKE2b-256 over the hash of the show's previous event (all zero before the
 * first) and the event's own wire bytes without the hash itself: wire[0..5) ‖ wire[37..). It
 * stands in wire[5..37), which is head.hash, the first field of every event. Who changes, drops
 * or inserts an event must change every later one of that show.
 */

#include "codec/value.h"

#define EVENT_CHAIN_HASH_OFFSET ((size_t)5)
#define EVENT_CHAIN_HASH_SIZE ((size_t)32)

/* Computes the hash of an encoded event, writes it into the event and to *out. size must be at
 * least 37: an encoded event always is. */
void event_chain_seal(uint8_t *wire, size_t size, const struct hash *previous, struct hash *out);

/* Whether the event carries the right hash. *out, unless NULL, is set to the hash computed, also
 * when it is not the one carried; false and *out all zero if the bytes are too few. */
bool event_chain_verify(struct octets wire, const struct hash *previous, struct hash *out);

/* BLAKE2b-256 of the bytes: a command's hash is that of its whole value, prefix included. */
void octets_hash(struct octets octets, struct hash *out);

#endif
