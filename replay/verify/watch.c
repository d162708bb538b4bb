/* SPDX-License-Identifier: Apache-2.0 */
/* A partition, followed and compared with what its seals say. */
#include "replay/verify/watch.h"

#include <inttypes.h>
#include <string.h>

#define NO_LABEL INT64_C(-1)

void replay_watch_init(struct replay_watch *watch, const struct seal *seals, size_t count,
                       int32_t partition, bool commands) {
    *watch = (struct replay_watch){
        .seals = seals,
        .count = count,
        .partition = partition,
        .commands = commands,
        .label_offset = NO_LABEL,
    };
    for (int version = 1; version <= SEAL_VERSION; version++) {
        replay_sum_init(&watch->sums[version - 1], version);
    }
}

static int64_t end_of(const struct replay_watch *watch, const struct seal *seal) {
    const struct seal_partition *partition = &seal->partitions[watch->partition];
    return watch->commands ? partition->commands_end : partition->events_end;
}

static void seal_compare(struct replay_watch *watch, struct buffer *findings) {
    const struct seal *seal = &watch->seals[watch->next++];
    const char *topic = watch->commands ? "commands" : "events";
    if (watch->partition >= seal->count) {
        buffer_append_format(findings, "partition %d: the seal %s does not know it\n",
                             (int)watch->partition, seal->name);
        watch->broken++;
        return;
    }
    const struct seal_partition *partition = &seal->partitions[watch->partition];
    const struct hash *sealed = watch->commands ? &partition->commands : &partition->events;
    struct hash found = replay_sum_get(&watch->sums[seal->version - 1]);
    if (seal->version == 1 && watch->label_offset != NO_LABEL) {
        buffer_append_format(findings,
                             "partition %d: the seal %s is of version 1, which does not cover what "
                             "tells from offset %" PRId64
                             " on which events count; make a new one\n",
                             (int)watch->partition, seal->name, watch->label_offset);
        watch->broken++;
        return;
    }
    if (memcmp(sealed, &found, sizeof found) != 0) {
        buffer_append_format(findings,
                             "partition %d: %s below offset %" PRId64
                             " are not what they were when %s was signed: history was rewritten\n",
                             (int)watch->partition, topic, end_of(watch, seal), seal->name);
        watch->broken++;
    }
}

bool replay_watch_waits(const struct replay_watch *watch) { return watch->next < watch->count; }

static bool due(const struct replay_watch *watch, int64_t offset) {
    if (!replay_watch_waits(watch)) {
        return false;
    }
    const struct seal *seal = &watch->seals[watch->next];
    return watch->partition >= seal->count || offset >= end_of(watch, seal);
}

void replay_watch_take(struct replay_watch *watch, const struct replay_record *record,
                       struct buffer *findings) {
    while (due(watch, record->offset)) {
        seal_compare(watch, findings);
    }
    if (!replay_watch_waits(watch)) {
        return;
    }
    if (record->label.data != NULL && watch->label_offset == NO_LABEL) {
        watch->label_offset = record->offset;
    }
    for (size_t i = 0; i < SEAL_VERSION; i++) {
        replay_sum_take(&watch->sums[i], record);
    }
}

void replay_watch_end(struct replay_watch *watch, struct buffer *findings) {
    while (replay_watch_waits(watch)) {
        seal_compare(watch, findings);
    }
}
