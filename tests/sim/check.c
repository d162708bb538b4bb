/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at the end of a run, checked on the log. */
#include "tests/sim/check.h"

#include "replay/verify/model.h"
#include "reservation/decide.h"
#include "runtime/base/error.h"
#include "tests/sim/judge.h"
#include "tests/sim/reservation.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_A_COMMAND_MAX RESERVATION_EVENTS_PER_COMMAND_MAX

/* A partition being decided again. */
struct checked {
    struct sim_world *world;
    struct sim_rules *rules;
    int32_t partition;
    struct reservation_core *decided; /* from the commands */
    struct reservation_core *folded;  /* from the events */
    struct replay_model *model;
    struct sim_counted counted;
    size_t next; /* of counted */
    int64_t undecodable;
    struct event events[EVENTS_A_COMMAND_MAX];
    int64_t offsets[EVENTS_A_COMMAND_MAX];
};

uint64_t sim_committed_step(const struct sim_world *world, const struct sim_entry *entry) {
    return entry->transaction == SIM_TRANSACTION_NONE
               ? entry->step
               : world->broker.transactions[entry->transaction].prepared_step;
}

/* The next event that counts; NULL: there is none. */
static const struct sim_entry *event_next(const struct checked *checked) {
    const struct sim_counted *counted = &checked->counted;
    return checked->next < counted->count
               ? &checked->world->broker.logs[SIM_EVENTS][checked->partition]
                      .entries[counted->offsets[checked->next]]
               : NULL;
}

/* In history an event is committed with its command's offset. */
static void history_check(struct checked *checked, const struct sim_entry *entry,
                          const struct event *event, int64_t offset) {
    const struct sim_world *world = checked->world;
    if (entry->transaction != SIM_TRANSACTION_NONE &&
        world->broker.transactions[entry->transaction].offsets[checked->partition].offset <=
            event->as.head.command_offset) {
        sim_violated(checked->world, 2,
                     "event %lld of partition %d is committed without its offset",
                     (long long)offset, (int)checked->partition);
    }
}

static bool event_fold(struct checked *checked, const struct event *event,
                       const struct sim_entry *entry, int64_t offset) {
    struct sim_world *world = checked->world;
    struct buffer finding = {0};
    if (!replay_model_take(checked->model, event, entry->value, &finding)) {
        sim_violated(world, 1, "partition %d, event %lld: %.*s", (int)checked->partition,
                     (long long)offset, (int)finding.size, finding.data);
    }
    buffer_deinit(&finding);
    enum reservation_apply_result folded = reservation_core_apply(checked->folded, event);
    if (folded != RESERVATION_APPLY_APPLIED && folded != RESERVATION_APPLY_STATELESS) {
        sim_violated(world, 3, "event %lld of partition %d does not fold: %s", (long long)offset,
                     (int)checked->partition, reservation_apply_result_name(folded));
        return false;
    }
    return true;
}

/* The next event that counts; false: the log says another than was decided. */
static bool event_take(struct checked *checked, const struct event *wanted, struct octets value,
                       size_t index) {
    struct sim_world *world = checked->world;
    struct event *event = &checked->events[index];
    struct text reason;
    const struct sim_entry *entry = event_next(checked);
    if (entry == NULL) {
        sim_violated(world, 2, "command %lld of partition %d lacks its event %s",
                     (long long)wanted->as.head.command_offset, (int)checked->partition,
                     event_kind_name(wanted->kind));
        return false;
    }
    int64_t offset = checked->counted.offsets[checked->next++];
    checked->offsets[index] = offset;
    if (!codec_event_decode(world->codec, &world->memory, entry->value, event, &reason)) {
        sim_violated(world, 3, "event %lld can not be decoded", (long long)offset);
        return false;
    }
    if (!sim_octets_equal(entry->value, value) ||
        !sim_octets_equal(entry->key, sim_show_key(world, &wanted->as.head.show_id))) {
        sim_violated(world, event->as.head.command_offset == wanted->as.head.command_offset ? 3 : 2,
                     "partition %d, event %lld: %s of command %lld (seq %lld) is on the log where "
                     "%s of command %lld (seq %lld) is decided",
                     (int)checked->partition, (long long)offset, event_kind_name(event->kind),
                     (long long)event->as.head.command_offset, (long long)event->as.head.seq,
                     event_kind_name(wanted->kind), (long long)wanted->as.head.command_offset,
                     (long long)wanted->as.head.seq);
        return false;
    }
    history_check(checked, entry, event, offset);
    return event_fold(checked, event, entry, offset);
}

/* The command is decided again as the version did that its first event names. */
static void version_take(struct checked *checked) {
    struct sim_world *world = checked->world;
    const struct sim_entry *entry = event_next(checked);
    struct event event;
    if (entry == NULL || !sim_event_decode(world, entry->value, &event)) {
        return;
    }
    if (!reservation_decide_again_as(checked->decided, event.as.head.logic_version)) {
        sim_violated(world, 3, "event %lld of partition %d was decided by logic version %d",
                     (long long)checked->counted.offsets[checked->next], (int)checked->partition,
                     (int)event.as.head.logic_version);
    }
}

static bool command_check(struct checked *checked, int64_t offset, const struct sim_entry *entry) {
    struct sim_world *world = checked->world;
    version_take(checked);
    const struct reservation_input input = {.partition = checked->partition,
                                            .partition_count = world->broker.partition_count,
                                            .offset = offset,
                                            .timestamp_ms = entry->timestamp_ms,
                                            .key = entry->key,
                                            .value = entry->value};
    struct reservation_effects *effects = world->effects;
    struct command command;
    struct text reason;
    enum reservation_verdict verdict = reservation_decide(
        checked->decided, world->codec, &world->memory, &input, effects, &command, &reason);
    checked->undecodable += verdict == RESERVATION_UNDECODABLE;
    struct hash chain = reservation_decide_chain(checked->decided, effects);
    for (size_t i = 0; i < effects->count; i++) {
        struct octets value = reservation_decide_encode(world->codec, effects, i, &chain);
        if (!event_take(checked, &effects->events[i], value, i)) {
            return false;
        }
    }
    reservation_decide_seal(checked->decided, effects, &chain);
    sim_rules_take(checked->rules, checked->partition,
                   verdict == RESERVATION_DECIDED ? &command : NULL, checked->events,
                   checked->offsets, effects->count);
    return world->violations == 0;
}

static struct octets snapshot_of(struct checked *checked, const struct reservation_core *core,
                                 const struct reservation_show *show) {
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(core, show, checked->world->effects, &record.as.show_snapshot);
    return arena_octets_copy(&checked->world->scratch,
                             codec_snapshot_record_encode(checked->world->codec, &record));
}

/* The same shows in the same state. */
static void cores_compare(struct checked *checked, struct reservation_core *other,
                          const char *what) {
    struct reservation_show *show = NULL;
    while ((show = reservation_core_show_next(checked->folded, show)) != NULL) {
        struct uuid show_id = reservation_show_id(show);
        struct reservation_show *same = reservation_core_show_find(other, &show_id);
        if (same == NULL || !sim_octets_equal(snapshot_of(checked, checked->folded, show),
                                              snapshot_of(checked, other, same))) {
            sim_violated(checked->world, 3, "show %s: %s differs from the fold of all events",
                         sim_short(checked->world, &show_id), what);
        }
    }
}

static void recovery_check(struct checked *checked) {
    struct sim_recovery recovery;
    sim_recovery_begin(&recovery);
    while (!sim_recovery_step(checked->world, &recovery, checked->partition, -1)) {
    }
    cores_compare(checked, checked->decided, "what was decided");
    cores_compare(checked, recovery.core, "snapshot and tail");
    sim_recovery_end(&recovery);
}

/* Nothing is left over, and everybody has followed. */
static void ends_check(struct checked *checked, int64_t commands) {
    struct sim_world *world = checked->world;
    int32_t partition = checked->partition;
    if (event_next(checked) != NULL) {
        sim_violated(world, 2, "event %lld of partition %d has no command",
                     (long long)checked->counted.offsets[checked->next], (int)partition);
    }
    int64_t committed = world->broker.groups[SIM_RESERVATION].committed[partition].offset;
    if (commands > 0 &&
        (committed != commands || reservation_core_cursor(checked->decided) != committed)) {
        sim_violated(world, 2, "partition %d: the group's offset is %lld, the cursor %lld of %lld",
                     (int)partition, (long long)committed,
                     (long long)reservation_core_cursor(checked->decided), (long long)commands);
    }
    int64_t letters = 0, offset = 0;
    while (sim_log_read(world, SIM_DEAD_LETTERS, partition, &offset, INT64_MAX, false) != NULL) {
        letters++;
    }
    if (letters != checked->undecodable) {
        sim_violated(world, 2, "%lld dead letters for %lld records that can not be decoded",
                     (long long)letters, (long long)checked->undecodable);
    }
}

static void partition_check(struct checked *checked) {
    struct sim_world *world = checked->world;
    const struct sim_entry *entry;
    struct buffer finding = {0};
    int64_t offset = 0;
    bool right = true;
    while (right && (entry = sim_log_read(world, SIM_COMMANDS, checked->partition, &offset,
                                          INT64_MAX, false)) != NULL) {
        right = command_check(checked, offset - 1, entry);
    }
    if (!right) {
        return;
    }
    ends_check(checked, offset);
    if (replay_model_overdue(checked->model, world->now_ms, 5 * 60 * 1000, &finding) > 0) {
        sim_violated(world, 9, "%.*s", (int)finding.size, finding.data);
    }
    buffer_deinit(&finding);
    recovery_check(checked);
}

void sim_check_world(struct sim_world *world) {
    struct sim_rules rules = {.world = world};
    struct checked *checked = allocate_zeroed(1, sizeof *checked);
    for (int32_t i = 0; i < world->broker.partition_count && world->violations == 0; i++) {
        checked->world = world;
        checked->rules = &rules;
        checked->partition = i;
        checked->next = 0;
        checked->undecodable = 0;
        sim_judge(world, i, &checked->counted);
        checked->decided = reservation_core_new(&reservation_heap);
        checked->folded = reservation_core_new(&reservation_heap);
        checked->model = replay_model_new();
        partition_check(checked);
        replay_model_free(checked->model);
        reservation_core_free(checked->decided);
        reservation_core_free(checked->folded);
        sim_counted_free(&checked->counted);
    }
    free(checked);
    if (world->violations == 0) {
        sim_check_money(world, &rules);
        sim_check_tickets(world, &rules);
        sim_check_mails(world, &rules);
        sim_check_catalog(world, &rules);
        sim_check_told(world);
    }
    sim_rules_deinit(&rules);
}
