/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that say what to do, and memory that dies when it is out. */
#include "runtime/base/error.h"

#include "runtime/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool error_fill(struct error *error, enum error_action action, bool outside,
                       const char *format, va_list arguments) {
    if (error == NULL) {
        return false;
    }
    /* A message may be made from the one it replaces. */
    char message[ERROR_MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, arguments);
    error->action = action;
    error->outside = outside;
    memcpy(error->message, message, sizeof message);
    return false;
}

bool error_set(struct error *error, enum error_action action, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error_fill(error, action, false, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_outside(struct error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error_fill(error, ERROR_RETRY, true, format, arguments);
    va_end(arguments);
    return false;
}

const char *error_action_name(enum error_action action) {
    switch (action) {
    case ERROR_NONE:
        return "none";
    case ERROR_RETRY:
        return "retry";
    case ERROR_PARK:
        return "park";
    case ERROR_DIE:
        return "die";
    }
    return "unknown";
}

void die(const char *format, ...) {
    char message[ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    log_error(message);
    abort();
}

void *allocate(unsigned long size) {
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        die("out of memory: %lu bytes", size);
    }
    return memory;
}

void *allocate_zeroed(unsigned long count, unsigned long size) {
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) {
        die("out of memory: %lu times %lu bytes", count, size);
    }
    return memory;
}

void *reallocate(void *memory, unsigned long size) {
    void *grown = realloc(memory, size > 0 ? size : 1);
    if (grown == NULL) {
        die("out of memory: %lu bytes", size);
    }
    return grown;
}

char *text_duplicate(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(allocate(size), text, size);
}
