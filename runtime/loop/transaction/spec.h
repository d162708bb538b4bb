/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_TRANSACTION_SPEC_H
#define SEATLOG_RUNTIME_LOOP_TRANSACTION_SPEC_H

#include "codec/value.h"
#include "runtime/base/error.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/* What a daemon tells the loop of runtime/loop/transaction/transaction.h, and what it is told. */
struct daemon;
struct pg;
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

#endif
