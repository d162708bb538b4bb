/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out what the sink's core asks for. */
#include "tests/sim/sink.h"

#include "runtime/base/error.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/follower.h"

#include <assert.h>
#include <string.h>

#define RECORD_TRIES_MAX 3

static const char *name_of(const struct sim_sink *sink) {
    return sim_process_name(&sink->world->processes[sink->process]);
}

static struct pg *pg_of(struct sim_sink *sink) { return sim_session_pg(&sink->session); }

/* --- what the core tells --- */

static void entry_decode(struct sim_sink *sink, struct sim_sink_entry *entry) {
    struct codec *codec = sink->world->codec;
    struct octets value = entry->record.value;
    struct text reason = {0};
    bool good =
        entry->topic == SIM_EVENTS
            ? codec_event_decode(codec, &sink->arena, value, &entry->event, &reason)
            : codec_ticket_record_decode(codec, &sink->arena, value, &entry->tickets, &reason);
    if (!good) {
        sim_violated(sink->world, 3, "offset %lld of %s, partition %d, can not be decoded: %.*s",
                     (long long)entry->record.offset, sim_topic_name(entry->topic),
                     (int)entry->record.partition, TEXT_FORMAT(reason));
    }
}

/* Gives back what the core does not have any more; what it holds outlives the batch's memory. */
static void entries_sweep(struct sim_sink *sink) {
    const struct sink_core *core = &sink->core;
    for (size_t i = 0; i < SIM_SINK_ENTRIES_MAX; i++) {
        sink->entries[i].kept = false;
    }
    for (size_t i = 0; i < core->entry_count + core->held_count; i++) {
        ((struct sim_sink_entry *)sink->core_entries[i].record)->kept = true;
    }
    if (core->entry_count == 0) {
        arena_reset(&sink->arena);
    }
    for (size_t i = 0; i < SIM_SINK_ENTRIES_MAX; i++) {
        struct sim_sink_entry *entry = &sink->entries[i];
        entry->used = entry->kept;
        if (entry->used && core->entry_count == 0) {
            entry_decode(sink, entry);
        }
    }
}

static const struct sim_sink_entry *entry_at(const struct sim_sink *sink, size_t index) {
    assert(index < sink->core.entry_count);
    return sink->core_entries[index].record;
}

static void parked(struct sim_sink *sink, size_t index) { /* every record can be handled */
    const struct sim_sink_entry *entry = entry_at(sink, index);
    sim_violated(sink->world, 7, "%s puts offset %lld of %s aside: %s", name_of(sink),
                 (long long)entry->record.offset, sim_topic_name(entry->topic),
                 sink->core.fault.error.message);
}

static void told(struct sim_sink *sink, const struct sink_core_effect *effect) {
    struct sim_world *world = sink->world;
    switch (effect->kind) {
    case SINK_TELL_DROP:
        entries_sweep(sink);
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
    case SINK_TELL_PARK:
        parked(sink, effect->entry);
        break;
    case SINK_TELL_STALE:
        sim_trace(world, "%s passes over an event of partition %d: %s", name_of(sink),
                  (int)sink->partitions[effect->partition].partition,
                  term_stale_name(effect->stale));
        break;
    case SINK_TELL_DEAF:
        sim_trace(world, "%s: nothing counts in partition %d", name_of(sink),
                  (int)sink->partitions[effect->partition].partition);
        break;
    case SINK_TELL_STUCK:
        sim_trace(world, "%s fails with records %zu to %zu of %zu: %s", name_of(sink), effect->from,
                  effect->to, sink->core.entry_count, sink->core.fault.error.message);
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

static bool reads_uncommitted(void) { return strcmp(SINK_ISOLATION_LEVEL, "read_committed") != 0; }

static struct sim_sink_entry *entry_new(struct sim_sink *sink) {
    for (size_t i = 0; i < SIM_SINK_ENTRIES_MAX; i++) {
        if (!sink->entries[i].used) {
            return &sink->entries[i];
        }
    }
    assert(false); /* no run has so many events of a command */
    return NULL;
}

/* Kept and decoded; the rest of what the core is to be told of it. */
static void entry_add(struct sim_sink *sink, const struct sim_entry *from,
                      struct sink_core_event *told) {
    const struct sim_sink_partition *partition = &sink->partitions[told->partition];
    struct sim_sink_entry *entry = entry_new(sink);
    bool is_event = partition->topic == SIM_EVENTS;
    *entry = (struct sim_sink_entry){.used = true, .topic = partition->topic};
    entry->record = (struct sink_record){
        .topic = is_event ? TOPIC_EVENTS : TOPIC_TICKETS,
        .partition = partition->partition,
        .offset = told->offset,
        .timestamp_ms = from->timestamp_ms,
        .value = from->value,
        .traceparent = "",
        .waiter = "",
        .event = is_event ? &entry->event : NULL,
        .tickets = is_event ? NULL : &entry->tickets,
    };
    entry_decode(sink, entry);
    told->record = entry;
    told->size = from->value.size;
    told->history_cursor = is_event ? entry->event.as.head.command_offset + 1 : 0;
}

static void record_tell(struct sim_sink *sink, size_t index, int64_t offset,
                        const struct sim_entry *entry) {
    struct sink_core_event told = {.kind = SINK_RECORD, .partition = index, .offset = offset};
    struct term_label label;
    if (sink->partitions[index].topic == SIM_EVENTS) {
        label = sim_term_label(entry);
        told.label = &label;
    }
    if (sink_core_counts(&sink->core, index, offset, told.label)) {
        entry_add(sink, entry, &told);
    }
    core_step(sink, told);
}

/* One record of any partition; false: none is there. */
static bool record_take(struct sim_sink *sink) {
    size_t first = sink->partition_count > 0
                       ? sim_random_below(&sink->world->schedule, (uint32_t)sink->partition_count)
                       : 0;
    for (size_t i = 0; i < sink->partition_count; i++) {
        size_t index = (first + i) % sink->partition_count;
        const struct sim_sink_partition *partition = &sink->partitions[index];
        int64_t next = sink->core.partitions[index].position;
        const struct sim_entry *entry = sim_log_fetch(
            sink->world, partition->topic, partition->partition, &next, reads_uncommitted());
        if (entry == NULL) {
            core_step(sink, (struct sink_core_event){
                                .kind = SINK_DRAINED, .partition = index, .offset = next});
        } else if (sink_core_expects(&sink->core, index, next - 1)) {
            record_tell(sink, index, next - 1, entry);
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
    size_t arrives = 1 + sim_random_below(&sink->world->schedule, SIM_BATCH_MAX);
    bool came = false;
    while (sink->asked.kind == SINK_ASK_POLL && arrives > 0 && record_take(sink)) {
        came = true;
        arrives--;
    }
    bool turns = !sink->core.flowing; /* there are offsets to load, or records to be read again */
    if (sink->asked.kind == SINK_ASK_POLL && (came || turns)) {
        core_step(sink, (struct sink_core_event){.kind = SINK_QUIET});
    }
    return came || turns;
}

/* --- the tables --- */

static struct term_position *offset_of(const struct sim_sink *sink, size_t index) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    return &sink->world->tables->offsets[sink->kind][partition->topic][partition->partition];
}

/* UPDATE … WHERE next_offset = expected; false: no row was. */
static bool offset_advance(struct sim_sink *sink, size_t index) {
    const struct sink_core_partition *partition = &sink->core.partitions[index];
    struct term_position *offset = offset_of(sink, index);
    if (offset->next_offset != partition->next_offset) {
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

/* A row of events that is from before the terms has none, and is to be skimmed. */
static struct sink_core_event found(const struct sim_sink *sink, size_t index) {
    const struct sim_sink_partition *partition = &sink->partitions[index];
    const struct term_position *offset = offset_of(sink, index);
    bool before = sim_random_chance(&sink->world->schedule, 50);
    return (struct sink_core_event){
        .kind = SINK_FOUND,
        .offset = offset->next_offset,
        .high = sim_log_end(sink->world, partition->topic, partition->partition),
        .ruled = partition->topic == SIM_EVENTS,
        .place = before ? NULL : offset};
}

static struct sink_core_event skimmed(struct sim_sink *sink, size_t index) {
    int32_t partition = sink->partitions[index].partition;
    struct term_position beginning = term_position_of_beginning();
    const struct sim_entry *entry;
    int64_t end = sink->core.partitions[index].position, next = 0;
    term_reader_init(&sink->found, &beginning);
    while ((entry = sim_log_read(sink->world, SIM_EVENTS, partition, &next, end, false)) != NULL) {
        if (sim_term_feed(sink->world, &sink->found, next - 1, entry) == TERM_REREAD) {
            next = sink->found.next_offset;
        }
    }
    sink->found.next_offset = end; /* behind markers of transactions */
    return (struct sink_core_event){.kind = SINK_FOUND, .reader = &sink->found};
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
    case SINK_ASK_SKIM:
        return skimmed(sink, asked->partition);
    case SINK_ASK_BEGIN:
        return begun(sink);
    case SINK_ASK_ADVANCE:
        return (struct sink_core_event){
            .kind = offset_advance(sink, asked->partition) ? SINK_DONE : SINK_FENCED};
    case SINK_ASK_HANDLE:
        return answer_of(!fails_for_now(sink, 2, error) &&
                             entry_handle(sink, entry_at(sink, asked->entry), error),
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

static void skim_step(struct sim_sink *sink) {
    if (group_step(sink) && sink->core.overtaken) {
        core_step(sink, (struct sink_core_event){.kind = SINK_QUIET});
    } else {
        request_step(sink);
    }
}

bool sim_sink_step(struct sim_sink *sink) {
    switch (sink->asked.kind) {
    case SINK_ASK_POLL:
        return poll_step(sink);
    case SINK_ASK_WAIT:
        return wait_step(sink);
    case SINK_ASK_SKIM:
        skim_step(sink);
        return true;
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
    sink_core_init(&sink->core,
                   &(struct sink_core_options){.batch_records_max = SIM_BATCH_MAX,
                                               .record_tries_max = RECORD_TRIES_MAX,
                                               .entries = sink->core_entries,
                                               .entry_capacity = SIM_SINK_ENTRIES_MAX});
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
        const struct sim_sink_partition *partition = &sink->partitions[i];
        int64_t next = core->partitions[i].position;
        int64_t end = sim_log_end(sink->world, partition->topic, partition->partition);
        if (sim_log_read(sink->world, partition->topic, partition->partition, &next, INT64_MAX,
                         reads_uncommitted()) != NULL ||
            sink_core_lag(&sink->core, i, end) != 0) {
            return false;
        }
    }
    return sink_core_caught_up(core);
}
