/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_DEADLINE_H
#define SEATLOG_INGEST_API_HTTP_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is due when: a binary heap of deadlines that live in what they belong to. One thread. Times
 * are milliseconds of a clock that never goes back.
 */
struct deadline {
    int64_t due_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*expired)(struct deadline *deadline);
};

struct deadline_heap {
    struct deadline **items;
    size_t count;
    size_t capacity;
};

/* Sets it, or moves it if it is set. expired is called once, by deadline_run. */
void deadline_set(struct deadline_heap *heap, struct deadline *deadline, int64_t due_ms,
                  void (*expired)(struct deadline *deadline));

/* Nothing to do if it is not set. */
void deadline_cancel(struct deadline_heap *heap, struct deadline *deadline);

/* INT64_MAX where nothing is set. */
int64_t deadline_next_ms(const struct deadline_heap *heap);

/* Takes out and calls every deadline that is due, soonest first. */
void deadline_run(struct deadline_heap *heap, int64_t now_ms);

/* Frees the heap's memory, not the deadlines. */
void deadline_heap_deinit(struct deadline_heap *heap);

#endif
