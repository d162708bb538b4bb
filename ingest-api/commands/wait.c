/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for which command, in two hash tables; an event wakes whom it answers. */
#include "ingest-api/commands/wait.h"

#include "ingest-api/http/request.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/uuid.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 4096 /* a power of two; chains grow with the load */

struct wait_table {
    pthread_mutex_t mutex;
    struct wait *by_command[TABLE_SIZE];
    struct wait *by_show[TABLE_SIZE]; /* those that follow a reservation */
    size_t count;
    struct wait_answer *spare; /* decoded for nobody in the end */
    struct metric *count_metric;
};

struct wait_table *wait_table_new(void) {
    struct wait_table *table = allocate_zeroed(1, sizeof *table);
    pthread_mutex_init(&table->mutex, NULL);
    table->count_metric =
        metrics_gauge("seatlog_waits_requests", NULL, "Requests that wait for an event");
    return table;
}

static void answer_free(struct wait_answer *answer) {
    if (answer != NULL) {
        arena_deinit(&answer->arena);
        free(answer);
    }
}

void wait_table_free(struct wait_table *table) {
    if (table != NULL) {
        assert(table->count == 0); /* whoever waits holds on to the table */
        answer_free(table->spare);
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
    assert(!wait->listed && wait->request != NULL);
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
    assert(table->count > 0);
    table->count--;
    metric_set(table->count_metric, (int64_t)table->count);
}

struct wait *wait_new(struct wait_table *table, struct request *request, const struct uuid *show_id,
                      const struct judge *judge, bool wake_when_reported) {
    struct wait *wait = allocate_zeroed(1, sizeof *wait);
    wait->table = table;
    wait->references = 2;
    wait->request = request;
    wait->show_id = *show_id;
    wait->judge = *judge;
    wait->wake_when_reported = wake_when_reported;
    wait->partition = -1;
    wait->offset = -1;
    pthread_mutex_lock(&table->mutex);
    wait_list(table, wait);
    pthread_mutex_unlock(&table->mutex);
    return wait;
}

/* With the mutex held: what is to be freed without it; either may be NULL. */
struct leftovers {
    struct wait *wait;
    struct wait_answer *answer;
};

static struct leftovers reference_drop(struct wait *wait) {
    struct leftovers left = {0};
    assert(wait->references > 0);
    if (--wait->references == 0) {
        assert(!wait->listed);
        left.wait = wait;
        struct wait_answer *answer = (struct wait_answer *)wait->answer;
        if (answer != NULL && --answer->references == 0) {
            left.answer = answer;
        }
    }
    return left;
}

static void leftovers_free(struct leftovers left) {
    answer_free(left.answer);
    free(left.wait);
}

/* With the mutex held: the request, for the caller to wake, or NULL. */
static struct request *request_take(struct wait *wait) {
    struct request *request = wait->request;
    assert(wait->listed == (request != NULL)); /* who waits is listed, and nobody else */
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
    struct leftovers left = reference_drop(wait);
    pthread_mutex_unlock(&table->mutex);
    leftovers_free(left);
}

struct wait_status wait_status(struct wait *wait) {
    pthread_mutex_lock(&wait->table->mutex);
    struct wait_status status = {.decided = wait->answer != NULL,
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
    wait->wake_when_reported = wait->wake_when_reported || outstanding;
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
    assert(!wait->reported);
    wait->reported = true;
    wait->outcome = report->outcome;
    if (report->outcome == PRODUCER_PERSISTED) {
        wait->partition = report->partition;
        wait->offset = report->offset;
    }
    if (report->outcome == PRODUCER_NOT_PERSISTED || wait->wake_when_reported) {
        request = request_take(wait);
    }
    struct leftovers left = reference_drop(wait);
    pthread_mutex_unlock(&table->mutex);
    leftovers_free(left);
    if (request != NULL) {
        request_wake(request);
    }
}

static void wait_decide(struct wait *wait, struct wait_answer *answer) {
    assert(wait->answer == NULL);
    wait->answer = answer;
    answer->references++;
    struct request *request = request_take(wait);
    if (request != NULL) {
        request_wake(request);
    }
}

static bool anybody_waits(const struct wait_table *table, const struct event_head *head) {
    for (const struct wait *wait = table->by_command[index_of(&head->command_id)]; wait != NULL;
         wait = wait->command_next) {
        if (uuid_equal(&wait->judge.command_id, &head->command_id)) {
            return true;
        }
    }
    for (const struct wait *wait = table->by_show[index_of(&head->show_id)]; wait != NULL;
         wait = wait->show_next) {
        if (uuid_equal(&wait->show_id, &head->show_id)) {
            return true;
        }
    }
    return false;
}

static void waits_judge(struct wait_table *table, struct wait_answer *answer) {
    const struct event *event = &answer->event;
    struct wait *next;
    for (struct wait *wait = table->by_command[index_of(&event->as.head.command_id)]; wait != NULL;
         wait = next) {
        next = wait->command_next;
        if (!judge_follows_reservation(&wait->judge) && judge_event(&wait->judge, event)) {
            wait_decide(wait, answer);
        }
    }
    for (struct wait *wait = table->by_show[index_of(&event->as.head.show_id)]; wait != NULL;
         wait = next) {
        next = wait->show_next;
        if (uuid_equal(&wait->show_id, &event->as.head.show_id) &&
            judge_event(&wait->judge, event)) {
            wait_decide(wait, answer);
        }
    }
}

/* With the mutex held: those who wait for it keep the answer; without any it is the next event's. */
static void event_decide(struct wait_table *table, struct codec *codec,
                         const struct event_head *head, struct octets wire) {
    struct wait_answer *answer =
        table->spare != NULL ? table->spare : allocate_zeroed(1, sizeof *answer);
    struct text reason;
    table->spare = NULL;
    assert(answer->references == 0);
    if (codec_event_decode(codec, &answer->arena, wire, &answer->event, &reason)) {
        waits_judge(table, answer);
    } else {
        log_warning("an event cannot be decoded", LOG_UUID("show_id", &head->show_id),
                    LOG_SPAN("reason", reason));
    }
    if (answer->references == 0) {
        arena_reset(&answer->arena);
        table->spare = answer;
    }
}

void wait_table_event(struct wait_table *table, struct codec *codec, const struct event_head *head,
                      struct octets wire) {
    pthread_mutex_lock(&table->mutex);
    if (anybody_waits(table, head)) {
        event_decide(table, codec, head, wire);
    }
    pthread_mutex_unlock(&table->mutex);
}
