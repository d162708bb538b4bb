/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_TRANSACTION_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_TRANSACTION_H

#include "runtime/base/config.h"
#include "runtime/loop/transaction/spec.h"

/*
 * The transactional consume–step–produce loop: records of one topic, in order within a partition,
 * each handled exactly once; what it produced and the offset after it become visible together or
 * not at all. What arrived during a commit makes the next transaction.
 *
 * The consumer group is the daemon's name, static members (group.instance.id), the eager range
 * assignor, read committed. Two transactional producers take turns, transactional.id
 * "<daemon>-<instance>-a" and "-b", so that a restarted process aborts what its predecessor had
 * open. A transaction is committed with the group's real metadata (KIP-447), and refused while the
 * member id is unknown.
 *
 * A partition that is assigned does not flow yet. The loop reads its committed offset (which waits
 * until no transaction of a predecessor is pending), then calls rebuild until it is done, polling
 * in between. Partitions that are live flow because librdkafka is assigned them at exact offsets;
 * nothing is paused and nothing seeks (see runtime/loop/sink/).
 *
 * Where the input is seatlog.events, the reader's rule (runtime/term/reader.h) says which records
 * count. Records of a command are held until it is whole, and are handled one after the other
 * within one transaction: a transaction ends at ends of commands only. What is stale is skipped
 * before any hook sees it. Term and cursor stand in the metadata of the committed offset, as
 * term_position_format has them; an offset without is worked out by skimming, in a thread. A log
 * that has forgotten what was handled ends the process.
 *
 * What fails:
 *   a retriable error      the same call again
 *   an abortable error     abort; the partitions of the transaction are dropped and rebuilt
 *   a fatal error          the producer is destroyed and made again, then as above
 *   an unknown outcome     as a fatal error: rebuild finds out what the log says
 *   the assignment lost    abort; the partitions are dropped
 *   EndTxn sent twice      the producer is made again before its next transaction (KAFKA-17754: a
 * late duplicate could end a later transaction of the same epoch)
 *   an output refused      the records are handled one at a time, each acknowledged before the next,
 *                          until it shows whose it was: that one becomes a dead letter
 */

/* The loop; daemon_main calls it for a daemon whose spec has a transaction. Returns the exit
 * status. */
int transaction_run(struct daemon *daemon, const struct transaction_spec *spec);

/*
 * Produces within the open transaction, which begins with the first record. `source` is the
 * partition of the input on whose behalf: its offset is part of the transaction. Key and value are
 * copied. Never fails for the caller: an error aborts the transaction at its end.
 */
void transaction_produce(struct transaction *transaction, int32_t source,
                         const struct transaction_output *output);

/*
 * Puts a record that cannot be used into seatlog.dead-letters (which must be one of the outputs),
 * with the reason and the original bytes, in the same transaction.
 */
void transaction_dead_letter(struct transaction *transaction,
                             const struct transaction_record *record, const char *reason);

/* Partitions of the input topic. */
int32_t transaction_partition_count(const struct transaction *transaction);

/* Whether the partition is assigned and rebuilt. */
bool transaction_partition_live(const struct transaction *transaction, int32_t partition);

/* The offset of the input after the last record handled for a live partition. */
int64_t transaction_next_offset(const struct transaction *transaction, int32_t partition);

/*
 * Whether the partition has been at the input's end at least once since it was rebuilt: whoever
 * writes on behalf of the state (ticks) waits for that.
 */
bool transaction_caught_up(const struct transaction *transaction, int32_t partition);

/* The options of the loop, for the table of a daemon that uses it: { TRANSACTION_OPTIONS, …, {0} }.
 */
#define TRANSACTION_OPTIONS                                                                        \
    {"transaction_records_max",                                                                    \
     CONFIG_INTEGER,                                                                               \
     "20000",                                                                                      \
     1,                                                                                            \
     1000000,                                                                                      \
     "Most records of one Kafka transaction"},                                                     \
        {"transaction_timeout_ms",                                                                 \
         CONFIG_INTEGER,                                                                           \
         "10000",                                                                                  \
         1000,                                                                                     \
         900000,                                                                                   \
         "After how long the broker aborts a transaction whose process is gone for good"},         \
    {                                                                                              \
        "session_timeout_ms", CONFIG_INTEGER, "10000", 1000, 1800000,                              \
            "After how long without a heartbeat partitions go to another instance"                 \
    }

#endif
