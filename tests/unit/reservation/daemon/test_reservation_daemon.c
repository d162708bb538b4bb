/* SPDX-License-Identifier: Apache-2.0 */
/* The decider's adapters, one by one; what they do together is tested on a real cluster
 * (tests/chaos, tests/e2e). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* The four above must come before: */
#include <cmocka.h>

#include "reservation/daemon/daemon.h"
#include "reservation/daemon/envelope.h"
#include "reservation/daemon/latest.h"
#include "reservation/daemon/show_map.h"
#include "reservation/daemon/tick.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/producer.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a number for each show ------------------------------------------------------------------ */

static void a_show_has_its_own_number(void **state) {
    enum { SHOWS = 5000 };
    static char shows[SHOWS]; /* handles are addresses, never followed */
    (void)state;
    struct reservation_show_map *map = reservation_show_map_new();
    for (int i = 0; i < SHOWS; i++) {
        const struct reservation_show *show = (const void *)&shows[i];
        assert_int_equal(reservation_show_map_get(map, show), -1);
        reservation_show_map_set(map, show, i);
    }
    for (int i = 0; i < SHOWS; i += 2) {
        reservation_show_map_set(map, (const void *)&shows[i], i + 1000000);
    }
    for (int i = 0; i < SHOWS; i++) {
        assert_int_equal(reservation_show_map_get(map, (const void *)&shows[i]),
                         i % 2 == 0 ? i + 1000000 : i);
    }
    reservation_show_map_free(map);
    reservation_show_map_free(NULL);
}

/* --- the last value of each key ----------------------------------------------------------------
 */

static struct octets octets_of(const char *text) {
    return (struct octets){(const uint8_t *)text, strlen(text)};
}

static bool count_visit(void *context, struct octets key, struct octets value,
                        struct error *error) {
    int *left = context;
    assert_true(key.size > 0 && value.size > 0);
    return --*left != 0 || error_set(error, ERROR_PARK, "enough");
}

static void the_last_value_of_a_key_wins(void **state) {
    (void)state;
    struct reservation_latest *latest = reservation_latest_new();
    char key[32];
    char value[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3000; i++) {
            snprintf(key, sizeof key, "show-%d", i);
            /* Longer and shorter than the one before. */
            snprintf(value, sizeof value, "%d%s", i * 10 + round, round == 1 ? "-and-more" : "");
            reservation_latest_put(latest, octets_of(key), octets_of(value));
        }
    }
    struct octets found = reservation_latest_get(latest, octets_of("show-1234"));
    assert_int_equal(found.size, 5);
    assert_memory_equal(found.data, "12342", 5);
    assert_null(reservation_latest_get(latest, octets_of("show-3000")).data);

    reservation_latest_put(latest, octets_of("show-7"), (struct octets){0}); /* a tombstone */
    assert_null(reservation_latest_get(latest, octets_of("show-7")).data);
    reservation_latest_put(latest, (struct octets){0}, octets_of("no key")); /* is ignored */

    struct error error = {0};
    int left = -1;
    assert_true(reservation_latest_visit(latest, count_visit, &left, &error));
    assert_int_equal(left, -1 - 2999);
    left = 10;
    assert_false(reservation_latest_visit(latest, count_visit, &left, &error));
    assert_int_equal(error.action, ERROR_PARK);
    reservation_latest_free(latest);
}

/* --- headers -----------------------------------------------------------------------------------
 */

static const char *header(const rd_kafka_headers_t *headers, const char *name, char out[128]) {
    const void *value = NULL;
    size_t size = 0;
    out[0] = '\0';
    if (rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        assert_true(size < 128);
        memcpy(out, value, size);
        out[size] = '\0';
    }
    return out;
}

static void an_event_carries_the_headers_of_cloudevents(void **state) {
    (void)state;
    struct reservation_envelope envelope;
    reservation_envelope_init(&envelope, "reservation-3");
    snprintf(envelope.traceparent, sizeof envelope.traceparent, "%s",
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    envelope.waiter_size =
        (size_t)snprintf(envelope.waiter, sizeof envelope.waiter, "%s", "ingest-api-1");
    const struct event event = {
        .kind = EVENT_RESERVED,
        .as.head = {.command_id = {{0xab, [15] = 0x01}}, .command_offset = 41}};
    const char *key = "00000000-0000-0000-0000-00000000000a";
    rd_kafka_headers_t *headers = reservation_envelope_headers(&envelope, &event, 5, key, 2);
    char value[128];
    assert_string_equal(header(headers, "ce_specversion", value), "1.0");
    assert_string_equal(header(headers, "ce_id", value), "5-41-2");
    assert_string_equal(header(headers, "ce_type", value), "seatlog.events.Reserved");
    assert_string_equal(header(headers, "ce_source", value), "/seatlog/reservation-3");
    assert_string_equal(header(headers, "ce_subject", value), key);
    assert_string_equal(header(headers, "content-type", value), "application/avro");
    assert_string_equal(header(headers, "seatlog-command-id", value),
                        "ab000000-0000-0000-0000-000000000001");
    assert_string_equal(header(headers, "seatlog-waiter", value), "ingest-api-1");

    /* The same trace, a parent of its own. */
    header(headers, "traceparent", value);
    assert_int_equal(strlen(value), 55);
    assert_memory_equal(value, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    assert_memory_not_equal(value + 36, "b7ad6b7169203331", 16);
    rd_kafka_headers_destroy(headers);

    /* A command without a trace, whom nobody waits for. */
    envelope.traceparent[0] = '\0';
    envelope.waiter_size = 0;
    headers = reservation_envelope_headers(&envelope, &event, 5, key, 0);
    header(headers, "traceparent", value);
    assert_int_equal(strlen(value), 55);
    char child[56];
    traceparent_child(value, child);
    assert_memory_equal(child, value,
                        36); /* is well-formed, else the child would be of another trace */
    assert_string_equal(header(headers, "seatlog-waiter", value), "");
    rd_kafka_headers_destroy(headers);
}

/* --- ticks -------------------------------------------------------------------------------------
 */

#define NOW_MS 1800000000000LL
#define HOLD_TTL_MS 60000

static const struct uuid show_id = {{7, [15] = 1}};

static void step(struct reservation_core *core, const struct command *command, int64_t at_ms,
                 int64_t offset, enum event_kind expected) {
    struct reservation_effects *effects = reservation_effects_new(&reservation_heap);
    const struct reservation_record record = {
        .command = command, .broker_timestamp_ms = at_ms, .offset = offset};
    reservation_core_step(core, &record, effects);
    assert_int_equal(effects->events[0].kind, expected);
    reservation_effects_free(effects);
}

/* One show with one hold, which is over at NOW_MS + HOLD_TTL_MS. */
static struct reservation_core *core_with_a_hold(void) {
    struct reservation_core *core = reservation_core_new(&reservation_heap);
    const struct text seats[] = {TEXT_LITERAL("1"), TEXT_LITERAL("2")};
    const struct row row = {TEXT_LITERAL("A"), {seats, 2}};
    const struct category category = {TEXT_LITERAL("Stalls"), 1200};
    const struct section section = {
        .name = TEXT_LITERAL("Stalls"), .kind = SECTION_KIND_SEATED, .rows = {&row, 1}};
    const struct command create = {
        .kind = COMMAND_CREATE_SHOW,
        .as.create_show = {.head = {show_id, {{1}}},
                           .owner_id = {{2}},
                           .show = {.title = TEXT_LITERAL("Ghost"),
                                    .venue = TEXT_LITERAL("Pageant"),
                                    .city = TEXT_LITERAL("Chico"),
                                    .country = TEXT_LITERAL("US"),
                                    .starts_at = NOW_MS + 86400000,
                                    .ends_at = NOW_MS + 90000000,
                                    .time_zone = TEXT_LITERAL("America/Los_Angeles"),
                                    .currency = TEXT_LITERAL("USD"),
                                    .hold_ttl_ms = HOLD_TTL_MS,
                                    .seats_per_buyer_max = 2,
                                    .categories = {&category, 1},
                                    .sections = {&section, 1}}}};
    const int32_t seat = 1;
    const struct command reserve = {.kind = COMMAND_RESERVE,
                                    .as.reserve = {.head = {show_id, {{3}}},
                                                   .reservation_id = {{4}},
                                                   .buyer_id = {{5}},
                                                   .selection = SELECTION_NAMED,
                                                   .seats = {&seat, 1},
                                                   .section = -1,
                                                   .category = -1,
                                                   .keyed = true}};
    step(core, &create, NOW_MS, 0, EVENT_SHOW_CREATED);
    step(core, &reserve, NOW_MS, 1, EVENT_RESERVED);
    return core;
}

static int64_t commands_written(rd_kafka_t *client) {
    int64_t low = 0;
    int64_t high = 0;
    assert_int_equal(rd_kafka_query_watermark_offsets(client, TOPIC_COMMANDS, 0, &low, &high, 5000),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    return high;
}

/* The producer has a thread of its own. */
static void commands_await(rd_kafka_t *client, int64_t expected) {
    int64_t deadline_ms = clock_monotonic_ms() + 10000;
    while (commands_written(client) < expected && clock_monotonic_ms() < deadline_ms) {
        daemon_sleep_ms(20);
    }
    assert_int_equal(commands_written(client), expected);
}

static void ticks_come_late_once_and_again_when_lost(struct producer *producer,
                                                     rd_kafka_t *client) {
    struct reservation_core *core = core_with_a_hold();
    struct reservation_ticks *ticks = reservation_ticks_new(producer, 0, "reservation-0");
    const int64_t due_ms = NOW_MS + HOLD_TTL_MS;

    /* Not before 250 ms after the hold was over. */
    assert_true(reservation_ticks_send(ticks, core, NOW_MS) > 0);
    int wait_ms = reservation_ticks_send(ticks, core, due_ms + 100);
    assert_true(wait_ms > 0 && wait_ms <= 250);
    assert_int_equal(commands_written(client), 0);
    reservation_ticks_send(ticks, core, due_ms + 250);
    commands_await(client, 1);

    /* One outstanding, however often it is due. */
    for (int64_t ms = 251; ms < 9000; ms += 250) {
        reservation_ticks_send(ticks, core, due_ms + ms);
    }
    daemon_sleep_ms(200);
    commands_await(client, 1);

    /* Decided, and there is still work: at the earliest a second later. */
    reservation_ticks_seen(ticks, reservation_core_show_find(core, &show_id));
    reservation_ticks_send(ticks, core, due_ms + 10500);
    commands_await(client, 2);

    /* Lost. */
    reservation_ticks_send(ticks, core, due_ms + 12000);
    daemon_sleep_ms(200);
    commands_await(client, 2);
    reservation_ticks_send(ticks, core, due_ms + 22000);
    commands_await(client, 3);

    /* The hold has ended: nothing is due. */
    const struct command tick = {.kind = COMMAND_TICK, .as.tick.head = {show_id, {{9}}}};
    step(core, &tick, due_ms + 22100, 2, EVENT_HOLDS_EXPIRED);
    reservation_ticks_seen(ticks, reservation_core_show_find(core, &show_id));
    reservation_ticks_send(ticks, core, due_ms + 30000);
    daemon_sleep_ms(200);
    commands_await(client, 3);
    reservation_ticks_free(ticks);
    reservation_core_free(core);
}

static void ticks(void **state) {
    (void)state;
    char message[ERROR_MESSAGE_SIZE];
    rd_kafka_t *owner =
        rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), message, sizeof message);
    rd_kafka_mock_cluster_t *mock = rd_kafka_mock_cluster_new(owner, 1);
    rd_kafka_mock_topic_create(mock, TOPIC_COMMANDS, 1, 1);
    char servers[256];
    snprintf(servers, sizeof servers, "--kafka.bootstrap.servers=%s",
             rd_kafka_mock_cluster_bootstraps(mock));
    char *arguments[] = {"test", servers, NULL};
    struct error error = {0};
    struct config *config = config_load(daemon_options, NULL, 2, arguments, &error);
    assert_non_null(config);
    struct producer *producer = producer_new(config, "test");
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, kafka_conf_new(config, KAFKA_CONSUMER),
                                      message, sizeof message);
    commands_await(client, 0);
    ticks_come_late_once_and_again_when_lost(producer, client);
    producer_free(producer, 1000);
    rd_kafka_destroy(client);
    config_free(config);
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(owner);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_show_has_its_own_number),
        cmocka_unit_test(the_last_value_of_a_key_wins),
        cmocka_unit_test(an_event_carries_the_headers_of_cloudevents),
        cmocka_unit_test(ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
