/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_LOG_H
#define SEATLOG_RUNTIME_BASE_LOG_H

#include "codec/value.h"

#include <stdint.h>

/*
 * Structured logs: one line a record on standard error, as logfmt:
 *
 *   time=2026-11-24T06:00:00.123Z level=info daemon=payment message="captured" reservation_id=…
 * trace_id=…
 *
 * Programs log ids, never names, addresses, tokens or secrets. Safe from any thread; a line is one
 * write(2), so lines never mix.
 */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
#define LOG_LEVEL_COUNT (LOG_LEVEL_ERROR + 1)

/* A W3C traceparent as text: 55 characters and the NUL. */
#define TRACEPARENT_TEXT_SIZE 56

struct log_field {
    const char *name; /* NULL ends the list */
    enum { LOG_FIELD_TEXT, LOG_FIELD_INTEGER, LOG_FIELD_UUID, LOG_FIELD_SPAN } type;
    union {
        const char *text;
        int64_t integer;
        const struct uuid *uuid;
        struct text span;
    } value;
};

#define LOG_TEXT(field_name, field_value)                                                          \
    { .name = (field_name), .type = LOG_FIELD_TEXT, .value.text = (field_value) }
#define LOG_INTEGER(field_name, field_value)                                                       \
    { .name = (field_name), .type = LOG_FIELD_INTEGER, .value.integer = (field_value) }
#define LOG_UUID(field_name, field_value)                                                          \
    { .name = (field_name), .type = LOG_FIELD_UUID, .value.uuid = (field_value) }
#define LOG_SPAN(field_name, field_value)                                                          \
    { .name = (field_name), .type = LOG_FIELD_SPAN, .value.span = (field_value) }

/* log_info("captured", LOG_UUID("reservation_id", &id), LOG_INTEGER("attempt", 1)); */
#define log_debug(...) LOG_RECORD(LOG_LEVEL_DEBUG, __VA_ARGS__, {0})
#define log_info(...) LOG_RECORD(LOG_LEVEL_INFO, __VA_ARGS__, {0})
#define log_warning(...) LOG_RECORD(LOG_LEVEL_WARNING, __VA_ARGS__, {0})
#define log_error(...) LOG_RECORD(LOG_LEVEL_ERROR, __VA_ARGS__, {0})
#define LOG_RECORD(level, message, ...)                                                            \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__})

void log_init(const char *daemon, enum log_level level);
bool log_level_parse(const char *name, enum log_level *level);
void log_write(enum log_level level, const char *message, const struct log_field *fields);

/*
 * W3C Trace Context: the trace id of `traceparent` (or NULL for none) goes into every line this
 * thread logs until the next call. An invalid value is ignored.
 */
void log_trace_set(const char *traceparent);

#endif
