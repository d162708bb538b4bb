/* SPDX-License-Identifier: Apache-2.0 */
/* Kills, pauses, lost leaders: the faults that come from outside, drawn by chance. */
#include "tests/sim/faults.h"

#include "reservation/core/core.h"
#include "tests/sim/provider.h"
#include "tests/sim/tables.h"

bool sim_fault(struct sim_world *world, enum sim_fault fault, uint32_t per_mille) {
    if (world->healed || (world->options.faults >> fault & 1) == 0 ||
        world->faults >= world->options.faults_max ||
        !sim_random_chance(&world->chance, per_mille)) {
        return false;
    }
    world->faults++;
    world->fault_kinds[fault]++;
    return true;
}

/* A process that runs; -1: none. */
static int32_t victim(struct sim_world *world) {
    int32_t running[SIM_PROCESSES_MAX];
    uint32_t count = 0;
    for (int32_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].alive && world->processes[i].paused_since_ms == 0) {
            running[count++] = i;
            if (world->processes[i].daemon == SIM_RESERVATION && count < SIM_PROCESSES_MAX - 1) {
                running[count++] = i; /* the decider twice as often */
            }
        }
    }
    return count == 0 ? -1 : running[sim_random_below(&world->chance, count)];
}

/* Soon, or not before the session has timed out. */
static int64_t absence_ms(struct sim_world *world) {
    return sim_random_chance(&world->chance, 600)
               ? sim_random_between(&world->chance, 50, 3000)
               : sim_random_between(&world->chance, SIM_SESSION_TIMEOUT_MS, 35000);
}

static void process_kill(struct sim_world *world, int32_t index) {
    struct sim_process *process = &world->processes[index];
    sim_trace(world, "FAULT: %s is killed", sim_process_name(process));
    world->slots[process->daemon][process->instance].starts_ms = world->now_ms + absence_ms(world);
    sim_process_stop(world, index);
}

static void all_kill(struct sim_world *world) {
    bool everything = sim_random_chance(&world->chance, 300);
    enum sim_daemon daemon =
        sim_random_chance(&world->chance, 600)
            ? SIM_RESERVATION
            : (enum sim_daemon)sim_random_below(&world->chance, SIM_DAEMON_COUNT);
    for (int32_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].alive && (everything || world->processes[i].daemon == daemon)) {
            process_kill(world, i);
        }
    }
}

static void process_pause(struct sim_world *world, int32_t index) {
    struct sim_process *process = &world->processes[index];
    sim_trace(world, "FAULT: %s is paused", sim_process_name(process));
    process->paused_since_ms = world->now_ms;
    process->resumes_ms = world->now_ms + (sim_random_chance(&world->chance, 150)
                                               ? sim_random_between(&world->chance, 35000, 120000)
                                               : absence_ms(world));
}

static void leader_lose(struct sim_world *world) {
    enum sim_topic topic = (enum sim_topic)sim_random_below(&world->chance, SIM_TOPIC_COUNT);
    int32_t partition =
        (int32_t)sim_random_below(&world->chance, (uint32_t)world->broker.partition_count);
    struct sim_log *log = &world->broker.logs[topic][partition];
    log->down_until_ms = world->now_ms + sim_random_between(&world->chance, 100, 6000);
    log->skew_ms = sim_random_between(&world->chance, -400, 400);
    sim_trace(world, "FAULT: %s, partition %d, have no leader", sim_topic_name(topic),
              (int)partition);
}

static void clock_jump(struct sim_world *world) {
    int32_t partition =
        (int32_t)sim_random_below(&world->chance, (uint32_t)world->broker.partition_count);
    struct sim_log *log = &world->broker.logs[SIM_COMMANDS][partition];
    log->skew_ms = sim_random_chance(&world->chance, 300)
                       ? sim_random_between(&world->chance, 10000, 180000)
                       : sim_random_between(&world->chance, -4000, 4000);
    sim_trace(world, "FAULT: the clock of commands, partition %d, is %.3f s off", (int)partition,
              (double)log->skew_ms / 1000.0);
}

static void process_fault(struct sim_world *world, enum sim_fault fault) {
    int32_t index = victim(world);
    if (index < 0) {
        return;
    }
    if (fault == SIM_FAULT_KILL) {
        process_kill(world, index);
        return;
    }
    process_pause(world, index);
    if (fault == SIM_FAULT_TWIN) {
        const struct sim_process *process = &world->processes[index];
        sim_trace(world, "FAULT: a second copy of it is started");
        sim_process_start(world, process->daemon, process->instance);
    }
}

static bool slot_upgrade(struct sim_world *world, int32_t instance) {
    int32_t *logic_version = &world->slots[SIM_RESERVATION][instance].logic_version;
    if (*logic_version == RESERVATION_LOGIC_VERSION) {
        return false;
    }
    *logic_version = RESERVATION_LOGIC_VERSION;
    sim_trace(world, "FAULT: reservation %d is upgraded", (int)instance + 1);
    for (int32_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (process->alive && process->daemon == SIM_RESERVATION && process->instance == instance) {
            process_kill(world, i);
        }
    }
    return true;
}

/* One after the other, as operators do. */
static void decider_upgrade(struct sim_world *world) {
    for (int32_t i = 0; i < SIM_INSTANCES; i++) {
        if (slot_upgrade(world, i)) {
            return;
        }
    }
}

static void other_fault(struct sim_world *world, enum sim_fault fault) {
    int64_t until_ms = world->now_ms + sim_random_between(&world->chance, 200, 15000);
    switch (fault) {
    case SIM_FAULT_LEADER:
        leader_lose(world);
        return;
    case SIM_FAULT_CLOCK:
        clock_jump(world);
        return;
    case SIM_FAULT_UPGRADE:
        decider_upgrade(world);
        return;
    case SIM_FAULT_DATABASE:
        sim_trace(world, "FAULT: PostgreSQL is gone");
        world->database_down_until_ms = until_ms;
        return;
    case SIM_FAULT_PROVIDER:
        sim_trace(world, "FAULT: the payment provider is gone");
        world->provider->down_until_ms =
            until_ms + (sim_random_chance(&world->chance, 300)
                            ? sim_random_between(&world->chance, 200000, 500000)
                            : sim_random_between(&world->chance, 0, 60000));
        return;
    case SIM_FAULT_SMTP:
        sim_trace(world, "FAULT: the mail server is gone");
        world->tables->smtp_down_until_ms = until_ms + 30000;
        return;
    default:
        return;
    }
}

void sim_faults_step(struct sim_world *world) {
    static const enum sim_fault kinds[] = {SIM_FAULT_KILL,   SIM_FAULT_KILL,     SIM_FAULT_KILL_ALL,
                                           SIM_FAULT_PAUSE,  SIM_FAULT_PAUSE,    SIM_FAULT_TWIN,
                                           SIM_FAULT_LEADER, SIM_FAULT_LEADER,   SIM_FAULT_CLOCK,
                                           SIM_FAULT_CLOCK,  SIM_FAULT_DATABASE, SIM_FAULT_PROVIDER,
                                           SIM_FAULT_SMTP,   SIM_FAULT_UPGRADE};
    enum sim_fault fault = kinds[sim_random_below(&world->chance, sizeof kinds / sizeof kinds[0])];
    if (!sim_fault(world, fault, 1000)) {
        return;
    }
    switch (fault) {
    case SIM_FAULT_KILL:
    case SIM_FAULT_PAUSE:
    case SIM_FAULT_TWIN:
        process_fault(world, fault);
        break;
    case SIM_FAULT_KILL_ALL:
        all_kill(world);
        break;
    default:
        other_fault(world, fault);
        break;
    }
}

void sim_faults_heal(struct sim_world *world) {
    sim_trace(world, "all faults are over");
    world->healed = true;
    for (int32_t i = 0; i < SIM_INSTANCES; i++) {
        slot_upgrade(world, i);
    }
    world->database_down_until_ms = 0;
    world->provider->down_until_ms = 0;
    world->tables->smtp_down_until_ms = 0;
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < world->broker.partition_count; i++) {
            world->broker.logs[topic][i].down_until_ms = 0;
        }
    }
}
