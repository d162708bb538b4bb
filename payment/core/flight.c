/* SPDX-License-Identifier: Apache-2.0 */
/* Slots, and one queue a stage, first in, first out. */
#include "payment/core/flight.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static bool stage_has_queue(enum payment_flight_stage stage) {
    assert((unsigned)stage < PAYMENT_FLIGHT_STAGE_COUNT);
    return stage != PAYMENT_FLIGHT_CALLING && stage != PAYMENT_FLIGHT_REPORTING;
}

static void queue_add(struct payment_flights *flights, int32_t slot,
                      enum payment_flight_stage stage) {
    struct payment_queue *queue = &flights->queues[stage];
    struct payment_flight *flight = &flights->slots[slot];
    assert((queue->first < 0) == (queue->count == 0));
    flight->stage = stage;
    flight->next = -1;
    flights->counts[stage]++;
    if (!stage_has_queue(stage)) {
        return;
    }
    if (queue->first < 0) {
        queue->first = slot;
    } else {
        assert(flights->slots[queue->last].next < 0);
        flights->slots[queue->last].next = slot;
    }
    queue->last = slot;
    queue->count++;
    assert(queue->count == flights->counts[stage]);
}

void payment_flights_init(struct payment_flights *flights, struct payment_flight *slots,
                          int32_t capacity) {
    assert(slots != NULL);
    assert(capacity > 0 && capacity <= PAYMENT_FLIGHTS_MAX);
    *flights = (struct payment_flights){.slots = slots, .capacity = capacity};
    for (int stage = 0; stage < PAYMENT_FLIGHT_STAGE_COUNT; stage++) {
        flights->queues[stage] = (struct payment_queue){.first = -1, .last = -1};
    }
    memset(slots, 0, (size_t)capacity * sizeof slots[0]);
    for (int32_t slot = 0; slot < capacity; slot++) {
        queue_add(flights, slot, PAYMENT_FLIGHT_FREE);
    }
}

int32_t payment_flights_busy(const struct payment_flights *flights) {
    int32_t free_count = flights->counts[PAYMENT_FLIGHT_FREE];
    assert(free_count >= 0 && free_count <= flights->capacity);
    assert(free_count == flights->queues[PAYMENT_FLIGHT_FREE].count);
    int32_t sum = 0;
    for (int stage = 0; stage < PAYMENT_FLIGHT_STAGE_COUNT; stage++) {
        sum += flights->counts[stage];
    }
    assert(sum == flights->capacity);
    return flights->capacity - free_count;
}

int32_t payment_flights_first(const struct payment_flights *flights,
                              enum payment_flight_stage stage) {
    assert(stage_has_queue(stage));
    int32_t slot = flights->queues[stage].first;
    assert(slot < flights->capacity);
    assert(slot < 0 || flights->slots[slot].stage == stage);
    return slot;
}

int32_t payment_flights_shift(struct payment_flights *flights, enum payment_flight_stage from,
                              enum payment_flight_stage to) {
    struct payment_queue *queue = &flights->queues[from];
    int32_t slot = payment_flights_first(flights, from);
    assert(slot >= 0 && from != to);
    queue->first = flights->slots[slot].next;
    queue->last = queue->first < 0 ? -1 : queue->last;
    queue->count--;
    flights->counts[from]--;
    queue_add(flights, slot, to);
    assert(queue->count == flights->counts[from]);
    return slot;
}

void payment_flights_land(struct payment_flights *flights, int32_t slot,
                          enum payment_flight_stage to) {
    assert(slot >= 0 && slot < flights->capacity);
    enum payment_flight_stage from = flights->slots[slot].stage;
    assert(!stage_has_queue(from) && flights->counts[from] > 0);
    flights->counts[from]--;
    queue_add(flights, slot, to);
    assert(flights->slots[slot].stage == to);
}
