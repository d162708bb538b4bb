/* SPDX-License-Identifier: Apache-2.0 */
/* What makes two requests under one Idempotency-Key the same. */
#include "ingest-api/admission/idempotency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct hash hash_of(const char *method, const char *path, const char *body) {
    json_t *json = body != NULL ? json_loads(body, 0, NULL) : NULL;
    struct hash hash;
    idempotency_request_hash(method, path, json, "password", &hash);
    json_decref(json);
    return hash;
}

static bool same_body(const char *left, const char *right) {
    struct hash first = hash_of("POST", "/reserve", left);
    struct hash second = hash_of("POST", "/reserve", right);
    return memcmp(&first, &second, sizeof first) == 0;
}

static void test_requests_that_ask_for_the_same_are_the_same(void **state) {
    (void)state;
    assert_true(same_body("{\"a\":1,\"b\":[\"x\",true]}", "{ \"b\": [\"x\", true], \"a\": 1 }"));
    assert_true(same_body("{\"a\":2}", "{\"a\":2.0}"));
    assert_true(same_body("{\"a\":\"\\u00e9\"}", "{\"a\":\"é\"}"));
    assert_true(same_body(NULL, "{}"));
    assert_true(same_body("{\"ticket_ids\":[\"1\",\"2\"]}", "{\"ticket_ids\":[\"2\",\"1\"]}"));
    assert_false(same_body("{\"ticket_ids\":[\"1\",\"2\"]}", "{\"ticket_ids\":[\"12\"]}"));
    assert_false(same_body("{\"ticket_ids\":[\"1\",\"1\"]}", "{\"ticket_ids\":[\"1\"]}"));
    assert_true(same_body("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":1}}"));
}

static void test_whatever_differs_makes_another_request(void **state) {
    (void)state;
    static const char *const bodies[] = {"{}",
                                         "{\"a\":null}",
                                         "{\"a\":false}",
                                         "{\"a\":true}",
                                         "{\"a\":0}",
                                         "{\"a\":1}",
                                         "{\"a\":1.5}",
                                         "{\"a\":\"1\"}",
                                         "{\"a\":\"\"}",
                                         "{\"a\":[]}",
                                         "{\"a\":{}}",
                                         "{\"a\":[1,2]}",
                                         "{\"a\":[2,1]}",
                                         "{\"a\":[[1],2]}",
                                         "{\"a\":[[1,2]]}",
                                         "{\"a\":1,\"b\":1}",
                                         "{\"b\":1}",
                                         "{\"ab\":\"c\"}",
                                         "{\"a\":\"bc\"}",
                                         "{\"a\":{\"password\":1}}"};
    size_t count = sizeof bodies / sizeof bodies[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(same_body(bodies[i], bodies[j]), i == j);
        }
    }
    struct hash post = hash_of("POST", "/orders/a/cancel", NULL);
    struct hash other = hash_of("POST", "/orders/b/cancel", NULL);
    struct hash delete = hash_of("DELETE", "/orders/a/cancel", NULL);
    assert_memory_not_equal(&post, &other, sizeof post);
    assert_memory_not_equal(&post, &delete, sizeof post);
}

static void test_a_secret_leaves_no_trace(void **state) {
    (void)state;
    assert_true(same_body("{\"username\":\"a\",\"password\":\"one\"}",
                          "{\"username\":\"a\",\"password\":\"two\"}"));
    assert_false(same_body("{\"username\":\"a\",\"password\":\"one\"}",
                           "{\"username\":\"b\",\"password\":\"one\"}"));
}

static void test_keys_are_visible_characters(void **state) {
    (void)state;
    char long_key[IDEMPOTENCY_KEY_SIZE_MAX + 2];
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    assert_false(idempotency_key_valid(long_key));
    assert_true(idempotency_key_valid(long_key + 1));
    assert_true(idempotency_key_valid("!"));
    assert_true(idempotency_key_valid("~"));
    assert_true(idempotency_key_valid("\"8e03978e-40d5-43e8-bc93-6894a57f9324\""));
    assert_false(idempotency_key_valid(""));
    assert_false(idempotency_key_valid("a b"));
    assert_false(idempotency_key_valid("a\t"));
    assert_false(idempotency_key_valid("\x7f"));
    assert_false(idempotency_key_valid("é"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_that_ask_for_the_same_are_the_same),
        cmocka_unit_test(test_whatever_differs_makes_another_request),
        cmocka_unit_test(test_a_secret_leaves_no_trace),
        cmocka_unit_test(test_keys_are_visible_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
