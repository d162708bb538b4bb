/* SPDX-License-Identifier: Apache-2.0 */
/* A broken promise goes to the program that the core runs in; nothing comes back from there. */
#include "reservation/core/host.h"

static reservation_panic_function *panic_handler;

void reservation_core_panic_handler_set(reservation_panic_function *handler) {
    panic_handler = handler;
}

void reservation_core_panic(const char *expression, const char *file, int line) {
    if (panic_handler != NULL) {
        panic_handler(expression, file, line);
    }
    __builtin_trap();
}
