/* SPDX-License-Identifier: Apache-2.0 */
/* The sink's loop in steps. */
#include "tests/sim/sim_sink.h"

#include "runtime/kafka/kafka.h"

#include <string.h>

static uint32_t topics_of(const struct sink_spec *spec) {
    static const char *const names[] = {[SIM_COMMANDS] = TOPIC_COMMANDS,
                                        [SIM_EVENTS] = TOPIC_EVENTS,
                                        [SIM_TICKETS] = TOPIC_TICKETS};
    uint32_t topics = 0;
    for (const char *const *name = spec->topics; *name != NULL; name++) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (strcmp(*name, names[i]) == 0) {
                topics |= 1u << i;
            }
        }
    }
    return topics;
}

void sim_sink_start(struct sim_sink *sink, struct sim_world *world, int32_t process,
                    struct daemon *daemon, const struct sink_spec *spec) {
    *sink = (struct sim_sink){
        .world = world,
        .process = process,
        .kind = world->processes[process].daemon,
        .daemon = daemon,
        .spec = spec,
        .session = {.world = world, .process = process},
        .topics = topics_of(spec),
    };
    arena_init(&sink->arena);
}

static void batch_drop(struct sim_sink *sink) {
    sink->batch_count = 0;
    arena_reset(&sink->arena);
}

void sim_sink_stop(struct sim_sink *sink) { arena_deinit(&sink->arena); }

static const char *name_of(const struct sim_sink *sink) {
    return sim_process_name(&sink->world->processes[sink->process]);
}

static bool reads(const struct sim_sink *sink, int topic) {
    return (sink->topics >> topic & 1) != 0;
}

static void group_leave(struct sim_sink *sink, bool lost) {
    batch_drop(sink);
    sink->phase = SIM_SINK_GATHER;
    sink->assigned = 0;
    sink->offsets_known = false;
    sink->member_id = sim_group_join(sink->world, (int32_t)sink->kind,
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
    switch (sim_group_poll(sink->world, (int32_t)sink->kind,
                           sink->world->processes[sink->process].instance, sink->member_id,
                           &partitions, &sink->generation)) {
    case SIM_GROUP_NOTHING:
        return false;
    case SIM_GROUP_ASSIGNED:
        sink->assigned = partitions;
        sim_trace(sink->world, "%s is given partitions %x", name_of(sink), partitions);
        sink->offsets_known = false;
        batch_drop(sink);
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
            int64_t offset = sink->world->tables->offsets[sink->kind][topic][i];
            sink->next_offset[topic][i] = sink->position[topic][i] = offset;
        }
    }
    sink->offsets_known = true;
}

/* Into the batch, decoded. */
static void entry_add(struct sim_sink *sink, int topic, int32_t partition,
                      const struct sim_entry *from) {
    struct sim_sink_entry *entry = &sink->batch[sink->batch_count++];
    struct text reason = {0};
    *entry = (struct sim_sink_entry){.topic = (enum sim_topic)topic};
    entry->record = (struct sink_record){
        .topic = topic == SIM_EVENTS ? TOPIC_EVENTS : TOPIC_TICKETS,
        .partition = partition,
        .offset = sink->position[topic][partition] - 1,
        .timestamp_ms = from->timestamp_ms,
        .value = from->value,
        .traceparent = "",
        .waiter = "",
        .event = topic == SIM_EVENTS ? &entry->event : NULL,
        .tickets = topic == SIM_TICKETS ? &entry->tickets : NULL,
    };
    struct codec *codec = sink->world->codec;
    if (topic == SIM_EVENTS
            ? !codec_event_decode(codec, &sink->arena, from->value, &entry->event, &reason)
            : !codec_ticket_record_decode(codec, &sink->arena, from->value, &entry->tickets,
                                          &reason)) {
        sim_violated(sink->world, 3, "offset %lld of %s, partition %d, can not be decoded: %.*s",
                     (long long)entry->record.offset, sim_topic_name(topic), (int)partition,
                     TEXT_FORMAT(reason));
    }
}

/* Takes what has arrived; true: something has. */
static bool batch_gather(struct sim_sink *sink) {
    struct sim_world *world = sink->world;
    size_t limit = 1 + sim_random_below(&world->schedule, SIM_BATCH_MAX);
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < world->broker.partition_count; i++) {
            if (!reads(sink, topic) || (sink->assigned >> i & 1) == 0) {
                continue;
            }
            const struct sim_entry *entry;
            while (sink->batch_count < limit &&
                   (entry = sim_log_read(world, topic, i, &sink->position[topic][i], INT64_MAX,
                                         false)) != NULL) {
                entry_add(sink, topic, i, entry);
            }
        }
    }
    return sink->batch_count > 0;
}

static bool entry_is_done(const struct sim_sink *sink, const struct sim_sink_entry *entry) {
    return entry->record.offset < sink->next_offset[entry->topic][entry->record.partition];
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
        const struct sim_sink_entry *entry = &sink->batch[i];
        int64_t *offset = &offsets[entry->topic][entry->record.partition];
        if (entry->record.offset + 1 > *offset) {
            *offset = entry->record.offset + 1;
        }
    }
}

/* UPDATE … WHERE next_offset = expected; false: somebody else owns a partition. */
static bool offsets_advance(struct sim_sink *sink) {
    int64_t(*table)[SIM_PARTITIONS_MAX] = sink->world->tables->offsets[sink->kind];
    int64_t wanted[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    batch_offsets(sink, wanted);
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
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
            sim_tables_change(sink->world, &table[topic][i], sizeof table[topic][i]);
            table[topic][i] = wanted[topic][i];
        }
    }
    return true;
}

static bool entry_handle(struct sim_sink *sink, const struct sim_sink_entry *entry,
                         struct error *error) {
    struct sim_world *world = sink->world;
    int32_t partition = entry->record.partition;
    int64_t *handled = &world->tables->handled[sink->kind][entry->topic][partition];
    if (entry->record.offset < *handled) {
        sim_violated(world, 7, "%s writes offset %lld of %s, partition %d, twice", name_of(sink),
                     (long long)entry->record.offset, sim_topic_name(entry->topic), (int)partition);
    }
    sim_tables_change(world, handled, sizeof *handled);
    *handled = entry->record.offset + 1;
    return sink->spec->handle(sink->daemon, sim_session_pg(&sink->session), &entry->record, error);
}

/* The rows of the batch, in the transaction that is open. */
static bool batch_handle(struct sim_sink *sink, struct error *error) {
    for (size_t i = 0; i < sink->batch_count; i++) {
        if (!entry_is_done(sink, &sink->batch[i]) && !entry_handle(sink, &sink->batch[i], error)) {
            return false;
        }
    }
    return sink->spec->flush == NULL ||
           sink->spec->flush(sink->daemon, sim_session_pg(&sink->session), error);
}

/* The transaction has ended: the daemon is told which way. */
static void batch_end(struct sim_sink *sink, bool committed) {
    void (*ended)(struct daemon *) = committed ? sink->spec->committed : sink->spec->discard;
    if (ended != NULL) {
        ended(sink->daemon);
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
    batch_drop(sink);
    sink->phase = SIM_SINK_GATHER;
}

/* Everything between BEGIN and COMMIT. */
static bool batch_write(struct sim_sink *sink, bool *fenced, struct error *error) {
    *fenced = !offsets_advance(sink);
    return !*fenced && batch_handle(sink, error);
}

static void commit_step(struct sim_sink *sink) {
    struct sim_world *world = sink->world;
    struct error error = {0};
    bool fenced = false;
    if (!sim_database_is_up(world)) {
        return; /* again after a back-off */
    }
    sim_tables_begin(world);
    if (!batch_write(sink, &fenced, &error)) {
        sim_tables_rollback(world);
        batch_end(sink, false);
        if (fenced) {
            sim_trace(world, "%s is fenced by an offset: joins again", name_of(sink));
            group_leave(sink, false);
        } else if (error.action != ERROR_RETRY) {
            sim_violated(world, 0, "%s says %s: %s", name_of(sink), error_action_name(error.action),
                         error.message);
        }
        return;
    }
    sim_tables_commit(world);
    if (sim_fault(world, SIM_FAULT_DATABASE, 20)) {
        sim_trace(world, "%s does not hear that its commit was done", name_of(sink));
        sink->phase = SIM_SINK_REREAD;
        batch_end(sink, false);
        return;
    }
    batch_end(sink, true);
    batch_settle(sink);
}

/* A commit's outcome is found out first. */
static void reread_step(struct sim_sink *sink) {
    if (!sim_database_is_up(sink->world)) {
        return;
    }
    int64_t(*table)[SIM_PARTITIONS_MAX] = sink->world->tables->offsets[sink->kind];
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
