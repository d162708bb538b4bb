/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP server decides without a socket: JSON, parameters, origins, crowds. */
#include "ingest-api/admission/cors.h"
#include "ingest-api/admission/query.h"
#include "ingest-api/http/crowd.h"
#include "ingest-api/http/json.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refused_bytes(const char *body, size_t size, const char *words) {
    char reason[JSON_REASON_SIZE] = "";
    json_t *value = json_read(body, size, reason);
    if (value != NULL || strstr(reason, words) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", body, reason, words);
    }
}

static void refused(const char *body, const char *words) {
    refused_bytes(body, strlen(body), words);
}

static void test_what_is_no_json_is_refused_for_its_true_reason(void **state) {
    (void)state;
    refused("", "is empty");
    refused(" \r\n\t", "is empty");
    refused("{\"a\":\"b\\u0000\"}", "U+0000");
    refused("{\"a\\u0000\":1}", "U+0000");
    refused("{\"a\":9223372036854775808}", "too large");
    refused("{\"a\":-9223372036854775809}", "too large");
    refused("{\"a\":1e400}", "too large");
    refused("{\"a\":1e400}", "line 1, column 10");
    refused("{\"a\":1,\n \"a\":2}", "\"a\" stands twice");
    refused("{\"a\":1,\n \"a\":2}", "line 2");
    refused("{\"a\":[{\"b\":1,\"b\":1}]}", "stands twice");
    refused("\xef\xbb\xbf{}", "byte order mark");
    refused("{\"a\":\"\xff\"}", "not valid UTF-8");
    refused("{\"a\":\"\xed\xa0\x80\"}", "not valid UTF-8");
    refused("{\"a\":\"\xc0\xaf\"}", "not valid UTF-8");
    refused("{\"a\":\"\\ud800\"}", "line 1, column");
    refused("{\"a\":", "ends too early");
    refused("{\"a\":\"b", "ends too early");
    refused("{\"a\":1", "ends too early");
    refused("{} {}", "follows the end");
    refused("{\"a\":1,}", "line 1, column 8");
    refused("{\"a\":01}", "line 1, column");
    refused("{'a':1}", "line 1, column 2");
    refused("{\"a\":NaN}", "not JSON");
    refused("nonsense", "not JSON");
    refused("\x1f\x8b\x08", "line 1, column");
    refused_bytes("{\"a\":\"\0\"}", 9, "line 1, column");
}

static void test_json_is_bounded_before_it_is_parsed(void **state) {
    (void)state;
    static char deep[200], wide[JSON_VALUES_MAX * 2 + 10];
    char reason[JSON_REASON_SIZE];
    memset(deep, '[', JSON_DEPTH_MAX);
    memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    json_t *value = json_read(deep, 2 * JSON_DEPTH_MAX, reason);
    assert_non_null(value);
    json_decref(value);
    memset(deep, '[', sizeof deep);
    refused_bytes(deep, JSON_DEPTH_MAX + 1, "nested too deeply");
    refused("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\",}", "column");
    memset(wide, ',', sizeof wide);
    wide[0] = '[';
    refused_bytes(wide, JSON_VALUES_MAX + 1, "too many values");
    for (size_t i = 1; i < JSON_VALUES_MAX - 1; i += 2) {
        wide[i] = '1';
    }
    wide[JSON_VALUES_MAX - 1] = '1';
    wide[JSON_VALUES_MAX] = ']';
    struct json_measure measure;
    json_measure(wide, JSON_VALUES_MAX + 1, &measure);
    assert_true(measure.values <= JSON_VALUES_MAX);
    json_measure("{\"a,b\\\",[\": [1, {}]}", 20, &measure);
    assert_int_equal(measure.deepest, 3);
    assert_int_equal(measure.values, 4);
    assert_false(measure.fractions);
}

static void test_a_number_without_a_fraction_is_an_integer(void **state) {
    (void)state;
    char reason[JSON_REASON_SIZE];
    const char *body = "{\"a\":1.0,\"b\":[2e2,-0.0,{\"c\":3.000}],\"d\":1.5,\"e\":1e18,\"f\":1e19}";
    json_t *value = json_read(body, strlen(body), reason);
    assert_non_null(value);
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "{\"a\":1,\"b\":[200,0,{\"c\":3}],\"d\":1.5,\"e\":1000000000000000000,"
                        "\"f\":1e19}");
    free(text);
    json_decref(value);
}

static void nearest_is(const char *name, const char *expected) {
    size_t size = 0;
    const char *found = query_nearest("q city type from to page per_page", name, &size);
    if (expected == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(found, expected, size);
}

static void test_the_parameter_that_was_meant_is_named(void **state) {
    (void)state;
    nearest_is("citty", "city");
    nearest_is("ctiy", "city");
    nearest_is("query", "q");
    nearest_is("typ", "type");
    nearest_is("perpage", "per_page");
    nearest_is("pages", "page");
    nearest_is("Page", "page");
    nearest_is("sort", NULL);
    nearest_is("organizer", NULL);
    nearest_is("", NULL);
    nearest_is("a-name-that-is-much-too-long-for-any-parameter", NULL);
    size_t size;
    assert_null(query_nearest(NULL, "q", &size));
}

static void test_origins_are_compared_as_they_are(void **state) {
    (void)state;
    const char *list = "https://shop.example.com, http://localhost:3000";
    struct error error = {0};
    assert_true(cors_origins_check(list, &error));
    assert_true(cors_origins_check("", &error));
    assert_true(cors_origins_check("*", &error));
    assert_true(cors_origin_allowed(list, "https://shop.example.com"));
    assert_true(cors_origin_allowed(list, "http://localhost:3000"));
    assert_false(cors_origin_allowed(list, "http://shop.example.com"));
    assert_false(cors_origin_allowed(list, "https://shop.example.com:8443"));
    assert_false(cors_origin_allowed(list, "https://shop.example.com.evil.net"));
    assert_false(cors_origin_allowed(list, "https://evil.net"));
    assert_false(cors_origin_allowed(list, "null"));
    assert_false(cors_origin_allowed("", "https://shop.example.com"));
    assert_true(cors_origin_allowed("*", "https://evil.net"));
    static const char *const wrong[] = {"shop.example.com", "https://",   "https://a/",
                                        "https://A",        "ftp://a",    "null",
                                        "https://a/path",   "https://*.a"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(cors_origins_check(wrong[i], &error));
        assert_non_null(strstr(error.message, "cors_origins"));
    }
}

static const struct sockaddr *address(const char *text) {
    static struct sockaddr_in6 in6;
    static struct sockaddr_in in;
    in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    in = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        return (const struct sockaddr *)&in;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return (const struct sockaddr *)&in6;
}

static void test_no_address_takes_all_connections(void **state) {
    (void)state;
    struct crowd *crowd = crowd_new(&(struct crowd_limits){
        .total_max = 100, .address_max = 20, .trusted_proxies = "192.0.2.1"});
    for (int i = 0; i < 20; i++) {
        assert_true(crowd_admits(crowd, address("203.0.113.5")));
        crowd_enter(crowd, address("203.0.113.5"));
    }
    assert_false(crowd_admits(crowd, address("203.0.113.5")));
    assert_false(crowd_admits(crowd, address("::ffff:203.0.113.5")));
    assert_true(crowd_admits(crowd, address("203.0.113.6")));
    crowd_leave(crowd, address("203.0.113.5"));
    assert_true(crowd_admits(crowd, address("203.0.113.5")));
    crowd_enter(crowd, address("203.0.113.5"));
    for (int i = 0; i < 70; i++) { /* a proxy stands for many */
        assert_true(crowd_admits(crowd, address("192.0.2.1")));
        crowd_enter(crowd, address("192.0.2.1"));
    }
    assert_true(crowd_is_dense(crowd));
    for (int i = 0; i < CROWD_FEW; i++) { /* the reserve is for those with few */
        assert_true(crowd_admits(crowd, address("2001:db8::1")));
        crowd_enter(crowd, address("2001:db8::1"));
    }
    assert_false(crowd_admits(crowd, address("2001:db8::1")));
    assert_false(crowd_admits(crowd, address("2001:db8::ffff"))); /* the same /64 */
    assert_true(crowd_admits(crowd, address("2001:db8:0:1::1")));
    crowd_enter(crowd, address("198.51.100.1"));
    crowd_enter(crowd, address("198.51.100.2"));
    assert_false(crowd_admits(crowd, address("198.51.100.3"))); /* there are no more at all */
    assert_false(crowd_admits(crowd, address("192.0.2.1")));
    for (int i = 0; i < 70; i++) {
        crowd_leave(crowd, address("192.0.2.1"));
    }
    assert_false(crowd_is_dense(crowd));
    assert_true(crowd_admits(crowd, address("2001:db8::1")));
    crowd_free(crowd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_json_is_refused_for_its_true_reason),
        cmocka_unit_test(test_json_is_bounded_before_it_is_parsed),
        cmocka_unit_test(test_a_number_without_a_fraction_is_an_integer),
        cmocka_unit_test(test_the_parameter_that_was_meant_is_named),
        cmocka_unit_test(test_origins_are_compared_as_they_are),
        cmocka_unit_test(test_no_address_takes_all_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
