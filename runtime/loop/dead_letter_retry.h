/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_DEAD_LETTER_RETRY_H
#define SEATLOG_RUNTIME_LOOP_DEAD_LETTER_RETRY_H

#include "runtime/kafka/kafka.h"
#include "runtime/pg/pg.h"

/*
 * Records that were set aside and that an operator wants handled after all: the rows of
 * public.dead_letter_retry (schemas/sql/006_dead_letter_retry.sql) that bear a daemon's name. Both
 * loops look for theirs once a second, between batches, and one at a time.
 */
#define DEAD_LETTER_RETRY_INTERVAL_MS 1000

/* One that is asked for. */
struct dead_letter_retry {
    const char *daemon; /* the caller's */
    char topic[KAFKA_TOPIC_SIZE];
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    char traceparent[TRACEPARENT_TEXT_SIZE];
    int64_t told_from; /* where the output began when it was first tried; -1: it was not */
    struct octets key; /* until dead_letter_retry_free */
    struct octets value;
};

/*
 * The oldest one that `ours` takes: a record of a partition that the process owns, and is past.
 * *found says whether there is one, to be freed. false with *error as pg.h says.
 */
bool dead_letter_retry_find(struct pg *pg, const char *daemon,
                            bool (*ours)(void *context, const char *topic, int32_t partition,
                                         int64_t offset),
                            void *context, struct dead_letter_retry *retry, bool *found,
                            struct error *error);
void dead_letter_retry_free(struct dead_letter_retry *retry);

/*
 * Settles it, in the transaction that is open. *taken is false where it is not asked for any more:
 * somebody else was faster, or a commit of ours whose answer was lost.
 */
bool dead_letter_retry_settle(struct pg *pg, const struct dead_letter_retry *retry, bool *taken,
                              struct error *error);

/* From here on it may be told: what `told_from` is for. */
bool dead_letter_retry_begin(struct pg *pg, struct dead_letter_retry *retry, int64_t told_from,
                             struct error *error);

/* It has failed: set aside again, with the new reason, until somebody asks again. */
bool dead_letter_retry_fail(struct pg *pg, const struct dead_letter_retry *retry,
                            const char *reason, struct error *error);

#endif
