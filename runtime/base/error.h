/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_ERROR_H
#define SEATLOG_RUNTIME_BASE_ERROR_H

#include <stdbool.h>

/*
 * An error says what to do about it.
 *
 * RETRY: may pass; do the same again after a back-off. Where it is certain that the cause is
 * outside (PostgreSQL or Kafka is away, a disk is full), the error says so too: only what is not
 *        certainly outside counts against the record it happened to (see runtime/loop/blame.h).
 * PARK:  this input will never work; put it aside (dead letter, work item) and go on.
 * DIE:   the process cannot be trusted to go on; exit, the supervisor restarts it.
 */
enum error_action { ERROR_NONE = 0, ERROR_RETRY, ERROR_PARK, ERROR_DIE };

#define ERROR_MESSAGE_SIZE 512

struct error {
    enum error_action action;
    bool outside; /* RETRY, and certainly not because of what was handled */
    char message[ERROR_MESSAGE_SIZE];
};

/* Fills *error (may be NULL) and returns false, so that a function can `return error_set(…)`. */
bool error_set(struct error *error, enum error_action action, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, RETRY for a cause that is certainly outside. */
bool error_set_outside(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "retry", "park", "die" or "none". */
const char *error_action_name(enum error_action action);

/* Logs the message and aborts. For out of memory and for what a programmer got wrong. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc, calloc, realloc and strdup that die when memory is out. The caller frees with free(). */
void *allocate(unsigned long size);
void *allocate_zeroed(unsigned long count, unsigned long size);
void *reallocate(void *memory, unsigned long size);
char *text_duplicate(const char *text);

#endif
