/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of deadlines. */
#include "ingest-api/http/deadline.h"

#include "runtime/base/error.h"

#include <stdlib.h>

static void heap_put(struct deadline_heap *heap, size_t place, struct deadline *deadline) {
    heap->items[place - 1] = deadline;
    deadline->place = place;
}

static void heap_rise(struct deadline_heap *heap, struct deadline *deadline) {
    size_t place = deadline->place;
    while (place > 1 && heap->items[place / 2 - 1]->due_ms > deadline->due_ms) {
        heap_put(heap, place, heap->items[place / 2 - 1]);
        place /= 2;
    }
    heap_put(heap, place, deadline);
}

static void heap_sink(struct deadline_heap *heap, struct deadline *deadline) {
    size_t place = deadline->place;
    for (;;) {
        size_t child = place * 2;
        if (child > heap->count) {
            break;
        }
        if (child < heap->count && heap->items[child]->due_ms < heap->items[child - 1]->due_ms) {
            child++;
        }
        if (heap->items[child - 1]->due_ms >= deadline->due_ms) {
            break;
        }
        heap_put(heap, place, heap->items[child - 1]);
        place = child;
    }
    heap_put(heap, place, deadline);
}

void deadline_set(struct deadline_heap *heap, struct deadline *deadline, int64_t due_ms,
                  void (*expired)(struct deadline *deadline)) {
    deadline->due_ms = due_ms;
    deadline->expired = expired;
    if (deadline->place == 0) {
        if (heap->count == heap->capacity) {
            heap->capacity = heap->capacity != 0 ? heap->capacity * 2 : 64;
            heap->items = reallocate(heap->items, heap->capacity * sizeof(void *));
        }
        heap->count++;
        heap_put(heap, heap->count, deadline);
    }
    heap_rise(heap, deadline);
    heap_sink(heap, deadline);
}

void deadline_cancel(struct deadline_heap *heap, struct deadline *deadline) {
    if (deadline->place == 0) {
        return;
    }
    size_t place = deadline->place;
    struct deadline *last = heap->items[heap->count - 1];
    heap->count--;
    deadline->place = 0;
    if (last != deadline) {
        heap_put(heap, place, last);
        heap_rise(heap, last);
        heap_sink(heap, last);
    }
}

int64_t deadline_next_ms(const struct deadline_heap *heap) {
    return heap->count > 0 ? heap->items[0]->due_ms : INT64_MAX;
}

void deadline_run(struct deadline_heap *heap, int64_t now_ms) {
    while (heap->count > 0 && heap->items[0]->due_ms <= now_ms) {
        struct deadline *due = heap->items[0];
        deadline_cancel(heap, due);
        due->expired(due);
    }
}

void deadline_heap_deinit(struct deadline_heap *heap) {
    free(heap->items);
    *heap = (struct deadline_heap){0};
}
