/* SPDX-License-Identifier: Apache-2.0 */
/* The process's metrics, kept in a list and rendered in Prometheus' text format. */
#include "runtime/base/metrics.h"

#include "runtime/base/error.h"
#include "runtime/base/time.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
#define METRIC_TYPE_COUNT (METRIC_HISTOGRAM + 1)

/* Upper bounds in microseconds; what is above the last falls into +Inf alone. */
static const int64_t bucket_bounds_us[] = {500,     1000,     2500,     5000,    10000,   25000,
                                           50000,   100000,   250000,   500000,  1000000, 2500000,
                                           5000000, 10000000, 30000000, 60000000};
static const char *const bucket_names[] = {"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025",
                                           "0.05",   "0.1",   "0.25",   "0.5",   "1",    "2.5",
                                           "5",      "10",    "30",     "60"};
#define BUCKET_COUNT (sizeof bucket_bounds_us / sizeof bucket_bounds_us[0])
_Static_assert(sizeof bucket_names / sizeof bucket_names[0] == BUCKET_COUNT, "a name for each");

struct metric {
    enum metric_type type;
    char *name;
    char *labels; /* empty for none */
    char *help;
    atomic_bool hidden;
    atomic_int_fast64_t since_ms; /* of metric_since; 0: the value counts */
    bool milliseconds;            /* the value is in milliseconds, and rendered in seconds */
    atomic_int_fast64_t value;    /* of a histogram: the sum in microseconds */
    atomic_int_fast64_t buckets[BUCKET_COUNT + 1]; /* each alone, not cumulative; last is +Inf */
    struct metric *next;                           /* in the order of registration */
};

static pthread_mutex_t metrics_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metrics_first;
static struct metric **metrics_end = &metrics_first;

static struct metric *metrics_find(const char *name, const char *labels) {
    for (struct metric *metric = metrics_first; metric != NULL; metric = metric->next) {
        if (strcmp(metric->name, name) == 0 && strcmp(metric->labels, labels) == 0) {
            return metric;
        }
    }
    return NULL;
}

static struct metric *metrics_register(enum metric_type type, const char *name, const char *labels,
                                       const char *help) {
    labels = labels != NULL ? labels : "";
    pthread_mutex_lock(&metrics_mutex);
    struct metric *metric = metrics_find(name, labels);
    if (metric != NULL && metric->type != type) {
        die("metric %s is registered twice with different types", name);
    }
    if (metric == NULL) {
        metric = allocate_zeroed(1, sizeof *metric);
        metric->type = type;
        metric->name = text_duplicate(name);
        metric->labels = text_duplicate(labels);
        metric->help = text_duplicate(help);
        *metrics_end = metric;
        metrics_end = &metric->next;
    }
    pthread_mutex_unlock(&metrics_mutex);
    return metric;
}

struct metric *metrics_counter(const char *name, const char *labels, const char *help) {
    return metrics_register(METRIC_COUNTER, name, labels, help);
}

struct metric *metrics_gauge(const char *name, const char *labels, const char *help) {
    return metrics_register(METRIC_GAUGE, name, labels, help);
}

struct metric *metrics_histogram(const char *name, const char *labels, const char *help) {
    return metrics_register(METRIC_HISTOGRAM, name, labels, help);
}

void metric_add(struct metric *metric, int64_t amount) {
    atomic_fetch_add_explicit(&metric->value, amount, memory_order_relaxed);
    atomic_store_explicit(&metric->hidden, false, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value) {
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
    atomic_store_explicit(&metric->hidden, false, memory_order_relaxed);
}

void metric_since(struct metric *metric, int64_t since_ms) {
    atomic_store_explicit(&metric->since_ms, since_ms, memory_order_relaxed);
    metric_set(metric, 0);
}

struct metric *metrics_gauge_ms(const char *name, const char *labels, const char *help) {
    struct metric *metric = metrics_register(METRIC_GAUGE, name, labels, help);
    metric->milliseconds = true;
    return metric;
}

void metric_hide(struct metric *metric) {
    atomic_store_explicit(&metric->hidden, true, memory_order_relaxed);
}

void metric_observe_ms(struct metric *metric, double duration_ms) {
    int64_t duration_us = duration_ms > 0 ? (int64_t)(duration_ms * 1000.0) : 0;
    size_t bucket = 0;
    while (bucket < BUCKET_COUNT && duration_us > bucket_bounds_us[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->value, duration_us, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric) {
    int64_t since_ms = atomic_load_explicit(&metric->since_ms, memory_order_relaxed);
    if (since_ms != 0) {
        return (clock_monotonic_ms() - since_ms) / 1000;
    }
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

static void metric_render_number(const struct metric *metric, struct buffer *out) {
    buffer_append_text(out, metric->name);
    if (metric->labels[0] != '\0') {
        buffer_append_format(out, "{%s}", metric->labels);
    }
    int64_t value = metric_value(metric);
    if (metric->milliseconds) {
        buffer_append_format(out, " %s%" PRId64 ".%03" PRId64 "\n", value < 0 ? "-" : "",
                             (value < 0 ? -value : value) / 1000,
                             (value < 0 ? -value : value) % 1000);
    } else {
        buffer_append_format(out, " %" PRId64 "\n", value);
    }
}

static void metric_render_histogram(const struct metric *metric, struct buffer *out) {
    const char *comma = metric->labels[0] != '\0' ? "," : "";
    int64_t count = 0;
    for (size_t i = 0; i <= BUCKET_COUNT; i++) {
        count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
        buffer_append_format(out, "%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", metric->name,
                             metric->labels, comma, i < BUCKET_COUNT ? bucket_names[i] : "+Inf",
                             count);
    }
    const char *open = metric->labels[0] != '\0' ? "{" : "";
    const char *close = metric->labels[0] != '\0' ? "}" : "";
    int64_t sum_us = metric_value(metric);
    buffer_append_format(out, "%s_sum%s%s%s %" PRId64 ".%06" PRId64 "\n", metric->name, open,
                         metric->labels, close, sum_us / 1000000, sum_us % 1000000);
    buffer_append_format(out, "%s_count%s%s%s %" PRId64 "\n", metric->name, open, metric->labels,
                         close, count);
}

/* All metrics of one name stand together under one HELP and TYPE, as the format wants it. */
static void metrics_render_family(const struct metric *first, struct buffer *out) {
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    _Static_assert(sizeof types / sizeof types[0] == METRIC_TYPE_COUNT, "a name for each");
    buffer_append_format(out, "# HELP %s ", first->name);
    for (const char *next = first->help; *next != '\0'; next++) {
        if (*next == '\\') {
            buffer_append_text(out, "\\\\");
        } else if (*next == '\n') {
            buffer_append_text(out, "\\n");
        } else {
            buffer_append(out, next, 1);
        }
    }
    buffer_append_format(out, "\n# TYPE %s %s\n", first->name, types[first->type]);
    for (const struct metric *metric = first; metric != NULL; metric = metric->next) {
        if (strcmp(metric->name, first->name) != 0 ||
            atomic_load_explicit(&metric->hidden, memory_order_relaxed)) {
            continue;
        }
        if (metric->type == METRIC_HISTOGRAM) {
            metric_render_histogram(metric, out);
        } else {
            metric_render_number(metric, out);
        }
    }
}

static bool metrics_seen_before(const struct metric *metric) {
    for (const struct metric *other = metrics_first; other != metric; other = other->next) {
        if (strcmp(other->name, metric->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Resident memory and processor time: what an operator looks at first. */
static void metrics_render_process(struct buffer *out) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    buffer_append_format(out,
                         "# HELP process_cpu_seconds_total Processor time of the process.\n"
                         "# TYPE process_cpu_seconds_total counter\n"
                         "process_cpu_seconds_total %lld.%03ld\n",
                         (long long)used.tv_sec, used.tv_nsec / 1000000);
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*d %ld", &pages) == 1) {
            buffer_append_format(out,
                                 "# HELP process_resident_memory_bytes Memory in use.\n"
                                 "# TYPE process_resident_memory_bytes gauge\n"
                                 "process_resident_memory_bytes %ld\n",
                                 pages * sysconf(_SC_PAGESIZE));
        }
        fclose(file);
    }
}

void metrics_render(struct buffer *out) {
    pthread_mutex_lock(&metrics_mutex);
    for (const struct metric *metric = metrics_first; metric != NULL; metric = metric->next) {
        if (!metrics_seen_before(metric)) {
            metrics_render_family(metric, out);
        }
    }
    pthread_mutex_unlock(&metrics_mutex);
    metrics_render_process(out);
}
