/* SPDX-License-Identifier: Apache-2.0 */
#include "notifier/mail_words.h"

#include "runtime/present/present.h"

#include <stdio.h>
#include <string.h>

#define CARD_NOTE                                                                                  \
    "Your bank may still show the amount as reserved. That entry disappears by itself, usually "   \
    "within a few days."
#define REFUND_NOTE                                                                                \
    "The money goes back to the card you paid with. Depending on your bank it can take up to ten " \
    "days to show; you get a mail from us once the refund is made."

static void append(struct buffer *out, struct text value) {
    buffer_append(out, value.data != NULL ? value.data : "", value.size);
}

/* Hebrew, Arabic and their kin, by the first octet of their UTF-8. */
static bool is_right_to_left(struct text value) {
    for (size_t i = 0; i < value.size; i++) {
        unsigned char octet = (unsigned char)value.data[i];
        unsigned char next = i + 1 < value.size ? (unsigned char)value.data[i + 1] : 0;
        if ((octet >= 0xd6 && octet <= 0xdf) || (octet == 0xe0 && next <= 0xa3) ||
            (octet == 0xef && next >= 0xac && next <= 0xbb)) {
            return true;
        }
    }
    return false;
}

/* A value within our sentence: right-to-left ones are isolated (U+2068 … U+2069), so that they do
 * not pull the words around them along. */
static void append_value(struct buffer *out, struct text value) {
    bool isolated = is_right_to_left(value);
    buffer_append_text(out, isolated ? "\u2068" : "");
    append(out, value);
    buffer_append_text(out, isolated ? "\u2069" : "");
}

void mail_words_place(const struct place *place, struct buffer *out) {
    append_value(out, place->section);
    if (place->seat < 0) {
        buffer_append_text(out, ", general admission");
        return;
    }
    buffer_append_text(out, ", row ");
    append_value(out, place->row);
    buffer_append_text(out, ", seat ");
    append_value(out, place->label);
}

void mail_words_when(const struct show_summary *summary, struct buffer *out) {
    struct present_time at;
    present_time_at(summary->starts_at, summary->time_zone, &at);
    buffer_append_format(out, "%s, %s, %s (%s)", at.weekday, at.date, at.time, at.zone);
}

static void amount_append(const struct mail_facts *facts, struct buffer *out) {
    char money[PRESENT_MONEY_SIZE];
    buffer_append_text(out, present_money(facts->amount_minor, facts->currency, money));
}

static bool text_equal(struct text value, const char *other) {
    return value.size == strlen(other) && memcmp(value.data, other, value.size) == 0;
}

static void confirmation_words(const struct mail_letter *letter, struct mail_words *words) {
    size_t count = letter->facts.places.count;
    words->headline = "You’re going!";
    words->colour = "#4338ca";
    words->total_label = letter->facts.amount_minor > 0 ? "Total paid" : "Total";
    if (count == 1) {
        buffer_append_text(&words->lead, "Your ticket for ");
        append_value(&words->lead, letter->facts.summary.title);
        buffer_append_text(&words->lead, " is attached to this mail as a PDF.");
    } else {
        buffer_append_format(&words->lead, "Your %zu tickets for ", count);
        append_value(&words->lead, letter->facts.summary.title);
        buffer_append_text(&words->lead, " are attached to this mail: one PDF, a page for each.");
    }
    buffer_append_text(&words->explanation,
                       "Show the QR code at the door, on your phone or on paper. Everybody needs a "
                       "code of their own, and each lets one person in once, so keep the PDF to "
                       "yourself and your company.");
}

static void order_cancelled_words(const struct mail_letter *letter, struct mail_words *words) {
    bool paid = letter->facts.amount_minor > 0;
    words->headline = "Your order is cancelled";
    words->colour = "#334155";
    words->total_label = paid ? "Refund" : "Total";
    words->places_void = true;
    buffer_append_text(&words->lead, "Your order for ");
    append_value(&words->lead, letter->facts.summary.title);
    if (text_equal(letter->facts.reason, "WRONG_AMOUNT")) {
        buffer_append_text(&words->lead,
                           " was called off: the payment provider took another amount than its "
                           "price. We are sorry.");
    } else {
        buffer_append_text(&words->lead, " is cancelled, as you asked.");
    }
    if (!paid) {
        buffer_append_text(&words->explanation,
                           "The tickets are not valid any more. You had paid nothing for them, so "
                           "there is nothing to give back.");
        return;
    }
    buffer_append_text(&words->explanation,
                       "Its tickets are not valid any more, and your refund of ");
    amount_append(&letter->facts, &words->explanation);
    buffer_append_text(&words->explanation, " is on its way. " REFUND_NOTE);
}

static void show_cancelled_words(const struct mail_letter *letter, struct mail_words *words) {
    bool paid = letter->facts.amount_minor > 0;
    words->headline = "The show is cancelled";
    words->colour = "#9f1239";
    words->total_label = paid ? "Refund" : "Total";
    words->places_void = true;
    buffer_append_text(&words->lead, "We are sorry: ");
    append_value(&words->lead, letter->facts.summary.title);
    buffer_append_text(&words->lead, " will not take place. The organizer has cancelled it.");
    if (letter->organizer_reason.size > 0) {
        buffer_append_text(&words->lead, " Their words: “");
        append_value(&words->lead, letter->organizer_reason);
        buffer_append_text(&words->lead, "”");
    }
    if (paid) {
        buffer_append_text(&words->explanation, "You need not do anything: you get the full ");
        amount_append(&letter->facts, &words->explanation);
        buffer_append_text(&words->explanation, " back, and it is on its way. " REFUND_NOTE);
    } else {
        buffer_append_text(
            &words->explanation,
            "You had paid nothing for your tickets, so there is nothing to give back.");
    }
}

static void refunded_words(const struct mail_letter *letter, struct mail_words *words) {
    words->headline = "Your refund is made";
    words->colour = "#047857";
    words->total_label = "Refunded";
    words->places_void = true;
    buffer_append_text(&words->lead, "We have given back ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_value(&words->lead, letter->facts.summary.title);
    buffer_append_text(&words->lead, ", to the card it was paid with.");
    buffer_append_text(&words->explanation,
                       "Depending on your bank it can take up to ten days to show on your "
                       "statement. There is nothing left for you to do.");
}

/* Why an authorization was let go, truthfully: by the name of VoidReason. */
static const struct {
    const char *reason;
    const char *words;
} void_words[] = {
    {"SEATS_TAKEN",
     "The payment came through after the time to pay had run out, and by then the seats had "
     "been taken by somebody else."},
    {"BUYER_RELEASED", "You had let these seats go before the payment came through."},
    {"SHOW_CANCELLED", "The show was cancelled before the payment came through."},
    {"SHOW_OVER", "The payment came through only after the show."},
    {"LIMIT_EXCEEDED",
     "The payment came through after the time to pay had run out. Since then you have "
     "taken other seats, and together they would be more than one person can have "
     "for this show."},
    {"DUPLICATE_PAYMENT",
     "There was a payment for these seats already. That first one, and what you booked "
     "with it, is not affected."},
    {"UNKNOWN_ATTEMPT", "A payment turned up that we had not asked for."},
    {"WRONG_AMOUNT", "The payment provider had set aside another amount than the price."},
    {"ATTEMPT_DECLINED", "The payment had been declined first, and was reported as approved only "
                         "afterwards."},
};

static void not_charged_words(const struct mail_letter *letter, struct mail_words *words) {
    bool second = text_equal(letter->facts.reason, "DUPLICATE_PAYMENT");
    words->headline = "You were not charged";
    words->colour = "#92400e";
    words->total_label = "Not charged";
    words->places_void = !second;
    buffer_append_text(&words->lead, second ? "A second payment of " : "A payment of ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_value(&words->lead, letter->facts.summary.title);
    buffer_append_text(&words->lead,
                       second ? " was let go: no money was taken for it."
                              : " did not lead to tickets, so we let it go: no money was taken.");
    for (size_t i = 0; i < sizeof(void_words) / sizeof(void_words[0]); i++) {
        if (text_equal(letter->facts.reason, void_words[i].reason)) {
            buffer_append_format(&words->explanation, "%s ", void_words[i].words);
        }
    }
    buffer_append_text(&words->explanation, CARD_NOTE);
}

static void capture_failed_words(const struct mail_letter *letter, struct mail_words *words) {
    words->headline = "Your payment failed";
    words->colour = "#92400e";
    words->total_label = "Not charged";
    words->places_void = true;
    buffer_append_text(&words->lead, "Your card was approved at first, but then the payment of ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_value(&words->lead, letter->facts.summary.title);
    buffer_append_text(&words->lead,
                       " could not be taken. You have no tickets, and the seats are on "
                       "sale again.");
    buffer_append_text(
        &words->explanation,
        "You were not charged. If you still want to go, please book again, best with "
        "another card. " CARD_NOTE);
}

void mail_words_init(const struct mail_letter *letter, struct mail_words *words) {
    memset(words, 0, sizeof(*words));
    switch (letter->template) {
    case MAIL_CONFIRMATION:
        confirmation_words(letter, words);
        break;
    case MAIL_ORDER_CANCELLED:
        order_cancelled_words(letter, words);
        break;
    case MAIL_SHOW_CANCELLED:
        show_cancelled_words(letter, words);
        break;
    case MAIL_REFUNDED:
        refunded_words(letter, words);
        break;
    case MAIL_NOT_CHARGED:
        not_charged_words(letter, words);
        break;
    case MAIL_CAPTURE_FAILED:
        capture_failed_words(letter, words);
        break;
    }
}

void mail_words_deinit(struct mail_words *words) {
    buffer_deinit(&words->lead);
    buffer_deinit(&words->explanation);
}
