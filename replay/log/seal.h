/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_SEAL_H
#define SEATLOG_REPLAY_LOG_SEAL_H

#include "replay/log/log.h"
#include "replay/log/sum.h"
#include "runtime/base/time.h"

/*
 * A seal is a file that says what every partition's history was up to some offset, signed with
 * Ed25519 and kept away from Kafka. Somebody who rewrites history, and even recomputes every hash chain,
 * cannot make it agree with a seal. Text, a line a fact:
 *
 *   seatlog seal 2
 *   at 2026-11-24T06:50:00Z
 *   key <64 hexadecimal digits, the public key>
 *   partition 0 events 1234 <hash> commands 567 <hash>
 *   …
 *   signature <128 hexadecimal digits, over everything before this line>
 *
 * The hash of a partition up to an offset is that of replay/log/sum.h. A seal of version 1 is read
 * too; it says nothing of labels, and so of no history after a claim.
 */
#define SEAL_VERSION 2

struct seal_partition {
    int64_t events_end;
    struct hash events;
    int64_t commands_end;
    struct hash commands;
};

struct seal {
    char name[256]; /* of its file */
    int version;    /* when read; SEAL_VERSION is written */
    char at[TIME_TEXT_SIZE];
    char public_key[65];
    struct seal_partition *partitions;
    int32_t count;
};

/* Reads and checks the signature. public_key: the only key that counts, in hexadecimal, or empty.
 */
bool seal_read(const char *path, const char *public_key, struct seal *out, struct error *error);
void seal_deinit(struct seal *seal);

/* Signs with the seed in the file (64 hexadecimal digits; made if it is missing) and writes it. */
bool seal_write(const char *path, const char *key_file, const struct seal *seal,
                struct error *error);

/* All seals (*.seal) of a folder, oldest first. The caller deinits each and frees the array. */
bool seals_read(const char *folder, const char *public_key, struct seal **seals, size_t *count,
                struct error *error);

#endif
