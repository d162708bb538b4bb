/* SPDX-License-Identifier: Apache-2.0 */
/* Leased rows on their way, in slots that the caller gives, and queues of slots. */
#ifndef SEATLOG_PAYMENT_CORE_FLIGHT_H
#define SEATLOG_PAYMENT_CORE_FLIGHT_H

#include "payment/core/answer.h"
#include "payment/core/row.h"

#define PAYMENT_FLIGHTS_MAX 4096
#define PAYMENT_FAILURE_SIZE 256

/* Where a flight is. A slot is in the queue of its stage, where the stage has one. */
enum payment_flight_stage {
    PAYMENT_FLIGHT_FREE,
    PAYMENT_FLIGHT_LEASED,   /* not looked at yet */
    PAYMENT_FLIGHT_CALLING,  /* its call is under way; no queue */
    PAYMENT_FLIGHT_UNSAVED,  /* decided, to be written */
    PAYMENT_FLIGHT_SAVING,   /* being written */
    PAYMENT_FLIGHT_SAVED,    /* written: goes on, or is given back */
    PAYMENT_FLIGHT_REPORTING /* its command is under way; no queue */
};
#define PAYMENT_FLIGHT_STAGE_COUNT (PAYMENT_FLIGHT_REPORTING + 1)

struct payment_flight {
    enum payment_flight_stage stage;
    int32_t next; /* in its queue; -1: the last */
    struct payment_row row;
    struct payment_answer answer;
    enum payment_step step; /* that was called */
    bool answered;          /* the answer is to be kept with the next save */
    bool keeps_lease;       /* SAVING, SAVED: the lease goes on, the report comes next */
    bool owned;             /* SAVED: the lease was not lost */
    int64_t leased_ms;      /* monotonic */
    int64_t started_ms;     /* monotonic: the call */
    int64_t took_ms;        /* the call */
    char failure[PAYMENT_FAILURE_SIZE]; /* why it did not get on; empty: it did */
};

struct payment_queue {
    int32_t first; /* -1: empty */
    int32_t last;
    int32_t count;
};

struct payment_flights {
    struct payment_flight *slots; /* the caller's */
    int32_t capacity;
    struct payment_queue queues[PAYMENT_FLIGHT_STAGE_COUNT];
    int32_t counts[PAYMENT_FLIGHT_STAGE_COUNT]; /* by stage */
};

/* All slots are free. slots: capacity of them; they live as long as *flights. */
void payment_flights_init(struct payment_flights *flights, struct payment_flight *slots,
                          int32_t capacity);

/* Slots that are not free. */
int32_t payment_flights_busy(const struct payment_flights *flights);

/* The longest in the stage, of a stage with a queue; -1: none is. */
int32_t payment_flights_first(const struct payment_flights *flights,
                              enum payment_flight_stage stage);

/* Moves the first of the stage's queue to the end of another stage; returns its slot. */
int32_t payment_flights_shift(struct payment_flights *flights, enum payment_flight_stage from,
                              enum payment_flight_stage to);

/* Moves the slot, which is in a stage without a queue, to the end of another stage. */
void payment_flights_land(struct payment_flights *flights, int32_t slot,
                          enum payment_flight_stage to);

#endif
