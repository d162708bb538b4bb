/* SPDX-License-Identifier: Apache-2.0 */
/* Evolution: a codec generated from newer schemas (test_schemas_evolve.py) reads what was written
 * with the first ones. */

#include "tests/unit/support/codec_fixture.h"

static uint32_t first_id(const char *subject) {
    const struct codec_schema *schema =
        codec_schema_by_version((struct text){subject, strlen(subject)}, 1);
    assert_non_null(schema);
    return schema->id;
}

static uint8_t *put_prefix(uint8_t *at, uint32_t id) {
    const uint8_t prefix[5] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                               (uint8_t)id};
    memcpy(at, prefix, sizeof prefix);
    return at + sizeof prefix;
}

static uint8_t *put_repeated(uint8_t *at, uint8_t octet, size_t count) {
    memset(at, octet, count);
    return at + count;
}

#define RESERVE_SUBJECT "seatlog.commands-seatlog.commands.Reserve"
#define CANCEL_SHOW_SUBJECT "seatlog.commands-seatlog.commands.CancelShow"

/* A Reserve as its version 1 is written: the seats 5 and 6, category 3, quantity 2. */
static size_t reserve_version_1(uint8_t *wire, uint8_t selection) {
    uint8_t *at = put_prefix(wire, first_id(RESERVE_SUBJECT));
    for (uint8_t id = 1; id <= 4; id++) {
        at = put_repeated(at, id, 16);
    }
    const uint8_t rest[] = {(uint8_t)(selection * 2), 4, 10, 12, 0, 1, 6, 4};
    memcpy(at, rest, sizeof rest);
    return (size_t)(at - wire) + sizeof rest;
}

static void test_version_1_is_read_with_defaults(void **state) {
    (void)state;
    uint8_t wire[128];
    struct octets octets = {wire, reserve_version_1(wire, 1)};
    struct command command;
    struct text reason = {NULL, 0};
    memset(&command, 0xA5, sizeof command);
    if (!codec_command_decode(codec, &arena, octets, &command, &reason)) {
        fail_msg("%.*s", TEXT_FORMAT(reason));
    }
    const struct command_reserve *reserve = &command.as.reserve;
    assert_int_equal(command.kind, COMMAND_RESERVE);
    assert_int_equal(reserve->head.show_id.octets[0], 1);
    assert_int_equal(reserve->head.command_id.octets[0], 2);
    assert_int_equal(reserve->reservation_id.octets[0], 3);
    assert_int_equal(reserve->buyer_id.octets[0], 4);
    assert_int_equal(reserve->selection, SELECTION_BEST_AVAILABLE);
    assert_int_equal(reserve->seats.count, 2);
    assert_int_equal(reserve->seats.items[0], 5);
    assert_int_equal(reserve->seats.items[1], 6);
    assert_int_equal(reserve->section, -1);
    assert_int_equal(reserve->quantity, 2);
    assert_string_equal(reserve->note.data, "n\xc3\xa9 \"as is\"?\n");
    assert_int_equal(reserve->priority, INT32_MIN);
    assert_int_equal(reserve->tags.count, 0);
}

static void test_defaults_of_every_kind(void **state) {
    (void)state;
    uint8_t wire[128];
    uint8_t *at = put_prefix(wire, first_id(CANCEL_SHOW_SUBJECT));
    at = put_repeated(at, 7, 48);
    memcpy(at, "\x01\x08rain", 6);
    struct octets octets = {wire, (size_t)(at - wire) + 6};
    struct command command;
    struct text reason = {NULL, 0};
    memset(&command, 0xA5, sizeof command);
    assert_true(codec_command_decode(codec, &arena, octets, &command, &reason));
    const struct command_cancel_show *cancel = &command.as.cancel_show;
    assert_true(cancel->by_operator);
    assert_true(cancel->boolean_new);
    assert_true(cancel->long_new == INT64_MIN);
    assert_int_equal(cancel->bytes_new.size, 0);
    for (size_t i = 0; i < sizeof cancel->uuid_new.octets; i++) {
        assert_int_equal(cancel->uuid_new.octets[i], 0xF0 + i);
    }
    assert_int_equal(cancel->enum_new, WEATHER_STORM);
    assert_string_equal(cancel->record_new.name.data, "VIP");
    assert_int_equal(cancel->record_new.price_minor, 4200);
}

static void test_new_symbols_belong_to_the_new_version(void **state) {
    (void)state;
    uint8_t wire[128];
    struct octets octets = {wire, reserve_version_1(wire, SELECTION_STANDING)};
    struct command command;
    struct text reason = {NULL, 0};
    assert_false(codec_command_decode(codec, &arena, octets, &command, &reason));
    assert_non_null(strstr(reason.data, "Reserve v1: octet 69, selection: unknown enum symbol"));

    struct command newer = {.kind = COMMAND_RESERVE};
    const struct text tags[] = {TEXT_LITERAL("aisle"), TEXT_LITERAL("")};
    newer.as.reserve.selection = SELECTION_STANDING;
    newer.as.reserve.note = TEXT_LITERAL("wheelchair");
    newer.as.reserve.priority = 9;
    newer.as.reserve.tags = (struct texts){tags, 2};
    assert_true(codec_command_decode(codec, &arena, codec_command_encode(codec, &newer), &command,
                                     &reason));
    assert_int_equal(command.as.reserve.selection, SELECTION_STANDING);
    assert_string_equal(command.as.reserve.note.data, "wheelchair");
    assert_int_equal(command.as.reserve.priority, 9);
    assert_int_equal(command.as.reserve.tags.count, 2);
    assert_string_equal(command.as.reserve.tags.items[0].data, "aisle");
}

static void test_both_versions_are_served(void **state) {
    (void)state;
    struct text subject = TEXT_LITERAL(RESERVE_SUBJECT);
    const struct codec_schema *first = codec_schema_by_version(subject, 1);
    const struct codec_schema *latest = codec_schema_latest(subject);
    assert_non_null(first);
    assert_non_null(latest);
    assert_true(latest->version >= 2);
    assert_true(latest->id > first->id);
    assert_int_equal(codec_command_schema_id(COMMAND_RESERVE), latest->id);
    assert_null(memmem(first->source.data, first->source.size, "priority", 8));
    assert_non_null(memmem(latest->source.data, latest->source.size, "priority", 8));
    /* A kind keeps its place: kinds are in the order of the first versions. */
    assert_int_equal(COMMAND_CREATE_SHOW, 0);
    assert_int_equal(EVENT_SHOW_CREATED, 0);
    assert_true(codec_subject_count() < codec_schema_count());
}

/* An event is written as its logic version wrote it, to the byte; newer fields are left out. */
static void test_events_are_written_as_their_logic_did(void **state) {
    (void)state;
    struct event event = {.kind = EVENT_NOTED};
    event.as.noted.view.currency = TEXT_LITERAL("USD");
    event.as.noted.view.section = -1;
    event.as.noted.note = TEXT_LITERAL("new");
    struct text reason = {NULL, 0};
    struct event again;
    static const struct {
        int32_t logic_version, schema_version;
        const char *note;
    } samples[] = {{1, 1, "not said"}, {999, 1, "not said"}, {1000, 2, "new"}, {1001, 2, "new"}};
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        event.as.head.logic_version = samples[i].logic_version;
        struct octets wire = codec_event_encode(codec, &event);
        const struct codec_schema *schema = codec_schema_by_version(
            TEXT_LITERAL("seatlog.events-seatlog.events.Noted"), samples[i].schema_version);
        assert_int_equal(wire.data[3] << 8 | wire.data[4], schema->id);
        assert_true(codec_event_decode(codec, &arena, wire, &again, &reason));
        assert_string_equal(again.as.noted.note.data, samples[i].note);
        assert_string_equal(again.as.noted.view.currency.data, "USD");
    }
    struct event refused = {.kind = EVENT_REFUSED};
    refused.as.refused.limit = 7;
    refused.as.head.logic_version = 2;
    assert_true(
        codec_event_decode(codec, &arena, codec_event_encode(codec, &refused), &again, &reason));
    assert_int_equal(again.as.refused.limit, -1);
    refused.as.head.logic_version = 3;
    assert_true(
        codec_event_decode(codec, &arena, codec_event_encode(codec, &refused), &again, &reason));
    assert_int_equal(again.as.refused.limit, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_version_1_is_read_with_defaults),       TEST(test_defaults_of_every_kind),
        TEST(test_new_symbols_belong_to_the_new_version), TEST(test_both_versions_are_served),
        TEST(test_events_are_written_as_their_logic_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
