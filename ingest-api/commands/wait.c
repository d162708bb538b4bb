/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/commands/wait.h"

#include "ingest-api/http/request.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 4096 /* a power of two; chains grow with the load */

struct wait_table {
    pthread_mutex_t mutex;
    struct wait *by_command[TABLE_SIZE];
    struct wait *by_show[TABLE_SIZE]; /* those that follow a reservation */
    size_t count;
    struct metric *count_metric;
};

struct wait_table *wait_table_new(void) {
    struct wait_table *table = allocate_zeroed(1, sizeof *table);
    pthread_mutex_init(&table->mutex, NULL);
    table->count_metric =
        metrics_gauge("seatlog_waits_requests", NULL, "Requests that wait for an event");
    return table;
}

void wait_table_free(struct wait_table *table) {
    if (table != NULL) {
        pthread_mutex_destroy(&table->mutex);
        free(table);
    }
}

/* Ids are random, or SHA-1: any bytes of them spread evenly. */
static size_t index_of(const struct uuid *id) {
    uint32_t value;
    memcpy(&value, id->octets, sizeof value);
    return value & (TABLE_SIZE - 1);
}

static void wait_list(struct wait_table *table, struct wait *wait) {
    struct wait **head = &table->by_command[index_of(&wait->judge.command_id)];
    wait->command_next = *head;
    *head = wait;
    if (judge_follows_reservation(&wait->judge)) {
        head = &table->by_show[index_of(&wait->show_id)];
        wait->show_next = *head;
        *head = wait;
    }
    wait->listed = true;
    table->count++;
    metric_set(table->count_metric, (int64_t)table->count);
}

static void wait_unlist(struct wait_table *table, struct wait *wait) {
    if (!wait->listed) {
        return;
    }
    struct wait **link = &table->by_command[index_of(&wait->judge.command_id)];
    while (*link != wait) {
        link = &(*link)->command_next;
    }
    *link = wait->command_next;
    if (judge_follows_reservation(&wait->judge)) {
        link = &table->by_show[index_of(&wait->show_id)];
        while (*link != wait) {
            link = &(*link)->show_next;
        }
        *link = wait->show_next;
    }
    wait->listed = false;
    table->count--;
    metric_set(table->count_metric, (int64_t)table->count);
}

struct wait *wait_new(struct wait_table *table, struct request *request, const struct uuid *show_id,
                      const struct judge *judge, bool wake_when_persisted) {
    struct wait *wait = allocate_zeroed(1, sizeof *wait);
    wait->table = table;
    wait->references = 2;
    wait->request = request;
    wait->show_id = *show_id;
    wait->judge = *judge;
    wait->wake_when_persisted = wake_when_persisted;
    wait->partition = -1;
    wait->offset = -1;
    pthread_mutex_lock(&table->mutex);
    wait_list(table, wait);
    pthread_mutex_unlock(&table->mutex);
    return wait;
}

/* With the mutex held. Returns whether it was the last. */
static bool reference_drop(struct wait *wait) { return --wait->references == 0; }

static void wait_free(struct wait *wait) {
    arena_deinit(&wait->arena);
    free(wait);
}

/* With the mutex held: the request, for the caller to wake, or NULL. */
static struct request *request_take(struct wait *wait) {
    struct request *request = wait->request;
    wait->request = NULL;
    wait_unlist(wait->table, wait);
    return request;
}

void wait_release(struct wait *wait) {
    if (wait == NULL) {
        return;
    }
    struct wait_table *table = wait->table;
    pthread_mutex_lock(&table->mutex);
    request_take(wait);
    bool last = reference_drop(wait);
    pthread_mutex_unlock(&table->mutex);
    if (last) {
        wait_free(wait);
    }
}

struct wait_status wait_status(struct wait *wait) {
    pthread_mutex_lock(&wait->table->mutex);
    struct wait_status status = {.decided = wait->decided,
                                 .reported = wait->reported,
                                 .outcome = wait->outcome,
                                 .partition = wait->partition,
                                 .offset = wait->offset};
    pthread_mutex_unlock(&wait->table->mutex);
    return status;
}

bool wait_for_report(struct wait *wait) {
    pthread_mutex_lock(&wait->table->mutex);
    bool outstanding = !wait->reported && wait->request != NULL;
    wait->wake_when_persisted = wait->wake_when_persisted || outstanding;
    pthread_mutex_unlock(&wait->table->mutex);
    return outstanding;
}

bool wait_take(struct wait *wait) {
    pthread_mutex_lock(&wait->table->mutex);
    struct request *request = request_take(wait);
    pthread_mutex_unlock(&wait->table->mutex);
    return request != NULL;
}

void wait_report(struct wait *wait, const struct producer_report *report) {
    struct wait_table *table = wait->table;
    struct request *request = NULL;
    pthread_mutex_lock(&table->mutex);
    wait->reported = true;
    wait->outcome = report->outcome;
    if (report->outcome == PRODUCER_PERSISTED) {
        wait->partition = report->partition;
        wait->offset = report->offset;
    }
    if (report->outcome == PRODUCER_NOT_PERSISTED ||
        (report->outcome == PRODUCER_PERSISTED && wait->wake_when_persisted)) {
        request = request_take(wait);
    }
    bool last = reference_drop(wait);
    pthread_mutex_unlock(&table->mutex);
    if (last) {
        wait_free(wait);
    }
    if (request != NULL) {
        request_wake(request);
    }
}

/* Decoded anew into memory that lives as long as the request. */
static void wait_decide(struct wait *wait, struct codec *codec, struct octets wire) {
    struct text reason;
    wait->decided = codec_event_decode(codec, &wait->arena, wire, &wait->event, &reason);
    struct request *request = request_take(wait);
    if (request != NULL) {
        request_wake(request);
    }
}

static bool anybody_waits(const struct wait_table *table, const struct event_peek *peek) {
    for (const struct wait *wait = table->by_command[index_of(&peek->command_id)]; wait != NULL;
         wait = wait->command_next) {
        if (uuid_equal(&wait->judge.command_id, &peek->command_id)) {
            return true;
        }
    }
    for (const struct wait *wait = table->by_show[index_of(&peek->show_id)]; wait != NULL;
         wait = wait->show_next) {
        if (uuid_equal(&wait->show_id, &peek->show_id)) {
            return true;
        }
    }
    return false;
}

static void waits_judge(struct wait_table *table, struct codec *codec, const struct event *event,
                        struct octets wire) {
    struct wait *next;
    for (struct wait *wait = table->by_command[index_of(&event->as.head.command_id)]; wait != NULL;
         wait = next) {
        next = wait->command_next;
        if (!judge_follows_reservation(&wait->judge) && judge_event(&wait->judge, event)) {
            wait_decide(wait, codec, wire);
        }
    }
    for (struct wait *wait = table->by_show[index_of(&event->as.head.show_id)]; wait != NULL;
         wait = next) {
        next = wait->show_next;
        if (uuid_equal(&wait->show_id, &event->as.head.show_id) &&
            judge_event(&wait->judge, event)) {
            wait_decide(wait, codec, wire);
        }
    }
}

void wait_table_event(struct wait_table *table, struct codec *codec, struct arena *arena,
                      const struct event_peek *peek, struct octets wire) {
    pthread_mutex_lock(&table->mutex);
    if (anybody_waits(table, peek)) {
        struct event event;
        struct text reason;
        if (codec_event_decode(codec, arena, wire, &event, &reason)) {
            waits_judge(table, codec, &event, wire);
        } else {
            log_warning("an event cannot be decoded", LOG_UUID("show_id", &peek->show_id),
                        LOG_SPAN("reason", reason));
        }
        arena_reset(arena);
    }
    pthread_mutex_unlock(&table->mutex);
}

size_t wait_table_count(struct wait_table *table) {
    pthread_mutex_lock(&table->mutex);
    size_t count = table->count;
    pthread_mutex_unlock(&table->mutex);
    return count;
}
