/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a mail that is due: whether a server need be asked, and what its answer means. */
#include "notifier/core/verdict.h"

#include "runtime/base/backoff.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define UNREACHABLE_RETRY_BASE_MS 1000
#define RETRY_BASE_MS 5000

static const char *const state_names[MAIL_STATE_COUNT] = {
    [MAIL_STATE_QUEUED] = "queued",         [MAIL_STATE_SENT] = "sent",
    [MAIL_STATE_REFUSED] = "refused",       [MAIL_STATE_ERASED] = "erased",
    [MAIL_STATE_SUPERSEDED] = "superseded", [MAIL_STATE_EXPIRED] = "expired",
};

const char *mail_state_name(enum mail_state state) {
    assert(state >= 0 && state < MAIL_STATE_COUNT);
    assert(state_names[state] != NULL);
    return state_names[state];
}

bool mail_result_is_unreachable(const struct mail_result *result) {
    assert(result->outcome <= MAIL_RETRY);
    assert(result->outcome == MAIL_RETRY || !result->about_us);
    return result->outcome == MAIL_RETRY && result->code == 0;
}

/* The state is settled by now: it is final, or it is not. */
static void verdict_explain(struct mail_verdict *verdict, const struct mail_due *due,
                            enum mail_reason reason, const char *detail) {
    assert(verdict->state != MAIL_STATE_SENT);
    assert(verdict->reason == NULL);
    verdict->reason = mail_reason_name(reason);
    mail_reason_sentence(reason, verdict->state != MAIL_STATE_QUEUED, due->mail.template, detail,
                         verdict->sentence);
}

static void verdict_begin(struct mail_verdict *verdict, enum mail_state state, const char *answer) {
    assert(state >= 0 && state < MAIL_STATE_COUNT);
    assert(answer != NULL);
    *verdict = (struct mail_verdict){.state = state};
    snprintf(verdict->answer, sizeof(verdict->answer), "%s", answer);
}

static void verdict_check(const struct mail_verdict *verdict) {
    bool told = verdict->state != MAIL_STATE_SENT && verdict->state != MAIL_STATE_SUPERSEDED;
    assert(verdict->state == MAIL_STATE_QUEUED || verdict->retry_ms == 0);
    assert((verdict->reason != NULL) == told);
    assert((verdict->sentence[0] != '\0') == told);
    assert(verdict->tried || !verdict->asked);
}

/* The tickets of a mail that was sent before are gone for good: their time was up. */
static void tickets_missing(const struct mail_due *due, const struct mail_limits *limits,
                            uint32_t random, struct mail_verdict *verdict) {
    bool gone = due->sent_count > 0;
    assert(due->mail.template == MAIL_CONFIRMATION);
    assert(due->pdf.size == 0);
    verdict_begin(verdict, gone ? MAIL_STATE_REFUSED : MAIL_STATE_QUEUED,
                  "the tickets are not in the store");
    verdict->tried = true;
    verdict->retry_ms =
        gone ? 0 : backoff_delay_ms(due->attempts + 1, RETRY_BASE_MS, limits->retry_ms_max, random);
    verdict->code = 1; /* no server was asked: one that answers again changes nothing */
    verdict_explain(verdict, due, MAIL_REASON_TICKETS_MISSING, "");
}

/* As mail_verdict_unasked. */
static bool verdict_find(const struct mail_due *due, const struct mail_limits *limits,
                         uint32_t random, struct address *address, struct mail_verdict *verdict) {
    bool confirmation = due->mail.template == MAIL_CONFIRMATION;
    assert(due->mail.template >= 0 && due->mail.template <MAIL_TEMPLATE_COUNT);
    assert(limits->retry_ms_max > 0);
    if (confirmation && due->called_off) {
        verdict_begin(verdict, MAIL_STATE_SUPERSEDED, "the order was cancelled first");
        return true;
    }
    if (due->address == NULL) {
        verdict_begin(verdict, MAIL_STATE_ERASED, "the account is gone");
        verdict_explain(verdict, due, MAIL_REASON_ACCOUNT_GONE, "");
        return true;
    }
    if (due->queued_ms > limits->give_up_ms) {
        verdict_begin(verdict, MAIL_STATE_EXPIRED, "given up");
        verdict_explain(verdict, due, MAIL_REASON_GAVE_UP, "");
        return true;
    }
    enum address_fault fault = address_parse(due->address, strlen(due->address), address);
    if (fault != ADDRESS_GOOD) {
        verdict_begin(verdict, MAIL_STATE_REFUSED, address_fault_name(fault));
        verdict_explain(verdict, due, MAIL_REASON_ADDRESS_INVALID, address_fault_words(fault));
        return true;
    }
    if (confirmation && due->pdf.size == 0) {
        tickets_missing(due, limits, random, verdict);
        return true;
    }
    return false;
}

bool mail_verdict_unasked(const struct mail_due *due, const struct mail_limits *limits,
                          uint32_t random, struct address *address, struct mail_verdict *verdict) {
    if (!verdict_find(due, limits, random, address, verdict)) {
        assert(address->wire[0] != '\0');
        return false;
    }
    assert(!verdict->asked);
    assert(verdict->state != MAIL_STATE_SENT);
    verdict_check(verdict);
    return true;
}

static void retry_later(const struct mail_due *due, const struct mail_result *result,
                        const struct mail_limits *limits, uint32_t random,
                        struct mail_verdict *verdict) {
    bool unreachable = mail_result_is_unreachable(result);
    assert(result->outcome == MAIL_RETRY);
    assert(due->attempts >= 0);
    verdict->retry_ms = unreachable ? backoff_delay_ms(due->attempts + 1, UNREACHABLE_RETRY_BASE_MS,
                                                       limits->unreachable_retry_ms_max, random)
                                    : backoff_delay_ms(due->attempts + 1, RETRY_BASE_MS,
                                                       limits->retry_ms_max, random);
    enum mail_reason reason =
        unreachable ? MAIL_REASON_SERVER_UNREACHABLE : MAIL_REASON_SERVER_PUT_OFF;
    verdict_explain(verdict, due, result->about_us ? MAIL_REASON_SENDER_NOT_ALLOWED : reason,
                    result->answer);
}

void mail_verdict_answered(const struct mail_due *due, const struct mail_result *result,
                           const struct mail_limits *limits, uint32_t random,
                           struct mail_verdict *verdict) {
    static const enum mail_state states[] = {[MAIL_SENT] = MAIL_STATE_SENT,
                                             [MAIL_REFUSED] = MAIL_STATE_REFUSED,
                                             [MAIL_RETRY] = MAIL_STATE_QUEUED};
    assert(result->outcome <= MAIL_RETRY);
    assert(memchr(result->answer, '\0', sizeof(result->answer)) != NULL);
    verdict_begin(verdict, states[result->outcome], result->answer);
    verdict->asked = true;
    verdict->tried = true;
    verdict->code = result->code;
    if (result->outcome == MAIL_REFUSED) {
        verdict_explain(verdict, due,
                        result->smtputf8_missing ? MAIL_REASON_ADDRESS_NEEDS_SMTPUTF8
                                                 : MAIL_REASON_SERVER_REFUSED,
                        result->answer);
    } else if (result->outcome == MAIL_RETRY) {
        retry_later(due, result, limits, random, verdict);
    }
    verdict_check(verdict);
}
