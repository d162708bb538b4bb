/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_sink.h"

void sim_sink_start(struct sim_sink *sink, struct sim_world *world, int32_t process,
                    uint32_t topics, sim_sink_handle *handle) {
    *sink = (struct sim_sink){
        .world = world,
        .process = process,
        .daemon = world->processes[process].daemon,
        .topics = topics,
        .handle = handle,
    };
}

static const char *name_of(const struct sim_sink *sink) {
    return sim_process_name(&sink->world->processes[sink->process]);
}

static bool reads(const struct sim_sink *sink, int topic) {
    return (sink->topics >> topic & 1) != 0;
}

static void group_leave(struct sim_sink *sink, bool lost) {
    sink->batch_count = 0;
    sink->phase = SIM_SINK_GATHER;
    sink->assigned = 0;
    sink->offsets_known = false;
    sink->member_id = sim_group_join(sink->world, (int32_t)sink->daemon,
                                     sink->world->processes[sink->process].instance, sink->process,
                                     lost ? 0 : sink->member_id);
}

static bool group_step(struct sim_sink *sink) {
    uint32_t partitions = 0;
    if (sink->member_id == 0) {
        group_leave(sink, true);
        return true;
    }
    if (sim_random_chance(&sink->world->schedule, 400)) {
        return false; /* the heartbeats' thread has not heard yet */
    }
    switch (sim_group_poll(sink->world, (int32_t)sink->daemon,
                           sink->world->processes[sink->process].instance, sink->member_id,
                           &partitions, &sink->generation)) {
    case SIM_GROUP_NOTHING:
        return false;
    case SIM_GROUP_ASSIGNED:
        sink->assigned = partitions;
        sim_trace(sink->world, "%s is given partitions %x", name_of(sink), partitions);
        sink->offsets_known = false;
        sink->batch_count = 0;
        return true;
    case SIM_GROUP_FENCED:
        sink->world->processes[sink->process].exits = true;
        return true;
    case SIM_GROUP_LOST:
        group_leave(sink, true);
        return true;
    case SIM_GROUP_REVOKED:
        group_leave(sink, false);
        return true;
    }
    return false;
}

static void offsets_load(struct sim_sink *sink) {
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            int64_t offset = sink->world->tables->offsets[sink->daemon][topic][i];
            sink->next_offset[topic][i] = sink->position[topic][i] = offset;
        }
    }
    sink->offsets_known = true;
}

/* Takes what has arrived; true: something has. */
static bool batch_gather(struct sim_sink *sink) {
    struct sim_world *world = sink->world;
    bool uncommitted = sim_planted(world, SIM_PLANTED_SINK_READS_UNCOMMITTED);
    size_t limit = 1 + sim_random_below(&world->schedule, SIM_BATCH_MAX);
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < world->broker.partition_count; i++) {
            if (!reads(sink, topic) || (sink->assigned >> i & 1) == 0) {
                continue;
            }
            const struct sim_entry *entry;
            while (sink->batch_count < limit &&
                   (entry = sim_log_read(world, topic, i, &sink->position[topic][i], INT64_MAX,
                                         uncommitted)) != NULL) {
                sink->batch[sink->batch_count++] =
                    (struct sim_sink_record){topic, i, sink->position[topic][i] - 1, entry->value};
            }
        }
    }
    return sink->batch_count > 0;
}

static bool record_is_done(const struct sim_sink *sink, const struct sim_sink_record *record) {
    return record->offset < sink->next_offset[record->topic][record->partition];
}

/* What the batch moves the offsets to. */
static void batch_offsets(const struct sim_sink *sink,
                          int64_t offsets[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX]) {
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
            offsets[topic][i] = sink->next_offset[topic][i];
        }
    }
    for (size_t i = 0; i < sink->batch_count; i++) {
        const struct sim_sink_record *record = &sink->batch[i];
        if (record->offset + 1 > offsets[record->topic][record->partition]) {
            offsets[record->topic][record->partition] = record->offset + 1;
        }
    }
}

/* UPDATE … WHERE next_offset = expected; false: somebody else owns a partition. */
static bool offsets_advance(struct sim_sink *sink) {
    int64_t(*table)[SIM_PARTITIONS_MAX] = sink->world->tables->offsets[sink->daemon];
    int64_t wanted[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    batch_offsets(sink, wanted);
    bool fenced = !sim_planted(sink->world, SIM_PLANTED_SINK_NO_FENCE);
    for (int topic = 0; topic < SIM_TOPIC_COUNT && fenced; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            if (wanted[topic][i] != sink->next_offset[topic][i] &&
                table[topic][i] != sink->next_offset[topic][i]) {
                return false;
            }
        }
    }
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            if (wanted[topic][i] == sink->next_offset[topic][i]) {
                continue;
            }
            if (wanted[topic][i] < table[topic][i]) {
                sim_violated(sink->world, 2, "%s moves its offset in %s, partition %d, back",
                             name_of(sink), sim_topic_name(topic), (int)i);
            }
            table[topic][i] = wanted[topic][i];
        }
    }
    return true;
}

static void batch_handle(struct sim_sink *sink) {
    for (size_t i = 0; i < sink->batch_count; i++) {
        const struct sim_sink_record *record = &sink->batch[i];
        if (record_is_done(sink, record)) {
            continue;
        }
        int64_t *handled =
            &sink->world->tables->handled[sink->daemon][record->topic][record->partition];
        if (record->offset < *handled) {
            sim_violated(sink->world, 7, "%s writes offset %lld of %s, partition %d, twice",
                         name_of(sink), (long long)record->offset, sim_topic_name(record->topic),
                         (int)record->partition);
        }
        *handled = record->offset + 1;
        sink->handle(sink->world, record);
    }
}

static void batch_settle(struct sim_sink *sink) {
    int64_t offsets[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    batch_offsets(sink, offsets);
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
            sink->next_offset[topic][i] = offsets[topic][i];
        }
    }
    sim_trace(sink->world, "%s has written %zu records", name_of(sink), sink->batch_count);
    sink->batch_count = 0;
    sink->phase = SIM_SINK_GATHER;
}

static void commit_step(struct sim_sink *sink) {
    struct sim_world *world = sink->world;
    if (!sim_database_is_up(world)) {
        return; /* again after a back-off */
    }
    if (sim_planted(world, SIM_PLANTED_SINK_OFFSET_APART)) {
        batch_handle(sink);
        sink->phase = SIM_SINK_OFFSETS_APART;
        return;
    }
    if (!offsets_advance(sink)) {
        sim_trace(world, "%s is fenced by an offset: joins again", name_of(sink));
        group_leave(sink, false);
        return;
    }
    batch_handle(sink);
    if (sim_fault(world, SIM_FAULT_DATABASE, 20)) {
        sim_trace(world, "%s does not hear that its commit was done", name_of(sink));
        sink->phase = SIM_SINK_REREAD;
        return;
    }
    batch_settle(sink);
}

/* A commit's outcome is found out first. */
static void reread_step(struct sim_sink *sink) {
    if (!sim_database_is_up(sink->world)) {
        return;
    }
    int64_t(*table)[SIM_PARTITIONS_MAX] = sink->world->tables->offsets[sink->daemon];
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            bool ours = reads(sink, topic) && (sink->assigned >> i & 1) != 0;
            if (ours && (table[topic][i] < sink->next_offset[topic][i] ||
                         table[topic][i] > sink->position[topic][i])) {
                group_leave(sink, false);
                return;
            }
        }
    }
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            if (reads(sink, topic) && (sink->assigned >> i & 1) != 0) {
                sink->next_offset[topic][i] = table[topic][i];
            }
        }
    }
    sink->phase = SIM_SINK_COMMIT;
}

bool sim_sink_step(struct sim_sink *sink) {
    switch (sink->phase) {
    case SIM_SINK_COMMIT:
        commit_step(sink);
        return true;
    case SIM_SINK_REREAD:
        reread_step(sink);
        return true;
    case SIM_SINK_OFFSETS_APART:
        offsets_advance(sink);
        batch_settle(sink);
        return true;
    case SIM_SINK_GATHER:
        break;
    }
    if (group_step(sink)) {
        return true;
    }
    if (sink->assigned != 0 && !sink->offsets_known) {
        if (sim_database_is_up(sink->world)) {
            offsets_load(sink);
        }
        return true;
    }
    if (sink->offsets_known && batch_gather(sink)) {
        sink->phase = SIM_SINK_COMMIT;
        return true;
    }
    return false;
}

bool sim_sink_rests(struct sim_sink *sink) {
    struct sim_world *world = sink->world;
    if (sink->member_id == 0 || sink->phase != SIM_SINK_GATHER || sink->batch_count > 0 ||
        (sink->assigned != 0 && !sink->offsets_known)) {
        return false;
    }
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < world->broker.partition_count; i++) {
            int64_t offset = sink->position[topic][i];
            if (reads(sink, topic) && (sink->assigned >> i & 1) != 0 &&
                (sim_log_read(world, topic, i, &offset, INT64_MAX, false) != NULL ||
                 sim_log_stable(world, topic, i) != sim_log_end(world, topic, i))) {
                return false;
            }
        }
    }
    return true;
}
