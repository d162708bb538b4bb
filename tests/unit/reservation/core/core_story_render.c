/* SPDX-License-Identifier: Apache-2.0 */
#include "core_story_render.h"

#include <inttypes.h>
#include <string.h>

#include "core_story.h"

void story_time_print(FILE *out, int64_t at) {
    int64_t since = at - STORY_DAY_MS;
    int64_t day_ms = 24 * STORY_HOUR_MS;
    int64_t day = since / day_ms - (since % day_ms < 0);
    int64_t of_day = since - day * day_ms;
    if (at == 0) {
        fputs("never", out);
        return;
    }
    if (day != 0) {
        fprintf(out, "day %" PRId64 " ", day);
    }
    fprintf(out, "%02d:%02d", (int)(of_day / STORY_HOUR_MS), (int)(of_day / 60000 % 60));
    if (of_day % 60000 != 0) {
        fprintf(out, ":%02d", (int)(of_day / 1000 % 60));
    }
    if (of_day % 1000 != 0) {
        fprintf(out, ".%03d", (int)(of_day % 1000));
    }
}

void story_seat_print(FILE *out, int32_t seat) {
    if (seat >= 0 && seat < 18) {
        fprintf(out, "%c%d", 'A' + seat / 6, seat % 6 + 1);
    } else if (seat >= 18 && seat < 22) {
        fprintf(out, "D%d", seat - 17);
    } else if (seat >= 22 && seat < 24) {
        fprintf(out, "G%d", seat - 21);
    } else {
        fprintf(out, "#%d", seat);
    }
}

static void uuid_print(FILE *out, const struct uuid *id) {
    if (id->octets[0] == 0) {
        fputs("-", out);
    } else {
        fprintf(out, "%.16s", (const char *)id->octets);
    }
}

static void money_print(FILE *out, int64_t amount_minor, struct text currency) {
    fprintf(out, ", %" PRId64 ".%02d %.*s", amount_minor / 100, (int)(amount_minor % 100),
            TEXT_FORMAT(currency));
}

static void seats_print(FILE *out, struct integers seats) {
    for (size_t i = 0; i < seats.count; i++) {
        fputc(' ', out);
        story_seat_print(out, seats.items[i]);
    }
}

/* " A1 A2", " 3 in section 2", " nothing". */
static void holding_print(FILE *out, struct integers seats, int32_t section, int32_t quantity) {
    if (quantity == 0) {
        fputs(" nothing", out);
    } else if (section >= 0) {
        fprintf(out, " %d in section %d", quantity, section);
    } else {
        seats_print(out, seats);
        if (seats.count != (size_t)quantity) {
            fprintf(out, " (%d)", quantity);
        }
    }
}

static bool text_is(struct text a, struct text b) {
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* Says nothing where the rest of it is as the show's details have it. */
static void summary_check(FILE *out, const struct show_summary *summary) {
    struct show_details details = story_details();
    if (!text_is(summary->venue, details.venue) || !text_is(summary->city, details.city) ||
        !text_is(summary->time_zone, details.time_zone) ||
        summary->starts_at != details.starts_at || summary->ends_at != details.ends_at) {
        fputs(" WITH ANOTHER SUMMARY", out);
    }
}

/* ", Stalls (Stalls 10.00) A1 A2 of Ghost": what a message to the buyer says. */
static void places_print(FILE *out, const struct place_list *places,
                         const struct show_summary *summary) {
    fputs(",", out);
    for (size_t i = 0; i < places->count; i++) {
        const struct place *place = &places->items[i];
        bool begins = i == 0 || place->section_index != places->items[i - 1].section_index;
        if (begins) {
            fprintf(out, " %.*s (%.*s, %" PRId64 ".%02d)", TEXT_FORMAT(place->section),
                    TEXT_FORMAT(place->category), place->price_minor / 100,
                    (int)(place->price_minor % 100));
        }
        if (place->seat < 0) {
            fputs(" *", out);
        } else {
            fprintf(out, " %.*s%.*s", TEXT_FORMAT(place->row), TEXT_FORMAT(place->label));
        }
    }
    fprintf(out, "%s of %.*s", places->count == 0 ? " no place" : "", TEXT_FORMAT(summary->title));
    summary_check(out, summary);
}

static void name_print(FILE *out, const char *before, const struct uuid *id) {
    fputs(before, out);
    uuid_print(out, id);
}

static void until_print(FILE *out, const char *before, int64_t at) {
    fputs(before, out);
    story_time_print(out, at);
}

static void show_created_print(FILE *out, const struct event_show_created *event) {
    size_t seats = 0;
    int32_t places = 0;
    for (size_t i = 0; i < event->show.sections.count; i++) {
        const struct section *section = &event->show.sections.items[i];
        places += section->capacity;
        for (size_t j = 0; j < section->rows.count; j++) {
            seats += section->rows.items[j].seats.count;
        }
    }
    fprintf(out, " %.*s at %.*s, %.*s: %zu seats, %d places", TEXT_FORMAT(event->show.title),
            TEXT_FORMAT(event->show.venue), TEXT_FORMAT(event->show.city), seats, places);
    name_print(out, ", of ", &event->head.owner_id);
}

static void holds_expired_print(FILE *out, const struct event_holds_expired *event) {
    for (size_t i = 0; i < event->holds.count; i++) {
        const struct event_expired_hold *hold = &event->holds.items[i];
        name_print(out, i == 0 ? " " : "; ", &hold->reservation_id);
        name_print(out, " of ", &hold->buyer_id);
        fprintf(out, " (%s)", reservation_state_name(hold->state));
        holding_print(out, hold->seats, hold->section, hold->quantity);
    }
}

static void view_print(FILE *out, const struct reservation_view *view) {
    fprintf(out, ": %s", reservation_state_name(view->state));
    if (view->state == RESERVATION_STATE_NONE) {
        return;
    }
    fprintf(out, " %s", selection_name(view->selection));
    holding_print(out, view->seats, view->section, view->quantity);
    money_print(out, view->total_minor, view->currency);
    if (view->expires_at != 0) {
        until_print(out, ", until ", view->expires_at);
    }
    if (view->attempt != 0) {
        fprintf(out, ", attempt %d", view->attempt);
    }
    if (view->code.size != 0) {
        fprintf(out, ", %.*s", TEXT_FORMAT(view->code));
    }
}

static void reserved_print(FILE *out, const struct event_reserved *event) {
    name_print(out, " ", &event->reservation_id);
    name_print(out, " for ", &event->buyer_id);
    fprintf(out, ": %s", selection_name(event->selection));
    if (event->selection == SELECTION_GENERAL) {
        fprintf(out, " %d in section %d", event->quantity, event->section);
    } else {
        if (event->section >= 0) {
            fprintf(out, " in section %d", event->section);
        }
        if (event->category >= 0) {
            fprintf(out, " of category %d", event->category);
        }
        holding_print(out, event->seats, -1, event->quantity);
    }
    money_print(out, event->total_minor, event->currency);
    until_print(out, ", until ", event->expires_at);
}

/* " r1/2 of Ada: pay-1, 20.00 USD" */
static void payment_print(FILE *out, const struct uuid *reservation_id, const struct uuid *buyer_id,
                          int32_t attempt, struct text payment_id, int64_t amount_minor,
                          struct text currency) {
    name_print(out, " ", reservation_id);
    fprintf(out, "/%d", attempt);
    name_print(out, " of ", buyer_id);
    fprintf(out, ": %.*s", TEXT_FORMAT(payment_id));
    money_print(out, amount_minor, currency);
}

#define PAYMENT_PRINT(out, event)                                                                  \
    payment_print(out, &(event)->reservation_id, &(event)->buyer_id, (event)->attempt,             \
                  (event)->payment_id, (event)->amount_minor, (event)->currency)

static void payments_print(FILE *out, const struct event *event) {
    switch (event->kind) {
    case EVENT_PAYMENT_REQUESTED: {
        const struct event_payment_requested *requested = &event->as.payment_requested;
        payment_print(out, &requested->reservation_id, &requested->buyer_id, requested->attempt,
                      requested->source_id, requested->amount_minor, requested->currency);
        until_print(out, ", until ", requested->expires_at);
        return;
    }
    case EVENT_SECURED:
        PAYMENT_PRINT(out, &event->as.secured);
        fputs(",", out);
        holding_print(out, event->as.secured.seats, event->as.secured.section,
                      event->as.secured.quantity);
        if (event->as.secured.reseated) {
            fputs(", reseated", out);
        }
        return;
    case EVENT_PAYMENT_DECLINED: {
        const struct event_payment_declined *declined = &event->as.payment_declined;
        name_print(out, " ", &declined->reservation_id);
        fprintf(out, "/%d", declined->attempt);
        name_print(out, " of ", &declined->buyer_id);
        fprintf(out, ": %.*s, now %s, %d left", TEXT_FORMAT(declined->code),
                reservation_state_name(declined->state), declined->attempts_left);
        until_print(out, ", until ", declined->expires_at);
        return;
    }
    case EVENT_VOID_REQUESTED:
        PAYMENT_PRINT(out, &event->as.void_requested);
        fprintf(out, ", %s, now %s", void_reason_name(event->as.void_requested.reason),
                reservation_state_name(event->as.void_requested.state));
        places_print(out, &event->as.void_requested.places, &event->as.void_requested.summary);
        return;
    case EVENT_VOIDED:
        PAYMENT_PRINT(out, &event->as.voided);
        fprintf(out, ", now %s", reservation_state_name(event->as.voided.state));
        places_print(out, &event->as.voided.places, &event->as.voided.summary);
        return;
    case EVENT_SOLD:
        PAYMENT_PRINT(out, &event->as.sold);
        places_print(out, &event->as.sold.places, &event->as.sold.summary);
        return;
    default:
        PAYMENT_PRINT(out, &event->as.capture_failed);
        fprintf(out, ", %.*s", TEXT_FORMAT(event->as.capture_failed.code));
        places_print(out, &event->as.capture_failed.places, &event->as.capture_failed.summary);
        return;
    }
}

static void refund_print(FILE *out, const struct uuid *reservation_id, const struct uuid *buyer_id,
                         int32_t refund_attempt, struct text id) {
    name_print(out, " ", reservation_id);
    fprintf(out, "#%d", refund_attempt);
    name_print(out, " to ", buyer_id);
    fprintf(out, ": %.*s", TEXT_FORMAT(id));
}

static void orders_print(FILE *out, const struct event *event) {
    switch (event->kind) {
    case EVENT_CANCEL_REMEMBERED:
        name_print(out, " ", &event->as.cancel_remembered.reservation_id);
        name_print(out, " of ", &event->as.cancel_remembered.buyer_id);
        fprintf(out, ": %s", cancel_reason_name(event->as.cancel_remembered.reason));
        return;
    case EVENT_ORDER_CANCELLED: {
        const struct event_order_cancelled *cancelled = &event->as.order_cancelled;
        name_print(out, " ", &cancelled->reservation_id);
        name_print(out, " of ", &cancelled->buyer_id);
        fprintf(out, ": %s, %.*s", cancel_reason_name(cancelled->reason),
                TEXT_FORMAT(cancelled->payment_id));
        money_print(out, cancelled->amount_minor, cancelled->currency);
        places_print(out, &cancelled->places, &cancelled->summary);
        return;
    }
    case EVENT_REFUND_REQUESTED: {
        const struct event_refund_requested *requested = &event->as.refund_requested;
        refund_print(out, &requested->reservation_id, &requested->buyer_id,
                     requested->refund_attempt, requested->payment_id);
        fprintf(out, " of attempt %d", requested->attempt);
        money_print(out, requested->amount_minor, requested->currency);
        fprintf(out, ", now %s", reservation_state_name(requested->state));
        return;
    }
    case EVENT_REFUNDED: {
        const struct event_refunded *refunded = &event->as.refunded;
        refund_print(out, &refunded->reservation_id, &refunded->buyer_id, refunded->refund_attempt,
                     refunded->refund_id);
        money_print(out, refunded->amount_minor, refunded->currency);
        fprintf(out, ", now %s", reservation_state_name(refunded->state));
        places_print(out, &refunded->places, &refunded->summary);
        return;
    }
    default: {
        const struct event_refund_failed *failed = &event->as.refund_failed;
        refund_print(out, &failed->reservation_id, &failed->buyer_id, failed->refund_attempt,
                     failed->refund_id);
        money_print(out, failed->amount_minor, failed->currency);
        fprintf(out, ", %.*s, now %s", TEXT_FORMAT(failed->code),
                reservation_state_name(failed->state));
        places_print(out, &failed->places, &failed->summary);
        return;
    }
    }
}

static void refused_print(FILE *out, const struct event_refused *refused) {
    fprintf(out, " %s", command_type_name(refused->command));
    name_print(out, " ", &refused->reservation_id);
    name_print(out, " of ", &refused->buyer_id);
    fprintf(out, ": %s", refusal_reason_name(refused->reason));
    seats_print(out, refused->seats);
    if (refused->seats_own.count > 0) {
        fprintf(out, ", own");
        seats_print(out, refused->seats_own);
    }
    if (refused->limit >= 0) {
        fprintf(out, ", limit %d of %s", refused->limit, limit_scope_name(refused->limit_of));
    }
    if (refused->used >= 0) {
        fprintf(out, ", used %d", refused->used);
    }
    if (refused->used_unpaid >= 0) {
        fprintf(out, ", unpaid %d", refused->used_unpaid);
    }
    if (refused->free >= 0) {
        fprintf(out, ", free %d", refused->free);
    }
    if (refused->state != RESERVATION_STATE_NONE) {
        fprintf(out, ", now %s", reservation_state_name(refused->state));
    }
}

static void answers_print(FILE *out, const struct event *event) {
    switch (event->kind) {
    case EVENT_NOTED:
        fprintf(out, " %s", command_type_name(event->as.noted.command));
        name_print(out, " ", &event->as.noted.reservation_id);
        name_print(out, " of ", &event->as.noted.buyer_id);
        view_print(out, &event->as.noted.view);
        return;
    case EVENT_REFUSED:
        refused_print(out, &event->as.refused);
        return;
    case EVENT_REJECTED:
        fprintf(out, " %s", command_type_name(event->as.rejected.command));
        name_print(out, " ", &event->as.rejected.reservation_id);
        fprintf(out, ": %s", rejection_reason_name(event->as.rejected.reason));
        return;
    default:
        fprintf(out, " %.*s", TEXT_FORMAT(event->as.undecodable.reason));
        return;
    }
}

void story_event_print(FILE *out, const struct event *event) {
    if (event->as.head.seq == 0) {
        fprintf(out, "  - %s", event_kind_name(event->kind));
    } else {
        fprintf(out, "%3" PRId64 " %s", event->as.head.seq, event_kind_name(event->kind));
    }
    switch (event->kind) {
    case EVENT_SHOW_CREATED:
        show_created_print(out, &event->as.show_created);
        return;
    case EVENT_SHOW_CANCELLED:
        fprintf(out, " %.*s: %.*s", TEXT_FORMAT(event->as.show_cancelled.summary.title),
                TEXT_FORMAT(event->as.show_cancelled.reason));
        return;
    case EVENT_SHOW_CLOSED:
        return;
    case EVENT_RESERVED:
        reserved_print(out, &event->as.reserved);
        return;
    case EVENT_HOLDS_EXPIRED:
        holds_expired_print(out, &event->as.holds_expired);
        return;
    case EVENT_RELEASED:
        name_print(out, " ", &event->as.released.reservation_id);
        name_print(out, " of ", &event->as.released.buyer_id);
        fprintf(out, ": %s,", release_reason_name(event->as.released.reason));
        holding_print(out, event->as.released.seats, event->as.released.section,
                      event->as.released.quantity);
        return;
    case EVENT_PAYMENT_REQUESTED:
    case EVENT_SECURED:
    case EVENT_PAYMENT_DECLINED:
    case EVENT_VOID_REQUESTED:
    case EVENT_VOIDED:
    case EVENT_SOLD:
    case EVENT_CAPTURE_FAILED:
        payments_print(out, event);
        return;
    case EVENT_CANCEL_REMEMBERED:
    case EVENT_ORDER_CANCELLED:
    case EVENT_REFUND_REQUESTED:
    case EVENT_REFUNDED:
    case EVENT_REFUND_FAILED:
        orders_print(out, event);
        return;
    case EVENT_NOTED:
    case EVENT_REFUSED:
    case EVENT_REJECTED:
    case EVENT_UNDECODABLE:
        answers_print(out, event);
        return;
    }
}
