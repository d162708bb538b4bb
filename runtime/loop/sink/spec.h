/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon gives the PostgreSQL sink, and gets from it. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_SPEC_H
#define SEATLOG_RUNTIME_LOOP_SINK_SPEC_H

#include "runtime/base/error.h"
#include "runtime/pg/pg.h"
#include "seatlog_types.h"

#include <stdint.h>

struct daemon;

/* A record and all it points at stay valid until committed or discard is called for its batch. */
struct sink_record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct octets value;                 /* as on the log */
    const char *traceparent;             /* empty where there is none */
    const char *waiter;                  /* the ingest instance that waits; empty: none */
    const struct event *event;           /* of seatlog.events, else NULL */
    const struct ticket_record *tickets; /* of seatlog.tickets, else NULL */
};

struct sink_spec {
    const char *const *topics; /* ends with NULL */

    /*
     * Handles one record inside the open transaction; must touch nothing but pg and its own memory,
     * which discard undoes. false with *error: RETRY rolls the batch back and runs it again after a
     * back-off; PARK rolls back and runs it again without this record, which goes to the dead
     * letters; DIE ends the process.
     */
    bool (*handle)(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                   struct error *error);

    /* Before the commit: writes what handle has gathered. May be NULL. */
    bool (*flush)(struct daemon *daemon, struct pg *pg, struct error *error);

    /*
     * Before a record that was set aside is handled after all, in the same transaction as handle:
     * whether that still does what it should, although later records were handled meanwhile. NULL:
     * always. false with PARK: why not, and what to do instead.
     */
    bool (*late)(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                 struct error *error);

    /* After the commit: wake workers, release caches. May be NULL. */
    void (*committed)(struct daemon *daemon);

    /* After a rollback: forget what handle has gathered. May be NULL. */
    void (*discard)(struct daemon *daemon);
};

#endif
