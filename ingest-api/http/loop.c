/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP thread's wake-up call, and the memory for bodies. */
#include "ingest-api/http/loop.h"

#include "runtime/base/error.h"
#include "runtime/base/metrics.h"

#include <assert.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MEMORY_TRIM_BYTES ((size_t)1024 * 1024) /* a request that large leaves holes */
#define MEMORY_TRIM_MS 1000

/*
 * What a thread's heap keeps at its end, where malloc_trim() does not reach: malloc() by itself
 * raises the limit to twice the largest block that was ever freed. And small blocks that are free
 * must not lie in fast bins, or they join that end in malloc_trim() alone, which does not trim it.
 */
#define HEAP_KEPT_BYTES (1024 * 1024)
#define FAST_BINS_NONE 0

/* From here on a block is mapped by itself. Once the limit above is set, malloc() no longer learns
 * this from what is freed, and would map every block of 128 KiB. */
#define MAPPED_BYTES (1024 * 1024)

void http_loop_init(struct http_loop *loop, size_t body_memory_max) {
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    mallopt(M_MXFAST, FAST_BINS_NONE);
    loop->thread = pthread_self();
    loop->body_memory_max = body_memory_max;
    loop->wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake_descriptor < 0) {
        die("cannot create an event descriptor");
    }
    loop->memory_refused_metric =
        metrics_counter("seatlog_http_bodies_refused_total", NULL,
                        "Bodies refused: the memory for all together was taken");
}

void http_loop_deinit(struct http_loop *loop) {
    assert(atomic_load(&loop->body_memory) == 0); /* every request has given back what it took */
    close(loop->wake_descriptor);
    deadline_heap_deinit(&loop->deadlines);
}

bool http_loop_is_here(const struct http_loop *loop) {
    return pthread_equal(loop->thread, pthread_self()) != 0;
}

void http_loop_wake(struct http_loop *loop) {
    if (!atomic_exchange(&loop->wake_sent, true)) {
        uint64_t one = 1;
        if (write(loop->wake_descriptor, &one, sizeof one) < 0) {
            die("the event descriptor does not take a 1");
        }
    }
}

void http_loop_wake_clear(struct http_loop *loop) {
    uint64_t count;
    assert(http_loop_is_here(loop));
    if (atomic_load(&loop->wake_sent) &&
        read(loop->wake_descriptor, &count, sizeof count) == (ssize_t)sizeof count) {
        atomic_store(&loop->wake_sent, false);
    }
}

bool http_loop_memory_take(struct http_loop *loop, size_t bytes) {
    size_t before = atomic_fetch_add(&loop->body_memory, bytes);
    if (before + bytes <= loop->body_memory_max) {
        return true;
    }
    atomic_fetch_sub(&loop->body_memory, bytes);
    metric_add(loop->memory_refused_metric, 1);
    return false;
}

void http_loop_memory_give_back(struct http_loop *loop, size_t bytes) {
    size_t before = atomic_fetch_sub(&loop->body_memory, bytes);
    assert(before >= bytes);
    (void)before;
    loop->trim_wanted = loop->trim_wanted || bytes >= MEMORY_TRIM_BYTES;
}

void http_loop_memory_trim(struct http_loop *loop, int64_t now_ms) {
    if (loop->trim_wanted && now_ms >= loop->trim_ms) {
        loop->trim_wanted = false;
        loop->trim_ms = now_ms + MEMORY_TRIM_MS;
        malloc_trim(0);
    }
}
