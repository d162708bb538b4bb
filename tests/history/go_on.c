/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kept history that goes on in terms. Of each partition of an exported folder the second half of
 * the commands is decided once more by the core of today, and its events are laid out as deciders
 * leave them that claim, are deposed, repeat themselves and lose what was on its way.
 *
 *   history_go_on FOLDER [FAULT]
 *
 * Prints what an audit must count as claims and as stale. With a FAULT one partition is wrong, in
 * the way of that name.
 */
#include "replay/log/log.h"
#include "replay/log/segment.h"
#include "reservation/daemon/heap.h"
#include "reservation/daemon/snapshot.h"
#include "reservation/decide.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"
#include "runtime/term/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_FOR_A_FAULT_MIN 8
#define SHOW_ID_AT 40 /* an octet of it, in the value of every event */

/* --- what is there, and what is decided of it --- */

struct records {
    struct replay_record *items;
    size_t count;
};

struct decision {
    const struct replay_record *command;
    struct octets *keys;
    struct octets *values;
    size_t count; /* of its events */
};

struct tale {
    const char *folder;
    const char *fault; /* of this partition, or "" */
    int32_t partition;
    int32_t partition_count;
    struct arena arena; /* of everything read, and decided */
    struct codec *codec;
    struct reservation_core *core;
    struct reservation_effects *effects;
    struct records commands;
    struct records events;
    struct decision *decisions;
    size_t decision_count;
    size_t snapshot_at; /* behind which decision the snapshots are taken */
    struct records snapshots;
    /* the log as it is laid out */
    FILE *file;
    int64_t offset;
    int64_t cursor;
    struct term term;
    struct term term_before;
    bool fresh;
    bool claims_lost; /* those that are written from now on are not on the log */
    uint64_t random;
};

static struct {
    uint64_t claims;
    uint64_t stale[TERM_STALE_COUNT];
    uint64_t halves;
} expected;

static void must(bool done, const struct error *error) {
    if (!done) {
        die("%s", error->message);
    }
}

static struct octets keep(struct tale *tale, struct octets octets) {
    return octets.data != NULL ? arena_octets_copy(&tale->arena, octets) : octets;
}

static void records_add(struct records *records, const struct replay_record *record) {
    records->items = reallocate(records->items, (records->count + 1) * sizeof *records->items);
    records->items[records->count++] = *record;
}

static void topic_read(struct tale *tale, const char *topic, struct records *out) {
    struct error error;
    struct replay_record record;
    enum replay_read read;
    struct replay_log *log = replay_log_open_directory(tale->folder, &error);
    must(log != NULL, &error);
    struct replay_reader *reader = replay_reader_new(log, topic, tale->partition, &error);
    must(reader != NULL, &error);
    while ((read = replay_reader_next(reader, &record, &error)) == REPLAY_READ_RECORD) {
        record.key = keep(tale, record.key);
        record.value = keep(tale, record.value);
        records_add(out, &record);
    }
    must(read == REPLAY_READ_END, &error);
    replay_reader_free(reader);
    replay_log_close(log);
}

/* The history: folded, and written as it is. */
static void history_keep(struct tale *tale, int64_t commands_end) {
    struct error error;
    for (size_t i = 0; i < tale->events.count; i++) {
        const struct replay_record *record = &tale->events.items[i];
        struct event event;
        struct text reason;
        if (!codec_event_decode(tale->codec, &tale->arena, record->value, &event, &reason)) {
            die("event %lld cannot be decoded", (long long)record->offset);
        }
        if (event.as.head.command_offset >= commands_end) {
            return;
        }
        reservation_core_apply(tale->core, &event);
        must(segment_append(tale->file, record, &error), &error);
        tale->offset = record->offset + 1;
        tale->cursor = event.as.head.command_offset + 1;
    }
}

static void decision_make(struct tale *tale, const struct replay_record *record,
                          struct decision *out) {
    const struct reservation_input input = {
        .partition = tale->partition,
        .partition_count = tale->partition_count,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .key = record->key,
        .value = record->value,
    };
    struct command command;
    struct text reason;
    reservation_decide(tale->core, tale->codec, &tale->arena, &input, tale->effects, &command,
                       &reason);
    const struct reservation_effects *effects = tale->effects;
    *out = (struct decision){.command = record, .count = effects->count};
    out->keys = arena_allocate_array(&tale->arena, effects->count, sizeof *out->keys);
    out->values = arena_allocate_array(&tale->arena, effects->count, sizeof *out->values);
    struct hash chain = reservation_decide_chain(tale->core, effects);
    for (size_t i = 0; i < effects->count; i++) {
        char key[UUID_TEXT_SIZE];
        uuid_format(&effects->events[i].as.head.show_id, key);
        out->values[i] = keep(tale, reservation_decide_encode(tale->codec, effects, i, &chain));
        out->keys[i] = keep(tale, (struct octets){(const uint8_t *)key, sizeof key - 1});
    }
    reservation_decide_seal(tale->core, effects, &chain);
}

static void shows_snapshot(struct tale *tale) {
    for (struct reservation_show *show = reservation_core_show_next(tale->core, NULL); show != NULL;
         show = reservation_core_show_next(tale->core, show)) {
        struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
        char key[UUID_TEXT_SIZE];
        reservation_core_show_snapshot(tale->core, show, tale->effects, &record.as.show_snapshot);
        uuid_format(&record.as.show_snapshot.show_id, key);
        const struct replay_record kept = {
            .offset = (int64_t)tale->snapshots.count,
            .key = keep(tale, (struct octets){(const uint8_t *)key, sizeof key - 1}),
            .value = keep(tale, codec_snapshot_record_encode(tale->codec, &record)),
        };
        records_add(&tale->snapshots, &kept);
    }
}

static void partition_snapshot(struct tale *tale) {
    static const char key[] = RESERVATION_SNAPSHOT_PARTITION_KEY;
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_PARTITION_SNAPSHOT};
    record.as.partition_snapshot = (struct snapshot_partition_snapshot){
        .partition = tale->partition,
        .events_offset = tale->offset,
        .cursor = tale->cursor,
        .term_offset = tale->term.offset,
        .term_nonce = (int64_t)tale->term.nonce ^ (strcmp(tale->fault, "snapshot") == 0),
    };
    const struct replay_record kept = {
        .offset = (int64_t)tale->snapshots.count,
        .key = {(const uint8_t *)key, sizeof key - 1},
        .value = keep(tale, codec_snapshot_record_encode(tale->codec, &record)),
    };
    records_add(&tale->snapshots, &kept);
}

/* --- how it is laid out --- */

static uint32_t drawn(struct tale *tale, uint32_t below) {
    tale->random = tale->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(tale->random >> 33) % below;
}

static bool is_fault(const struct tale *tale, const char *name) {
    return strcmp(tale->fault, name) == 0;
}

static void record_write(struct tale *tale, struct octets key, struct octets value,
                         const char *label, int64_t timestamp_ms) {
    struct error error;
    const struct replay_record record = {
        .offset = tale->offset++,
        .timestamp_ms = timestamp_ms,
        .key = key,
        .value = value,
        .label = {(const uint8_t *)label, label != NULL ? strlen(label) : 0},
    };
    must(segment_append(tale->file, &record, &error), &error);
}

static void claim_write(struct tale *tale) {
    struct claim_record record = {.kind = CLAIM_RECORD_CLAIMED};
    struct event_claimed *claimed = &record.as.claimed;
    struct term_label label = {.kind = TERM_LABEL_CLAIM};
    char text[TERM_LABEL_TEXT_SIZE];
    claimed->instance = TEXT_LITERAL("reservation-0");
    claimed->host = TEXT_LITERAL("localhost");
    claimed->logic_version = RESERVATION_LOGIC_VERSION;
    for (size_t i = 0; i < sizeof claimed->nonce.octets; i++) {
        claimed->nonce.octets[i] = (uint8_t)drawn(tale, 256);
        label.term.nonce = label.term.nonce << 8 | claimed->nonce.octets[i];
    }
    term_label_format(&label, text);
    tale->term_before = tale->term;
    tale->term = (struct term){tale->offset, label.term.nonce};
    tale->fresh = true;
    if (tale->claims_lost) {
        tale->offset++;
        return;
    }
    record_write(tale, (struct octets){0}, codec_claim_record_encode(tale->codec, &record), text,
                 0);
    expected.claims++;
}

/* Events from `first` to before `end` of a decision, labelled so. */
static void events_write(struct tale *tale, const struct decision *decision, size_t first,
                         size_t end, const struct term *term, int64_t prev, int64_t next) {
    for (size_t i = first; i < end; i++) {
        const struct term_label label = {.kind = TERM_LABEL_EVENT,
                                         .term = *term,
                                         .prev = prev,
                                         .next = next,
                                         .index = (uint32_t)i,
                                         .last = i + 1 == decision->count};
        char text[TERM_LABEL_TEXT_SIZE];
        term_label_format(&label, text);
        record_write(tale, decision->keys[i], decision->values[i], text,
                     decision->command->timestamp_ms);
    }
}

static int64_t next_of(const struct decision *decision) { return decision->command->offset + 1; }

static void deliver(struct tale *tale, const struct decision *decision) {
    events_write(tale, decision, 0, decision->count, &tale->term, tale->cursor, next_of(decision));
    tale->cursor = next_of(decision);
    tale->fresh = false;
}

static void holes_expect(const struct tale *tale, size_t count) {
    expected.stale[tale->fresh ? TERM_STALE_MISMATCH : TERM_STALE_HOLE] += count;
}

/* A copy without a header, one with a header that is none, one with two. */
static void unreadable_write(struct tale *tale, const struct decision *decision) {
    static const char *const labels[] = {NULL, "0-0 0 1 0 1", "claim 1\nclaim 2"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        record_write(tale, decision->keys[0], decision->values[0], labels[i],
                     decision->command->timestamp_ms);
        expected.stale[TERM_STALE_FOREIGN]++;
    }
}

/* What deciders leave on the log before a decision counts; next: the one after it, or NULL. */
static void mess_before(struct tale *tale, const struct decision *decision,
                        const struct decision *next) {
    bool several = decision->count > 1;
    switch (drawn(tale, 10)) {
    case 0: /* it is deposed in the middle of a command */
        if (several) {
            events_write(tale, decision, 0, decision->count - 1, &tale->term, tale->cursor,
                         next_of(decision));
            expected.halves += decision->count - 1;
        }
        claim_write(tale);
        break;
    case 1: /* the command is lost on its way, what was decided after it arrives */
        if (drawn(tale, 2) == 0) {
            claim_write(tale);
        }
        if (next != NULL) {
            events_write(tale, next, 0, next->count, &tale->term, next_of(decision), next_of(next));
            holes_expect(tale, next->count);
        }
        claim_write(tale);
        break;
    case 2: /* its first event is lost */
        if (several) {
            events_write(tale, decision, 1, decision->count, &tale->term, tale->cursor,
                         next_of(decision));
            holes_expect(tale, decision->count - 1);
        }
        claim_write(tale);
        break;
    case 3: /* another claims, and what the one before has in flight still arrives */
        claim_write(tale);
        events_write(tale, decision, 0, decision->count, &tale->term_before, tale->cursor,
                     next_of(decision));
        expected.stale[TERM_STALE_FOREIGN] += decision->count;
        break;
    case 4:
        unreadable_write(tale, decision);
        break;
    default:
        break;
    }
}

/* Returns false where the log ends with the fault. */
static bool fault_write(struct tale *tale, const struct decision *decision) {
    struct decision changed = *decision;
    if (is_fault(tale, "hole")) {
        tale->cursor = next_of(decision);
        return true;
    }
    if (is_fault(tale, "octet")) {
        changed.values[0] = keep(tale, decision->values[0]);
        ((uint8_t *)(uintptr_t)changed.values[0].data)[SHOW_ID_AT] ^= 1;
    }
    if (is_fault(tale, "unclaimed")) {
        tale->claims_lost = true;
        claim_write(tale);
    }
    deliver(tale, &changed);
    if (is_fault(tale, "twice")) {
        events_write(tale, decision, 0, decision->count, &tale->term, tale->cursor,
                     tale->cursor + 1);
        return false;
    }
    if (is_fault(tale, "forgotten")) {
        claim_write(tale);
        events_write(tale, decision, 0, decision->count, &tale->term, tale->cursor - 1,
                     tale->cursor);
        return false;
    }
    if (is_fault(tale, "label")) {
        events_write(tale, decision + 1, 0, decision[1].count, &tale->term, tale->cursor,
                     next_of(decision + 1) + 1);
        return false;
    }
    return true;
}

static void terms_write(struct tale *tale) {
    size_t fault_at = *tale->fault != '\0' ? tale->decision_count / 2 : SIZE_MAX;
    for (size_t i = 0; i < tale->decision_count; i++) {
        const struct decision *decision = &tale->decisions[i];
        if (i == 0) {
            claim_write(tale);
        }
        if (i == fault_at) {
            if (!fault_write(tale, decision)) {
                return;
            }
            continue;
        }
        if (*tale->fault == '\0') {
            mess_before(tale, decision, i + 1 < tale->decision_count ? decision + 1 : NULL);
        }
        int64_t prev = tale->cursor;
        deliver(tale, decision);
        if (i == tale->snapshot_at) {
            partition_snapshot(tale);
        }
        if (*tale->fault == '\0' && drawn(tale, 6) == 0) { /* its producer repeats itself */
            events_write(tale, decision, 0, decision->count, &tale->term, prev, next_of(decision));
            expected.stale[TERM_STALE_AGAIN] += decision->count;
        }
    }
}

/* --- files --- */

static FILE *segment_make(const struct tale *tale, const char *topic) {
    char *path = segment_path(tale->folder, topic, tale->partition);
    char made[4096];
    struct error error;
    snprintf(made, sizeof made, "%s.new", path);
    FILE *file = fopen(made, "wb");
    free(path);
    if (file == NULL) {
        die("cannot write %s", made);
    }
    must(segment_begin(file, &error), &error);
    return file;
}

static void segment_finish(const struct tale *tale, const char *topic, FILE *file, int64_t end) {
    char *path = segment_path(tale->folder, topic, tale->partition);
    char made[4096];
    struct error error;
    snprintf(made, sizeof made, "%s.new", path);
    must(segment_end(file, end, &error), &error);
    if (fclose(file) != 0 || rename(made, path) != 0) {
        die("cannot write %s", path);
    }
    free(path);
}

static void snapshots_write(struct tale *tale) {
    struct error error;
    FILE *file = segment_make(tale, TOPIC_SNAPSHOTS);
    for (size_t i = 0; i < tale->snapshots.count; i++) {
        must(segment_append(file, &tale->snapshots.items[i], &error), &error);
    }
    segment_finish(tale, TOPIC_SNAPSHOTS, file, (int64_t)tale->snapshots.count);
}

static void partition_tell(struct tale *tale) {
    topic_read(tale, TOPIC_COMMANDS, &tale->commands);
    topic_read(tale, TOPIC_EVENTS, &tale->events);
    size_t cut = tale->commands.count / 2;
    tale->decision_count = tale->commands.count - cut;
    tale->snapshot_at = tale->decision_count / 3;
    tale->decisions = allocate_zeroed(tale->decision_count + 1, sizeof *tale->decisions);
    if (tale->decision_count < COMMANDS_FOR_A_FAULT_MIN) {
        tale->fault = "";
    }
    tale->file = segment_make(tale, TOPIC_EVENTS);
    history_keep(tale, cut < tale->commands.count ? tale->commands.items[cut].offset : INT64_MAX);
    for (size_t i = 0; i < tale->decision_count; i++) {
        decision_make(tale, &tale->commands.items[cut + i], &tale->decisions[i]);
        if (i == tale->snapshot_at) {
            shows_snapshot(tale);
        }
    }
    terms_write(tale);
    segment_finish(tale, TOPIC_EVENTS, tale->file, tale->offset);
    snapshots_write(tale);
}

/* Whether the fault has found its place. */
static bool partition_go_on(const char *folder, int32_t partition, int32_t count,
                            const char *fault) {
    struct tale tale = {.folder = folder,
                        .fault = fault,
                        .partition = partition,
                        .partition_count = count,
                        .term.offset = TERM_NONE,
                        .random = (uint64_t)partition + 1};
    arena_init(&tale.arena);
    tale.codec = codec_new();
    tale.core = reservation_core_new(&reservation_heap);
    tale.effects = reservation_effects_new(&reservation_heap);
    partition_tell(&tale);
    bool faulty = *tale.fault != '\0';
    reservation_effects_free(tale.effects);
    reservation_core_free(tale.core);
    codec_free(tale.codec);
    free(tale.commands.items);
    free(tale.events.items);
    free(tale.snapshots.items);
    free(tale.decisions);
    arena_deinit(&tale.arena);
    return faulty;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs("usage: history_go_on FOLDER [FAULT]\n", stderr);
        return 2;
    }
    struct error error;
    struct replay_log *log = replay_log_open_directory(argv[1], &error);
    must(log != NULL, &error);
    int32_t count = replay_log_partitions(log, TOPIC_EVENTS, &error);
    must(count > 0, &error);
    replay_log_close(log);
    const char *fault = argc > 2 ? argv[2] : "";
    for (int32_t i = 0; i < count; i++) {
        if (partition_go_on(argv[1], i, count, fault)) {
            fault = "";
        }
    }
    printf("terms: claims %" PRIu64 ", stale", expected.claims);
    for (size_t kind = 0; kind < TERM_STALE_COUNT; kind++) {
        printf(" %s %" PRIu64 ",", term_stale_name((enum term_stale)kind), expected.stale[kind]);
    }
    printf(" of commands cut off %" PRIu64 "\n", expected.halves);
    return 0;
}
