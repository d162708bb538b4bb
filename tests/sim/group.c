/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual broker: consumer groups with static members. */
#include "tests/sim/world.h"

#include <assert.h>

static struct sim_group *group_of(struct sim_world *world, int32_t group) {
    return &world->broker.groups[group];
}

static struct sim_member *member_by_id(struct sim_group *group, int32_t member_id) {
    for (size_t i = 0; i < group->member_count; i++) {
        if (group->members[i].member_id == member_id) {
            return &group->members[i];
        }
    }
    return NULL;
}

static struct sim_member *member_by_instance(struct sim_group *group, int32_t instance) {
    for (size_t i = 0; i < group->member_count; i++) {
        if (group->members[i].instance == instance) {
            return &group->members[i];
        }
    }
    return NULL;
}

static void rebalance_begin(struct sim_world *world, struct sim_group *group) {
    if (group->rebalancing) {
        return;
    }
    group->rebalancing = true;
    group->rebalance_deadline_ms = world->now_ms + SIM_REBALANCE_TIMEOUT_MS;
    for (size_t i = 0; i < group->member_count; i++) {
        group->members[i].joined = false;
    }
}

static void member_remove(struct sim_world *world, struct sim_group *group, size_t index) {
    group->members[index] = group->members[--group->member_count];
    rebalance_begin(world, group);
}

/* The range assignor: members by their instance, neighbouring partitions each. */
static void partitions_assign(struct sim_world *world, struct sim_group *group) {
    int32_t count = world->broker.partition_count;
    int32_t members = (int32_t)group->member_count;
    int32_t next = 0;
    for (int32_t instance = 0, given = 0; given < members && instance < SIM_MEMBERS_MAX;
         instance++) {
        struct sim_member *member = member_by_instance(group, instance);
        if (member == NULL) {
            continue;
        }
        int32_t share = count / members + (given < count % members);
        member->partitions = ((1u << share) - 1) << next;
        member->told = false;
        next += share;
        given++;
    }
}

static void rebalance_settle(struct sim_world *world, struct sim_group *group) {
    if (!group->rebalancing) {
        return;
    }
    bool late = world->now_ms > group->rebalance_deadline_ms;
    for (size_t i = 0; i < group->member_count;) {
        if (group->members[i].joined) {
            i++;
        } else if (late) {
            group->members[i] = group->members[--group->member_count];
        } else {
            return;
        }
    }
    if (group->member_count == 0) {
        group->rebalancing = false;
        return;
    }
    group->rebalancing = false;
    group->generation++;
    partitions_assign(world, group);
}

int32_t sim_group_join(struct sim_world *world, int32_t index, int32_t instance, int32_t process,
                       int32_t member_id) {
    struct sim_group *group = group_of(world, index);
    struct sim_member *member = member_id != 0 ? member_by_id(group, member_id) : NULL;
    if (member == NULL) {
        member = member_by_instance(group, instance);
        if (member != NULL) {
            /* A static member that comes back: its partitions are its own, whoever had its name is
             * fenced, nobody else notices. */
            member->member_id = ++group->member_ids;
            member->process = process;
            member->told = false;
            member->joined = true;
            rebalance_settle(world, group);
            return member->member_id;
        }
        assert(group->member_count < SIM_MEMBERS_MAX);
        rebalance_begin(world, group);
        member = &group->members[group->member_count++];
        *member = (struct sim_member){
            .instance = instance, .member_id = ++group->member_ids, .process = process};
    }
    member_id = member->member_id;
    member->joined = true;
    member->told = false;
    rebalance_settle(world, group);
    return member_id;
}

enum sim_group_notice sim_group_poll(struct sim_world *world, int32_t index, int32_t instance,
                                     int32_t member_id, uint32_t *partitions, int32_t *generation) {
    struct sim_group *group = group_of(world, index);
    struct sim_member *member = member_by_id(group, member_id);
    if (member == NULL) {
        return member_by_instance(group, instance) != NULL ? SIM_GROUP_FENCED : SIM_GROUP_LOST;
    }
    if (group->rebalancing) {
        return member->joined ? SIM_GROUP_NOTHING : SIM_GROUP_REVOKED;
    }
    if (member->told) {
        return SIM_GROUP_NOTHING;
    }
    member->told = true;
    *partitions = member->partitions;
    *generation = group->generation;
    return SIM_GROUP_ASSIGNED;
}

/* A process that runs sends heartbeats, whatever it is at. */
static bool is_silent(const struct sim_world *world, const struct sim_member *member) {
    const struct sim_process *process = &world->processes[member->process];
    int64_t since_ms = !process->alive ? process->dead_since_ms : process->paused_since_ms;
    return since_ms != 0 && world->now_ms - since_ms > SIM_SESSION_TIMEOUT_MS;
}

void sim_group_step(struct sim_world *world) {
    for (int32_t index = 0; index < SIM_DAEMON_COUNT; index++) {
        struct sim_group *group = group_of(world, index);
        for (size_t i = 0; i < group->member_count;) {
            if (is_silent(world, &group->members[i])) {
                sim_trace(world, "%s has not been heard of: its partitions go to others",
                          sim_process_name(&world->processes[group->members[i].process]));
                member_remove(world, group, i);
            } else {
                i++;
            }
        }
        rebalance_settle(world, group);
    }
}

enum sim_result sim_group_describe(struct sim_world *world, int32_t index, int32_t partition,
                                   int32_t member_id, bool *is_its) {
    struct sim_group *group = group_of(world, index);
    const struct sim_member *member = member_by_id(group, member_id);
    if (group->rebalancing || sim_fault(world, SIM_FAULT_ANSWER, 30)) {
        return SIM_RETRY;
    }
    *is_its = member != NULL && (member->partitions >> partition & 1) != 0;
    return SIM_OK;
}

bool sim_group_rests(const struct sim_world *world, int32_t index) {
    const struct sim_group *group = &world->broker.groups[index];
    uint32_t partitions = 0;
    for (size_t i = 0; i < group->member_count; i++) {
        const struct sim_member *member = &group->members[i];
        if (!member->told || !world->processes[member->process].alive) {
            return false;
        }
        partitions |= member->partitions;
    }
    return !group->rebalancing && partitions == (1u << world->broker.partition_count) - 1;
}
