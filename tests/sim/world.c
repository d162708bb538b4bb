/* SPDX-License-Identifier: Apache-2.0 */
/* The world of a run: processes, what is up, whose step is next, when all is at rest. */
#include "tests/sim/world.h"

#include "reservation/core/core.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "tests/sim/buyers.h"
#include "tests/sim/check.h"
#include "tests/sim/faults.h"
#include "tests/sim/provider.h"
#include "tests/sim/reservation.h"
#include "tests/sim/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_A_COMMAND_MAX 60
#define STEPS_TO_REST_MAX 120000
#define REST_CHECK_EVERY 32
#define RESTART_MS 500
#define HOLDS_OVER_MS (25 * 60 * 1000LL)
#define SHOWS_OVER_MS (9 * 24 * 60 * 60 * 1000LL)
#define VIOLATIONS_TOLD 6

static const struct sim_daemon_model *const models[SIM_DAEMON_COUNT] = {
    [SIM_RESERVATION] = &sim_reservation_model, [SIM_PAYMENT] = &sim_payment_model,
    [SIM_TICKETGEN] = &sim_ticketgen_model,     [SIM_NOTIFIER] = &sim_notifier_model,
    [SIM_INDEXER] = &sim_indexer_model,
};

/* --- words --- */

const char *sim_daemon_name(enum sim_daemon daemon) {
    static const char *const names[] = {"reservation", "payment", "ticketgen", "notifier",
                                        "indexer"};
    _Static_assert(sizeof names / sizeof names[0] == SIM_DAEMON_COUNT, "a name for each");
    return names[daemon];
}

const char *sim_fault_name(enum sim_fault fault) {
    static const char *const names[] = {"kill",     "kill-all", "pause",   "twin",   "leader",
                                        "answer",   "delay",    "clock",   "repeat", "database",
                                        "provider", "decline",  "upgrade", "smtp",   "garbage",
                                        "producer", "skip",     "tail"};
    _Static_assert(sizeof names / sizeof names[0] == SIM_FAULT_COUNT, "a name for each");
    return names[fault];
}

const char *sim_process_name(const struct sim_process *process) {
    static char names[SIM_DAEMON_COUNT][SIM_INSTANCES][24];
    char *name = names[process->daemon][process->instance];
    snprintf(name, sizeof names[0][0], "%s-%d", sim_daemon_name(process->daemon),
             (int)process->instance + 1);
    return name;
}

const char *sim_short(struct sim_world *world, const struct uuid *uuid) {
    char text[UUID_TEXT_SIZE];
    uuid_format(uuid, text);
    return arena_text_format(&world->scratch, "%.8s", text).data;
}

void sim_trace(struct sim_world *world, const char *format, ...) {
    if (!world->options.traced) {
        return;
    }
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started the line before */
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_append_format(&world->trace, "%9.3f s  %s\n",
                         (double)(world->now_ms - SIM_EPOCH_MS) / 1000.0, line);
}

void sim_violated(struct sim_world *world, int invariant, const char *format, ...) {
    if (world->violations++ >= VIOLATIONS_TOLD) {
        return;
    }
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started the line before */
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_append_format(&world->violation, "invariant %d: %s\n", invariant, line);
    sim_trace(world, "VIOLATED, invariant %d: %s", invariant, line);
}

bool sim_octets_equal(struct octets left, struct octets right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

struct octets sim_octets_keep(struct sim_world *world, struct octets octets) {
    return arena_octets_copy(&world->memory, octets);
}

struct octets sim_show_key(struct sim_world *world, const struct uuid *show_id) {
    char *text = arena_allocate(&world->scratch, UUID_TEXT_SIZE);
    uuid_format(show_id, text);
    return (struct octets){(const uint8_t *)text, UUID_TEXT_SIZE - 1};
}

bool sim_event_decode(struct sim_world *world, struct octets value, struct event *event) {
    struct text reason;
    if (codec_event_decode(world->codec, &world->scratch, value, event, &reason)) {
        return true;
    }
    sim_violated(world, 3, "an event can not be decoded: %.*s", TEXT_FORMAT(reason));
    return false;
}

bool sim_tickets_decode(struct sim_world *world, struct octets value,
                        struct ticket_record *record) {
    struct text reason;
    if (codec_ticket_record_decode(world->codec, &world->scratch, value, record, &reason)) {
        return true;
    }
    sim_violated(world, 5, "tickets can not be decoded: %.*s", TEXT_FORMAT(reason));
    return false;
}

bool sim_database_is_up(struct sim_world *world) {
    return world->database_down_until_ms <= world->now_ms;
}

/* --- processes --- */

static bool is_member(const struct sim_world *world, int32_t process) {
    for (int group = 0; group < SIM_DAEMON_COUNT; group++) {
        const struct sim_group *members = &world->broker.groups[group];
        for (size_t i = 0; i < members->member_count; i++) {
            if (members->members[i].process == process) {
                return true;
            }
        }
    }
    return false;
}

static int32_t process_room(struct sim_world *world) {
    for (int32_t i = 0; i < world->process_count; i++) {
        if (!world->processes[i].alive && !is_member(world, i)) {
            return i;
        }
    }
    if (world->process_count == SIM_PROCESSES_MAX) {
        die("the simulation has no room for another process");
    }
    return world->process_count++;
}

void sim_process_start(struct sim_world *world, enum sim_daemon daemon, int32_t instance) {
    int32_t index = process_room(world);
    struct sim_process *process = &world->processes[index];
    *process = (struct sim_process){.daemon = daemon, .instance = instance, .alive = true};
    world->slots[daemon][instance].starts_ms = 0;
    world->slots[daemon][instance].process = index;
    sim_trace(world, "%s starts", sim_process_name(process));
    process->state = models[daemon]->start(world, index);
}

void sim_process_stop(struct sim_world *world, int32_t index) {
    struct sim_process *process = &world->processes[index];
    models[process->daemon]->stop(world, index);
    process->alive = false;
    process->exits = false;
    process->state = NULL;
    process->paused_since_ms = 0;
    process->dead_since_ms = world->now_ms;
}

static void process_step(struct sim_world *world, int32_t index) {
    struct sim_process *process = &world->processes[index];
    models[process->daemon]->step(world, index);
    if (process->exits) {
        sim_trace(world, "%s ends by itself", sim_process_name(process));
        if (world->slots[process->daemon][process->instance].process == index) {
            world->slots[process->daemon][process->instance].starts_ms = world->now_ms + RESTART_MS;
        }
        sim_process_stop(world, index);
    }
}

static void slots_start(struct sim_world *world) {
    for (int daemon = 0; daemon < SIM_DAEMON_COUNT; daemon++) {
        for (int32_t i = 0; i < SIM_INSTANCES; i++) {
            int64_t starts_ms = world->slots[daemon][i].starts_ms;
            if (starts_ms != 0 && starts_ms <= world->now_ms) {
                sim_process_start(world, (enum sim_daemon)daemon, i);
            }
        }
    }
    for (int32_t i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        if (process->paused_since_ms != 0 && process->resumes_ms <= world->now_ms) {
            sim_trace(world, "%s wakes up", sim_process_name(process));
            process->paused_since_ms = 0;
        }
    }
}

/* When anything happens next; INT64_MAX: never. */
static int64_t wake_ms_of(const struct sim_world *world) {
    int64_t wake_ms = sim_broker_wake_ms(world);
    int64_t provider_ms = sim_provider_wake_ms(world);
    wake_ms = provider_ms < wake_ms ? provider_ms : wake_ms;
    for (int32_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (!process->alive) {
            continue;
        }
        int64_t next_ms = process->paused_since_ms != 0 ? process->resumes_ms : process->wakes_ms;
        wake_ms = next_ms < wake_ms ? next_ms : wake_ms;
    }
    for (int daemon = 0; daemon < SIM_DAEMON_COUNT; daemon++) {
        for (int i = 0; i < SIM_INSTANCES; i++) {
            int64_t starts_ms = world->slots[daemon][i].starts_ms;
            wake_ms = starts_ms != 0 && starts_ms < wake_ms ? starts_ms : wake_ms;
        }
    }
    return wake_ms;
}

static void any_process_step(struct sim_world *world) {
    int32_t ready[SIM_PROCESSES_MAX];
    uint32_t count = 0;
    for (int32_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (process->alive && process->paused_since_ms == 0 && process->wakes_ms <= world->now_ms) {
            ready[count++] = i;
        }
    }
    if (count > 0) {
        process_step(world, ready[sim_random_below(&world->schedule, count)]);
        return;
    }
    int64_t wake_ms = wake_ms_of(world);
    if (wake_ms != INT64_MAX && wake_ms > world->now_ms) {
        world->now_ms = wake_ms;
    }
}

static void step_begin(struct sim_world *world) {
    world->steps++;
    arena_reset(&world->scratch);
    world->now_ms += sim_random_below(&world->schedule, 3);
    slots_start(world);
}

static void anyone_step(struct sim_world *world) {
    uint32_t who = sim_random_below(&world->schedule, 100);
    if (who < 14) {
        sim_broker_step(world);
    } else if (who < 17) {
        sim_provider_step(world);
    } else if (who < 20) {
        sim_tail_step(world);
    } else {
        any_process_step(world);
    }
}

/* --- a run --- */

static void active_run(struct sim_world *world) {
    const struct sim_options *options = &world->options;
    uint64_t steps_max = (uint64_t)options->commands * STEPS_A_COMMAND_MAX;
    while (world->commands < options->commands && world->steps < steps_max &&
           world->violations == 0) {
        step_begin(world);
        uint32_t what = sim_random_below(&world->schedule, 1000);
        if (what < 55) {
            sim_buyers_step(world);
        } else if (what < 62) {
            sim_faults_step(world);
        } else if (what < 66) {
            world->now_ms += sim_random_between(&world->schedule, 100, 4000);
        } else if (what < 67) {
            world->now_ms += sim_random_between(&world->schedule, 10000, 120000);
        } else {
            anyone_step(world);
        }
    }
}

static bool everything_rests(struct sim_world *world) {
    if (!sim_tail_rests(world) || sim_broker_wake_ms(world) != INT64_MAX ||
        sim_provider_wake_ms(world) != INT64_MAX) {
        return false;
    }
    for (int32_t group = 0; group < SIM_DAEMON_COUNT; group++) {
        if (!sim_group_rests(world, group)) {
            return false;
        }
    }
    for (int32_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (process->alive && !models[process->daemon]->rests(world, i)) {
            return false;
        }
    }
    return true;
}

/* Names what keeps from resting. */
static const char *what_does_not_rest(struct sim_world *world) {
    for (int32_t i = 0; i < world->process_count; i++) {
        const struct sim_process *process = &world->processes[i];
        if (process->alive && !models[process->daemon]->rests(world, i)) {
            return sim_process_name(process);
        }
    }
    return "what is in flight";
}

static bool rest_reach(struct sim_world *world) {
    for (uint64_t i = 0; i < STEPS_TO_REST_MAX && world->violations == 0; i++) {
        step_begin(world);
        if (sim_random_chance(&world->schedule, 25)) {
            world->now_ms += sim_random_between(&world->schedule, 100, 3000);
        }
        anyone_step(world);
        if (i % REST_CHECK_EVERY == 0 && everything_rests(world) && !sim_operator_step(world)) {
            return true;
        }
    }
    if (world->violations == 0) {
        sim_violated(world, 9, "%s does not come to rest after all faults are over",
                     what_does_not_rest(world));
    }
    return false;
}

static void rest_run(struct sim_world *world) {
    sim_faults_heal(world);
    if (!rest_reach(world)) {
        return;
    }
    world->now_ms += HOLDS_OVER_MS; /* every hold ends by its time plus grace */
    if (!rest_reach(world)) {
        return;
    }
    sim_check_world(world);
    if (world->violations == 0 && sim_random_chance(&world->schedule, 200)) {
        sim_trace(world, "nine days pass");
        world->now_ms += SHOWS_OVER_MS; /* shows that are over close */
        if (rest_reach(world)) {
            sim_check_world(world);
        }
    }
}

static jmp_buf core_broken;
static struct sim_world *running;

struct sim_world *sim_world_running(void) { return running; }

static void core_panicked(const char *expression, const char *file, int line) {
    const char *name = strrchr(file, '/');
    sim_violated(running, 0, "the core's assertion fails: %s, %s:%d", expression,
                 name != NULL ? name + 1 : file, line);
    longjmp(core_broken, 1);
}

static void world_init(struct sim_world *world, const struct sim_options *options) {
    memset(world, 0, sizeof *world);
    world->options = *options;
    sim_random_seed(&world->schedule, options->seed, 1);
    sim_random_seed(&world->chance, options->seed, 2);
    sim_random_seed(&world->buying, options->seed, 3);
    world->now_ms = SIM_EPOCH_MS;
    world->codec = codec_new();
    world->effects = reservation_effects_new(&reservation_heap);
    sim_broker_init(world, 1 + (int32_t)sim_random_below(&world->schedule, SIM_PARTITIONS_MAX));
    sim_tables_init(world);
    sim_provider_init(world);
    sim_buyers_init(world);
    int32_t logic_version =
        1 + (int32_t)sim_random_below(&world->schedule, RESERVATION_LOGIC_VERSION);
    for (int daemon = 0; daemon < SIM_DAEMON_COUNT; daemon++) {
        for (int32_t i = 0; i < SIM_INSTANCES; i++) {
            world->slots[daemon][i].logic_version = logic_version;
            for (int slot = 0; slot < 2; slot++) {
                world->slots[daemon][i].producers[slot] = sim_producer_register(world, daemon);
            }
            sim_process_start(world, (enum sim_daemon)daemon, i);
        }
    }
}

void sim_world_run(struct sim_world *world, const struct sim_options *options) {
    running = world;
    world_init(world, options);
    reservation_core_panic_handler_set(core_panicked);
    if (setjmp(core_broken) == 0) {
        active_run(world);
        if (world->violations == 0) {
            rest_run(world);
        }
    }
}

void sim_world_free(struct sim_world *world) {
    for (int32_t i = 0; i < world->process_count; i++) {
        if (world->processes[i].alive) {
            sim_process_stop(world, i);
        }
    }
    sim_buyers_deinit(world);
    sim_provider_deinit(world);
    sim_tables_deinit(world);
    sim_broker_deinit(world);
    reservation_effects_free(world->effects);
    codec_free(world->codec);
    arena_deinit(&world->memory);
    arena_deinit(&world->scratch);
    buffer_deinit(&world->trace);
    buffer_deinit(&world->violation);
}
