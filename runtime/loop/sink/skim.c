/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition stands whose row is from before the terms. */
#include "runtime/loop/sink/skim.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/skim.h"
#include "runtime/loop/ready.h"
#include "runtime/loop/sink/consumer.h"

#include <assert.h>

#define SERVE_MS 20

/* A log may take minutes to be read, and a member that is not served so long is put out of its
 * group. */
static bool skim_serve(struct sink *sink, size_t index, struct error *error) {
    struct kafka_skim *skim =
        kafka_skim_begin(sink->daemon->config, sink->partitions[index].partition,
                         sink->core.partitions[index].position);
    if (skim == NULL) {
        return error_set(error, ERROR_RETRY, "cannot start a thread");
    }
    while (!kafka_skim_ended(skim)) {
        if (sink->core.overtaken || sink_is_ending(sink)) {
            kafka_skim_stop(skim);
        }
        sink_consumer_poll(sink, SERVE_MS);
    }
    return kafka_skim_end(skim, &sink->found, error);
}

struct sink_core_event sink_skim(struct sink *sink, size_t index, struct error *error) {
    const struct sink_partition *partition = &sink->partitions[index];
    int64_t offset = sink->core.partitions[index].position;
    int64_t began_ms = clock_monotonic_ms();
    assert(partition->ruled);
    assert(!sink->core.overtaken);
    ready_set("reading which term the events are in");
    bool good = skim_serve(sink, index, error);
    if (sink->core.overtaken) {
        return (struct sink_core_event){.kind = SINK_QUIET};
    }
    if (!good) {
        return (struct sink_core_event){.kind = SINK_FAILED, .error = error};
    }
    char term[TERM_TEXT_SIZE];
    term_format(&sink->found.position.term, term);
    log_info("the term of a row is worked out", LOG_TEXT("topic", TOPIC_EVENTS),
             LOG_INTEGER("partition", partition->partition), LOG_INTEGER("offset", offset),
             LOG_TEXT("term", term), LOG_INTEGER("cursor", sink->found.position.cursor),
             LOG_INTEGER("took_ms", clock_monotonic_ms() - began_ms));
    return (struct sink_core_event){.kind = SINK_FOUND, .reader = &sink->found};
}
