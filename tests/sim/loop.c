/* SPDX-License-Identifier: Apache-2.0 */
/* The transaction loop in steps, over the virtual broker. */
#include "tests/sim/loop.h"

#include <assert.h>

#define PATIENCE_MS 3000
#define BACK_OFF_MS 100
#define RECORDS_PER_STEP_MAX 6

static struct sim_process *process_of(struct sim_loop *loop) {
    return &loop->world->processes[loop->process];
}

static const char *name_of(struct sim_loop *loop) { return sim_process_name(process_of(loop)); }

void sim_loop_start(struct sim_loop *loop, struct sim_world *world, int32_t process,
                    const struct sim_loop_spec *spec, void *daemon) {
    const struct sim_process *self = &world->processes[process];
    *loop = (struct sim_loop){
        .world = world,
        .spec = spec,
        .process = process,
        .group = self->daemon,
        .daemon = daemon,
    };
    for (int i = 0; i < 2; i++) {
        loop->producers[i].client.producer =
            world->slots[self->daemon][self->instance].producers[i];
    }
}

static void partition_drop(struct sim_loop *loop, int32_t index, bool foreign) {
    struct sim_loop_partition *partition = &loop->partitions[index];
    if (partition->stage >= SIM_STAGE_REBUILDING && loop->spec->drop != NULL) {
        loop->spec->drop(loop, index);
    }
    partition->stage = foreign ? SIM_STAGE_FOREIGN : SIM_STAGE_ASSIGNED;
    partition->touched = false;
    partition->caught_up = false;
}

void sim_loop_stop(struct sim_loop *loop) {
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        partition_drop(loop, i, true);
    }
}

/* --- the open transaction --- */

static bool producer_prepare(struct sim_loop *loop, int index) {
    if (loop->producers[index].suspect) {
        loop->producers[index].ready = false;
    }
    if (loop->producers[index].ready) {
        return true;
    }
    if (sim_producer_init(loop->world, &loop->producers[index].client) != SIM_OK) {
        return false;
    }
    loop->producers[index].ready = true;
    loop->producers[index].suspect = false;
    return true;
}

bool sim_loop_may_begin(struct sim_loop *loop) {
    return loop->open || (producer_prepare(loop, loop->turn) &&
                          sim_producer_is_free(loop->world, &loop->producers[loop->turn].client));
}

static void transaction_begin(struct sim_loop *loop) {
    if (!loop->open) {
        loop->open = true;
        loop->failed = false;
        loop->committing = false;
        loop->ends = 0;
        loop->records = 0;
    }
}

void sim_loop_produce(struct sim_loop *loop, int32_t source, enum sim_topic topic,
                      int32_t partition, struct octets key, struct octets value, int64_t *offset) {
    assert(loop->partitions[source].stage == SIM_STAGE_LIVE);
    transaction_begin(loop);
    loop->partitions[source].touched = true;
    if (sim_produce(loop->world, &loop->producers[loop->turn].client, topic, partition, key, value,
                    offset) != SIM_OK) {
        loop->failed = true;
    }
}

static void transaction_closed(struct sim_loop *loop) {
    loop->open = false;
    loop->failed = false;
    loop->phase = SIM_PHASE_FILL;
    loop->turn = 1 - loop->turn;
}

static void transaction_discard(struct sim_loop *loop) {
    if (loop->spec->aborted != NULL) {
        loop->spec->aborted(loop);
    }
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        struct sim_loop_partition *partition = &loop->partitions[i];
        if (partition->touched) {
            partition_drop(loop, i, false);
            partition->not_before_ms = loop->world->now_ms + BACK_OFF_MS;
        }
    }
    transaction_closed(loop);
}

static void transaction_accept(struct sim_loop *loop) {
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        loop->partitions[i].touched = false;
    }
    if (loop->spec->committed != NULL) {
        loop->spec->committed(loop);
    }
    transaction_closed(loop);
}

static void producer_destroy(struct sim_loop *loop) { loop->producers[loop->turn].ready = false; }

static void transaction_ended(struct sim_loop *loop) {
    loop->producers[loop->turn].suspect = loop->ends > 1;
}

static void phase_set(struct sim_loop *loop, enum sim_phase phase) {
    loop->phase = phase;
    loop->deadline_ms = loop->world->now_ms + PATIENCE_MS;
}

static void flush_step(struct sim_loop *loop) {
    bool member = loop->member_id != 0 && !loop->lost;
    phase_set(loop, loop->failed || !member ? SIM_PHASE_ABORT : SIM_PHASE_OFFSETS);
}

/* The offsets that belong to the transaction. */
static void offsets_of(const struct sim_loop *loop, struct sim_offset offsets[SIM_PARTITIONS_MAX]) {
    for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        offsets[i].offset = loop->partitions[i].touched ? loop->partitions[i].next_offset : -1;
        offsets[i].metadata[0] = '\0';
    }
}

static void offsets_step(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    struct sim_offset offsets[SIM_PARTITIONS_MAX];
    offsets_of(loop, offsets);
    switch (sim_offsets_send(world, &loop->producers[loop->turn].client, loop->member_id,
                             loop->generation, offsets)) {
    case SIM_OK:
        phase_set(loop, SIM_PHASE_COMMIT);
        return;
    case SIM_RETRY:
        if (world->now_ms <= loop->deadline_ms) {
            return;
        }
        break;
    case SIM_ABORT:
        sim_trace(world, "%s may not commit: it is not of this generation", name_of(loop));
        phase_set(loop, SIM_PHASE_ABORT);
        return;
    case SIM_FENCED:
        sim_trace(world, "%s is fenced", name_of(loop));
        break;
    }
    producer_destroy(loop);
    transaction_discard(loop);
}

static void commit_step(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    loop->committing = true;
    loop->ends++;
    switch (sim_transaction_end(world, &loop->producers[loop->turn].client, true)) {
    case SIM_OK:
        transaction_ended(loop);
        sim_trace(world, "%s has committed %u records", name_of(loop), loop->records);
        transaction_accept(loop);
        return;
    case SIM_RETRY:
        if (world->now_ms <= loop->deadline_ms) {
            return;
        }
        break;
    case SIM_ABORT:
    case SIM_FENCED:
        break;
    }
    sim_trace(world, "%s does not know whether its transaction is committed: it will rebuild",
              name_of(loop));
    producer_destroy(loop);
    transaction_discard(loop);
}

static void abort_step(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    loop->ends++;
    switch (sim_transaction_end(world, &loop->producers[loop->turn].client, false)) {
    case SIM_OK:
        transaction_ended(loop);
        break;
    case SIM_RETRY:
        if (world->now_ms <= loop->deadline_ms) {
            return;
        }
        producer_destroy(loop);
        break;
    case SIM_ABORT:
    case SIM_FENCED:
        producer_destroy(loop);
        break;
    }
    sim_trace(world, "%s has aborted %u records", name_of(loop), loop->records);
    transaction_discard(loop);
}

/* --- the group --- */

static void partitions_leave(struct sim_loop *loop) {
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        partition_drop(loop, i, true);
    }
    const struct sim_process *self = process_of(loop);
    loop->member_id = sim_group_join(loop->world, loop->group, self->instance, loop->process,
                                     loop->lost ? 0 : loop->member_id);
    loop->revoked = false;
    loop->lost = false;
}

static void partitions_assigned(struct sim_loop *loop, uint32_t partitions) {
    sim_trace(loop->world, "%s is given partitions %s%s%s of generation %d", name_of(loop),
              partitions & 1 ? "0 " : "", partitions & 2 ? "1 " : "", partitions & 4 ? "2 " : "",
              (int)loop->generation);
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        struct sim_loop_partition *partition = &loop->partitions[i];
        bool ours = (partitions >> i & 1) != 0;
        if (partition->stage != SIM_STAGE_FOREIGN) {
            partition_drop(loop, i, true);
        }
        *partition =
            (struct sim_loop_partition){.stage = ours ? SIM_STAGE_ASSIGNED : SIM_STAGE_FOREIGN};
    }
}

/* true: the group has something to say, and this step is taken up by it. */
static bool group_step(struct sim_loop *loop) {
    uint32_t partitions = 0;
    if (sim_random_chance(&loop->world->schedule, 400)) {
        return false; /* the heartbeats' thread has not heard yet */
    }
    if (loop->member_id == 0) {
        loop->member_id =
            sim_group_join(loop->world, loop->group, process_of(loop)->instance, loop->process, 0);
        return true;
    }
    switch (sim_group_poll(loop->world, loop->group, process_of(loop)->instance, loop->member_id,
                           &partitions, &loop->generation)) {
    case SIM_GROUP_NOTHING:
        return false;
    case SIM_GROUP_ASSIGNED:
        partitions_assigned(loop, partitions);
        return true;
    case SIM_GROUP_FENCED:
        process_of(loop)->exits = true;
        return true;
    case SIM_GROUP_LOST:
        sim_trace(loop->world, "%s finds its partitions lost", name_of(loop));
        loop->lost = true;
        loop->revoked = true;
        break;
    case SIM_GROUP_REVOKED:
        loop->revoked = true;
        break;
    }
    if (loop->open) {
        phase_set(loop, loop->lost ? SIM_PHASE_ABORT : SIM_PHASE_FLUSH);
    } else {
        partitions_leave(loop);
    }
    return true;
}

/* --- partitions --- */

static bool committed_read(struct sim_loop *loop, int32_t index) {
    if (!producer_prepare(loop, 0) || !producer_prepare(loop, 1)) {
        return false;
    }
    struct sim_loop_partition *partition = &loop->partitions[index];
    struct sim_offset committed;
    if (sim_group_committed(loop->world, loop->group, index, &committed) != SIM_OK) {
        return false;
    }
    partition->committed_offset = committed.offset;
    partition->next_offset = partition->committed_offset < 0 ? 0 : partition->committed_offset;
    partition->stage = SIM_STAGE_REBUILDING;
    return true;
}

/* A piece of work for one partition that is not live; false: there is none. */
static bool partitions_advance(struct sim_loop *loop) {
    for (int32_t i = 0; i < loop->world->broker.partition_count; i++) {
        struct sim_loop_partition *partition = &loop->partitions[i];
        if (partition->stage == SIM_STAGE_FOREIGN || partition->stage == SIM_STAGE_LIVE ||
            partition->not_before_ms > loop->world->now_ms) {
            continue;
        }
        if (partition->stage == SIM_STAGE_ASSIGNED) {
            if (!committed_read(loop, i)) {
                partition->not_before_ms = loop->world->now_ms + 10;
            }
            return true;
        }
        if (loop->spec->rebuild == NULL ||
            loop->spec->rebuild(loop, i, partition->committed_offset, &partition->next_offset)) {
            partition->stage = SIM_STAGE_LIVE;
            partition->caught_up = false;
        }
        return true;
    }
    return false;
}

/* --- records --- */

static void record_handle(struct sim_loop *loop, int32_t index, int64_t offset,
                          const struct sim_entry *entry) {
    struct sim_loop_partition *partition = &loop->partitions[index];
    transaction_begin(loop);
    partition->touched = true;
    if (!loop->spec->handle(loop, index, offset, entry)) {
        loop->failed = true;
        return;
    }
    partition->next_offset = offset + 1;
    loop->records++;
}

/* Takes some of what is there; false: nothing is. */
static bool records_take(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    int32_t count = world->broker.partition_count;
    int32_t first = (int32_t)sim_random_below(&world->schedule, (uint32_t)count);
    uint32_t left = 1 + sim_random_below(&world->schedule, RECORDS_PER_STEP_MAX);
    bool taken = false;
    for (int32_t i = 0; i < count && left > 0; i++) {
        int32_t index = (first + i) % count;
        struct sim_loop_partition *partition = &loop->partitions[index];
        if (partition->stage != SIM_STAGE_LIVE) {
            continue;
        }
        int64_t offset = partition->next_offset;
        const struct sim_entry *entry = NULL;
        while (left > 0 && !loop->failed && sim_loop_may_begin(loop) &&
               (entry = sim_log_read(world, loop->spec->input, index, &offset, INT64_MAX, false)) !=
                   NULL) {
            record_handle(loop, index, offset - 1, entry);
            taken = true;
            left--;
        }
        if (left > 0 && entry == NULL &&
            offset >= sim_log_stable(world, loop->spec->input, index)) {
            partition->caught_up = true;
        }
    }
    return taken;
}

static void fill_step(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    if (loop->failed) {
        phase_set(loop, SIM_PHASE_FLUSH);
        return;
    }
    if (group_step(loop)) {
        return;
    }
    if (!loop->open) {
        if (loop->spec->turn != NULL && sim_random_chance(&world->schedule, 300) &&
            sim_loop_may_begin(loop)) {
            loop->spec->turn(loop);
            if (loop->open) {
                phase_set(loop, SIM_PHASE_FLUSH);
                return;
            }
        }
        if (partitions_advance(loop)) {
            return;
        }
    }
    bool taken = records_take(loop);
    if (loop->open && (!taken || loop->failed || sim_random_chance(&world->schedule, 600))) {
        phase_set(loop, SIM_PHASE_FLUSH);
    } else if (!loop->open && !taken) {
        process_of(loop)->wakes_ms = world->now_ms + sim_random_between(&world->schedule, 1, 30);
    }
}

void sim_loop_step(struct sim_loop *loop) {
    switch (loop->phase) {
    case SIM_PHASE_FILL:
        fill_step(loop);
        break;
    case SIM_PHASE_FLUSH:
        flush_step(loop);
        break;
    case SIM_PHASE_OFFSETS:
        offsets_step(loop);
        break;
    case SIM_PHASE_COMMIT:
        commit_step(loop);
        break;
    case SIM_PHASE_ABORT:
        abort_step(loop);
        break;
    }
    if (loop->revoked && !loop->open) {
        partitions_leave(loop);
    }
}

bool sim_loop_rests(struct sim_loop *loop) {
    struct sim_world *world = loop->world;
    if (loop->open || loop->member_id == 0 || loop->revoked) {
        return false;
    }
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        const struct sim_loop_partition *partition = &loop->partitions[i];
        if (partition->stage == SIM_STAGE_FOREIGN) {
            continue;
        }
        int64_t offset = partition->next_offset;
        if (partition->stage != SIM_STAGE_LIVE ||
            sim_log_read(world, loop->spec->input, i, &offset, INT64_MAX, false) != NULL ||
            sim_log_stable(world, loop->spec->input, i) !=
                sim_log_end(world, loop->spec->input, i)) {
            return false;
        }
    }
    return true;
}
