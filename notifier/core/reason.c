/* SPDX-License-Identifier: Apache-2.0 */
/* Why a mail was not sent, as a word and a sentence. */
#include "notifier/core/reason.h"

#include "runtime/present/present_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DETAIL_SIZE_MAX 300

static const char *const names[MAIL_REASON_COUNT] = {
    [MAIL_REASON_ADDRESS_INVALID] = "address-invalid",
    [MAIL_REASON_ADDRESS_NEEDS_SMTPUTF8] = "address-needs-smtputf8",
    [MAIL_REASON_SERVER_REFUSED] = "server-refused",
    [MAIL_REASON_SERVER_PUT_OFF] = "server-put-off",
    [MAIL_REASON_SERVER_UNREACHABLE] = "server-unreachable",
    [MAIL_REASON_SENDER_NOT_ALLOWED] = "sender-not-allowed",
    [MAIL_REASON_TICKETS_MISSING] = "tickets-missing",
    [MAIL_REASON_GAVE_UP] = "gave-up",
    [MAIL_REASON_ACCOUNT_GONE] = "account-gone",
};

/* With %s where the detail stands. */
static const char *const causes[MAIL_REASON_COUNT] = {
    [MAIL_REASON_ADDRESS_INVALID] = "your username is not an address that mail can be sent to. %s",
    [MAIL_REASON_ADDRESS_NEEDS_SMTPUTF8] =
        "our mail server cannot deliver to addresses with letters such as ü before the @.",
    [MAIL_REASON_SERVER_REFUSED] = "the mail server refused the email and said “%s”.",
    [MAIL_REASON_SERVER_PUT_OFF] = "the mail server asked us to wait and said “%s”.",
    [MAIL_REASON_SERVER_UNREACHABLE] = "the mail server does not answer.",
    [MAIL_REASON_SENDER_NOT_ALLOWED] = "the mail server does not accept mail from us.",
    [MAIL_REASON_TICKETS_MISSING] = "the PDF of your tickets is not in our store.",
    [MAIL_REASON_GAVE_UP] = "the mail server did not take the email for days.",
    [MAIL_REASON_ACCOUNT_GONE] = "the account was deleted.",
};

const char *mail_reason_name(enum mail_reason reason) {
    assert(reason >= 0 && reason < MAIL_REASON_COUNT);
    assert(names[reason] != NULL);
    return names[reason];
}

static void detail_clean(const char *detail, struct buffer *out) {
    assert(detail != NULL);
    assert(out->size == 0);
    size_t size = strlen(detail);
    present_isolated((struct text){detail, size < DETAIL_SIZE_MAX ? size : DETAIL_SIZE_MAX}, "",
                     out);
}

static const char *consequence(enum mail_reason reason, bool final, enum mail_template template) {
    assert(template >= 0 && template <MAIL_TEMPLATE_COUNT);
    if (reason == MAIL_REASON_TICKETS_MISSING) {
        return final ? "" : " We keep trying.";
    }
    if (template == MAIL_CONFIRMATION) {
        return final ? " Your tickets are valid: download them from your orders."
                     : " We keep trying. Your tickets are valid: you can download them from your "
                       "orders now.";
    }
    return final ? " Your order is not affected." : " We keep trying. Your order is not affected.";
}

char *mail_reason_sentence(enum mail_reason reason, bool final, enum mail_template template,
                           const char *detail, char *out) {
    char cause[2 * DETAIL_SIZE_MAX];
    struct buffer shown = {0};
    assert(reason >= 0 && reason < MAIL_REASON_COUNT);
    const char *format = causes[reason], *at = strstr(format, "%s");
    detail_clean(detail, &shown);
    if (at != NULL) {
        snprintf(cause, sizeof(cause), "%.*s%s%s", (int)(at - format), format,
                 shown.data != NULL ? shown.data : "", at + 2);
    } else {
        snprintf(cause, sizeof(cause), "%s", format);
    }
    snprintf(out, MAIL_SENTENCE_SIZE, "%s: %s%s",
             final ? "We could not email you about this order"
                   : "We have not been able to email you about this order yet",
             cause, consequence(reason, final, template));
    buffer_deinit(&shown);
    assert(out[0] != '\0');
    return out;
}
