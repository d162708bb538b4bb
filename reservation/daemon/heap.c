/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of cores, from the process's heap. */

#include "reservation/daemon/heap.h"

#include "runtime/base/error.h"

#include <stdlib.h>

static void *heap_allocate(void *context, size_t size) {
    (void)context;
    return allocate(size);
}

static void heap_release(void *context, void *memory, size_t size) {
    (void)context;
    (void)size;
    free(memory);
}

const struct reservation_allocator reservation_heap = {
    .allocate = heap_allocate,
    .release = heap_release,
};
