/* SPDX-License-Identifier: Apache-2.0 */
/* The names of enumerations, and back. */
#include "payment/core/names.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const kinds[] = {
    [PAYMENT_AUTHORIZE] = "authorize",
    [PAYMENT_CAPTURE] = "capture",
    [PAYMENT_VOID] = "void",
    [PAYMENT_REFUND] = "refund",
};
_Static_assert(sizeof kinds / sizeof kinds[0] == PAYMENT_KIND_COUNT, "a name for each");

static const char *const steps[] = {
    [PAYMENT_STEP_CREATE] = "create",
    [PAYMENT_STEP_CANCEL_BY_KEY] = "cancel_by_key",
    [PAYMENT_STEP_COMPLETE] = "complete",
    [PAYMENT_STEP_CANCEL] = "cancel",
    [PAYMENT_STEP_REFUND] = "refund",
    [PAYMENT_STEP_LOOK_UP] = "look_up",
    [PAYMENT_STEP_LOOK_UP_REFUND] = "look_up_refund",
    [PAYMENT_STEP_REPORT] = "report",
    [PAYMENT_STEP_DONE] = "done",
};
_Static_assert(sizeof steps / sizeof steps[0] == PAYMENT_STEP_COUNT, "a name for each");

static const char *const results[] = {
    [PAYMENT_RESULT_NONE] = "none",
    [PAYMENT_RESULT_AUTHORIZED] = "authorized",
    [PAYMENT_RESULT_DECLINED] = "declined",
    [PAYMENT_RESULT_CAPTURED] = "captured",
    [PAYMENT_RESULT_CAPTURE_FAILED] = "capture_failed",
    [PAYMENT_RESULT_VOIDED] = "voided",
    [PAYMENT_RESULT_REFUNDED] = "refunded",
    [PAYMENT_RESULT_REFUND_FAILED] = "refund_failed",
};
_Static_assert(sizeof results / sizeof results[0] == PAYMENT_RESULT_COUNT, "a name for each");

static const char *const answers[] = {
    [PAYMENT_ANSWER_PAYMENT] = "payment",   [PAYMENT_ANSWER_REFUND] = "refund",
    [PAYMENT_ANSWER_ACCEPTED] = "accepted", [PAYMENT_ANSWER_REFUSED] = "refused",
    [PAYMENT_ANSWER_LATER] = "later",       [PAYMENT_ANSWER_UNAUTHORIZED] = "unauthorized",
    [PAYMENT_ANSWER_NOT_SENT] = "not_sent", [PAYMENT_ANSWER_UNKNOWN] = "unknown",
};
_Static_assert(sizeof answers / sizeof answers[0] == PAYMENT_ANSWER_COUNT, "a name for each");

static const char *const statuses[] = {
    [PAYMENT_STATUS_APPROVED] = "APPROVED",   [PAYMENT_STATUS_PENDING] = "PENDING",
    [PAYMENT_STATUS_COMPLETED] = "COMPLETED", [PAYMENT_STATUS_CANCELED] = "CANCELED",
    [PAYMENT_STATUS_FAILED] = "FAILED",       [PAYMENT_STATUS_REJECTED] = "REJECTED",
};
_Static_assert(sizeof statuses / sizeof statuses[0] == PAYMENT_STATUS_COUNT, "a name for each");

/* A table without a hole: every value has a name of its own. */
static const char *name_of(const char *const *names, size_t count, unsigned value) {
    assert(value < count);
    assert(names[value] != NULL && names[value][0] != '\0');
    return names[value];
}

/* The index of the name, or -1. */
static int name_find(const char *const *names, size_t count, const char *name) {
    assert(count > 0);
    for (size_t i = 0; name != NULL && i < count; i++) {
        assert(names[i] != NULL);
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *payment_kind_name(enum payment_kind kind) {
    return name_of(kinds, PAYMENT_KIND_COUNT, kind);
}

const char *payment_step_name(enum payment_step step) {
    return name_of(steps, PAYMENT_STEP_COUNT, step);
}

const char *payment_result_name(enum payment_result result) {
    return name_of(results, PAYMENT_RESULT_COUNT, result);
}

const char *payment_answer_kind_name(enum payment_answer_kind kind) {
    return name_of(answers, PAYMENT_ANSWER_COUNT, kind);
}

const char *payment_status_name(enum payment_status status) {
    return name_of(statuses, PAYMENT_STATUS_COUNT, status);
}

bool payment_kind_parse(const char *name, enum payment_kind *out) {
    int found = name_find(kinds, PAYMENT_KIND_COUNT, name);
    assert(found < PAYMENT_KIND_COUNT);
    *out = found < 0 ? PAYMENT_AUTHORIZE : (enum payment_kind)found;
    assert(found < 0 || strcmp(payment_kind_name(*out), name) == 0);
    return found >= 0;
}

bool payment_step_parse(const char *name, enum payment_step *out) {
    int found = name_find(steps, PAYMENT_STEP_COUNT, name);
    assert(found < PAYMENT_STEP_COUNT);
    *out = found < 0 ? PAYMENT_STEP_CREATE : (enum payment_step)found;
    assert(found < 0 || strcmp(payment_step_name(*out), name) == 0);
    return found >= 0;
}

bool payment_result_parse(const char *name, enum payment_result *out) {
    int found = name_find(results, PAYMENT_RESULT_COUNT, name);
    assert(found < PAYMENT_RESULT_COUNT);
    *out = found < 0 ? PAYMENT_RESULT_NONE : (enum payment_result)found;
    assert(found < 0 || strcmp(payment_result_name(*out), name) == 0);
    return found >= 0;
}

bool payment_status_parse(const char *name, enum payment_status *out) {
    int found = name_find(statuses, PAYMENT_STATUS_COUNT, name);
    assert(found < PAYMENT_STATUS_COUNT);
    *out = found < 0 ? PAYMENT_STATUS_APPROVED : (enum payment_status)found;
    assert(found < 0 || strcmp(payment_status_name(*out), name) == 0);
    return found >= 0;
}
