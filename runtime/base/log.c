/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the log: composed on the stack, written with one write(2). */
#include "runtime/base/log.h"

#include "codec/utf8.h"
#include "runtime/base/hex.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* PIPE_BUF on Linux: a write(2) of at most so many bytes to a pipe is never mixed with another. */
#define LINE_SIZE_MAX 4096
#define TRACE_ID_DIGITS 32
#define TRACEPARENT_SIZE (TRACEPARENT_TEXT_SIZE - 1)
#define DAEMON_NAME_SIZE 64

static const char LINE_CUT[] = " truncated=yes\n";

static char log_daemon[DAEMON_NAME_SIZE] = "seatlog";
static atomic_int log_level_least = LOG_LEVEL_INFO;
static _Thread_local char log_trace_id[TRACE_ID_DIGITS + 1];

/* Bytes beyond the room are dropped and the line is marked; LINE_CUT always fits behind them. */
struct line {
    char data[LINE_SIZE_MAX];
    size_t size;
    bool cut;
};

static void line_append(struct line *line, const char *octets, size_t size) {
    if (line->cut || line->size + size + sizeof LINE_CUT > LINE_SIZE_MAX) {
        line->cut = true;
        return;
    }
    memcpy(line->data + line->size, octets, size);
    line->size += size;
}

static bool text_is_plain(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char octet = (unsigned char)text[i];
        if (octet <= ' ' || octet >= 0x7f || octet == '"' || octet == '=' || octet == '\\') {
            return false;
        }
    }
    return size > 0;
}

/* Bare where it can be, else in quotes with the escapes of JSON. */
static void line_append_value(struct line *line, const char *text, size_t size) {
    if (text_is_plain(text, size)) {
        /* In portions, so that a value longer than a line is cut and not dropped. */
        for (size_t i = 0; i < size; i++) {
            line_append(line, text + i, 1);
        }
        return;
    }
    line_append(line, "\"", 1);
    if (line->cut) {
        return;
    }
    for (size_t i = 0; i < size;) {
        const unsigned char *here = (const unsigned char *)text + i;
        size_t count = utf8_size(here, size - i);
        char escape[8];
        if (count == 0) {
            line_append(line, "\\ufffd", 6);
            count = 1;
        } else if (*here == '"' || *here == '\\') {
            escape[0] = '\\';
            escape[1] = (char)*here;
            line_append(line, escape, 2);
        } else if (*here == '\n') {
            line_append(line, "\\n", 2);
        } else if (*here == '\t') {
            line_append(line, "\\t", 2);
        } else if (*here < ' ' || *here == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", *here);
            line_append(line, escape, 6);
        } else {
            line_append(line, (const char *)here, count);
        }
        i += count;
    }
    /* Even where the value was cut: LINE_CUT is counted with its NUL, which leaves room for the
     * quote. */
    line->data[line->size++] = '"';
}

static void line_append_pair(struct line *line, const char *name, const char *text, size_t size) {
    if (line->size > 0) {
        line_append(line, " ", 1);
    }
    line_append(line, name, strlen(name));
    line_append(line, "=", 1);
    line_append_value(line, text, size);
}

static void line_append_field(struct line *line, const struct log_field *field) {
    char text[UUID_TEXT_SIZE];
    switch (field->type) {
    case LOG_FIELD_TEXT: {
        const char *value = field->value.text != NULL ? field->value.text : "";
        line_append_pair(line, field->name, value, strlen(value));
        break;
    }
    case LOG_FIELD_INTEGER:
        snprintf(text, sizeof text, "%" PRId64, field->value.integer);
        line_append_pair(line, field->name, text, strlen(text));
        break;
    case LOG_FIELD_UUID:
        uuid_format(field->value.uuid, text);
        line_append_pair(line, field->name, text, strlen(text));
        break;
    case LOG_FIELD_SPAN:
        line_append_pair(line, field->name, field->value.span.data, field->value.span.size);
        break;
    }
}

static void line_append_time(struct line *line) {
    char text[TIME_TEXT_SIZE];
    time_format(clock_now_ms(), text);
    line_append_pair(line, "time", text, strlen(text));
}

void log_init(const char *daemon, enum log_level level) {
    snprintf(log_daemon, sizeof log_daemon, "%s", daemon);
    atomic_store(&log_level_least, level);
}

static const char *const log_level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};
_Static_assert(sizeof log_level_names / sizeof log_level_names[0] == LOG_LEVEL_COUNT,
               "a name for each");

bool log_level_parse(const char *name, enum log_level *level) {
    for (int i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (strcmp(name, log_level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_write(enum log_level level, const char *message, const struct log_field *fields) {
    if ((int)level < atomic_load_explicit(&log_level_least, memory_order_relaxed)) {
        return;
    }
    int saved = errno;
    struct line line = {.size = 0};
    line_append_time(&line);
    line_append_pair(&line, "level", log_level_names[level], strlen(log_level_names[level]));
    line_append_pair(&line, "daemon", log_daemon, strlen(log_daemon));
    line_append_pair(&line, "message", message, strlen(message));
    if (log_trace_id[0] != '\0') {
        line_append_pair(&line, "trace_id", log_trace_id, strlen(log_trace_id));
    }
    for (; fields->name != NULL; fields++) {
        line_append_field(&line, fields);
    }
    if (line.cut) {
        memcpy(line.data + line.size, LINE_CUT, sizeof LINE_CUT - 1);
        line.size += sizeof LINE_CUT - 1;
    } else {
        line.data[line.size++] = '\n';
    }
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line.data, line.size);
    } while (written < 0 && errno == EINTR);
    errno = saved;
}

/* version "-" trace-id "-" parent-id "-" flags; version ff and a trace id of zeroes are forbidden.
 */
void log_trace_set(const char *traceparent) {
    log_trace_id[0] = '\0';
    if (traceparent == NULL || strnlen(traceparent, TRACEPARENT_SIZE) < TRACEPARENT_SIZE ||
        traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' ||
        strncmp(traceparent, "ff", 2) == 0) {
        return;
    }
    const char *trace_id = traceparent + 3;
    if (hex_span(trace_id) != TRACE_ID_DIGITS || strspn(trace_id, "0") == TRACE_ID_DIGITS) {
        return;
    }
    memcpy(log_trace_id, trace_id, TRACE_ID_DIGITS);
    log_trace_id[TRACE_ID_DIGITS] = '\0';
}
