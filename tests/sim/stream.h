/* SPDX-License-Identifier: Apache-2.0 */
/* Producers that nobody waits for. */
#ifndef SEATLOG_TESTS_SIM_STREAM_H
#define SEATLOG_TESTS_SIM_STREAM_H

#include "tests/sim/world.h"

/*
 * An idempotent producer of one partition, one request at a time, as librdkafka is one to a
 * decider. It keeps the order, but: it may lose a record and deliver the next, write a request
 * twice, lose the acknowledgement and with it the offset, and be forgotten by the broker, which
 * ends it. Its process may be paused, killed, or give it up; then the request on its way lands some
 * time, or never.
 */
enum sim_report_kind {
    SIM_REPORT_DELIVERED, /* acknowledged */
    SIM_REPORT_FAILED,    /* says nothing of the log: it may be there all the same */
    SIM_REPORT_FATAL      /* the producer is of no use any more; the others fail */
};

struct sim_report {
    enum sim_report_kind kind;
    int64_t tag;      /* of the record */
    int64_t offset;   /* of DELIVERED; -1: not told */
    int64_t heard_ms; /* when at the earliest */
};

/* Returns its number, to be closed by who opened it. */
int32_t sim_stream_open(struct sim_world *world, int32_t process, enum sim_topic topic,
                        int32_t partition);
void sim_stream_close(struct sim_world *world, int32_t number);

/* Into its queue. Copies what is pointed to. */
void sim_stream_send(struct sim_world *world, int32_t number, struct octets key,
                     struct octets value, struct octets label, int64_t tag);

/* The next report that can be heard now; false: there is none. */
bool sim_stream_report(struct sim_world *world, int32_t number, struct sim_report *report);

/* How many records have no report. */
size_t sim_stream_waiting(const struct sim_world *world, int32_t number);

/* Of the broker. */
void sim_streams_step(struct sim_world *world);
/* When one of them has something to do; INT64_MAX: none has. */
int64_t sim_streams_wake_ms(const struct sim_world *world);
void sim_streams_deinit(struct sim_world *world);

#endif
