/* SPDX-License-Identifier: Apache-2.0 */
/* The reservation daemon: what is made at its start, and one core for each partition that it is given. */

#include "reservation/daemon/daemon.h"

#include "reservation/daemon/kafka.h"
#include "reservation/daemon/recovery.h"
#include "reservation/daemon/show_map.h"
#include "reservation/daemon/snapshot.h"
#include "reservation/daemon/tick.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/producer.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

#define HEAP_KEPT_OCTETS (64 * 1024 * 1024)
#define HEAP_GROWTH_OCTETS (4 * 1024 * 1024)
#define TURN_MS_MAX 1000
#define TICKS_DRAIN_MS 1000

#define NUMBER_TEXT(number) NUMBER_TEXT_OF(number)
#define NUMBER_TEXT_OF(number) #number

const struct config_option reservation_daemon_options[] = {
    TRANSACTION_OPTIONS,
    {"snapshot_interval_ms", CONFIG_INTEGER, "30000", 100, 86400000,
     "Time between two rounds of snapshots of a partition that changes"},
    {"snapshot_events_max", CONFIG_INTEGER, "200000", 1000, 1000000000,
     "Events after which a round of snapshots begins earlier; bounds what a restart has to fold"},
    {"snapshot_transaction_octets_max", CONFIG_INTEGER, "1048576", 1024, 67108864,
     "Octets of snapshots written in one transaction"},
    {"snapshot_show_octets_max", CONFIG_INTEGER, "32000000", 1024, 32000000,
     "Largest snapshot of a show; below max.message.bytes of seatlog.snapshots"},
    {"ticks", CONFIG_BOOLEAN, "yes", 0, 0,
     "Send Tick commands, without which holds of a show without traffic do not end"},
    {"logic_version", CONFIG_INTEGER, NUMBER_TEXT(RESERVATION_LOGIC_VERSION), 1,
     RESERVATION_LOGIC_VERSION,
     "Decide as this version did: lower it while instances of an older program may take over"},
    {0},
};

static void core_panicked(const char *expression, const char *file, int line) {
    die("the core has panicked: %s, %s:%d", expression, file, line);
}

/*
 * Each transaction takes and gives back some megabytes, and so does each answer to a fetch. By
 * default glibc returns them to the kernel at once, which then clears the same pages again and
 * again.
 */
static void heap_tune(void) {
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT_OCTETS);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_OCTETS);
    mallopt(M_TOP_PAD, HEAP_GROWTH_OCTETS);
}

bool reservation_daemon_start(struct daemon *daemon, struct error *error) {
    (void)error;
    heap_tune();
    reservation_core_panic_handler_set(core_panicked);
    struct reservation_daemon *state = allocate_zeroed(1, sizeof *state);
    state->effects = reservation_effects_new(&reservation_heap);
    state->codec = codec_new();
    state->kafka = reservation_kafka_new(daemon->instance);
    state->recoveries = reservation_recoveries_new(daemon);
    if (config_boolean(daemon->config, "ticks")) {
        state->producer = producer_new(daemon->config, daemon->instance);
    }
    state->snapshot_interval_ms = config_integer(daemon->config, "snapshot_interval_ms");
    state->snapshot_events_max = config_integer(daemon->config, "snapshot_events_max");
    state->snapshot_octets_max =
        (size_t)config_integer(daemon->config, "snapshot_transaction_octets_max");
    state->snapshot_show_octets_max =
        (size_t)config_integer(daemon->config, "snapshot_show_octets_max");
    daemon->state = state;
    return true;
}

void reservation_daemon_stop(struct daemon *daemon) {
    struct reservation_daemon *state = daemon->state;
    for (int32_t i = 0; i < state->partition_count; i++) {
        reservation_daemon_drop(daemon, i);
    }
    if (state->producer != NULL) {
        producer_free(state->producer, TICKS_DRAIN_MS);
    }
    reservation_recoveries_free(state->recoveries);
    reservation_kafka_free(state->kafka);
    codec_free(state->codec);
    reservation_effects_free(state->effects);
    arena_deinit(&state->arena);
    free(state->partitions);
    free(state);
    daemon->state = NULL;
}

static struct reservation_snapshot_limits snapshot_limits(const struct reservation_daemon *state) {
    return (struct reservation_snapshot_limits){
        .interval_ms = state->snapshot_interval_ms,
        .events_max = state->snapshot_events_max,
        .octets_max = state->snapshot_octets_max,
    };
}

static void partition_begin(struct reservation_daemon *state, const struct daemon *daemon,
                            int32_t index, const struct reservation_recovered *recovered) {
    struct reservation_partition *partition = &state->partitions[index];
    const struct reservation_snapshot_limits limits = snapshot_limits(state);
    assert(partition->core == NULL && partition->offsets == NULL && partition->ticks == NULL);
    assert(recovered->core != NULL && recovered->offsets != NULL);
    partition->core = recovered->core;
    partition->offsets = recovered->offsets;
    partition->events_next = recovered->events_next;
    if (state->producer != NULL) {
        partition->ticks = reservation_ticks_new(state->producer, index, daemon->instance);
    }
    reservation_snapshot_begin(partition, recovered->events_offset, clock_monotonic_ms(), &limits);
}

enum transaction_rebuilt reservation_daemon_rebuild(struct daemon *daemon,
                                                    struct transaction *transaction, int32_t index,
                                                    int64_t committed_offset, int64_t *next_offset,
                                                    struct error *error) {
    struct reservation_daemon *state = daemon->state;
    if (state->partitions == NULL) {
        state->partition_count = transaction_partition_count(transaction);
        state->partitions = allocate_zeroed((unsigned long)state->partition_count,
                                            sizeof(struct reservation_partition));
    }
    assert(index >= 0 && index < state->partition_count);
    struct reservation_partition *partition = &state->partitions[index];
    assert(partition->core == NULL);
    if (partition->recovery == NULL) {
        partition->recovery = reservation_recovery_new(state->recoveries, index, committed_offset);
    }
    struct reservation_recovered recovered;
    enum transaction_rebuilt rebuilt =
        reservation_recovery_poll(partition->recovery, &recovered, error);
    if (rebuilt == TRANSACTION_REBUILT) {
        reservation_recovery_free(partition->recovery);
        partition->recovery = NULL;
        partition_begin(state, daemon, index, &recovered);
        *next_offset = recovered.cursor;
    }
    return rebuilt;
}

void reservation_daemon_drop(struct daemon *daemon, int32_t index) {
    struct reservation_daemon *state = daemon->state;
    if (state->partitions == NULL) {
        return;
    }
    assert(index >= 0 && index < state->partition_count);
    struct reservation_partition *partition = &state->partitions[index];
    assert(partition->core == NULL || partition->recovery == NULL);
    reservation_recovery_free(partition->recovery);
    reservation_core_free(partition->core);
    reservation_show_map_free(partition->offsets);
    reservation_ticks_free(partition->ticks);
    *partition = (struct reservation_partition){0};
}

int reservation_daemon_turn(struct daemon *daemon, struct transaction *transaction) {
    struct reservation_daemon *state = daemon->state;
    const struct reservation_snapshot_limits limits = snapshot_limits(state);
    size_t octets = limits.octets_max;
    int wait_ms = TURN_MS_MAX;
    for (int32_t i = 0; i < state->partition_count; i++) {
        struct reservation_partition *partition = &state->partitions[i];
        if (!transaction_partition_live(transaction, i)) {
            continue;
        }
        assert(partition->core != NULL && partition->recovery == NULL);
        int snapshot_ms = reservation_snapshot_write(state, transaction, i, clock_monotonic_ms(),
                                                     &limits, &octets);
        wait_ms = snapshot_ms < wait_ms ? snapshot_ms : wait_ms;
        if (partition->ticks != NULL && transaction_caught_up(transaction, i)) {
            int tick_ms = reservation_ticks_send(partition->ticks, partition->core, clock_now_ms());
            wait_ms = tick_ms < wait_ms ? tick_ms : wait_ms;
        }
    }
    return wait_ms;
}
