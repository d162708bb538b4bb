/* SPDX-License-Identifier: Apache-2.0 */
/* One partition decided again, event by event. */
#include "replay/verify/partition.h"

#include "replay/verify/difference.h"
#include "reservation/daemon/heap.h"
#include "reservation/decide.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 20
#define KEY_SIZE (UUID_TEXT_SIZE - 1)

/* What a run has in its hands. */
struct run {
    struct replay_partition *partition;
    struct replay_reader *commands;
    struct replay_counted *events;
    struct codec *codec;
    struct reservation_effects *effects;
    struct arena decided;  /* the command under way */
    struct arena recorded; /* the event under way */
    struct replay_record command;
    struct replay_record record; /* of seatlog.events */
    struct event event;
    bool have_event;
    struct replay_witness witness;
    struct replay_watch commands_watch;
};

void replay_partition_init(struct replay_partition *partition, struct replay_log *log,
                           int32_t number, int32_t count) {
    memset(partition, 0, sizeof *partition);
    partition->log = log;
    partition->partition = number;
    partition->partition_count = count;
    partition->core = reservation_core_new(&reservation_heap);
    partition->model = replay_model_new();
    partition->snapshots = reservation_latest_new();
    partition->committed_before = -1;
}

void replay_partition_deinit(struct replay_partition *partition) {
    reservation_core_free(partition->core);
    replay_model_free(partition->model);
    reservation_latest_free(partition->snapshots);
    buffer_deinit(&partition->findings);
}

/* A line that says where, and what. */
static void finding_add(struct run *run, const struct replay_record *record,
                        const struct event *event, const char *what) {
    struct replay_partition *partition = run->partition;
    if (partition->differing + partition->violated > FINDINGS_MAX) {
        return;
    }
    buffer_append_format(&partition->findings, "partition %d, event offset %" PRId64,
                         (int)partition->partition, record->offset);
    if (event != NULL) {
        char show[UUID_TEXT_SIZE];
        buffer_append_format(&partition->findings, ", show %s, seq %" PRId64 ", %s",
                             uuid_format(&event->as.head.show_id, show), event->as.head.seq,
                             event_kind_name(event->kind));
    }
    buffer_append_format(&partition->findings, ": %s\n", what);
}

static bool failed(struct run *run) {
    run->partition->failed = true;
    return false;
}

/* Reads and decodes the next event into the run. false: the partition's reading ends here. */
static bool event_next(struct run *run) {
    struct replay_partition *partition = run->partition;
    arena_reset(&run->recorded);
    run->have_event = false;
    enum replay_read read = replay_counted_next(run->events, &run->record, &partition->error);
    if (read == REPLAY_READ_END) {
        return true;
    }
    if (read == REPLAY_READ_FAILED && partition->error.action == ERROR_PARK) {
        partition->violated++;
        partition->stopped = true;
        buffer_append_format(&partition->findings, "partition %d, %s\n", (int)partition->partition,
                             partition->error.message);
        return false;
    }
    if (read == REPLAY_READ_FAILED) {
        return failed(run);
    }
    struct text reason;
    if (!codec_event_decode(run->codec, &run->recorded, run->record.value, &run->event, &reason)) {
        partition->differing++;
        struct buffer what = {0};
        buffer_append_format(&what, "it cannot be decoded: %.*s", (int)reason.size, reason.data);
        finding_add(run, &run->record, NULL, what.data);
        buffer_deinit(&what);
        return false;
    }
    run->have_event = true;
    atomic_store_explicit(&partition->event_offset, run->record.offset + 1, memory_order_relaxed);
    return true;
}

/* Reads the next command. false: no more, or the log cannot be read. */
static bool command_next(struct run *run) {
    struct replay_partition *partition = run->partition;
    enum replay_read read = replay_reader_next(run->commands, &run->command, &partition->error);
    if (read == REPLAY_READ_FAILED) {
        return failed(run);
    }
    if (read == REPLAY_READ_RECORD) {
        replay_watch_take(&run->commands_watch, &run->command, &partition->findings);
    }
    return read == REPLAY_READ_RECORD;
}

/* What can be said at the end; a seal may speak of commands that were not decided yet when it was
 * made. */
static void run_end(struct run *run) {
    struct replay_partition *partition = run->partition;
    partition->tally = run->witness.tally;
    partition->violated += run->witness.violated;
    if (partition->failed || partition->differing > 0 || partition->stopped) {
        return;
    }
    uint64_t before = run->witness.violated;
    replay_witness_end(&run->witness, replay_counted_rule(run->events),
                       replay_counted_end(run->events));
    partition->violated += run->witness.violated - before;
    while (replay_watch_waits(&run->commands_watch) && command_next(run)) {
    }
    replay_watch_end(&run->witness.watch, &partition->findings);
    replay_watch_end(&run->commands_watch, &partition->findings);
    partition->violated += run->witness.watch.broken + run->commands_watch.broken;
}

static void model_take(struct run *run) {
    struct replay_partition *partition = run->partition;
    struct buffer finding = {0};
    if (!replay_model_take(partition->model, &run->event, run->record.value, &finding)) {
        partition->violated++;
        finding_add(run, &run->record, &run->event, finding.data);
    }
    buffer_deinit(&finding);
}

static bool key_right(const struct run *run) {
    char key[UUID_TEXT_SIZE];
    uuid_format(&run->event.as.head.show_id, key);
    return run->record.key.size == KEY_SIZE && memcmp(run->record.key.data, key, KEY_SIZE) == 0;
}

static bool differs(struct run *run, struct octets expected) {
    struct buffer what = {0};
    run->partition->differing++;
    replay_difference(expected, run->record.value, &what);
    finding_add(run, &run->record, &run->event, what.data);
    buffer_deinit(&what);
    return false;
}

static bool missing(struct run *run, struct octets expected) {
    struct buffer what = {0};
    run->partition->differing++;
    buffer_append_format(&what, "command offset %" PRId64 " leads to an event that is not there: ",
                         run->command.offset);
    replay_record_json(expected, &what);
    finding_add(run, &run->record, run->have_event ? &run->event : NULL, what.data);
    buffer_deinit(&what);
    return false;
}

/* What counts stands in the label: that must agree with what the bytes are. */
static void label_check(struct run *run, size_t index) {
    struct term_label label = replay_counted_label(&run->record);
    if (label.kind == TERM_LABEL_EVENT &&
        (label.index != index || label.last != (index + 1 == run->effects->count) ||
         label.next != run->command.offset + 1)) {
        run->partition->violated++;
        finding_add(run, &run->record, &run->event,
                    "its label does not say which event of which command it is");
    }
}

/* The events of the command decided just now, one by one against those on the log. */
static bool effects_compare(struct run *run) {
    struct replay_partition *partition = run->partition;
    const struct reservation_effects *effects = run->effects;
    struct hash chain = reservation_decide_chain(partition->core, effects);
    for (size_t i = 0; i < effects->count; i++) {
        struct octets expected = reservation_decide_encode(run->codec, effects, i, &chain);
        if (!run->have_event || run->event.as.head.command_offset != run->command.offset) {
            return missing(run, expected);
        }
        model_take(run);
        if (expected.size != run->record.value.size ||
            memcmp(expected.data, run->record.value.data, expected.size) != 0) {
            return differs(run, expected);
        }
        if (!key_right(run)) {
            partition->differing++;
            finding_add(run, &run->record, &run->event, "the key is not the show's id");
            return false;
        }
        label_check(run, i);
        atomic_fetch_add_explicit(&partition->events, 1, memory_order_relaxed);
        if (partition->observer != NULL && partition->observer->event != NULL) {
            partition->observer->event(partition->observer->context, &run->record, &run->event);
        }
        if (!event_next(run)) {
            return false;
        }
    }
    reservation_decide_seal(partition->core, effects, &chain);
    return true;
}

static bool command_decide(struct run *run) {
    struct replay_partition *partition = run->partition;
    const struct reservation_input input = {
        .partition = partition->partition,
        .partition_count = partition->partition_count,
        .offset = run->command.offset,
        .timestamp_ms = run->command.timestamp_ms,
        .key = run->command.key,
        .value = run->command.value,
    };
    struct command command;
    struct text reason;
    arena_reset(&run->decided);
    enum reservation_verdict verdict = reservation_decide(
        partition->core, run->codec, &run->decided, &input, run->effects, &command, &reason);
    atomic_fetch_add_explicit(&partition->commands, 1, memory_order_relaxed);
    partition->cursor = run->command.offset + 1;
    partition->last_timestamp_ms = run->command.timestamp_ms;
    if (partition->observer != NULL && partition->observer->command != NULL) {
        partition->observer->command(partition->observer->context, &run->command,
                                     verdict == RESERVATION_UNDECODABLE ? NULL : &command);
    }
    return effects_compare(run);
}

static bool version_take(struct run *run) {
    if (reservation_decide_again_as(run->partition->core, run->event.as.head.logic_version)) {
        return true;
    }
    struct buffer what = {0};
    run->partition->differing++;
    buffer_append_format(&what, "it was decided by logic version %d, which this program lacks",
                         (int)run->event.as.head.logic_version);
    finding_add(run, &run->record, &run->event, what.data);
    buffer_deinit(&what);
    return false;
}

static void events_without_command(struct run *run) {
    run->partition->differing++;
    struct buffer what = {0};
    buffer_append_format(&what,
                         "it names command offset %" PRId64 ", and the next command is %" PRId64,
                         run->event.as.head.command_offset, run->command.offset);
    finding_add(run, &run->record, &run->event, what.data);
    buffer_deinit(&what);
}

static void partition_walk(struct run *run) {
    if (!event_next(run)) {
        return;
    }
    while (run->have_event) {
        if (!version_take(run)) {
            return;
        }
        if (!command_next(run)) {
            if (!run->partition->failed) {
                run->command.offset = replay_reader_end(run->commands);
                events_without_command(run);
            }
            return;
        }
        if (run->event.as.head.command_offset < run->command.offset) {
            events_without_command(run);
            return;
        }
        if (!command_decide(run)) {
            return;
        }
    }
}

static void witness_begin(struct run *run) {
    const struct replay_partition *partition = run->partition;
    run->witness = (struct replay_witness){
        .partition = partition->partition,
        .model = partition->model,
        .findings = &run->partition->findings,
        .fit_count = partition->fit_count,
    };
    memcpy(run->witness.fits, partition->fits, sizeof partition->fits);
    replay_watch_init(&run->witness.watch, partition->seals, partition->seal_count,
                      partition->partition, false);
    replay_watch_init(&run->commands_watch, partition->seals, partition->seal_count,
                      partition->partition, true);
    replay_witness_begin(&run->witness);
}

void replay_partition_run(struct replay_partition *partition) {
    struct run run = {.partition = partition};
    const struct term_position beginning = term_position_of_beginning();
    run.codec = codec_new();
    run.effects = reservation_effects_new(&reservation_heap);
    witness_begin(&run);
    run.events = replay_counted_new(partition->log, partition->partition, &beginning,
                                    &run.witness.judge, &partition->error);
    /* Commands are read after the events' end is known: every event's command is then there. */
    run.commands = run.events == NULL ? NULL
                                      : replay_reader_new(partition->log, TOPIC_COMMANDS,
                                                          partition->partition, &partition->error);
    if (run.commands != NULL) {
        atomic_store(&partition->event_end, replay_counted_end(run.events));
        partition->commands_end = replay_reader_end(run.commands);
        partition_walk(&run);
        run_end(&run);
    } else {
        partition->failed = true;
    }
    replay_reader_free(run.commands);
    replay_counted_free(run.events);
    replay_witness_deinit(&run.witness);
    reservation_effects_free(run.effects);
    codec_free(run.codec);
    arena_deinit(&run.decided);
    arena_deinit(&run.recorded);
}
