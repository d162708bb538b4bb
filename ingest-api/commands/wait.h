/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_COMMANDS_WAIT_H
#define SEATLOG_INGEST_API_COMMANDS_WAIT_H

#include "codec/arena.h"
#include "ingest-api/commands/judge.h"
#include "runtime/kafka/producer.h"
#include "seatlog_codec.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Requests that wait for what becomes of their command. A wait is shared by its request, the
 * producer's report and the table the tail looks in; whoever comes first with an answer wakes the
 * request, once.
 */
struct request;
struct wait_table;

/* An event that is an answer, decoded once for all whom it answers. */
struct wait_answer {
    int references; /* the table's mutex guards it */
    struct event event;
    struct arena arena; /* its texts and lists */
};

struct wait {
    struct wait_table *table;
    int references;          /* the table's mutex guards all of these … */
    struct request *request; /* NULL: woken already */
    struct wait *command_next;
    struct wait *show_next;
    bool listed;
    struct uuid show_id;
    struct judge judge;
    bool wake_when_reported;

    bool reported; /* … and these, which the request reads once it is woken */
    enum producer_outcome outcome;
    int32_t partition;
    int64_t offset;
    const struct wait_answer *answer; /* NULL: not decided; never changes once it is there */
};

struct wait_table *wait_table_new(void);
void wait_table_free(struct wait_table *table);

/*
 * Adds a wait for the request, held by the request and by the report that is to come. Call
 * wait_release for the request's, wait_report once for the other.
 */
struct wait *wait_new(struct wait_table *table, struct request *request, const struct uuid *show_id,
                      const struct judge *judge, bool wake_when_reported);

/* NULL is fine. The request waits no longer. */
void wait_release(struct wait *wait);

/*
 * The producer's report, or that the record was not even queued; gives its hold back. Wakes the
 * request where it was not, or where the report is all that it waits for.
 */
void wait_report(struct wait *wait, const struct producer_report *report);

/* What is known of the command's record by now. */
struct wait_status {
    bool decided; /* the answer may be read from now on */
    bool reported;
    enum producer_outcome outcome;
    int32_t partition;
    int64_t offset;
};
struct wait_status wait_status(struct wait *wait);

/*
 * Whether the record's place is still to be reported: then the request is woken as soon as it is.
 * false: it has been, or the request is awake.
 */
bool wait_for_report(struct wait *wait);

/* Whether the request is still to be woken, and now is the caller's to wake: nobody else will. */
bool wait_take(struct wait *wait);

/*
 * The tail's: an event of which the head is known. Decodes only if somebody waits for it; wakes
 * them. One thread.
 */
void wait_table_event(struct wait_table *table, struct codec *codec, const struct event_head *head,
                      struct octets wire);

#endif
