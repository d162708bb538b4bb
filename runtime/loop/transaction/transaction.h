/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_TRANSACTION_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_TRANSACTION_H

#include "codec/value.h"
#include "runtime/base/config.h"
#include "runtime/base/error.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct pg;

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
 * A partition that is assigned starts paused. The loop reads its committed offset (which waits
 * until no transaction of a predecessor is pending), then calls rebuild until it is done, polling
 * in between.
 *
 * What fails:
 *   a retriable error      the same call again
 *   an abortable error     abort; the partitions of the transaction are dropped and rebuilt
 *   a fatal error          the producer is destroyed and made again, then as above
 *   an unknown outcome     as a fatal error: rebuild finds out what the log says
 *   the assignment lost    abort; the partitions are dropped
 *   EndTxn sent twice      the producer is made again before its next transaction (KAFKA-17754: a
 * late duplicate could end a later transaction of the same epoch)
 */
struct transaction;

struct transaction_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's (LogAppendTime) */
    struct octets key;
    struct octets value;
    const rd_kafka_message_t *message; /* for kafka_headers_read; NULL: set aside before */
};

struct transaction_output {
    const char *topic; /* one of the spec's outputs */
    int32_t partition; /* RD_KAFKA_PARTITION_UA: by key */
    struct octets key; /* data NULL: none */
    struct octets value;
    rd_kafka_headers_t *headers; /* taken over, also on failure; NULL: none */

    /* Where not NULL: holds the record's offset when committed is called. Must live until then. */
    int64_t *offset;
};

enum transaction_rebuilt {
    TRANSACTION_REBUILT_NOT_YET, /* call again; the loop polls in between */
    TRANSACTION_REBUILT,         /* *next_offset says where to go on */
    TRANSACTION_REBUILD_FAILED   /* *error: RETRY drops the partition and begins again, DIE ends the
                                    process */
};

struct transaction_spec {
    const char *input;          /* topic */
    const char *const *outputs; /* topics, all that are produced to; ends with NULL; at most 8 */
    const char *const
        *keyed; /* topics that must have as many partitions as the input; ends with NULL */
    bool log_append_time; /* the input's timestamps must be the broker's, else the process dies */

    /*
     * All hooks run in the loop's thread. Each may be NULL but handle.
     *
     * rebuild: makes the partition's state from the log, a bounded piece of work a call (some 50
     * ms), the first call after an assignment or a drop begins again. committed_offset is the
     * group's, -1 for none; *next_offset holds it already (0 for none), so that a stateless daemon
     * needs no hook.
     */
    enum transaction_rebuilt (*rebuild)(struct daemon *daemon, struct transaction *transaction,
                                        int32_t partition, int64_t committed_offset,
                                        int64_t *next_offset, struct error *error);

    /* Forget everything about the partition; it was revoked or lost, or must be rebuilt. */
    void (*drop)(struct daemon *daemon, int32_t partition);

    /*
     * Handles one record and produces what it leads to. false with *error: PARK puts the record
     * into the dead letters, in this transaction, and goes on (nothing may have been produced for
     * it); RETRY aborts, and the partitions are dropped, rebuilt and handled again after a
     * back-off; DIE aborts and ends the process.
     */
    bool (*handle)(struct daemon *daemon, struct transaction *transaction,
                   const struct transaction_record *record, struct error *error);

    /*
     * After the last record of the transaction, before its commit: what must be durable earlier
     * than the records (another store) is committed here, and outputs may still be produced. false:
     * as in handle, but PARK counts as RETRY.
     */
    bool (*before_commit)(struct daemon *daemon, struct transaction *transaction,
                          struct error *error);

    /* The transaction is committed, or is not (drop follows for each of its partitions). */
    void (*committed)(struct daemon *daemon);
    void (*aborted)(struct daemon *daemon);

    /*
     * Between transactions: timers, checkpoints. May produce, on behalf of live partitions only,
     * which makes a transaction of its own that is committed at once. Returns after how many
     * milliseconds it wants to be called again at the latest; it is called at least after every
     * transaction.
     */
    int (*turn)(struct daemon *daemon, struct transaction *transaction);

    /*
     * Where records that were set aside are asked for again (dead_letter_retry.h): a connection of
     * the loop's thread. NULL: none can be. Such a record is handled between transactions, in one
     * of its own, out of its place among others. What it leads to has a header (seatlog-retry) and
     * goes to the first of `keyed`: there the loop looks, after a crash, whether it was told
     * already.
     */
    struct pg *(*letters)(struct daemon *daemon);
};

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
