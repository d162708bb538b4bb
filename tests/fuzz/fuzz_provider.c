/* SPDX-License-Identifier: Apache-2.0 */
#include "payment/core/core.h"
#include "payment/core/names.h"
#include "payment/provider/square.h"
#include "tests/fuzz/fuzz.h"

/*
 * What a payment provider may answer: the first three bytes choose the call and the status. An
 * answer is of a kind that the core knows, and the core survives it.
 */
static const struct payment_limits limits = {.retry_base_ms = 200,
                                             .retry_maximum_ms = 60000,
                                             .buyer_retry_maximum_ms = 5000,
                                             .settle_ms = 60000,
                                             .refund_poll_ms = 2000,
                                             .operator_retry_ms = 3600000};

static enum payment_kind kind_of(enum payment_step step) {
    switch (step) {
    case PAYMENT_STEP_COMPLETE:
        return PAYMENT_CAPTURE;
    case PAYMENT_STEP_CANCEL:
        return PAYMENT_VOID;
    case PAYMENT_STEP_REFUND:
    case PAYMENT_STEP_LOOK_UP_REFUND:
        return PAYMENT_REFUND;
    default:
        return PAYMENT_AUTHORIZE;
    }
}

static void step_try(enum payment_step step, const struct http_response *response) {
    struct payment_answer answer;
    payment_square_answer(step, response, &answer);
    FUZZ_REQUIRE((unsigned)answer.kind < PAYMENT_ANSWER_COUNT);
    FUZZ_REQUIRE(strlen(answer.payment_id) < sizeof answer.payment_id);
    FUZZ_REQUIRE(strlen(answer.code) < sizeof answer.code);
    struct payment_work work = {.kind = kind_of(step),
                                .step = step,
                                .amount_minor = 1250,
                                .currency = "USD",
                                .expires_at_ms = 2000,
                                .payment_id = "p1"};
    payment_work_answered(&work, &answer, &limits, 1000, 7);
    FUZZ_REQUIRE((work.step == PAYMENT_STEP_REPORT) == (work.result != PAYMENT_RESULT_NONE));
    FUZZ_REQUIRE(work.due_at_ms >= 1000);
    if (work.result == PAYMENT_RESULT_AUTHORIZED) {
        FUZZ_REQUIRE(work.payment_id[0] != '\0' && answer.amount_minor == 1250);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct payment_list list;
    static const int statuses[] = {200, 400, 401, 402, 404, 429, 500, 0};
    struct fuzz_input input = {data, size};
    uint32_t step = fuzz_below(&input, PAYMENT_STEP_REPORT + 1);
    int status = statuses[fuzz_below(&input, 8)];
    bool sent_nothing = fuzz_below(&input, 2) == 1;
    char *body = malloc(input.size + 1);
    memcpy(body, input.data, input.size);
    body[input.size] = '\0';
    struct http_response response = {.status = status,
                                     .sent_nothing = status == 0 && sent_nothing,
                                     .body = status == 0 ? "" : body,
                                     .body_size = status == 0 ? 0 : input.size,
                                     .failure = status == 0 ? "no answer" : NULL};
    if (step == PAYMENT_STEP_REPORT) {
        if (payment_square_list_parse(&response, &list)) {
            FUZZ_REQUIRE(list.count <= PAYMENT_LIST_MAX);
        }
    } else {
        step_try((enum payment_step)step, &response);
    }
    free(body);
    return 0;
}
