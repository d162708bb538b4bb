/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out what the sink's core asks for. */
#include "tests/sim/sink.h"

#include "runtime/base/error.h"
#include "runtime/kafka/kafka.h"

#include <assert.h>
#include <string.h>

#define RECORD_TRIES_MAX 3

static const char *name_of(const struct sim_sink *sink) {
    return sim_process_name(&sink->world->processes[sink->process]);
}

static struct pg *pg_of(struct sim_sink *sink) { return sim_session_pg(&sink->session); }

/* --- what the core tells --- */

static void batch_drop(struct sim_sink *sink) {
    sink->batch_count = 0;
    arena_reset(&sink->arena);
}

static void told(struct sim_sink *sink, const struct sink_core_effect *effect) {
    struct sim_world *world = sink->world;
    switch (effect->kind) {
    case SINK_TELL_DROP:
        batch_drop(sink);
        break;
    case SINK_TELL_ROLLBACK:
        sim_tables_rollback(world);
        break;
    case SINK_TELL_DISCARD:
        if (sink->spec->discard != NULL) {
            sink->spec->discard(sink->daemon);
        }
        break;
    case SINK_TELL_SETTLED:
        sim_trace(world, "%s has written %lld records", name_of(sink), (long long)effect->handled);
        if (sink->spec->committed != NULL) {
            sink->spec->committed(sink->daemon);
        }
        break;
    case SINK_TELL_PARK: /* every record of a run can be handled */
        sim_violated(world, 7, "%s puts offset %lld of %s aside: %s", name_of(sink),
                     (long long)sink->batch[effect->entry].record.offset,
                     sim_topic_name(sink->batch[effect->entry].topic),
                     sink->core.fault.error.message);
        break;
    case SINK_TELL_STUCK:
        sim_trace(world, "%s fails with records %zu to %zu of %zu: %s", name_of(sink), effect->from,
                  effect->to, sink->batch_count, sink->core.fault.error.message);
        break;
    default:
        assert(effect->kind == SINK_TELL_FENCED);
        sim_trace(world, "%s is fenced by an offset: joins again", name_of(sink));
    }
}

static void core_step(struct sim_sink *sink, struct sink_core_event event) {
    struct sink_core_effects effects;
    event.now_ms = sink->world->now_ms;
    event.random = (uint32_t)sim_random_next(&sink->world->schedule);
    sink_core_step(&sink->core, &event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.items[i].kind < SINK_ASK_NOTHING) {
            told(sink, &effects.items[i]);
        } else {
            sink->asked = effects.items[i];
        }
    }
    assert(sink->asked.kind == sink->core.asked);
}

/* --- the group --- */

static void group_join(struct sim_sink *sink, bool again) {
    sink->member_id = sim_group_join(sink->world, (int32_t)sink->kind,
                                     sink->world->processes[sink->process].instance, sink->process,
                                     again ? sink->member_id : 0);
}

static void revoked(struct sim_sink *sink) {
    core_step(sink, (struct sink_core_event){.kind = SINK_REVOKED});
    sink->partition_count = 0;
}

static void assigned(struct sim_sink *sink, uint32_t partitions) {
    revoked(sink);
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < sink->world->broker.partition_count; i++) {
            if ((sink->topics >> topic & 1) != 0 && (partitions >> i & 1) != 0) {
                sink->partitions[sink->partition_count++] =
                    (struct sim_sink_partition){(enum sim_topic)topic, i};
            }
        }
    }
    sim_trace(sink->world, "%s is given partitions %x", name_of(sink), partitions);
    core_step(sink, (struct sink_core_event){.kind = SINK_ASSIGNED,
                                             .partitions = sink->core_partitions,
                                             .partition_count = sink->partition_count});
}

/* What a consumer hears when it is served; true: something. */
static bool group_step(struct sim_sink *sink) {
    uint32_t partitions = 0;
    if (sim_random_chance(&sink->world->schedule, 400)) {
        return false; /* the heartbeats' thread has not heard yet */
    }
    switch (sim_group_poll(sink->world, (int32_t)sink->kind,
                           sink->world->processes[sink->process].instance, sink->member_id,
                           &partitions, &sink->generation)) {
    case SIM_GROUP_NOTHING:
        return false;
    case SIM_GROUP_ASSIGNED:
        assigned(sink, partitions);
        return true;
    case SIM_GROUP_FENCED:
        sink->world->processes[sink->process].exits = true;
        return true;
    case SIM_GROUP_LOST:
        revoked(sink);
        group_join(sink, false);
        return true;
    case SIM_GROUP_REVOKED:
        revoked(sink);
        group_join(sink, true);
        return true;
    }
    return false;
}

/* --- the log --- */

static const struct sim_entry *record_next(const struct sim_sink *sink, size_t index,
                                           int64_t *offset) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    bool uncommitted = strcmp(SINK_ISOLATION_LEVEL, "read_committed") != 0;
    *offset = sink->core.partitions[index].position;
    return sim_log_read(sink->world, partition->topic, partition->partition, offset, INT64_MAX,
                        uncommitted);
}

/* Into the batch, decoded. */
static void entry_add(struct sim_sink *sink, size_t index, int64_t offset,
                      const struct sim_entry *from) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    struct sim_sink_entry *entry = &sink->batch[sink->batch_count++];
    bool is_event = partition->topic == SIM_EVENTS;
    *entry = (struct sim_sink_entry){.topic = partition->topic};
    entry->record = (struct sink_record){
        .topic = is_event ? TOPIC_EVENTS : TOPIC_TICKETS,
        .partition = partition->partition,
        .offset = offset,
        .timestamp_ms = from->timestamp_ms,
        .value = from->value,
        .traceparent = "",
        .waiter = "",
        .event = is_event ? &entry->event : NULL,
        .tickets = is_event ? NULL : &entry->tickets,
    };
    struct codec *codec = sink->world->codec;
    struct text reason = {0};
    bool good = is_event
                    ? codec_event_decode(codec, &sink->arena, from->value, &entry->event, &reason)
                    : codec_ticket_record_decode(codec, &sink->arena, from->value, &entry->tickets,
                                                 &reason);
    if (!good) {
        sim_violated(sink->world, 3, "offset %lld of %s, partition %d, can not be decoded: %.*s",
                     (long long)offset, sim_topic_name(partition->topic), (int)partition->partition,
                     TEXT_FORMAT(reason));
    }
}

/* One record of any partition; false: none is there. */
static bool record_take(struct sim_sink *sink) {
    size_t first = sink->partition_count > 0
                       ? sim_random_below(&sink->world->schedule, (uint32_t)sink->partition_count)
                       : 0;
    for (size_t i = 0; i < sink->partition_count; i++) {
        size_t index = (first + i) % sink->partition_count;
        int64_t next = 0;
        const struct sim_entry *entry = record_next(sink, index, &next);
        if (entry == NULL) {
            core_step(sink, (struct sink_core_event){
                                .kind = SINK_DRAINED, .partition = index, .offset = next});
        } else if (sink_core_wants(&sink->core, index, next - 1)) {
            entry_add(sink, index, next - 1, entry);
            core_step(sink, (struct sink_core_event){.kind = SINK_RECORD,
                                                     .partition = index,
                                                     .offset = next - 1,
                                                     .size = entry->value.size});
            return true;
        }
    }
    return false;
}

/* A poll goes on until something comes; true: something has. */
static bool poll_step(struct sim_sink *sink) {
    if (group_step(sink)) {
        return true;
    }
    if (!sink->core.assigned) {
        return false;
    }
    sink->arrives = 1 + sim_random_below(&sink->world->schedule, SIM_BATCH_MAX);
    while (sink->asked.kind == SINK_ASK_POLL && sink->core.entry_count < sink->arrives &&
           record_take(sink)) {
    }
    bool came = sink->core.entry_count > 0;
    bool turns = !sink->core.flowing; /* there are offsets to load */
    if (sink->asked.kind == SINK_ASK_POLL && (came || turns)) {
        core_step(sink, (struct sink_core_event){.kind = SINK_QUIET});
    }
    return came || turns;
}

/* --- the tables --- */

static int64_t *offset_of(const struct sim_sink *sink, size_t index) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    return &sink->world->tables->offsets[sink->kind][partition->topic][partition->partition];
}

/* UPDATE … WHERE next_offset = expected; false: no row was. */
static bool offset_advance(struct sim_sink *sink, size_t index) {
    const struct sink_core_partition *partition = &sink->core.partitions[index];
    int64_t *offset = offset_of(sink, index);
    if (*offset != partition->next_offset) {
        return false;
    }
    sim_tables_change(sink->world, offset, sizeof *offset);
    *offset = partition->moves_to;
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
    return sink->spec->handle(sink->daemon, pg_of(sink), &entry->record, error);
}

/* A failure that may be the record's, and passes; never twice for the same reason. */
static bool fails_for_now(struct sim_sink *sink, uint32_t per_mille, struct error *error) {
    struct sim_world *world = sink->world;
    if (!sim_fault(world, SIM_FAULT_DATABASE, per_mille)) {
        return false;
    }
    char letter = (char)('a' + sim_random_below(&world->schedule, 26));
    return !error_set(error, ERROR_RETRY, "something passing, of kind %c", letter);
}

/* A commit may be lost before it happens, or its answer after. */
static bool commit(struct sim_sink *sink, struct error *error) {
    struct sim_world *world = sink->world;
    if (sim_fault(world, SIM_FAULT_DATABASE, 30)) {
        sim_tables_rollback(world);
        sim_trace(world, "%s commits, and that is lost on its way", name_of(sink));
        return error_set_outside(error, "the connection is gone");
    }
    sim_tables_commit(world);
    if (sim_fault(world, SIM_FAULT_DATABASE, 20)) {
        sim_trace(world, "%s does not hear that its commit was done", name_of(sink));
        return error_set_outside(error, "the connection is gone");
    }
    return true;
}

/* --- what the core asks for --- */

static struct sink_core_event found(const struct sim_sink *sink, size_t index) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    return (struct sink_core_event){
        .kind = SINK_FOUND,
        .offset = *offset_of(sink, index),
        .high = sim_log_end(sink->world, partition->topic, partition->partition)};
}

static struct sink_core_event answer_of(bool good, const struct error *error) {
    return good ? (struct sink_core_event){.kind = SINK_DONE}
                : (struct sink_core_event){.kind = SINK_FAILED, .error = error};
}

static struct sink_core_event joined(struct sim_sink *sink) {
    revoked(sink);
    group_join(sink, sink->member_id != 0);
    return (struct sink_core_event){.kind = SINK_DONE};
}

static struct sink_core_event begun(struct sim_sink *sink) {
    sim_tables_begin(sink->world);
    return (struct sink_core_event){.kind = SINK_DONE};
}

static struct sink_core_event asked_for(struct sim_sink *sink, struct error *error) {
    const struct sink_core_effect *asked = &sink->asked;
    switch (asked->kind) {
    case SINK_ASK_JOIN:
        return joined(sink);
    case SINK_ASK_LOAD:
    case SINK_ASK_REREAD:
        return found(sink, asked->partition);
    case SINK_ASK_BEGIN:
        return begun(sink);
    case SINK_ASK_ADVANCE:
        return (struct sink_core_event){
            .kind = offset_advance(sink, asked->partition) ? SINK_DONE : SINK_FENCED};
    case SINK_ASK_HANDLE:
        return answer_of(!fails_for_now(sink, 2, error) &&
                             entry_handle(sink, &sink->batch[asked->entry], error),
                         error);
    case SINK_ASK_FLUSH:
        return answer_of(
            !fails_for_now(sink, 10, error) &&
                (sink->spec->flush == NULL || sink->spec->flush(sink->daemon, pg_of(sink), error)),
            error);
    case SINK_ASK_COMMIT:
        return answer_of(commit(sink, error), error);
    default: /* FLOW, LOOK, DEAD_LETTER */
        return (struct sink_core_event){.kind = SINK_DONE};
    }
}

static bool needs_database(enum sink_core_effect_kind asked) {
    return asked == SINK_ASK_LOAD || asked == SINK_ASK_REREAD || asked == SINK_ASK_BEGIN ||
           asked == SINK_ASK_LOOK;
}

/* What is asked for, and all of a transaction that has begun. */
static void request_step(struct sim_sink *sink) {
    do {
        struct error error = {0};
        if (needs_database(sink->asked.kind) && !sim_database_is_up(sink->world)) {
            error_set_outside(&error, "no connection to PostgreSQL");
            core_step(sink, answer_of(false, &error));
        } else {
            core_step(sink, asked_for(sink, &error));
        }
    } while (sink->world->tables->transaction);
}

static void end_step(struct sim_sink *sink) {
    sim_violated(sink->world, 0, "%s dies: %s", name_of(sink), sink->core.fault.error.message);
    sink->world->processes[sink->process].exits = true;
}

static bool wait_step(struct sim_sink *sink) {
    if (group_step(sink)) {
        return true;
    }
    if (sink->world->now_ms < sink->asked.until_ms) {
        return false;
    }
    core_step(sink, (struct sink_core_event){.kind = SINK_QUIET});
    return true;
}

bool sim_sink_step(struct sim_sink *sink) {
    switch (sink->asked.kind) {
    case SINK_ASK_POLL:
        return poll_step(sink);
    case SINK_ASK_WAIT:
        return wait_step(sink);
    case SINK_ASK_END:
        end_step(sink);
        return true;
    default:
        request_step(sink);
        return true;
    }
}

/* --- life --- */

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
    sink_core_init(&sink->core, &(struct sink_core_options){.batch_records_max = SIM_BATCH_MAX,
                                                            .record_tries_max = RECORD_TRIES_MAX,
                                                            .entries = sink->core_entries});
    core_step(sink, (struct sink_core_event){.kind = SINK_START});
}

void sim_sink_stop(struct sim_sink *sink) { arena_deinit(&sink->arena); }

bool sim_sink_rests(struct sim_sink *sink) {
    const struct sink_core *core = &sink->core;
    if (sink->asked.kind != SINK_ASK_POLL || core->entry_count > 0 ||
        (core->assigned && !core->flowing)) {
        return false;
    }
    for (size_t i = 0; i < sink->partition_count; i++) {
        int64_t next = 0;
        int64_t end =
            sim_log_end(sink->world, sink->partitions[i].topic, sink->partitions[i].partition);
        if (record_next(sink, i, &next) != NULL || sink_core_lag(&sink->core, i, end) != 0) {
            return false;
        }
    }
    return sink_core_caught_up(core);
}
