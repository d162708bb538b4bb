/* SPDX-License-Identifier: Apache-2.0 */
/* What ingest-api does before anything is published: routes, limits, times, preferences. */
#include "ingest-api/admission/admit.h"
#include "ingest-api/admission/rate.h"
#include "ingest-api/admission/session.h"
#include "ingest-api/calls/routes.h"
#include "ingest-api/catalog/local_time.h"
#include "ingest-api/commands/command.h"
#include "ingest-api/http/deadline.h"
#include "runtime/base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct route *route_of(const char *method, const char *path) {
    return router_match(ingest_routes, ingest_route_count, method, path).route;
}

static void test_routes_are_found_by_method_and_path(void **state) {
    (void)state;
    struct route_match match =
        router_match(ingest_routes, ingest_route_count, "GET", "/tickets/abc.pdf");
    assert_non_null(match.route);
    assert_string_equal(match.route->path, "/tickets/{ticket_id}.pdf");
    assert_int_equal(match.parameters[0].size, 3);
    assert_memory_equal(match.parameters[0].data, "abc", 3);

    match = router_match(ingest_routes, ingest_route_count, "GET",
                         "/subjects/seatlog.events-seatlog.events.Sold/versions/latest");
    assert_string_equal(match.route->path, "/subjects/{subject}/versions/{version}");
    assert_memory_equal(match.parameters[1].data, "latest", 6);

    assert_ptr_equal(route_of("HEAD", "/healthz"), route_of("GET", "/healthz"));
    assert_null(route_of("GET", "/tickets/.pdf"));
    assert_null(route_of("GET", "/tickets/abc.png"));
    assert_null(route_of("GET", "/events"));
    assert_null(route_of("GET", "/events/"));
    assert_ptr_equal(route_of("GET", "/healthz/"), route_of("GET", "/healthz"));
    assert_ptr_equal(route_of("GET", "/events/x/"), route_of("GET", "/events/x"));
    assert_null(route_of("GET", "/healthz//"));
    assert_null(route_of("GET", "//healthz"));
    assert_null(route_of("GET", "healthz"));
    assert_null(route_of("GET", "/"));
    assert_null(route_of("GET", ""));
    assert_null(route_of("GET", "/orders/x/cancel/y"));
}

static void test_a_path_with_other_methods_says_which(void **state) {
    (void)state;
    struct route_match match =
        router_match(ingest_routes, ingest_route_count, "PATCH", "/reservations/x");
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, HEAD, DELETE");
    match = router_match(ingest_routes, ingest_route_count, "GET", "/nothing");
    assert_string_equal(match.allow, "");
}

static void test_a_bucket_lets_its_burst_through_and_then_its_rate(void **state) {
    (void)state;
    struct rate_table *table = rate_table_new(2, 3, 64);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rate_take(table, "a", 1, 1, 1000), 0);
    }
    assert_int_equal(rate_take(table, "a", 1, 1, 1000), 1);
    assert_int_equal(rate_take(table, "b", 1, 1, 1000), 0); /* another client has its own */
    assert_int_equal(rate_take(table, "a", 1, 1, 1499), 1);
    assert_int_equal(rate_take(table, "a", 1, 1, 1500), 0); /* half a second gave one */
    assert_int_equal(rate_take(table, "a", 1, 1, 1500), 1);
    assert_int_equal(rate_take(table, "a", 1, 0, 1500), 1); /* looking tells the same … */
    assert_int_equal(rate_take(table, "a", 1, 0, 2000), 0);
    assert_int_equal(rate_take(table, "a", 1, 1, 2000), 0); /* … and takes nothing */
    assert_int_equal(rate_take(table, "a", 1, 1, 3600000), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rate_take(table, "a", 1, 1, 3600000), 0); /* never more than the burst */
    }
    assert_int_equal(rate_take(table, "a", 1, 1, 3600000), 1);
    rate_table_free(table);
}

static void test_the_busiest_client_stays_limited_among_many(void **state) {
    (void)state;
    struct rate_table *table = rate_table_new(1, 2, 64);
    assert_int_equal(rate_take(table, "busy", 4, 1, 0), 0);
    assert_int_equal(rate_take(table, "busy", 4, 1, 0), 0);
    for (int i = 0; i < 10000; i++) {
        rate_take(table, &i, sizeof i, 0, 0); /* each needs a place for a moment */
    }
    assert_true(rate_take(table, "busy", 4, 1, 0) > 0);
    rate_table_free(table);
    table = rate_table_new(0, 1, 64);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(rate_take(table, "any", 3, 1, 0), 0); /* no limit */
    }
    rate_table_free(table);
}

static int64_t order_seen[2000];
static size_t order_count;

static void deadline_note(struct deadline *deadline) {
    order_seen[order_count++] = deadline->due_ms;
}

static void test_deadlines_come_in_order_and_can_be_moved(void **state) {
    (void)state;
    struct deadline_heap heap = {0};
    struct deadline deadlines[1000] = {0};
    unsigned seed = 7;
    order_count = 0;
    assert_true(deadline_next_ms(&heap) == INT64_MAX);
    for (size_t i = 0; i < 1000; i++) {
        seed = seed * 1103515245u + 12345u;
        deadline_set(&heap, &deadlines[i], (int64_t)(seed >> 8) % 5000, deadline_note);
    }
    for (size_t i = 0; i < 1000; i += 3) {
        deadline_set(&heap, &deadlines[i], deadlines[i].due_ms / 2, deadline_note);
    }
    for (size_t i = 1; i < 1000; i += 3) {
        deadline_cancel(&heap, &deadlines[i]);
        deadline_cancel(&heap, &deadlines[i]); /* twice is fine */
    }
    deadline_run(&heap, 2500);
    size_t early = order_count;
    for (size_t i = 0; i < order_count; i++) {
        assert_true(order_seen[i] <= 2500);
    }
    deadline_run(&heap, 5000);
    assert_true(early > 0 && early < order_count);
    assert_int_equal(order_count, 1000 - 333);
    for (size_t i = 1; i < order_count; i++) {
        assert_true(order_seen[i - 1] <= order_seen[i]);
    }
    deadline_heap_deinit(&heap);
}

static void prefer_is(const char *prefer, int wait_ms, bool respond_async) {
    struct preferences read = {.wait_ms = 5000};
    admit_prefer_parse(prefer, &read);
    assert_int_equal(read.wait_ms, wait_ms);
    assert_int_equal(read.respond_async, respond_async);
}

static void test_prefer_is_met_as_far_as_possible(void **state) {
    (void)state;
    prefer_is(NULL, 5000, false);
    prefer_is("wait=10", 10000, false);
    prefer_is("handling=lenient, Wait = 0 , respond-async", 0, true);
    prefer_is("wait=\"7\"; foo=bar", 7000, false);
    prefer_is("wait=3, wait=9", 3000, false);
    prefer_is("wait=31", 30000, false);
    prefer_is("wait=99999999999999999999", 30000, false);
    prefer_is("wait=-1", 5000, false);
    prefer_is("wait=ten", 5000, false);
    prefer_is("wait=5s", 5000, false);
    prefer_is("wait", 5000, false);
    prefer_is("wait=", 5000, false);
    prefer_is("waiter=1, respond-asynchronously", 5000, false);
    prefer_is("foo=\"a, wait=1, respond-async\", wait=2", 2000, false);
    prefer_is("foo=\"\\\"\", wait=4", 4000, false);
}

static void address_is(const char *peer, const char *forwarded, const char *trusted,
                       const char *expected) {
    char out[64];
    admit_client_address(peer, forwarded, trusted, out, sizeof out);
    assert_string_equal(out, expected);
}

static void test_only_trusted_proxies_say_who_the_client_is(void **state) {
    (void)state;
    address_is("192.0.2.9", NULL, "", "192.0.2.9");
    address_is("192.0.2.9", "198.51.100.1", "", "192.0.2.9");
    address_is("192.0.2.9", "198.51.100.1", "192.0.2.9", "198.51.100.1");
    address_is("192.0.2.9", "203.0.113.5, 198.51.100.1", "192.0.2.9", "198.51.100.1");
    address_is("192.0.2.9", "203.0.113.5 , 198.51.100.1", "198.51.100.1, 192.0.2.9", "203.0.113.5");
    address_is("192.0.2.9", "2001:db8::1", "192.0.2.9", "2001:db8::1");
    address_is("192.0.2.9", "nonsense", "192.0.2.9", "192.0.2.9");
    address_is("192.0.2.9", ", ,", "192.0.2.9", "192.0.2.9");
}

static void test_times_are_written_and_read(void **state) {
    (void)state;
    char text[TIME_TEXT_SIZE];
    struct time_said said = time_parse("2026-12-01T20:15:00-08:00");
    assert_int_equal(said.form, TIME_IS_OFFSET);
    assert_int_equal(said.offset_s, -8 * 3600);
    assert_string_equal(time_format(said.at_ms, text), "2026-12-02T04:15:00.000Z");
    assert_string_equal(time_format_local(said.at_ms, TEXT_LITERAL("America/Los_Angeles"), text),
                        "2026-12-01T20:15:00-08:00");
    said = time_parse("2026-07-01T12:00:00.25Z");
    assert_int_equal(said.form, TIME_IS_UTC);
    assert_string_equal(time_format(said.at_ms, text), "2026-07-01T12:00:00.250Z");
    assert_string_equal(time_format_local(said.at_ms, TEXT_LITERAL("America/Los_Angeles"), text),
                        "2026-07-01T05:00:00-07:00"); /* summer time */
    assert_string_equal(time_format_local(said.at_ms, TEXT_LITERAL("Asia/Kolkata"), text),
                        "2026-07-01T17:30:00+05:30");
    assert_string_equal(time_format_local(said.at_ms, TEXT_LITERAL("Nowhere/Else"), text),
                        "2026-07-01T12:00:00.250Z");
    assert_string_equal(time_format_local(said.at_ms, TEXT_LITERAL("GMT+9"), text),
                        "2026-07-01T12:00:00.250Z"); /* a rule of POSIX, no name */
    said = time_parse("2028-02-29");
    assert_int_equal(said.form, TIME_IS_DATE);
    assert_string_equal(time_format(said.at_ms, text), "2028-02-29T00:00:00.000Z");
}

static void test_command_positions_survive_the_way_through_a_location(void **state) {
    (void)state;
    struct command_position position = {.known = true, .partition = 3, .offset = 123456789012};
    struct command_position read;
    char text[COMMAND_POSITION_SIZE];
    command_position_format(&position, text);
    assert_string_equal(text, "3-123456789012");
    assert_true(command_position_parse(text, &read));
    assert_true(read.known && read.partition == 3 && read.offset == 123456789012);

    position = (struct command_position){.partition = 5, .sent_ms = 1795503225000};
    command_position_format(&position, text);
    assert_string_equal(text, "~5-1795503225000");
    assert_true(command_position_parse(text, &read));
    assert_true(!read.known && read.partition == 5 && read.sent_ms == 1795503225000);

    static const char *const wrong[] = {"",     "3",        "3-",   "-3",   "3-4x",
                                        "3--4", "a-b",      "~",    "~3",   "~~3-4",
                                        "3-4 ", "999999-1", " 3-4", "+3-4", "3 -4"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(command_position_parse(wrong[i], &read));
    }
    assert_false(command_position_parse("3-99999999999999999999999", &read));
}

static void test_tokens_are_random_and_known_by_their_hash(void **state) {
    (void)state;
    char first[SESSION_TOKEN_SIZE];
    char second[SESSION_TOKEN_SIZE];
    struct hash first_hash;
    struct hash second_hash;
    struct hash again;
    session_token_new(first, &first_hash);
    session_token_new(second, &second_hash);
    assert_string_not_equal(first, second);
    assert_memory_not_equal(first_hash.octets, second_hash.octets, sizeof first_hash.octets);
    assert_true(session_token_hash(first, &again));
    assert_memory_equal(first_hash.octets, again.octets, sizeof again.octets);
    assert_false(session_token_hash("", &again));
    assert_false(session_token_hash("short", &again));
    first[10] = '!';
    assert_false(session_token_hash(first, &again));
}

static void test_roles_are_read_from_the_database(void **state) {
    (void)state;
    assert_int_equal(session_roles_parse("{}"), 0);
    assert_int_equal(session_roles_parse("{buyer}"), ROLE_BUYER);
    assert_int_equal(session_roles_parse("{buyer,operator}"), ROLE_BUYER | ROLE_OPERATOR);
    assert_int_equal(session_roles_parse("{superuser,gate}"), ROLE_GATE);
    assert_int_equal(session_roles_parse(NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_are_found_by_method_and_path),
        cmocka_unit_test(test_a_path_with_other_methods_says_which),
        cmocka_unit_test(test_a_bucket_lets_its_burst_through_and_then_its_rate),
        cmocka_unit_test(test_the_busiest_client_stays_limited_among_many),
        cmocka_unit_test(test_deadlines_come_in_order_and_can_be_moved),
        cmocka_unit_test(test_prefer_is_met_as_far_as_possible),
        cmocka_unit_test(test_only_trusted_proxies_say_who_the_client_is),
        cmocka_unit_test(test_times_are_written_and_read),
        cmocka_unit_test(test_command_positions_survive_the_way_through_a_location),
        cmocka_unit_test(test_tokens_are_random_and_known_by_their_hash),
        cmocka_unit_test(test_roles_are_read_from_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
