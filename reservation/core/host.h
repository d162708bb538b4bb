/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_HOST_H
#define SEATLOG_RESERVATION_CORE_HOST_H

/* What the core needs of the program that it runs in: memory, and a place to die. */

#include <stddef.h>

/*
 * Where the core's memory comes from. allocate returns memory aligned for any type, or NULL: the
 * core then panics (out of memory, a process dies at one place; its supervisor starts it again).
 * release is told the size that was asked for.
 */
struct reservation_allocator {
    void *(*allocate)(void *context, size_t size);
    void (*release)(void *context, void *memory, size_t size);
    void *context;
};

/*
 * A broken promise within the program (never bad input) ends in the panic handler, which must not
 * return. Process-wide; without one, or if it returns, the core traps.
 */
typedef void reservation_panic_function(const char *expression, const char *file, int line);
void reservation_core_panic_handler_set(reservation_panic_function *handler);

void reservation_core_panic(const char *expression, const char *file, int line)
    __attribute__((noreturn, cold));

/* Always on. For promises within the program, never for input. */
#define RESERVATION_ASSERT(condition)                                                              \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            reservation_core_panic(#condition, __FILE__, __LINE__);                                \
    } while (0)

/*
 * 1 where the build looks for bugs, not for speed (Debug: reservation/CMakeLists.txt): there
 * assertions are made that cost as much as what they guard, and shows are counted again.
 */
#ifndef RESERVATION_RECOUNTS
#define RESERVATION_RECOUNTS 0
#endif
#define RESERVATION_SLOW_ASSERT(condition)                                                         \
    do {                                                                                           \
        if (RESERVATION_RECOUNTS)                                                                  \
            RESERVATION_ASSERT(condition);                                                         \
    } while (0)

#endif
