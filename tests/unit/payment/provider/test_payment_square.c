/* SPDX-License-Identifier: Apache-2.0 */
/* Square's requests and responses, byte by byte, and the commands that report results. */
#include "payment/core/names.h"
#include "payment/daemon/report.h"
#include "payment/provider/square.h"

#include "runtime/base/identity.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The provider's API on both sides: what a row's step asks, and what a response means. */

static const struct payment_square square = {
    .url = "https://provider.example",
    .access_token = "secret",
    .version = "2026-09-16",
    .location_id = "",
    .delay_duration = "PT24H",
    .timeout_ms = 20000,
};

static struct payment_row row_of(enum payment_kind kind) {
    struct payment_row row = {
        .attempt = 2,
        .reported = true,
        .work =
            {
                .kind = kind,
                .step = payment_kind_first_step(kind),
                .amount_minor = 2500,
                .currency = "USD",
                .payment_id = "pay/1",
                .refund_id = "pay/1_ref",
            },
    };
    assert_true(uuid_parse("11111111-2222-3333-4444-555555555555", 36, &row.show_id));
    assert_true(uuid_parse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", 36, &row.reservation_id));
    return row;
}

static void call_check(const struct payment_row *row, const char *method, const char *path,
                       const char *body) {
    struct payment_square_call call;
    char url[256];
    payment_square_call_init(&call, &square, row);
    snprintf(url, sizeof url, "https://provider.example%s", path);
    assert_string_equal(call.request.method, method);
    assert_string_equal(call.request.url, url);
    assert_string_equal(call.request.headers[0], "Authorization: Bearer secret");
    assert_string_equal(call.request.headers[1], "Square-Version: 2026-09-16");
    assert_int_equal(call.request.timeout_ms, 20000);
    if (body == NULL) {
        assert_null(call.request.body);
        assert_null(call.request.headers[2]);
    } else {
        assert_string_equal(call.request.headers[2], "Content-Type: application/json");
        json_t *is = json_loads(call.request.body, 0, NULL);
        json_t *must_be = json_loads(body, 0, NULL);
        assert_non_null(must_be);
        if (!json_equal(is, must_be)) {
            fail_msg("body is %s", call.request.body);
        }
        json_decref(is);
        json_decref(must_be);
    }
    payment_square_call_deinit(&call);
}

/* The keys are UUIDv5 of the reservation and "authorize:2", "refund:2". */
#define AUTHORIZE_KEY "09b84a43-7f1c-52f7-90ab-8b647118b269"
#define REFUND_KEY "067630a4-d26d-5a73-a58a-37eb24f11840"

static void every_step_is_a_call(void **state) {
    (void)state;
    struct payment_row row = row_of(PAYMENT_AUTHORIZE);
    char source[] = "cnon:card-nonce-ok";
    row.source_id = source;
    call_check(&row, "POST", "/v2/payments",
               "{\"source_id\":\"cnon:card-nonce-ok\",\"idempotency_key\":\"" AUTHORIZE_KEY "\","
               "\"amount_money\":{\"amount\":2500,\"currency\":\"USD\"},\"autocomplete\":false,"
               "\"delay_action\":\"CANCEL\",\"delay_duration\":\"PT24H\","
               "\"reference_id\":\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\","
               "\"note\":\"Seatlog ERERESIiMzNERFVVVVVVVaqqqqq7u8zM3d3u7u7u7u4, attempt 2\"}");
    row.work.step = PAYMENT_STEP_CANCEL_BY_KEY;
    call_check(&row, "POST", "/v2/payments/cancel", "{\"idempotency_key\":\"" AUTHORIZE_KEY "\"}");
    row.work.step = PAYMENT_STEP_LOOK_UP;
    call_check(&row, "GET", "/v2/payments/pay%2F1", NULL);

    row = row_of(PAYMENT_CAPTURE);
    call_check(&row, "POST", "/v2/payments/pay%2F1/complete", NULL);
    row = row_of(PAYMENT_VOID);
    call_check(&row, "POST", "/v2/payments/pay%2F1/cancel", NULL);
    row = row_of(PAYMENT_REFUND);
    call_check(&row, "POST", "/v2/refunds",
               "{\"idempotency_key\":\"" REFUND_KEY "\",\"payment_id\":\"pay/1\","
               "\"amount_money\":{\"amount\":2500,\"currency\":\"USD\"},"
               "\"reason\":\"Order cancelled\"}");
    row.work.step = PAYMENT_STEP_LOOK_UP_REFUND;
    call_check(&row, "GET", "/v2/refunds/pay%2F1_ref", NULL);
}

static void list_asks_for_a_range_and_a_page(void **state) {
    (void)state;
    struct payment_square_call call;
    struct payment_square located = square;
    located.location_id = "L1";
    payment_square_list_init(&call, &located, 1700000000123, 1700000060000, "a+b=");
    assert_string_equal(call.request.url,
                        "https://provider.example/v2/payments?sort_order=ASC&limit=100"
                        "&begin_time=2023-11-14T22:13:20.123Z&end_time=2023-11-14T22:14:20.000Z"
                        "&location_id=L1&cursor=a%2Bb%3D");
    payment_square_call_deinit(&call);
}

static struct payment_answer answer_to(enum payment_step step, int status, const char *body) {
    struct payment_answer answer;
    struct http_response response = {
        .status = status,
        .body = body,
        .body_size = strlen(body),
        .retry_after_s = 3,
    };
    payment_square_answer(step, &response, &answer);
    return answer;
}

#define ERRORS(category, code)                                                                     \
    "{\"errors\":[{\"category\":\"" category "\",\"code\":\"" code "\",\"detail\":\"…\"}]}"
#define PAYMENT(status)                                                                            \
    "{\"payment\":{\"id\":\"p1\",\"status\":\"" status "\",\"amount_money\":{\"amount\":2500,"     \
    "\"currency\":\"USD\"}}}"

/* Only the provider's own definite words are a no; whatever else comes may have been acted upon. */
static void what_a_response_means(void **state) {
    (void)state;
    static const struct {
        enum payment_step step;
        int status;
        const char *body;
        enum payment_answer_kind kind;
        const char *code;
    } rows[] = {
        {PAYMENT_STEP_CREATE, 200, PAYMENT("APPROVED"), PAYMENT_ANSWER_PAYMENT, ""},
        {PAYMENT_STEP_CREATE, 402, ERRORS("PAYMENT_METHOD_ERROR", "CVV_FAILURE"),
         PAYMENT_ANSWER_REFUSED, "CVV_FAILURE"},
        {PAYMENT_STEP_CREATE, 400, ERRORS("PAYMENT_METHOD_ERROR", "CVV_FAILURE"),
         PAYMENT_ANSWER_REFUSED, "CVV_FAILURE"},
        {PAYMENT_STEP_CREATE, 404, ERRORS("INVALID_REQUEST_ERROR", "NOT_FOUND"),
         PAYMENT_ANSWER_REFUSED, "NOT_FOUND"},
        {PAYMENT_STEP_CREATE, 400, ERRORS("API_ERROR", "TEMPORARY_ERROR"), PAYMENT_ANSWER_UNKNOWN,
         ""},
        {PAYMENT_STEP_CREATE, 400, ERRORS("API_ERROR", "WHATEVER"), PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 400, "<html>a proxy says no</html>", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 404, "{}", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 404, "{\"errors\":[]}", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 404, "{\"errors\":\"none\"}", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 408, ERRORS("INVALID_REQUEST_ERROR", "REQUEST_TIMEOUT"),
         PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 409, ERRORS("INVALID_REQUEST_ERROR", "CONFLICT"),
         PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 500, PAYMENT("APPROVED"), PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 302, "", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 200, "", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 200, "{\"payment\":{}}", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 200, "{\"payment\":{\"id\":\"p1\",\"status\":\"DREAMT\"}}",
         PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 200, ERRORS("API_ERROR", "INTERNAL_SERVER_ERROR"),
         PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 200, "{\"payment\":{\"id\":7,\"status\":\"APPROVED\"}}",
         PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_CREATE, 401, ERRORS("AUTHENTICATION_ERROR", "UNAUTHORIZED"),
         PAYMENT_ANSWER_UNAUTHORIZED, ""},
        {PAYMENT_STEP_CREATE, 403, "", PAYMENT_ANSWER_UNAUTHORIZED, ""},
        {PAYMENT_STEP_CREATE, 429, "", PAYMENT_ANSWER_LATER, ""},
        {PAYMENT_STEP_CANCEL_BY_KEY, 200, "{}", PAYMENT_ANSWER_ACCEPTED, ""},
        {PAYMENT_STEP_CANCEL_BY_KEY, 200, "<html>", PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_COMPLETE, 200, PAYMENT("COMPLETED"), PAYMENT_ANSWER_PAYMENT, ""},
        {PAYMENT_STEP_REFUND, 200,
         "{\"refund\":{\"id\":\"r\",\"status\":\"REJECTED\",\"amount_money\":{}}}",
         PAYMENT_ANSWER_REFUND, ""},
        {PAYMENT_STEP_REFUND, 200, PAYMENT("COMPLETED"), PAYMENT_ANSWER_UNKNOWN, ""},
        {PAYMENT_STEP_REFUND, 400, ERRORS("REFUND_ERROR", "REFUND_AMOUNT_INVALID"),
         PAYMENT_ANSWER_REFUSED, "REFUND_AMOUNT_INVALID"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct payment_answer answer = answer_to(rows[i].step, rows[i].status, rows[i].body);
        if (answer.kind != rows[i].kind || strcmp(answer.code, rows[i].code) != 0) {
            fail_msg("%d %s\n  is %s %s, must be %s %s", rows[i].status, rows[i].body,
                     payment_answer_kind_name(answer.kind), answer.code,
                     payment_answer_kind_name(rows[i].kind), rows[i].code);
        }
    }
    assert_int_equal(answer_to(PAYMENT_STEP_CREATE, 429, "").retry_after_ms, 3000);
    assert_int_equal(answer_to(PAYMENT_STEP_CREATE, 503, "").retry_after_ms, 3000);
}

static void no_answer_at_all(void **state) {
    (void)state;
    struct payment_answer answer;
    struct http_response response = {.status = 0, .body = "", .failure = "refused"};
    response.sent_nothing = true;
    payment_square_answer(PAYMENT_STEP_CREATE, &response, &answer);
    assert_int_equal(answer.kind, PAYMENT_ANSWER_NOT_SENT);
    response.sent_nothing = false;
    payment_square_answer(PAYMENT_STEP_CREATE, &response, &answer);
    assert_int_equal(answer.kind, PAYMENT_ANSWER_UNKNOWN);
}

static void what_is_read_of_a_payment(void **state) {
    (void)state;
    struct payment_answer answer = answer_to(
        PAYMENT_STEP_LOOK_UP, 200,
        "{\"payment\":{\"id\":\"p1\",\"status\":\"COMPLETED\","
        "\"amount_money\":{\"amount\":2500,\"currency\":\"USD\"},"
        "\"total_money\":{\"amount\":2500,\"currency\":\"USD\"},"
        "\"approved_money\":{\"amount\":2000,\"currency\":\"USD\"},"
        "\"refunded_money\":{\"amount\":700,\"currency\":\"USD\"},\"refund_ids\":[\"r1\",\"r2\"],"
        "\"card_details\":{\"card\":{\"card_brand\":\"VISA\",\"last_4\":\"1111\"}}}}");
    assert_int_equal(answer.status, PAYMENT_STATUS_COMPLETED);
    assert_int_equal(answer.amount_minor, 2000);
    assert_int_equal(answer.refunded_minor, 700);
    assert_string_equal(answer.currency, "USD");
    assert_string_equal(answer.refund_id, "r2");
    assert_string_equal(answer.card_brand, "VISA");
    assert_string_equal(answer.card_last_4, "1111");

    answer =
        answer_to(PAYMENT_STEP_CREATE, 402,
                  "{\"errors\":[{\"category\":\"INVALID_REQUEST_ERROR\",\"code\":\"OTHER\"},"
                  "{\"category\":\"PAYMENT_METHOD_ERROR\",\"code\":\"CARD_DECLINED\"}],"
                  "\"payment\":{\"id\":\"p2\",\"status\":\"FAILED\",\"card_details\":{\"card\":"
                  "{\"card_brand\":\"MASTERCARD\",\"last_4\":\"99999\"}}}}");
    assert_int_equal(answer.kind, PAYMENT_ANSWER_REFUSED);
    assert_string_equal(answer.code, "CARD_DECLINED");
    assert_string_equal(answer.payment_id, "p2");
    assert_int_equal(strlen(answer.card_last_4), 4);
}

static void a_page_of_payments(void **state) {
    (void)state;
    static struct payment_list list;
    struct http_response response = {
        .status = 200,
        .body = "{\"payments\":[{\"id\":\"p1\",\"status\":\"APPROVED\",\"reference_id\":\"r\","
                "\"created_at\":\"2023-11-14T22:13:20.123Z\"}],\"cursor\":\"next\"}",
    };
    response.body_size = strlen(response.body);
    assert_true(payment_square_list_parse(&response, &list));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].reference_id, "r");
    assert_int_equal(list.items[0].created_ms, 1700000000000);
    assert_string_equal(list.cursor, "next");
    static const char *const wrong[] = {"", "[]", "{\"payments\":[7]}",
                                        "{\"payments\":[{\"id\":\"p1\"}]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        response.body = wrong[i];
        response.body_size = strlen(wrong[i]);
        assert_false(payment_square_list_parse(&response, &list));
    }
    response.body = "{}";
    response.body_size = 2;
    assert_true(payment_square_list_parse(&response, &list));
    assert_int_equal(list.count, 0);
    response.status = 500;
    assert_false(payment_square_list_parse(&response, &list));
}

static void a_result_becomes_its_command(void **state) {
    (void)state;
    static const struct {
        enum payment_kind kind;
        enum payment_result result;
        enum command_kind command;
    } rows[] = {
        {PAYMENT_AUTHORIZE, PAYMENT_RESULT_AUTHORIZED, COMMAND_PAYMENT_AUTHORIZED},
        {PAYMENT_AUTHORIZE, PAYMENT_RESULT_DECLINED, COMMAND_PAYMENT_DECLINED},
        {PAYMENT_CAPTURE, PAYMENT_RESULT_CAPTURED, COMMAND_PAYMENT_CAPTURED},
        {PAYMENT_CAPTURE, PAYMENT_RESULT_CAPTURE_FAILED, COMMAND_CAPTURE_FAILED},
        {PAYMENT_VOID, PAYMENT_RESULT_VOIDED, COMMAND_PAYMENT_VOIDED},
        {PAYMENT_REFUND, PAYMENT_RESULT_REFUNDED, COMMAND_REFUND_COMPLETED},
        {PAYMENT_REFUND, PAYMENT_RESULT_REFUND_FAILED, COMMAND_REFUND_FAILED},
    };
    struct codec *codec = codec_new();
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct payment_row row = row_of(rows[i].kind);
        struct command back;
        struct text reason;
        row.work.result = rows[i].result;
        snprintf(row.work.code, sizeof row.work.code, "CODE");
        struct command command = payment_report_command(&row);
        assert_int_equal(command.kind, rows[i].command);
        assert_true(codec_command_decode(codec, &arena, codec_command_encode(codec, &command),
                                         &back, &reason));
        assert_int_equal(back.kind, rows[i].command);
        assert_memory_equal(&back.as.head, &command.as.head, sizeof back.as.head);
        struct command again = payment_report_command(&row);
        assert_true(uuid_equal(&again.as.head.command_id, &command.as.head.command_id));
        row.attempt = 3;
        again = payment_report_command(&row);
        assert_false(uuid_equal(&again.as.head.command_id, &command.as.head.command_id));
    }
    arena_deinit(&arena);
    codec_free(codec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_a_call),
        cmocka_unit_test(list_asks_for_a_range_and_a_page),
        cmocka_unit_test(what_a_response_means),
        cmocka_unit_test(no_answer_at_all),
        cmocka_unit_test(what_is_read_of_a_payment),
        cmocka_unit_test(a_page_of_payments),
        cmocka_unit_test(a_result_becomes_its_command),
    };
    return cmocka_run_group_tests_name("payment square", tests, NULL, NULL);
}
