/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition stands whose row is from before the terms. */
#include "runtime/loop/sink/skim.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/term.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/sink/consumer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define SERVE_MS 20

/* What the thread is given, and gives back. */
struct skim {
    const struct config *config;
    int32_t partition;
    int64_t offset;
    atomic_bool cancelled;
    atomic_bool ended;
    struct term_reader reader;
    struct error error;
    bool good;
};

/* A log may take minutes to be read, and a member that is not served so long is put out of its
 * group. */
static void *skim_run(void *context) {
    struct skim *skim = context;
    skim->good = kafka_term_skim(skim->config, skim->partition, skim->offset, &skim->cancelled,
                                 &skim->reader, &skim->error);
    atomic_store(&skim->ended, true);
    return NULL;
}

static bool thread_serve(struct sink *sink, struct skim *skim, struct error *error) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, skim_run, skim) != 0) {
        return error_set(error, ERROR_RETRY, "cannot start a thread");
    }
    while (!atomic_load(&skim->ended)) {
        if (sink->core.overtaken || sink_is_ending(sink)) {
            atomic_store(&skim->cancelled, true);
        }
        sink_consumer_poll(sink, SERVE_MS);
    }
    pthread_join(thread, NULL);
    *error = skim->error;
    return skim->good;
}

struct sink_core_event sink_skim(struct sink *sink, size_t index, struct error *error) {
    const struct sink_partition *partition = &sink->partitions[index];
    struct skim skim = {.config = sink->daemon->config,
                        .partition = partition->partition,
                        .offset = sink->core.partitions[index].position};
    int64_t began_ms = clock_monotonic_ms();
    assert(partition->ruled);
    assert(!sink->core.overtaken);
    ready_set("reading which term the events are in");
    bool good = thread_serve(sink, &skim, error);
    if (sink->core.overtaken) {
        return (struct sink_core_event){.kind = SINK_QUIET};
    }
    if (!good) {
        return (struct sink_core_event){.kind = SINK_FAILED, .error = error};
    }
    char term[TERM_TEXT_SIZE];
    term_format(&skim.reader.position.term, term);
    log_info("the term of a row is worked out", LOG_TEXT("topic", TOPIC_EVENTS),
             LOG_INTEGER("partition", skim.partition), LOG_INTEGER("offset", skim.offset),
             LOG_TEXT("term", term), LOG_INTEGER("cursor", skim.reader.position.cursor),
             LOG_INTEGER("took_ms", clock_monotonic_ms() - began_ms));
    sink->found = skim.reader;
    return (struct sink_core_event){.kind = SINK_FOUND, .reader = &sink->found};
}
