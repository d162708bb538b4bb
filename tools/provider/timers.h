/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_TIMERS_H
#define SEATLOG_TOOLS_PROVIDER_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is due when: a binary heap, earliest first; among equals the one added first. Times are
 * milliseconds since the epoch. Zero-initialise.
 */
enum timer_kind {
    TIMER_REQUEST,        /* a request has waited out its latency; subject is the request */
    TIMER_DELAYED_ACTION, /* a payment's delayed_until; index is the payment's */
    TIMER_REFUND          /* a refund is settled; index is the refund's */
};

struct timer {
    int64_t due_ms;
    uint64_t number; /* set by timers_add */
    enum timer_kind kind;
    void *subject; /* not owned */
    size_t index;
};

struct timers {
    struct timer *items;
    size_t count;
    size_t capacity;
    uint64_t numbers;
};

void timers_add(struct timers *timers, struct timer timer);

/* Takes the earliest out if it is due. */
bool timers_take(struct timers *timers, int64_t now_ms, struct timer *out);

/* When the earliest is due; INT64_MAX when there is none. */
int64_t timers_next_ms(const struct timers *timers);

void timers_deinit(struct timers *timers);

#endif
