/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

static void *heap_allocate(void *context, size_t size) {
    (void)context;
    return malloc(size);
}

static void heap_release(void *context, void *memory, size_t size) {
    (void)context;
    (void)size;
    free(memory);
}

const struct reservation_allocator fuzz_heap = {.allocate = heap_allocate, .release = heap_release};

static void panicked(const char *expression, const char *file, int line) {
    fprintf(stderr, "%s:%d: the core panics: %s\n", file, line, expression);
    abort();
}

void fuzz_core_begin(void) { reservation_core_panic_handler_set(panicked); }
