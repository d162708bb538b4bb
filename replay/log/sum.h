/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_SUM_H
#define SEATLOG_REPLAY_LOG_SUM_H

#include "replay/log/log.h"

#include <sodium.h>

/*
 * One hash over a partition's history: BLAKE2b-256 of every record in order, each as offset and
 * timestamp (u64, i64), key size, value size and label size (u32; 0xffffffff for none), key, value,
 * label; integers most significant byte first. Version 1 does not know of labels, nor of their size.
 */
struct replay_sum {
    int version;
    crypto_generichash_state state;
};

/* version: of the seal, 1 or SEAL_VERSION. */
void replay_sum_init(struct replay_sum *sum, int version);
void replay_sum_take(struct replay_sum *sum, const struct replay_record *record);

/* The hash so far; more may be taken afterwards. */
struct hash replay_sum_get(const struct replay_sum *sum);

#endif
