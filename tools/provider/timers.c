/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when: a binary heap. */
#include "tools/provider/timers.h"

#include "runtime/base/error.h"

#include <stdlib.h>

static bool timer_before(const struct timer *left, const struct timer *right) {
    return left->due_ms < right->due_ms ||
           (left->due_ms == right->due_ms && left->number < right->number);
}

static void timer_swap(struct timer *left, struct timer *right) {
    struct timer held = *left;
    *left = *right;
    *right = held;
}

void timers_add(struct timers *timers, struct timer timer) {
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
        timers->items = reallocate(timers->items, timers->capacity * sizeof timers->items[0]);
    }
    timer.number = timers->numbers++;
    size_t at = timers->count++;
    timers->items[at] = timer;
    while (at > 0 && timer_before(&timers->items[at], &timers->items[(at - 1) / 2])) {
        timer_swap(&timers->items[at], &timers->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool timers_take(struct timers *timers, int64_t now_ms, struct timer *out) {
    if (timers->count == 0 || timers->items[0].due_ms > now_ms) {
        return false;
    }
    *out = timers->items[0];
    timers->items[0] = timers->items[--timers->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->count; child++) {
            if (timer_before(&timers->items[child], &timers->items[least])) {
                least = child;
            }
        }
        if (least == at) {
            return true;
        }
        timer_swap(&timers->items[at], &timers->items[least]);
        at = least;
    }
}

int64_t timers_next_ms(const struct timers *timers) {
    return timers->count == 0 ? INT64_MAX : timers->items[0].due_ms;
}

void timers_deinit(struct timers *timers) {
    free(timers->items);
    *timers = (struct timers){0};
}
