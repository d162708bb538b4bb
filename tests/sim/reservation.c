/* SPDX-License-Identifier: Apache-2.0 */
/* The decider: decides in transactions, writes snapshots, sends Ticks. */
#include "tests/sim/reservation.h"

#include "reservation/decide.h"
#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>

/* As in reservation/daemon/tick.h. */
#define TICK_DELAY_MS 250
#define TICK_RETRY_MS 1000
#define TICK_LOST_AFTER_MS 10000
#define TICKS_PER_TURN_MAX 4
#define SNAPSHOT_INTERVAL_MS 1500
#define SNAPSHOTS_PER_TRANSACTION_MAX 2
#define NEWER_RETRY_MS 500
#define PRODUCED_MAX 4096

struct produced {
    int32_t partition;
    bool has_show;
    struct uuid show_id;
    int64_t offset;
};

struct decider_partition {
    struct reservation_core *core;
    struct sim_show_note notes[SIM_SHOWS_MAX];
    size_t note_count;
    int64_t events_next;
    bool recovering;
    struct sim_recovery recovery;
    struct {
        bool running;
        size_t shows_left;
        int64_t events_offset;
        int64_t cursor;
        int64_t last_events_offset;
        int64_t next_ms;
    } round;
};

struct decider {
    struct sim_loop loop;
    struct decider_partition partitions[SIM_PARTITIONS_MAX];
    struct produced produced[PRODUCED_MAX];
    size_t produced_count;
    int32_t logic_version;
};

static struct decider *decider_of(struct sim_loop *loop) { return loop->daemon; }

/* --- recovery --- */

static void decider_drop(struct sim_loop *loop, int32_t index) {
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    if (partition->recovering) {
        sim_recovery_end(&partition->recovery);
    }
    reservation_core_free(partition->core);
    *partition = (struct decider_partition){0};
}

static bool decider_rebuild(struct sim_loop *loop, int32_t index, int64_t committed_offset,
                            int64_t *next_offset) {
    struct sim_world *world = loop->world;
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    if (!partition->recovering) {
        sim_recovery_begin(&partition->recovery);
        partition->recovering = true;
    }
    if (!sim_recovery_step(world, &partition->recovery, index, committed_offset)) {
        return false;
    }
    struct sim_recovery *recovery = &partition->recovery;
    if (reservation_core_logic_version(recovery->core) > decider_of(loop)->logic_version) {
        sim_trace(world, "%s waits: a newer version has decided in partition %d",
                  sim_process_name(&world->processes[loop->process]), (int)index);
        sim_recovery_end(recovery);
        partition->recovering = false;
        loop->partitions[index].not_before_ms = world->now_ms + NEWER_RETRY_MS;
        return false;
    }
    partition->core = recovery->core;
    reservation_core_decide_as(partition->core, decider_of(loop)->logic_version);
    partition->note_count = recovery->note_count;
    for (size_t i = 0; i < recovery->note_count; i++) {
        partition->notes[i] = recovery->notes[i];
    }
    partition->events_next = recovery->events_next;
    partition->round.last_events_offset = recovery->events_offset;
    partition->round.next_ms = world->now_ms + SNAPSHOT_INTERVAL_MS;
    partition->recovering = false;
    *next_offset = reservation_core_cursor(partition->core);
    sim_trace(world, "%s has recovered partition %d: goes on from command %lld",
              sim_process_name(&world->processes[loop->process]), (int)index,
              (long long)*next_offset);
    return true;
}

/* --- records --- */

static void produced_add(struct decider *decider, int32_t partition, const struct uuid *show_id,
                         int64_t offset) {
    assert(decider->produced_count < PRODUCED_MAX);
    struct produced *produced = &decider->produced[decider->produced_count++];
    *produced = (struct produced){.partition = partition, .offset = offset};
    if (show_id != NULL) {
        produced->has_show = true;
        produced->show_id = *show_id;
    }
}

static void effects_trace(struct sim_world *world, const struct sim_loop *loop, int32_t partition,
                          int64_t offset, const struct reservation_effects *effects) {
    if (!world->options.traced) {
        return;
    }
    for (size_t i = 0; i < effects->count; i++) {
        const struct event *event = &effects->events[i];
        const char *detail = "";
        if (event->kind == EVENT_REFUSED) {
            detail = refusal_reason_name(event->as.refused.reason);
        } else if (event->kind == EVENT_VOID_REQUESTED) {
            detail = void_reason_name(event->as.void_requested.reason);
        }
        sim_trace(world, "%s decides command %lld of partition %d: %s %s (show %s, seq %lld)",
                  sim_process_name(&world->processes[loop->process]), (long long)offset,
                  (int)partition, event_kind_name(event->kind), detail,
                  sim_short(world, &event->as.head.show_id), (long long)event->as.head.seq);
    }
}

static void effects_produce(struct sim_loop *loop, int32_t partition) {
    struct sim_world *world = loop->world;
    struct decider *decider = decider_of(loop);
    struct reservation_core *core = decider->partitions[partition].core;
    const struct reservation_effects *effects = world->effects;
    struct hash chain = reservation_decide_chain(core, effects);
    for (size_t i = 0; i < effects->count; i++) {
        const struct event *event = &effects->events[i];
        struct octets value = reservation_decide_encode(world->codec, effects, i, &chain);
        int64_t offset = -1;
        sim_loop_produce(loop, partition, SIM_EVENTS, partition,
                         sim_show_key(world, &event->as.head.show_id), value, &offset);
        produced_add(decider, partition, effects->show != NULL ? &event->as.head.show_id : NULL,
                     offset);
    }
    reservation_decide_seal(core, effects, &chain);
}

static void dead_letter_produce(struct sim_loop *loop, int32_t partition, int64_t offset,
                                const struct sim_entry *entry, struct text reason) {
    const struct dead_letter_record letter = {
        .kind = DEAD_LETTER_RECORD_DEAD_LETTER,
        .as.dead_letter = {.topic = TEXT_LITERAL("seatlog.commands"),
                           .partition = partition,
                           .offset = offset,
                           .daemon = TEXT_LITERAL("reservation"),
                           .reason = reason,
                           .key = entry->key,
                           .value = entry->value,
                           .at = entry->timestamp_ms}};
    struct octets value = codec_dead_letter_record_encode(loop->world->codec, &letter);
    int64_t at;
    sim_loop_produce(loop, partition, SIM_DEAD_LETTERS, partition, entry->key, value, &at);
}

static bool decider_handle(struct sim_loop *loop, int32_t index, int64_t offset,
                           const struct sim_entry *entry) {
    struct sim_world *world = loop->world;
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    const struct reservation_input input = {
        .partition = index,
        .partition_count = world->broker.partition_count,
        .offset = offset,
        .timestamp_ms = entry->timestamp_ms,
        .key = entry->key,
        .value = entry->value,
    };
    struct command command;
    struct text reason;
    enum reservation_verdict verdict = reservation_decide(
        partition->core, world->codec, &world->scratch, &input, world->effects, &command, &reason);
    effects_trace(world, loop, index, offset, world->effects);
    if (verdict == RESERVATION_DECIDED && command.kind == COMMAND_TICK &&
        world->effects->show != NULL) {
        sim_show_note_of(partition->notes, &partition->note_count, &command.as.head.show_id)
            ->tick_sent_ms = 0;
    }
    effects_produce(loop, index);
    if (verdict == RESERVATION_UNDECODABLE) {
        dead_letter_produce(loop, index, offset, entry, reason);
    }
    return true;
}

static void decider_aborted(struct sim_loop *loop) { decider_of(loop)->produced_count = 0; }

static void decider_committed(struct sim_loop *loop) {
    struct decider *decider = decider_of(loop);
    for (size_t i = 0; i < decider->produced_count; i++) {
        const struct produced *produced = &decider->produced[i];
        struct decider_partition *partition = &decider->partitions[produced->partition];
        if (produced->offset < 0 || partition->core == NULL) {
            continue; /* persisted, but nobody was told where */
        }
        if (produced->offset >= partition->events_next) {
            partition->events_next = produced->offset + 1;
        }
        if (produced->has_show) {
            sim_show_note_of(partition->notes, &partition->note_count, &produced->show_id)
                ->event_offset = produced->offset;
        }
    }
    decider->produced_count = 0;
}

/* --- between transactions --- */

static void snapshot_produce(struct sim_loop *loop, int32_t index, struct octets key,
                             const struct snapshot_record *record) {
    struct octets value = codec_snapshot_record_encode(loop->world->codec, record);
    int64_t offset;
    sim_loop_produce(loop, index, SIM_SNAPSHOTS, index, key, value, &offset);
}

static void show_snapshot(struct sim_loop *loop, int32_t index,
                          const struct reservation_show *show) {
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(partition->core, show, loop->world->effects,
                                   &record.as.show_snapshot);
    const struct uuid show_id = record.as.show_snapshot.show_id;
    record.as.show_snapshot.event_offset =
        sim_show_note_of(partition->notes, &partition->note_count, &show_id)->event_offset;
    snapshot_produce(loop, index, sim_show_key(loop->world, &show_id), &record);
}

static void round_begin(struct sim_loop *loop, int32_t index) {
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    partition->round.running = true;
    partition->round.shows_left = reservation_core_changed_count(partition->core);
    partition->round.events_offset = partition->events_next;
    partition->round.cursor = loop->partitions[index].next_offset;
}

static void round_continue(struct sim_loop *loop, int32_t index) {
    struct sim_world *world = loop->world;
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    for (int i = 0; partition->round.shows_left > 0; i++) {
        if (i == SNAPSHOTS_PER_TRANSACTION_MAX) {
            return;
        }
        struct reservation_show *show = reservation_core_changed_pop(partition->core);
        assert(show != NULL);
        partition->round.shows_left--;
        show_snapshot(loop, index, show);
    }
    const struct snapshot_record record = {
        .kind = SNAPSHOT_RECORD_PARTITION_SNAPSHOT,
        .as.partition_snapshot = {.partition = index,
                                  .events_offset = partition->round.events_offset,
                                  .cursor = partition->round.cursor,
                                  .at = world->now_ms,
                                  .term_offset = -1}};
    struct octets key = {(const uint8_t *)SIM_SNAPSHOT_PARTITION_KEY,
                         sizeof SIM_SNAPSHOT_PARTITION_KEY - 1};
    snapshot_produce(loop, index, key, &record);
    partition->round.running = false;
    partition->round.last_events_offset = partition->round.events_offset;
    partition->round.next_ms = world->now_ms + SNAPSHOT_INTERVAL_MS;
}

static void snapshots_write(struct sim_loop *loop, int32_t index) {
    const struct decider_partition *partition = &decider_of(loop)->partitions[index];
    if (!partition->round.running) {
        if (partition->events_next == partition->round.last_events_offset ||
            loop->world->now_ms < partition->round.next_ms) {
            return;
        }
        round_begin(loop, index);
    }
    round_continue(loop, index);
}

static void tick_send(struct sim_loop *loop, int32_t index, const struct uuid *show_id) {
    struct sim_world *world = loop->world;
    const struct command command = {
        .kind = COMMAND_TICK,
        .as.tick.head = {.show_id = *show_id, .command_id = sim_random_uuid(&world->schedule)},
    };
    struct octets value = codec_command_encode(world->codec, &command);
    struct octets key = sim_show_key(world, show_id);
    sim_trace(world, "%s sends a Tick of show %s",
              sim_process_name(&world->processes[loop->process]), sim_short(world, show_id));
    if (sim_fault(world, SIM_FAULT_DELAY, 50)) {
        sim_append_later(world, index, key, value, sim_random_between(&world->chance, 10, 5000));
    } else {
        sim_append(world, SIM_COMMANDS, index, key, value, NULL);
    }
}

static void ticks_send(struct sim_loop *loop, int32_t index) {
    struct sim_world *world = loop->world;
    struct decider_partition *partition = &decider_of(loop)->partitions[index];
    struct uuid show_id;
    for (int i = 0; i < TICKS_PER_TURN_MAX &&
                    reservation_core_due_pop(partition->core, world->now_ms - TICK_DELAY_MS,
                                             world->now_ms + TICK_RETRY_MS, &show_id);
         i++) {
        struct sim_show_note *note =
            sim_show_note_of(partition->notes, &partition->note_count, &show_id);
        if (note->tick_sent_ms > 0 && world->now_ms - note->tick_sent_ms < TICK_LOST_AFTER_MS) {
            continue;
        }
        note->tick_sent_ms = world->now_ms;
        tick_send(loop, index, &show_id);
    }
}

static void decider_turn(struct sim_loop *loop) {
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        if (loop->partitions[i].stage != SIM_STAGE_LIVE) {
            continue;
        }
        snapshots_write(loop, i);
        if (loop->partitions[i].caught_up) {
            ticks_send(loop, i);
        }
    }
}

/* --- life --- */

static const struct sim_loop_spec decider_spec = {
    .input = SIM_COMMANDS,
    .rebuild = decider_rebuild,
    .drop = decider_drop,
    .handle = decider_handle,
    .committed = decider_committed,
    .aborted = decider_aborted,
    .turn = decider_turn,
};

static void *decider_start(struct sim_world *world, int32_t process) {
    struct decider *decider = allocate_zeroed(1, sizeof *decider);
    decider->logic_version =
        world->slots[SIM_RESERVATION][world->processes[process].instance].logic_version;
    sim_loop_start(&decider->loop, world, process, &decider_spec, decider);
    return decider;
}

static void decider_step(struct sim_world *world, int32_t process) {
    struct decider *decider = world->processes[process].state;
    sim_loop_step(&decider->loop);
}

static void decider_stop(struct sim_world *world, int32_t process) {
    struct decider *decider = world->processes[process].state;
    for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        decider_drop(&decider->loop, i);
    }
    free(decider);
}

/* Holds that are due have their Tick, and no hold is due. */
static bool decider_rests(struct sim_world *world, int32_t process) {
    struct decider *decider = world->processes[process].state;
    if (!sim_loop_rests(&decider->loop)) {
        return false;
    }
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        struct decider_partition *partition = &decider->partitions[i];
        if (partition->core != NULL &&
            reservation_core_due_next(partition->core) <= world->now_ms) {
            return false;
        }
    }
    return true;
}

const struct sim_daemon_model sim_reservation_model = {
    .start = decider_start,
    .step = decider_step,
    .stop = decider_stop,
    .rests = decider_rests,
};
