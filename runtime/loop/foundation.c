/* SPDX-License-Identifier: Apache-2.0 */
/* Whether PostgreSQL and Kafka answer, asked by a thread of its own. */
#include "runtime/loop/foundation.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/stall.h"
#include "runtime/pg/pg.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define INTERVAL_MS 2000
#define ANSWER_MS 3000
#define FAILURES_AWAY 2

struct part {
    const char *name;
    bool watched;
    int failures;             /* in a row */
    int64_t failing_since_ms; /* when the first of them was asked */
    int64_t away_since_ms;    /* 0: there */
    char reason[ERROR_MESSAGE_SIZE];
    struct metric *up;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool running;
    bool ending;
    const struct config *config;
    char name[96];
    struct part parts[2];
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool postgresql_ask(struct pg *pg, struct error *error) {
    int64_t began_ms = clock_monotonic_ms();
    if (PG_EXECUTE(pg, error, NULL, "SELECT 1")) {
        return true;
    }
    /* A connection that died while idle fails at once, and is opened again. */
    return clock_monotonic_ms() - began_ms < ANSWER_MS / 2 &&
           PG_EXECUTE(pg, error, NULL, "SELECT 1");
}

static bool kafka_ask(rd_kafka_t *client, struct error *error) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, NULL, &metadata, ANSWER_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set_outside(error, "no broker answers: %s", rd_kafka_err2str(code));
    }
    rd_kafka_metadata_destroy(metadata);
    return true;
}

/* One question that was not answered in time may be a busy machine; two in a row are a part that is
 * away. */
static void part_settle(struct part *part, int64_t asked_ms, bool there,
                        const struct error *error) {
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&watch.mutex);
    int64_t away_ms = part->away_since_ms != 0 ? now_ms - part->away_since_ms : 0;
    bool gone = false, back = there && part->away_since_ms != 0;
    if (there) {
        part->failures = 0;
        part->away_since_ms = 0;
    } else {
        part->failing_since_ms = part->failures == 0 ? asked_ms : part->failing_since_ms;
        part->failures++;
        gone = part->failures == FAILURES_AWAY;
        part->away_since_ms = part->failures >= FAILURES_AWAY ? part->failing_since_ms : 0;
        snprintf(part->reason, sizeof part->reason, "%s", error->message);
    }
    bool up = part->away_since_ms == 0;
    pthread_mutex_unlock(&watch.mutex);
    metric_set(part->up, up ? 1 : 0);
    if (gone) {
        log_error("away: not ready until it is back", LOG_TEXT("part", part->name),
                  LOG_TEXT("reason", error->message));
    } else if (back) {
        log_info("back", LOG_TEXT("part", part->name), LOG_INTEGER("away_ms", away_ms));
    }
}

static bool watch_ending(int wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    pthread_mutex_lock(&watch.mutex);
    if (!watch.ending) {
        pthread_cond_timedwait(&watch.changed, &watch.mutex, &until);
    }
    bool ending = watch.ending;
    pthread_mutex_unlock(&watch.mutex);
    return ending;
}

static rd_kafka_t *client_new(void) {
    rd_kafka_conf_t *conf = kafka_conf_new(watch.config, KAFKA_PRODUCER);
    char reason[KAFKA_REASON_SIZE];
    kafka_conf_default(conf, watch.config, "client.id", watch.name);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (client == NULL) {
        die("cannot create a Kafka client: %s", reason);
    }
    return client;
}

static void *watch_thread(void *context) {
    (void)context;
    struct pg *pg = NULL;
    rd_kafka_t *client = NULL;
    if (watch.parts[0].watched) {
        pg = pg_new(config_text(watch.config, "postgres_url"), watch.name);
        pg_answer_ms_set(pg, ANSWER_MS);
    }
    if (watch.parts[1].watched) {
        client = client_new();
    }
    do {
        struct error error = {0};
        if (pg != NULL) {
            int64_t asked_ms = clock_monotonic_ms();
            part_settle(&watch.parts[0], asked_ms, postgresql_ask(pg, &error), &error);
        }
        if (client != NULL) {
            rd_kafka_poll(client, 0);
            int64_t asked_ms = clock_monotonic_ms();
            part_settle(&watch.parts[1], asked_ms, kafka_ask(client, &error), &error);
        }
        stall_alarm();
    } while (!watch_ending(INTERVAL_MS));
    pg_free(pg);
    if (client != NULL) {
        rd_kafka_destroy(client);
    }
    return NULL;
}

void foundation_watch(const struct config *config, const char *name, unsigned parts) {
    watch.config = config;
    watch.ending = false;
    snprintf(watch.name, sizeof watch.name, "%s-watch", name);
    watch.parts[0] = (struct part){.name = "PostgreSQL", .watched = parts & FOUNDATION_POSTGRESQL};
    watch.parts[1] = (struct part){.name = "Kafka", .watched = (parts & FOUNDATION_KAFKA) != 0};
    for (size_t i = 0; i < 2; i++) {
        if (watch.parts[i].watched) {
            watch.parts[i].up = metrics_gauge("seatlog_foundation_up",
                                              i == 0 ? "part=\"postgresql\"" : "part=\"kafka\"",
                                              "Whether a part that the daemon stands on answers.");
        }
    }
    if (pthread_create(&watch.thread, NULL, watch_thread, NULL) != 0) {
        die("cannot start the thread that watches PostgreSQL and Kafka");
    }
    watch.running = true;
}

void foundation_release(void) {
    if (!watch.running) {
        return;
    }
    pthread_mutex_lock(&watch.mutex);
    watch.ending = true;
    pthread_cond_broadcast(&watch.changed);
    pthread_mutex_unlock(&watch.mutex);
    pthread_join(watch.thread, NULL);
    watch.running = false;
    watch.parts[0] = watch.parts[1] = (struct part){0};
}

bool foundation_reasons(struct buffer *out) {
    bool any = false;
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&watch.mutex);
    for (size_t i = 0; i < 2; i++) {
        const struct part *part = &watch.parts[i];
        if (part->away_since_ms == 0) {
            continue;
        }
        if (out != NULL) {
            buffer_append_format(out, "%s%s has not answered for %" PRId64 " s: %s",
                                 out->size > 0 ? "; " : "", part->name,
                                 (now_ms - part->away_since_ms) / 1000, part->reason);
        }
        any = true;
    }
    pthread_mutex_unlock(&watch.mutex);
    return any;
}
