/* SPDX-License-Identifier: Apache-2.0 */
/* The generated codec with made-up records of every kind: round trips, damage, noise, threads. */
#include "tests/unit/support/codec_samples.h"

#include <pthread.h>
#include <stdio.h>

#define SEEDS 60

/* ---- every kind of every topic ----------------------------------------------------------- */

/* For one union: the three checks below over all of its kinds. */
/* Events are written as their logic version wrote them: these tests look at the newest. */
static void command_newest(struct command *record) { (void)record; }
static void event_newest(struct event *record) { record->as.head.logic_version = INT32_MAX; }
static void ticket_record_newest(struct ticket_record *record) { (void)record; }
static void snapshot_record_newest(struct snapshot_record *record) { (void)record; }
static void dead_letter_record_newest(struct dead_letter_record *record) { (void)record; }
static void claim_record_newest(struct claim_record *record) { (void)record; }

#define UNION_CHECKS(name, KIND_COUNT)                                                             \
    static void name##_check_round_trip(enum name##_kind kind, uint64_t seed) {                    \
        struct name before;                                                                        \
        struct name after;                                                                         \
        struct text reason = {NULL, 0};                                                            \
        struct sample sample = sample_of(seed);                                                    \
        sample_##name(&sample, kind, &before);                                                     \
        name##_newest(&before);                                                                    \
        struct octets wire = exact_copy(codec_##name##_encode(codec, &before));                    \
        memset(&after, 0xA5, sizeof after);                                                        \
        bool decoded = codec_##name##_decode(codec, &arena, wire, &after, &reason);                \
        exact_free(wire);                                                                          \
        if (!decoded) {                                                                            \
            fail_msg("%s: %.*s", name##_kind_name(kind), TEXT_FORMAT(reason));                     \
        }                                                                                          \
        assert_int_equal(after.kind, kind);                                                        \
        assert_true(sample_##name##_equals(&before, &after));                                      \
    }                                                                                              \
    static void name##_check_truncated(enum name##_kind kind, uint64_t seed) {                     \
        struct name record;                                                                        \
        struct sample sample = sample_of(seed);                                                    \
        sample_##name(&sample, kind, &record);                                                     \
        name##_newest(&record);                                                                    \
        struct octets wire = exact_copy(codec_##name##_encode(codec, &record));                    \
        for (size_t size = 0; size < wire.size; size++) {                                          \
            struct text reason = {NULL, 0};                                                        \
            struct octets cut = exact_copy((struct octets){wire.data, size});                      \
            assert_false(codec_##name##_decode(codec, &arena, cut, &record, &reason));             \
            assert_true(reason.size > 0 && text_is_valid(reason));                                 \
            exact_free(cut);                                                                       \
        }                                                                                          \
        uint8_t *longer = malloc(wire.size + 1);                                                   \
        assert_non_null(longer);                                                                   \
        memcpy(longer, wire.data, wire.size);                                                      \
        longer[wire.size] = 0;                                                                     \
        struct text reason = {NULL, 0};                                                            \
        assert_false(codec_##name##_decode(codec, &arena, (struct octets){longer, wire.size + 1},  \
                                           &record, &reason));                                     \
        free(longer);                                                                              \
        exact_free(wire);                                                                          \
    }                                                                                              \
    static size_t name##_check_flipped(enum name##_kind kind, uint64_t seed) {                     \
        struct name record;                                                                        \
        size_t refused = 0;                                                                        \
        struct sample sample = sample_of(seed);                                                    \
        sample_##name(&sample, kind, &record);                                                     \
        name##_newest(&record);                                                                    \
        struct octets wire = exact_copy(codec_##name##_encode(codec, &record));                    \
        uint8_t *octets = (uint8_t *)wire.data;                                                    \
        for (size_t bit = 0; bit < wire.size * 8; bit++) {                                         \
            struct text reason = {NULL, 0};                                                        \
            octets[bit / 8] ^= (uint8_t)(1U << bit % 8);                                           \
            if (codec_##name##_decode(codec, &arena, wire, &record, &reason)) {                    \
                /* What is accepted is a real record: it can be written and read again. */         \
                struct name again;                                                                 \
                name##_newest(&record);                                                            \
                struct octets rewritten = codec_##name##_encode(codec, &record);                   \
                assert_true(codec_##name##_decode(codec, &arena, rewritten, &again, &reason));     \
                assert_true(sample_##name##_equals(&record, &again));                              \
            } else {                                                                               \
                assert_true(reason.size > 0);                                                      \
                refused++;                                                                         \
            }                                                                                      \
            octets[bit / 8] ^= (uint8_t)(1U << bit % 8);                                           \
            arena_reset(&arena);                                                                   \
        }                                                                                          \
        exact_free(wire);                                                                          \
        return refused;                                                                            \
    }                                                                                              \
    static void name##_check_noise(enum name##_kind kind, uint64_t seed) {                         \
        uint8_t noise[200];                                                                        \
        uint32_t id = codec_##name##_schema_id(kind);                                              \
        struct sample sample = sample_of(seed);                                                    \
        size_t size = 5 + sample_index(&sample, sizeof noise - 5);                                 \
        for (size_t i = 0; i < sizeof noise; i++) {                                                \
            noise[i] = (uint8_t)sample_bits(&sample);                                              \
        }                                                                                          \
        memcpy(noise,                                                                              \
               (uint8_t[]){0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),        \
                           (uint8_t)id},                                                           \
               5);                                                                                 \
        struct name record;                                                                        \
        struct text reason = {NULL, 0};                                                            \
        struct octets wire = exact_copy((struct octets){noise, size});                             \
        if (!codec_##name##_decode(codec, &arena, wire, &record, &reason)) {                       \
            assert_true(reason.size > 0);                                                          \
        }                                                                                          \
        exact_free(wire);                                                                          \
    }                                                                                              \
    static void test_##name##_round_trip(void **state) {                                           \
        (void)state;                                                                               \
        for (int kind = 0; kind < KIND_COUNT; kind++) {                                            \
            for (uint64_t seed = 0; seed < SEEDS; seed++) {                                        \
                name##_check_round_trip((enum name##_kind)kind, seed);                             \
                arena_reset(&arena);                                                               \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void test_##name##_hostile(void **state) {                                              \
        (void)state;                                                                               \
        for (int kind = 0; kind < KIND_COUNT; kind++) {                                            \
            name##_check_truncated((enum name##_kind)kind, 13);                                    \
            name##_check_truncated((enum name##_kind)kind, 3);                                     \
            assert_true(name##_check_flipped((enum name##_kind)kind, 10) >= 40);                   \
            for (uint64_t seed = 0; seed < SEEDS; seed++) {                                        \
                name##_check_noise((enum name##_kind)kind, seed);                                  \
                arena_reset(&arena);                                                               \
            }                                                                                      \
        }                                                                                          \
    }

UNION_CHECKS(command, COMMAND_KIND_COUNT)
UNION_CHECKS(event, EVENT_KIND_COUNT)
UNION_CHECKS(ticket_record, TICKET_RECORD_KIND_COUNT)
UNION_CHECKS(snapshot_record, SNAPSHOT_RECORD_KIND_COUNT)
UNION_CHECKS(dead_letter_record, DEAD_LETTER_RECORD_KIND_COUNT)
UNION_CHECKS(claim_record, CLAIM_RECORD_KIND_COUNT)

/* A codec is used for record after record: nothing of a large one is left in a small one. */
static void test_large_then_small(void **state) {
    (void)state;
    struct sample sample = {
        .arena = &arena, .state = 1, .count_max = 60, .text_characters_max = 90};
    for (int round = 0; round < 3; round++) {
        struct command large;
        struct command again;
        struct text reason = {NULL, 0};
        sample_command(&sample, COMMAND_CREATE_SHOW, &large);
        struct octets wire = exact_copy(codec_command_encode(codec, &large));
        assert_true(codec_command_decode(codec, &arena, wire, &again, &reason));
        assert_true(sample_command_equals(&large, &again));
        exact_free(wire);
        struct command small = {.kind = COMMAND_CREATE_SHOW};
        wire = codec_command_encode(codec, &small);
        assert_true(codec_command_decode(codec, &arena, wire, &again, &reason));
        assert_true(sample_command_equals(&small, &again));
        assert_int_equal(again.as.create_show.show.sections.count, 0);
        assert_int_equal(again.as.create_show.show.title.size, 0);
        arena_reset(&arena);
    }
}

/* A codec a thread: they share nothing that they write. */
static void *use_own_codec(void *result) {
    struct codec *own = codec_new();
    struct arena memory = {.first = NULL};
    struct sample sample = {.arena = &memory, .state = 5, .count_max = 3, .text_characters_max = 9};
    bool *good = result;
    *good = true;
    for (int i = 0; i < 20 * EVENT_KIND_COUNT; i++) {
        struct event event;
        struct event again;
        struct text reason = {NULL, 0};
        sample_event(&sample, (enum event_kind)(i % EVENT_KIND_COUNT), &event);
        event_newest(&event);
        *good =
            *good &&
            codec_event_decode(own, &memory, codec_event_encode(own, &event), &again, &reason) &&
            sample_event_equals(&event, &again);
        arena_reset(&memory);
    }
    arena_deinit(&memory);
    codec_free(own);
    return NULL;
}

static void test_a_codec_a_thread(void **state) {
    (void)state;
    pthread_t threads[4];
    bool good[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_own_codec, &good[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(good[i]);
    }
}

/* ---- for an independent reader: tests/unit/codec/test_schemas.py -------------------------------- */

#define PRINT_SAMPLES(name, KIND_COUNT)                                                            \
    for (int kind = 0; kind < KIND_COUNT; kind++) {                                                \
        for (uint64_t seed = 0; seed < 12; seed++) {                                               \
            struct name record;                                                                    \
            struct sample sample = sample_of(seed);                                                \
            sample_##name(&sample, (enum name##_kind)kind, &record);                               \
            name##_newest(&record);                                                                \
            sample_octets_print(stdout, codec_##name##_encode(codec, &record));                    \
            putchar('\t');                                                                         \
            sample_##name##_print(stdout, &record);                                                \
            putchar('\n');                                                                         \
        }                                                                                          \
    }

/* One line a record: its wire bytes, a tab, the record as JSON. */
static void print_samples(void) {
    PRINT_SAMPLES(command, COMMAND_KIND_COUNT)
    PRINT_SAMPLES(event, EVENT_KIND_COUNT)
    PRINT_SAMPLES(ticket_record, TICKET_RECORD_KIND_COUNT)
    PRINT_SAMPLES(snapshot_record, SNAPSHOT_RECORD_KIND_COUNT)
    PRINT_SAMPLES(dead_letter_record, DEAD_LETTER_RECORD_KIND_COUNT)
    PRINT_SAMPLES(claim_record, CLAIM_RECORD_KIND_COUNT)
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--print-samples") == 0) {
        setup(NULL);
        print_samples();
        return teardown(NULL);
    }
    const struct CMUnitTest tests[] = {
        TEST(test_command_round_trip),
        TEST(test_event_round_trip),
        TEST(test_ticket_record_round_trip),
        TEST(test_snapshot_record_round_trip),
        TEST(test_dead_letter_record_round_trip),
        TEST(test_claim_record_round_trip),
        TEST(test_command_hostile),
        TEST(test_event_hostile),
        TEST(test_ticket_record_hostile),
        TEST(test_snapshot_record_hostile),
        TEST(test_dead_letter_record_hostile),
        TEST(test_claim_record_hostile),
        TEST(test_large_then_small),
        TEST(test_a_codec_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
