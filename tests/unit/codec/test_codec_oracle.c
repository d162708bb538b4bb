/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avro-c as the judge of the walker: what we write, avro-c reads by the registered schema and
 * writes again to the same bytes; and of bytes that are damaged, what we accept is what avro-c
 * reads.
 */
#include "tests/unit/support/codec_samples.h"

#include <avro.h>

#define SEEDS 40
#define DAMAGES 60

struct judge {
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
};

static struct judge *judges; /* of every registered schema, in their order */

static int judges_setup(void **state) {
    (void)setup(state);
    judges = calloc(codec_schema_count(), sizeof *judges);
    assert_non_null(judges);
    for (size_t i = 0; i < codec_schema_count(); i++) {
        struct text source = codec_schema_at(i)->source;
        struct judge *judge = &judges[i];
        assert_int_equal(avro_schema_from_json_length(source.data, source.size, &judge->schema), 0);
        judge->class = avro_generic_class_from_schema(judge->schema);
        assert_int_equal(avro_generic_value_new(judge->class, &judge->value), 0);
    }
    return 0;
}

static int judges_teardown(void **state) {
    for (size_t i = 0; i < codec_schema_count(); i++) {
        avro_value_decref(&judges[i].value);
        avro_value_iface_decref(judges[i].class);
        avro_schema_decref(judges[i].schema);
    }
    free(judges);
    return teardown(state);
}

static struct judge *judge_of(struct octets wire) {
    assert_true(wire.size > 5 && wire.data[0] == 0);
    uint32_t id = (uint32_t)wire.data[1] << 24 | (uint32_t)wire.data[2] << 16 |
                  (uint32_t)wire.data[3] << 8 | (uint32_t)wire.data[4];
    for (size_t i = 0; i < codec_schema_count(); i++) {
        if (codec_schema_at(i)->id == id) {
            return &judges[i];
        }
    }
    fail_msg("no schema %u", id);
    return NULL;
}

/* avro-c reads the record, all of it, and writes it as expected (after the prefix). */
static void expect_judged(struct octets wire, struct octets expected) {
    struct judge *judge = judge_of(wire);
    avro_reader_t reader =
        avro_reader_memory((const char *)wire.data + 5, (int64_t)(wire.size - 5));
    assert_int_equal(avro_value_read(reader, &judge->value), 0);
    avro_reader_free(reader);

    size_t size = 0;
    assert_int_equal(avro_value_sizeof(&judge->value, &size), 0);
    char *written = malloc(size + 1);
    assert_non_null(written);
    avro_writer_t writer = avro_writer_memory(written, (int64_t)size + 1);
    assert_int_equal(avro_value_write(writer, &judge->value), 0);
    assert_int_equal(avro_writer_tell(writer), expected.size - 5);
    assert_memory_equal(written, expected.data + 5, expected.size - 5);
    avro_writer_free(writer);
    free(written);
}

/* One bit of the binary is another. */
static void damage(struct sample *sample, uint8_t *data, size_t size) {
    size_t at = 5 + sample_index(sample, size - 5);
    data[at] ^= (uint8_t)(1u << sample_index(sample, 8));
}

#define JUDGED(name)                                                                               \
    static void judge_##name(struct sample *sample, int kind) {                                    \
        struct name record;                                                                        \
        sample_##name(sample, (enum name##_kind)kind, &record);                                    \
        uint32_t newest = codec_##name##_schema_id((enum name##_kind)kind);                        \
        struct octets wire = exact_copy(codec_##name##_encode_version(codec, &record, newest));    \
        expect_judged(wire, wire);                                                                 \
        for (int i = 0; i < DAMAGES; i++) {                                                        \
            struct octets damaged = exact_copy(wire);                                              \
            damage(sample, (uint8_t *)damaged.data, damaged.size);                                 \
            struct text reason;                                                                    \
            if (codec_##name##_decode(codec, &arena, damaged, &record, &reason)) {                 \
                expect_judged(damaged, codec_##name##_encode_version(codec, &record, newest));     \
            }                                                                                      \
            exact_free(damaged);                                                                   \
        }                                                                                          \
        exact_free(wire);                                                                          \
    }

JUDGED(command)
JUDGED(event)
JUDGED(ticket_record)
JUDGED(snapshot_record)
JUDGED(dead_letter_record)
JUDGED(claim_record)

static void judge_kinds(void (*judge)(struct sample *, int), int kinds) {
    for (int kind = 0; kind < kinds; kind++) {
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct sample sample = sample_of(seed);
            judge(&sample, kind);
            arena_reset(&arena);
        }
    }
}

static void test_avro_c_reads_and_writes_the_same(void **state) {
    (void)state;
    judge_kinds(judge_command, COMMAND_KIND_COUNT);
    judge_kinds(judge_event, EVENT_KIND_COUNT);
    judge_kinds(judge_ticket_record, TICKET_RECORD_KIND_COUNT);
    judge_kinds(judge_snapshot_record, SNAPSHOT_RECORD_KIND_COUNT);
    judge_kinds(judge_dead_letter_record, DEAD_LETTER_RECORD_KIND_COUNT);
    judge_kinds(judge_claim_record, CLAIM_RECORD_KIND_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_avro_c_reads_and_writes_the_same, judges_setup,
                                        judges_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
