/* SPDX-License-Identifier: Apache-2.0 */
/* What text and HTML of a mail have in common. */
#include "notifier/core/words.h"

#include "runtime/present/present.h"
#include "runtime/present/present_text.h"
#include "runtime/present/present_time.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CARD_NOTE                                                                                  \
    "Your bank may show the amount as pending. It will disappear by itself, usually within a few " \
    "days."
#define REFUND_NOTE                                                                                \
    "The money goes back to the card you paid with. We will email you when the refund has been "   \
    "made. Your bank may take up to ten days to show it."

/* A title within our sentence. */
static void append_title(struct buffer *out, const struct mail_letter *letter) {
    size_t begin = out->size;
    assert(begin > 0); /* it stands within a sentence */
    present_isolated(letter->facts.summary.title, PRESENT_UNTITLED, out);
    assert(out->size > begin);
}

void mail_words_place(const struct place *place, struct buffer *out) {
    size_t begin = out->size;
    assert(place->section.data != NULL || place->section.size == 0);
    present_isolated(place->section, PRESENT_UNNAMED, out);
    assert(out->size > begin);
    if (place->seat < 0) {
        buffer_append_text(out, ", general admission");
        return;
    }
    buffer_append_text(out, ", row ");
    present_isolated(place->row, PRESENT_UNNAMED, out);
    buffer_append_text(out, ", seat ");
    present_isolated(place->label, PRESENT_UNNAMED, out);
}

void mail_words_where(const struct show_summary *summary, struct buffer *out) {
    assert(summary->venue.data != NULL || summary->venue.size == 0);
    assert(summary->city.data != NULL || summary->city.size == 0);
    size_t begin = out->size;
    present_isolated(summary->venue, "", out);
    size_t venue_end = out->size;
    buffer_append_text(out, venue_end > begin ? ", " : "");
    size_t city_begin = out->size;
    present_isolated(summary->city, "", out);
    if (out->size == city_begin) {
        out->size = venue_end;
    }
    assert(out->size >= venue_end);
}

void mail_words_starts(const struct show_summary *summary, struct buffer *out) {
    char moment[PRESENT_MOMENT_SIZE];
    present_moment(summary->starts_at, summary->time_zone, moment);
    assert(moment[0] != '\0');
    assert(memchr(moment, '\0', sizeof(moment)) != NULL);
    buffer_append_format(out, "Starts: %s", moment);
}

bool mail_words_ends(const struct show_summary *summary, struct buffer *out) {
    char moment[PRESENT_MOMENT_SIZE];
    if (!present_has_end(summary->starts_at, summary->ends_at)) {
        return false;
    }
    assert(summary->ends_at > summary->starts_at);
    present_moment(summary->ends_at, summary->time_zone, moment);
    assert(moment[0] != '\0');
    buffer_append_format(out, "Ends: %s", moment);
    return true;
}

static void amount_append(const struct mail_facts *facts, struct buffer *out) {
    char money[PRESENT_MONEY_SIZE];
    present_money(facts->amount_minor, facts->currency, money);
    assert(out->size > 0); /* it stands within a sentence */
    assert(money[0] != '\0');
    buffer_append_text(out, money);
}

static bool text_equal(struct text value, const char *other) {
    assert(value.data != NULL || value.size == 0);
    assert(other != NULL);
    return value.size == strlen(other) && memcmp(value.data, other, value.size) == 0;
}

static void confirmation_words(const struct mail_letter *letter, struct mail_words *words) {
    size_t count = letter->facts.places.count;
    assert(letter->template == MAIL_CONFIRMATION);
    words->headline = "You’re going!";
    words->colour = "#4338ca";
    words->total_label = letter->facts.amount_minor > 0 ? "Total paid" : "Total";
    if (count == 1) {
        buffer_append_text(&words->lead, "Your ticket for ");
        append_title(&words->lead, letter);
        buffer_append_text(&words->lead, " is attached as a PDF.");
    } else {
        buffer_append_format(&words->lead, "Your %zu tickets for ", count);
        append_title(&words->lead, letter);
        buffer_append_text(&words->lead, " are attached: one PDF, with a page for each ticket.");
    }
    buffer_append_text(
        &words->explanation,
        "Show the QR code at the door, on your phone or on paper. Each code lets one "
        "person in, once, so share the PDF only with the people you are going with.");
}

static void order_cancelled_words(const struct mail_letter *letter, struct mail_words *words) {
    assert(letter->template == MAIL_ORDER_CANCELLED);
    bool paid = letter->facts.amount_minor > 0;
    words->headline = "Your order is cancelled";
    words->colour = "#334155";
    words->total_label = paid ? "Refund" : "Total";
    words->places_void = true;
    buffer_append_text(&words->lead, "Your order for ");
    append_title(&words->lead, letter);
    if (text_equal(letter->facts.reason, "WRONG_AMOUNT")) {
        buffer_append_text(&words->lead,
                           " was cancelled because the payment provider took a different amount "
                           "from its price. We are sorry.");
    } else {
        buffer_append_text(&words->lead, " has been cancelled, as you asked.");
    }
    if (!paid) {
        buffer_append_text(
            &words->explanation,
            "The tickets are no longer valid. You paid nothing for them, so there is "
            "nothing to refund.");
        return;
    }
    buffer_append_text(&words->explanation, "The tickets are no longer valid, and your refund of ");
    amount_append(&letter->facts, &words->explanation);
    buffer_append_text(&words->explanation, " is on its way. " REFUND_NOTE);
}

static void show_cancelled_words(const struct mail_letter *letter, struct mail_words *words) {
    assert(letter->template == MAIL_SHOW_CANCELLED);
    bool paid = letter->facts.amount_minor > 0;
    words->headline = "The show is cancelled";
    words->colour = "#9f1239";
    words->total_label = paid ? "Refund" : "Total";
    words->places_void = true;
    buffer_append_text(&words->lead, "We are sorry: ");
    append_title(&words->lead, letter);
    buffer_append_text(&words->lead, " will not take place. The organizer has cancelled it.");
    if (letter->organizer_reason.size > 0) {
        buffer_append_text(&words->lead, " They wrote: “");
        present_isolated(letter->organizer_reason, "", &words->lead);
        buffer_append_text(&words->lead, "”");
    }
    if (paid) {
        buffer_append_text(&words->explanation,
                           "You do not need to do anything. Your full refund of ");
        amount_append(&letter->facts, &words->explanation);
        buffer_append_text(&words->explanation, " is on its way. " REFUND_NOTE);
    } else {
        buffer_append_text(&words->explanation,
                           "You paid nothing for your tickets, so there is nothing to refund.");
    }
}

static void refunded_words(const struct mail_letter *letter, struct mail_words *words) {
    assert(letter->template == MAIL_REFUNDED);
    words->headline = "Your refund has been made";
    words->colour = "#047857";
    words->total_label = "Refunded";
    words->places_void = true;
    buffer_append_text(&words->lead, "We have refunded ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_title(&words->lead, letter);
    buffer_append_text(&words->lead, " to the card you paid with.");
    buffer_append_text(&words->explanation,
                       "Your bank may take up to ten days to show it on your statement. You do not "
                       "need to do anything.");
}

/* Why an authorization was let go, truthfully: by the name of VoidReason. */
static const struct {
    const char *reason;
    const char *words;
} void_words[] = {
    {"SEATS_TAKEN",
     "The payment arrived after your time to pay had run out, and by then somebody else had taken "
     "the seats."},
    {"BUYER_RELEASED", "You had released these seats before the payment arrived."},
    {"SHOW_CANCELLED", "The show was cancelled before the payment arrived."},
    {"SHOW_OVER", "The payment arrived after the show."},
    {"LIMIT_EXCEEDED",
     "The payment arrived after your time to pay had run out. You have taken other seats since, "
     "and together they would be more than one person can have for this show."},
    {"DUPLICATE_PAYMENT",
     "These seats had already been paid for. Your first payment and your tickets are not "
     "affected."},
    {"UNKNOWN_ATTEMPT", "We received a payment that we had not asked for."},
    {"WRONG_AMOUNT", "The payment provider had approved a different amount from the price."},
    {"ATTEMPT_DECLINED",
     "The payment was first declined, and reported as approved only afterwards."},
};

static void not_charged_words(const struct mail_letter *letter, struct mail_words *words) {
    assert(letter->template == MAIL_NOT_CHARGED);
    bool second = text_equal(letter->facts.reason, "DUPLICATE_PAYMENT");
    words->headline = "You were not charged";
    words->colour = "#92400e";
    words->total_label = "Not charged";
    words->places_void = !second;
    buffer_append_text(&words->lead, second ? "A second payment of " : "A payment of ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_title(&words->lead, letter);
    buffer_append_text(
        &words->lead,
        second ? " was cancelled: no money was taken."
               : " did not go through. You have no tickets from it, and no money was taken.");
    for (size_t i = 0; i < sizeof(void_words) / sizeof(void_words[0]); i++) {
        if (text_equal(letter->facts.reason, void_words[i].reason)) {
            buffer_append_format(&words->explanation, "%s ", void_words[i].words);
        }
    }
    buffer_append_text(&words->explanation, CARD_NOTE);
}

static void capture_failed_words(const struct mail_letter *letter, struct mail_words *words) {
    assert(letter->template == MAIL_CAPTURE_FAILED);
    words->headline = "Your payment failed";
    words->colour = "#92400e";
    words->total_label = "Not charged";
    words->places_void = true;
    buffer_append_text(&words->lead, "Your card was approved, but the payment of ");
    amount_append(&letter->facts, &words->lead);
    buffer_append_text(&words->lead, " for ");
    append_title(&words->lead, letter);
    buffer_append_text(
        &words->lead, " could not be taken. You have no tickets, and the seats are on sale again.");
    buffer_append_text(
        &words->explanation,
        "You were not charged. If you still want to go, please book again, preferably with another "
        "card. " CARD_NOTE);
}

void mail_words_init(const struct mail_letter *letter, struct mail_words *words) {
    memset(words, 0, sizeof(*words));
    assert(letter->issuer != NULL);
    assert(letter->facts.places.count == 0 || letter->facts.places.items != NULL);
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
    /* Whatever it is about, it says what has happened, why, and what it comes to. */
    assert(words->headline != NULL && words->total_label != NULL);
    assert(words->lead.size > 0 && words->explanation.size > 0);
    assert(words->colour != NULL && strlen(words->colour) == strlen("#rrggbb"));
    /* A sentence each, or more. */
    assert(strchr(words->headline, '\n') == NULL);
    assert(memchr(words->lead.data, '\n', words->lead.size) == NULL);
    assert(memchr(words->explanation.data, '\n', words->explanation.size) == NULL);
    /* Only of a show that takes place with these places. */
    assert(!words->places_void || letter->template != MAIL_CONFIRMATION);
}

void mail_words_deinit(struct mail_words *words) {
    buffer_deinit(&words->lead);
    buffer_deinit(&words->explanation);
    assert(words->lead.data == NULL);
    assert(words->explanation.data == NULL);
}
