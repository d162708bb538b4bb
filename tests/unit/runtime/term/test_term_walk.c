/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random walk over a partition that fences itself. Two deciders of different logic claim, decide
 * ahead, are deposed and do not hear of it; claims land late, records are lost, doubled, half of a
 * command stays out; the log loses its tail and uses its offsets again; a reader skips records and
 * restarts from what it kept. All readers must see every command once, whole, in order, decided on
 * the state that the log has, and in the end all of them. Then the same with a reader that ignores
 * one thing: that must be noticed.
 */
#include "runtime/term/reader.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

#define SEEDS 300
#define SEEDS_WEAK 3000 /* until the first that is violated */
#define STEPS_WILD 400
#define STEPS_MAX 4000
#define LOG_MAX 16384
#define COMMANDS_MAX 400
#define QUEUE_MAX 8
#define EVENTS_MAX 2 /* of a command */
#define SNAPSHOTS_MAX 64
#define LATE_MAX 16
#define DECIDERS 2
#define HISTORY_COMMANDS 6

enum weakening {
    SOUND,
    NO_TERM,        /* whoever wrote it */
    NO_NONCE,       /* a term is its offset */
    NO_PREV,        /* whatever it stands on */
    NO_INDEX,       /* whatever came before it in its command */
    NO_LAST,        /* each event by itself */
    NO_REREAD,      /* what did not come is not there */
    OFFSET_ALONE,   /* a restart forgets term and cursor, and takes over those of what comes next */
    INSIDE_COMMAND, /* a restart goes on behind the last record seen */
    WEAKENINGS
};
static const char *const weakening_names[WEAKENINGS] = {
    "sound",   "no-term",   "no-nonce",     "no-prev",       "no-index",
    "no-last", "no-reread", "offset-alone", "inside-command"};

struct record {
    struct term_label label; /* TERM_LABEL_NONE: history */
    int64_t command;         /* its offset */
    uint64_t seen;           /* the state that it was decided on */
    uint64_t value;
    uint32_t index;
    bool last;
};

/* A reader with the state that it makes of what counts. */
struct follower {
    struct term_reader reader;
    int64_t at; /* the consumer's next offset */
    bool adopts;
    uint64_t state;
    int64_t count;   /* commands delivered */
    uint64_t before; /* the state before the command under way, of history */
    struct record held[EVENTS_MAX];
    uint32_t held_count;
    bool forgotten;
    bool doomed; /* it has read what the log has lost since */
};

struct decider {
    uint64_t version;
    bool assigned, live, lost;
    struct term term;
    struct follower fold; /* reads back */
    uint64_t state;       /* decided ahead */
    int64_t cursor, count;
    struct record queue[QUEUE_MAX + EVENTS_MAX];
    size_t queued;
};

static struct {
    enum weakening weakening;
    uint64_t random;
    struct record log[LOG_MAX];
    int64_t size;
    int64_t history;                /* so many of them are from before the terms */
    int64_t commands[COMMANDS_MAX]; /* their offsets */
    int64_t wanted;
    struct decider deciders[DECIDERS];
    size_t owner;
    struct follower live, shaky;
    struct follower snapshots[SNAPSHOTS_MAX];
    size_t snapshot_count;
    uint64_t late[LATE_MAX]; /* nonces of claims on their way */
    size_t late_count;
    bool calm;
    const char *violated;
} world;

/* --- chance --- */

static uint64_t mixed(uint64_t a, uint64_t b) {
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t drawn(void) { return world.random = mixed(world.random, 1); }
static uint64_t below(uint64_t bound) { return drawn() % bound; }
static bool chance(unsigned per_mille) { return below(1000) < per_mille; }
static bool mischance(unsigned per_mille) { return !world.calm && chance(per_mille); }

static void violated(const char *what) {
    if (world.violated == NULL) {
        world.violated = what;
    }
}

/* --- reading --- */

static struct follower follower_of(const struct term_position *position, uint64_t state,
                                   int64_t count) {
    struct follower follower = {.at = position->next_offset, .state = state, .count = count};
    term_reader_init(&follower.reader, position);
    return follower;
}

static struct follower follower_of_beginning(void) {
    struct term_position beginning = term_position_of_beginning();
    return follower_of(&beginning, 0, 0);
}

/* What a weakened reader makes of a label. */
static struct term_label weakened(struct follower *follower, struct term_label label) {
    struct term_position *position = &follower->reader.position;
    if (label.kind != TERM_LABEL_EVENT) {
        return label;
    }
    if (follower->adopts && label.term.offset < position->next_offset) {
        follower->adopts = false;
        position->term = label.term;
        position->cursor = label.prev;
    }
    switch (world.weakening) {
    case NO_TERM:
        label.term = position->term;
        break;
    case NO_NONCE:
        label.term.nonce =
            label.term.offset == position->term.offset ? position->term.nonce : label.term.nonce;
        break;
    case NO_PREV:
        label.prev = position->cursor;
        label.next = label.next > label.prev ? label.next : label.prev + 1;
        break;
    case NO_INDEX:
        label.index = follower->reader.held;
        break;
    case NO_LAST:
        label.last = true;
        break;
    default:
        break;
    }
    return label;
}

static void command_counts(struct follower *follower, const struct record *record, uint64_t seen) {
    if (follower->count >= world.wanted || record->command != world.commands[follower->count]) {
        violated("a command is missing, comes twice or out of its turn");
    }
    if (record->seen != seen) {
        violated("a command was decided on another state than the log's");
    }
    follower->count++;
}

static void delivered(struct follower *follower, const struct record *record) {
    uint64_t seen = follower->state;
    for (uint32_t i = 0; i < follower->held_count; i++) {
        follower->state = mixed(follower->state, follower->held[i].value);
    }
    if (record->index != follower->held_count || !record->last) {
        violated("a command is not whole");
    }
    follower->state = mixed(follower->state, record->value);
    follower->held_count = 0;
    command_counts(follower, record, seen);
}

static void history_counts(struct follower *follower, const struct record *record) {
    follower->before = record->index == 0 ? follower->state : follower->before;
    follower->state = mixed(follower->state, record->value);
    if (record->last) {
        command_counts(follower, record, follower->before);
    }
}

static void record_take(struct follower *follower, int64_t offset) {
    const struct record *record = &world.log[offset];
    struct term_label label = weakened(follower, record->label);
    enum term_verdict verdict =
        term_reader_feed(&follower->reader, offset, &label, record->command + 1);
    switch (verdict) {
    case TERM_HISTORY:
        history_counts(follower, record);
        break;
    case TERM_JOINS:
        if (follower->held_count == EVENTS_MAX) {
            violated("a command has no end");
            follower->held_count = 0;
        }
        follower->held[follower->held_count++] = *record;
        break;
    case TERM_DELIVERS:
        delivered(follower, record);
        break;
    case TERM_REREAD:
        follower->held_count = 0;
        follower->at =
            world.weakening == NO_REREAD ? offset : follower->reader.position.next_offset;
        break;
    case TERM_FORGOTTEN:
        follower->forgotten = true;
        break;
    case TERM_CLAIM:
        follower->held_count = 0;
        break;
    case TERM_PASSED:
    case TERM_STALE:
        follower->held_count = follower->reader.held;
        break;
    }
}

/* skips: a consumer that passes over a record now and then, though not what is read again; and not
 * in history, where gaps of offsets say nothing and nothing says what continues what. */
static void follow(struct follower *follower, bool skips) {
    bool goes_on = !follower->forgotten && !follower->doomed;
    while (goes_on && follower->at < world.size && world.violated == NULL) {
        int64_t offset = follower->at++;
        bool history = world.log[offset].label.kind == TERM_LABEL_NONE;
        if (skips && !history && offset > follower->reader.doubted_offset && mischance(20)) {
            continue;
        }
        record_take(follower, offset);
        goes_on = !follower->forgotten;
    }
    if (goes_on && term_reader_end(&follower->reader, follower->at)) {
        follower->held_count = 0;
        follower->at = follower->reader.position.next_offset;
        follow(follower, false);
    }
}

/* Through what is kept, as text. */
static void restarted(struct follower *follower) {
    char text[TERM_POSITION_TEXT_SIZE];
    struct term_position kept = follower->reader.position;
    kept.next_offset =
        world.weakening == INSIDE_COMMAND ? follower->reader.next_offset : kept.next_offset;
    size_t size = term_position_format(&kept, text);
    assert_true(term_position_parse(text, size, &kept));
    if (world.weakening == OFFSET_ALONE && kept.term.offset != TERM_NONE) {
        kept = (struct term_position){kept.next_offset, {.offset = TERM_NONE}, 0};
    }
    uint64_t before = follower->before;
    *follower = follower_of(&kept, follower->state, follower->count);
    follower->before = before;
    follower->adopts = world.weakening == OFFSET_ALONE;
}

/* --- the log --- */

static void append(const struct record *record) {
    assert_true(world.size < LOG_MAX);
    world.log[world.size++] = *record;
}

static void claim_append(uint64_t nonce) {
    append(&(struct record){.label = {.kind = TERM_LABEL_CLAIM, .term = {TERM_NONE, nonce}}});
}

static void command_sent(void) {
    if (world.wanted < COMMANDS_MAX) {
        int64_t last = world.wanted > 0 ? world.commands[world.wanted - 1] : -1;
        world.commands[world.wanted++] = last + 1 + (int64_t)below(2);
    }
}

/* Only what no reader has seen who cannot take back what it did; and of history, which would end
 * inside a command, none. */
static void tail_lost(void) {
    int64_t floor = world.live.reader.next_offset;
    floor = world.history > floor ? world.history : floor;
    floor = world.shaky.reader.next_offset > floor ? world.shaky.reader.next_offset : floor;
    if (world.size <= floor) {
        return;
    }
    world.size -= 1 + (int64_t)below((uint64_t)(world.size - floor));
    for (size_t i = 0; i < DECIDERS; i++) {
        struct decider *decider = &world.deciders[i];
        decider->fold.doomed = decider->fold.doomed || decider->fold.at > world.size;
        decider->lost =
            true; /* what it has in flight does not come back: it hears of it some time */
    }
    world.shaky.at = world.shaky.at > world.size ? world.size : world.shaky.at;
    world.owner = below(DECIDERS);
    world.deciders[world.owner].assigned = true;
}

/* --- deciders --- */

static void decider_stop(struct decider *decider) {
    decider->live = decider->lost = false;
    if (world.calm || chance(700)) {
        decider->queued = 0; /* else what is in flight lands yet */
    }
}

static void decider_claim(struct decider *decider) {
    if (mischance(100) && world.late_count < LATE_MAX) {
        world.late[world.late_count++] = drawn();
    }
    decider->queued = 0;
    decider->term = (struct term){world.size, drawn()};
    claim_append(decider->term.nonce);
    decider->fold = world.snapshots[below(world.snapshot_count)];
    follow(&decider->fold, false);
    decider->live =
        !decider->fold.forgotten && term_equal(&decider->fold.reader.position.term, &decider->term);
    decider->lost = false;
    decider->state = decider->fold.state;
    decider->cursor = decider->fold.reader.position.cursor;
    decider->count = decider->fold.count;
}

static void decider_decide(struct decider *decider) {
    if (decider->count >= world.wanted || decider->queued >= QUEUE_MAX) {
        return;
    }
    int64_t command = world.commands[decider->count];
    uint64_t told = mixed((uint64_t)command, decider->state);
    uint64_t seen = decider->state;
    uint32_t events = told % 3 == 0 ? EVENTS_MAX : 1;
    for (uint32_t i = 0; i < events; i++) {
        struct record record = {
            .label = {TERM_LABEL_EVENT, decider->term, decider->cursor, command + 1, i,
                      i + 1 == events},
            .command = command,
            .seen = seen,
            .value = mixed(mixed(told, decider->version), i),
            .index = i,
            .last = i + 1 == events,
        };
        decider->queue[decider->queued++] = record;
        decider->state = mixed(decider->state, record.value);
    }
    decider->cursor = command + 1;
    decider->count++;
}

static void first_of_queue_goes(struct decider *decider) {
    decider->queued--;
    memmove(decider->queue, decider->queue + 1, decider->queued * sizeof decider->queue[0]);
}

static void decider_deliver(struct decider *decider) {
    if (mischance(20)) {
        decider_stop(decider); /* the producer fails */
        return;
    }
    if (mischance(15) && decider->queued > 1) {
        first_of_queue_goes(decider); /* one is lost, the next ones land all the same */
        decider->lost = true;
    }
    append(&decider->queue[0]);
    if (mischance(15)) {
        append(&decider->queue[0]); /* written twice around a change of leader */
    }
    first_of_queue_goes(decider);
}

/* It reads its partition back. */
static void decider_hear(struct decider *decider) {
    follow(&decider->fold, false);
    bool deposed = !term_equal(&decider->fold.reader.position.term, &decider->term);
    bool told = decider->lost && decider->queued == 0 && chance(300);
    if (deposed || decider->fold.forgotten || decider->fold.reader.deaf || told) {
        decider_stop(decider);
    }
}

static void decider_step(size_t index) {
    struct decider *decider = &world.deciders[index];
    if (chance(world.calm ? 1000 : 10)) {
        decider->assigned = world.owner == index; /* news of the group */
    }
    if (mischance(400)) {
        return; /* it stands still */
    }
    if (!decider->assigned && (world.calm || chance(100))) {
        decider_stop(decider);
    }
    if (decider->assigned && !decider->live) {
        decider_claim(decider);
    } else if (decider->live && decider->assigned) {
        decider_decide(decider);
    }
    for (uint64_t i = below(4); i > 0 && decider->queued > 0; i--) {
        decider_deliver(decider);
    }
    if (decider->live && chance(500)) {
        decider_hear(decider);
    }
}

/* --- the walk --- */

/* A decider from before the terms: unlabelled events, and markers of transactions between them. */
static void history_make(void) {
    struct decider before = {.version = 7};
    for (int i = 0; i < HISTORY_COMMANDS; i++) {
        command_sent();
        decider_decide(&before);
        for (size_t event = 0; event < before.queued; event++) {
            before.queue[event].label = (struct term_label){.kind = TERM_LABEL_NONE};
            append(&before.queue[event]);
        }
        before.queued = 0;
    }
    world.history = world.size;
}

static void walk_begin(uint64_t seed, enum weakening weakening) {
    memset(&world, 0, sizeof world);
    world.weakening = weakening;
    world.random = mixed(seed, 77);
    if (chance(500)) {
        history_make();
    }
    for (size_t i = 0; i < DECIDERS; i++) {
        world.deciders[i].version = i + 1;
    }
    world.deciders[0].assigned = true;
    world.live = world.shaky = world.snapshots[0] = follower_of_beginning();
    world.snapshot_count = 1;
}

static void walk_step(void) {
    if (mischance(300)) {
        command_sent();
    }
    if (mischance(30)) {
        world.owner = below(DECIDERS);
    }
    if (mischance(40)) {
        tail_lost();
    }
    for (size_t i = 0; i < DECIDERS; i++) {
        decider_step(i);
    }
    if (world.late_count > 0 && (world.calm || chance(50))) {
        claim_append(world.late[--world.late_count]);
    }
    if (world.calm || chance(300)) {
        follow(&world.live, false);
    }
    if (world.calm || chance(300)) {
        follow(&world.shaky, true);
    }
    if (mischance(60)) {
        restarted(&world.shaky);
    }
    if (chance(50) && world.snapshot_count < SNAPSHOTS_MAX && world.live.held_count == 0) {
        struct follower *snapshot = &world.snapshots[world.snapshot_count++];
        *snapshot = follower_of(&world.live.reader.position, world.live.state, world.live.count);
        snapshot->before = world.live.before;
    }
    if (world.live.forgotten || world.shaky.forgotten) {
        violated("a reader was told that the log forgot what it did not");
    }
}

static bool is_over(void) {
    bool over = world.calm && world.late_count == 0 && world.live.count == world.wanted &&
                world.shaky.count == world.wanted;
    for (size_t i = 0; i < DECIDERS; i++) {
        over = over && world.deciders[i].queued == 0;
    }
    return over;
}

/* What was violated, or NULL. */
static const char *walked(uint64_t seed, enum weakening weakening) {
    walk_begin(seed, weakening);
    for (int step = 0; world.violated == NULL && !is_over(); step++) {
        world.calm = step >= STEPS_WILD;
        if (step == STEPS_MAX) {
            violated("a reader does not get on");
        }
        walk_step();
    }
    struct follower scratch = follower_of_beginning();
    follow(&scratch, false);
    if (scratch.state != world.live.state || scratch.state != world.shaky.state) {
        violated("readers have made different states of one log");
    }
    return world.violated;
}

static void all_readers_see_every_command_once_whole_and_in_order(void **state) {
    (void)state;
    int64_t records = 0, claims = 0, commands = 0, stale[TERM_STALE_COUNT] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const char *what = walked(seed, SOUND);
        if (what != NULL) {
            fail_msg("seed %llu: %s", (unsigned long long)seed, what);
        }
        records += world.size;
        commands += world.live.count;
        for (int64_t i = 0; i < world.size; i++) {
            claims += world.log[i].label.kind == TERM_LABEL_CLAIM;
        }
        for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
            stale[kind] += world.live.reader.stale[kind];
        }
    }
    printf("%d walks: %lld records, %lld commands, %lld claims; stale:", SEEDS, (long long)records,
           (long long)commands, (long long)claims);
    for (int kind = 0; kind < TERM_STALE_COUNT; kind++) {
        printf(" %s %lld", term_stale_name(kind), (long long)stale[kind]);
        assert_true(stale[kind] > 0);
    }
    putchar('\n');
}

static void a_reader_that_ignores_anything_is_caught(void **state) {
    (void)state;
    for (enum weakening weakening = SOUND + 1; weakening < WEAKENINGS; weakening++) {
        const char *what = NULL;
        uint64_t seed = 0;
        for (; what == NULL && seed < SEEDS_WEAK; seed++) {
            what = walked(seed, weakening);
        }
        if (what == NULL) {
            fail_msg("%s was not noticed in %d walks", weakening_names[weakening], SEEDS_WEAK);
        }
        printf("%-15s seed %llu: %s\n", weakening_names[weakening], (unsigned long long)seed - 1,
               what);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_readers_see_every_command_once_whole_and_in_order),
        cmocka_unit_test(a_reader_that_ignores_anything_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
