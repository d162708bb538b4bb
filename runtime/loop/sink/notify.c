/* SPDX-License-Identifier: Apache-2.0 */
/* What the core tells, which has no answer. */
#include "runtime/loop/sink/notify.h"

#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/sink/batch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

const char *sink_fault_format(const struct sink *sink, char *buffer) {
    const struct sink_core_fault *fault = &sink->core.fault;
    if (fault->kind == SINK_FAULT_TOLD) {
        snprintf(buffer, ERROR_MESSAGE_SIZE, "%s", fault->error.message);
        return buffer;
    }
    assert(fault->partition < sink->partition_count);
    const struct sink_partition *partition = &sink->partitions[fault->partition];
    int number = (int)partition->partition;
    if (fault->kind == SINK_FAULT_LOG_BEGINS) {
        snprintf(buffer, ERROR_MESSAGE_SIZE,
                 "%s/%d begins at offset %" PRId64 " but the next to handle is %" PRId64
                 ": records were deleted before they were handled",
                 partition->topic, number, fault->edge, fault->offset);
    } else if (fault->kind == SINK_FAULT_LOG_ENDS) {
        snprintf(buffer, ERROR_MESSAGE_SIZE,
                 "%s/%d ends at offset %" PRId64 " but %" PRId64
                 " is the next to handle: is this another cluster, or did it lose records?",
                 partition->topic, number, fault->edge, fault->offset);
    } else if (fault->kind == SINK_FAULT_LOG_FORGOT) {
        snprintf(buffer, ERROR_MESSAGE_SIZE,
                 "alarm: %s/%d has lost records that were handled: at offset %" PRId64
                 " it goes on behind command %" PRId64
                 ", but what came of the commands below %" PRId64 " is in PostgreSQL",
                 partition->topic, number, fault->offset, fault->edge,
                 sink->core.partitions[fault->partition].reader.position.cursor);
    } else {
        snprintf(buffer, ERROR_MESSAGE_SIZE,
                 "the log of %s/%d does not hold offset %" PRId64 ", which is the next to read",
                 partition->topic, number, fault->offset);
    }
    return buffer;
}

/* What comes next in the partitions of a range has failed: that shows. */
static void stuck_show(const struct sink *sink, size_t from, size_t to) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        if (sink_core_touches(&sink->core, i, from, to)) {
            stall_failed(sink->partitions[i].stall, sink->core.partitions[i].next_offset,
                         sink->core.fault.error.message);
        }
    }
}

/* Records came of which none counts: one before them is not on the log. */
static void deaf_show(const struct sink *sink, size_t index) {
    const struct sink_partition *partition = &sink->partitions[index];
    const struct sink_core_partition *at = &sink->core.partitions[index];
    char reason[ERROR_MESSAGE_SIZE];
    snprintf(reason, sizeof reason,
             "records behind offset %" PRId64 " are missing on the log: what is there does not "
             "count until a decider claims the partition again",
             at->reader.position.next_offset);
    log_error("alarm: nothing counts in a partition", LOG_TEXT("topic", partition->topic),
              LOG_INTEGER("partition", partition->partition),
              LOG_INTEGER("offset", at->reader.position.next_offset),
              LOG_INTEGER("seconds", (sink->core.now_ms - at->deaf_since_ms) / 1000),
              LOG_TEXT("reason", reason));
    stall_failed(partition->stall, at->next_offset, reason);
}

static void settled(struct sink *sink, int64_t handled) {
    metric_add(sink->handled, handled);
    metric_observe_ms(sink->commit_duration, (double)(clock_monotonic_ms() - sink->began_ms));
    if (sink->spec->committed != NULL) {
        sink->spec->committed(sink->daemon);
    }
}

static void discarded(struct sink *sink) {
    metric_add(sink->rollbacks, 1);
    if (sink->spec->discard != NULL) {
        sink->spec->discard(sink->daemon);
    }
}

void sink_told(struct sink *sink, const struct sink_core_effect *effect) {
    switch (effect->kind) {
    case SINK_TELL_DROP:
        sink_batch_sweep(sink);
        break;
    case SINK_TELL_PARK:
        sink_batch_park(sink, effect->entry, effect->tries);
        break;
    case SINK_TELL_ROLLBACK:
        pg_rollback(sink->pg);
        break;
    case SINK_TELL_DISCARD:
        discarded(sink);
        break;
    case SINK_TELL_SETTLED:
        settled(sink, effect->handled);
        break;
    case SINK_TELL_STUCK:
        stuck_show(sink, effect->from, effect->to);
        break;
    case SINK_TELL_STALE:
        metric_add(sink->stale[effect->stale], 1);
        break;
    case SINK_TELL_DEAF:
        deaf_show(sink, effect->partition);
        break;
    default:
        assert(effect->kind == SINK_TELL_FENCED);
        log_warning("another instance owns a partition: joining the group again");
    }
}

void sink_notify(struct sink *sink, struct sink_core_event event) {
    struct sink_core_effects effects;
    event.now_ms = clock_monotonic_ms();
    sink_core_step(&sink->core, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        sink_told(sink, &effects.items[i]);
    }
}
