/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_DIFFERENCE_H
#define SEATLOG_REPLAY_VERIFY_DIFFERENCE_H

#include "codec/value.h"
#include "runtime/base/buffer.h"

/*
 * Where two values in the wire format differ, for people: the first field, by its path, with both
 * values ("head.at: expected 1732428000000, found 1732428000001"), or the first byte where the
 * records cannot be told apart by fields. Appends a sentence to out.
 */
void replay_difference(struct octets expected, struct octets found, struct buffer *out);

/* A record as one line of JSON with its type, fixed values in hex; for people and diffs. */
void replay_record_json(struct octets wire, struct buffer *out);

#endif
