/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/state.h"

static bool sections_are_same(const struct section_list *a, const struct section_list *b) {
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct section *x = &a->items[i];
        const struct section *y = &b->items[i];
        if (!text_equal(x->name, y->name) || x->category != y->category || x->kind != y->kind ||
            x->capacity != y->capacity || x->rows.count != y->rows.count) {
            return false;
        }
        for (size_t j = 0; j < x->rows.count; j++) {
            const struct row *r = &x->rows.items[j];
            const struct row *s = &y->rows.items[j];
            if (!text_equal(r->label, s->label) || r->seats.count != s->seats.count) {
                return false;
            }
            for (size_t k = 0; k < r->seats.count; k++) {
                if (!text_equal(r->seats.items[k], s->seats.items[k])) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool categories_are_same(const struct category_list *a, const struct category_list *b) {
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->items[i].name, b->items[i].name) ||
            a->items[i].price_minor != b->items[i].price_minor) {
            return false;
        }
    }
    return true;
}

bool reservation_show_is_same(const struct reservation_show *show,
                              const struct show_details *details,
                              struct reservation_scratch *scratch) {
    struct show_details own = reservation_plan_details(show->plan, scratch);
    return text_equal(own.title, details->title) && own.type == details->type &&
           text_equal(own.description, details->description) &&
           text_equal(own.venue, details->venue) && text_equal(own.city, details->city) &&
           text_equal(own.region, details->region) && text_equal(own.country, details->country) &&
           own.starts_at == details->starts_at && own.ends_at == details->ends_at &&
           text_equal(own.time_zone, details->time_zone) &&
           text_equal(own.currency, details->currency) && own.hold_ttl_ms == details->hold_ttl_ms &&
           own.seats_per_buyer_max == details->seats_per_buyer_max &&
           categories_are_same(&own.categories, &details->categories) &&
           sections_are_same(&own.sections, &details->sections);
}

static struct integers seats_out(const struct reservation *reservation,
                                 struct reservation_scratch *scratch) {
    if (reservation->selection == SELECTION_GENERAL) {
        return (struct integers){.count = 0};
    }
    int32_t *items = reservation_scratch_allocate(scratch, reservation->quantity * sizeof(*items));
    const uint16_t *seats = reservation_seats(reservation);
    for (uint32_t i = 0; i < reservation->quantity; i++) {
        items[i] = seats[i];
    }
    return (struct integers){.items = items, .count = reservation->quantity};
}

static struct snapshot_payment_list payments_out(const struct reservation *reservation,
                                                 struct reservation_scratch *scratch) {
    struct snapshot_payment *items =
        reservation_scratch_allocate(scratch, RESERVATION_PAYMENTS_MAX * sizeof(*items));
    size_t count = 0;
    for (const struct reservation_payment *payment = reservation->payments; payment != NULL;
         payment = payment->next) {
        items[count++] = (struct snapshot_payment){
            .attempt = payment->attempt,
            .requested = payment->requested,
            .state = payment->state,
            .payment_id = reservation_payment_id(payment),
            .amount_minor = payment->amount_minor,
            .currency = {.data = payment->currency, .size = sizeof(payment->currency)},
            .refund_attempt = payment->refund_attempt,
            .source_digest = (int64_t)payment->source_digest,
            .code = reservation_payment_code(payment)};
    }
    return (struct snapshot_payment_list){.items = items, .count = count};
}

static struct snapshot_reservation reservation_out(const struct reservation_show *show,
                                                   const struct reservation *reservation,
                                                   struct reservation_scratch *scratch) {
    bool is_hold = reservation->state == RESERVATION_STATE_HELD ||
                   reservation->state == RESERVATION_STATE_PAYING;
    struct snapshot_reservation out = {
        .reservation_id = reservation->reservation_id,
        .buyer_id = reservation->buyer_id,
        .view = {.state = (enum reservation_state)reservation->state,
                 .selection = (enum selection)reservation->selection,
                 .seats = seats_out(reservation, scratch),
                 .section = reservation_general_section(reservation),
                 .quantity = reservation->quantity,
                 .total_minor = reservation_total_minor(show, reservation),
                 .currency = reservation_plan_currency(show->plan),
                 .expires_at = is_hold ? reservation->time : 0,
                 .attempt = reservation->attempt,
                 .code = reservation_last_code(reservation)},
        .selection_section = reservation->section,
        .selection_category = reservation->category,
        .released_at = reservation->state == RESERVATION_STATE_RELEASED ? reservation->time : 0,
        .release_reason = reservation->released,
        .expiry_moved = (reservation->flags & RESERVATION_FLAG_MOVED) != 0,
        .refund_attempt = reservation->refund_attempt,
        .cancel_reason = reservation->cancel};
    if (reservation->payments != NULL) {
        out.payments = payments_out(reservation, scratch);
    }
    return out;
}

void reservation_core_show_snapshot(const struct reservation_core *core,
                                    const struct reservation_show *show,
                                    struct reservation_effects *effects,
                                    struct snapshot_show_snapshot *out) {
    reservation_scratch_reset(effects->scratch);
    *out = (struct snapshot_show_snapshot){.chain = show->chain,
                                           .show_id = show->show_id,
                                           .owner_id = show->owner_id,
                                           .seq = show->seq,
                                           .at = show->clock,
                                           .logic_version = show->logic_version,
                                           .status = show->status};
    if (show->status == SHOW_CLOSED) {
        return;
    }
    out->show = reservation_plan_details(show->plan, effects->scratch);
    struct snapshot_reservation *items =
        reservation_scratch_allocate(effects->scratch, show->reservations * sizeof(*items));
    size_t count = 0;
    for (uint32_t slot = show->order.first; slot != 0;) {
        const struct reservation *reservation = reservation_at(core, slot);
        items[count++] = reservation_out(show, reservation, effects->scratch);
        slot = reservation->next_in_show;
    }
    RESERVATION_ASSERT(count == show->reservations);
    out->reservations = (struct snapshot_reservation_list){.items = items, .count = count};
}

static bool snapshot_payment_is_sound(const struct snapshot_payment *payment) {
    return payment->state >= PAYMENT_REQUESTED && payment->state <= PAYMENT_REFUND_FAILED &&
           payment->payment_id.size <= RESERVATION_PAYMENT_ID_OCTETS_MAX &&
           payment->code.size <= RESERVATION_CODE_OCTETS_MAX && payment->currency.size == 3 &&
           payment->refund_attempt >= 0 &&
           payment->refund_attempt <= RESERVATION_REFUND_ATTEMPTS_MAX &&
           (!payment->requested ||
            (payment->attempt >= 1 && payment->attempt <= RESERVATION_ATTEMPTS_MAX));
}

static bool snapshot_reservation_is_sound(const struct reservation_plan *plan,
                                          const struct snapshot_reservation *in) {
    if (in->view.state <= RESERVATION_STATE_NONE ||
        in->view.state > RESERVATION_STATE_REFUND_FAILED || in->view.attempt < 0 ||
        in->view.attempt > RESERVATION_ATTEMPTS_MAX || in->refund_attempt < 0 ||
        in->refund_attempt > RESERVATION_REFUND_ATTEMPTS_MAX || in->release_reason < RELEASED_NOT ||
        in->release_reason > RELEASED_CAPTURE_FAILED || in->cancel_reason < CANCEL_NONE ||
        in->cancel_reason > CANCEL_REASON_COUNT || in->payments.count > RESERVATION_PAYMENTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < in->payments.count; i++) {
        if (!snapshot_payment_is_sound(&in->payments.items[i])) {
            return false;
        }
    }
    return reservation_places_are_sound(plan, in->view.selection, in->view.seats,
                                        in->selection_section, in->selection_category,
                                        in->view.quantity);
}

static bool payment_in(struct reservation_core *core, struct reservation *reservation,
                       const struct snapshot_payment *in) {
    struct reservation_payment *payment =
        reservation_payment_add(core, reservation, in->attempt, in->requested);
    if (payment == NULL) {
        return false;
    }
    reservation_payment_id_set(core, payment, in->payment_id);
    reservation_payment_code_set(core, payment, in->code);
    payment->amount_minor = in->amount_minor;
    payment->source_digest = (uint64_t)in->source_digest;
    payment->refund_attempt = (uint8_t)in->refund_attempt;
    payment->state = (uint8_t)in->state;
    memcpy(payment->currency, in->currency.data, sizeof(payment->currency));
    return true;
}

static bool reservation_in(struct reservation_core *core, struct reservation_show *show,
                           const struct snapshot_reservation *in) {
    if (!snapshot_reservation_is_sound(show->plan, in) ||
        reservation_store_find(core, show, &in->reservation_id) != NULL) {
        return false;
    }
    struct reservation *reservation = reservation_store_make(
        core, show, &in->reservation_id, &in->buyer_id, in->view.seats, in->view.quantity);
    reservation->selection = in->view.selection & 3u;
    reservation->section = (int16_t)in->selection_section;
    reservation->category = (int8_t)in->selection_category;
    reservation->attempt = (unsigned)in->view.attempt & 3u;
    reservation->refund_attempt = (uint8_t)in->refund_attempt;
    reservation->released = (unsigned)in->release_reason & 7u;
    reservation->cancel = (unsigned)in->cancel_reason & 3u;
    for (size_t i = 0; i < in->payments.count; i++) {
        if (!payment_in(core, reservation, &in->payments.items[i])) {
            return false;
        }
    }
    int64_t time =
        in->view.state == RESERVATION_STATE_RELEASED ? in->released_at : in->view.expires_at;
    reservation_store_move(core, show, reservation, in->view.state, time, in->expiry_moved);
    if (reservation_is_live(reservation)) {
        if (!reservation_places_free(show, reservation)) {
            return false;
        }
        reservation_places_take(show, reservation);
    }
    return true;
}

enum reservation_apply_result
reservation_core_show_restore(struct reservation_core *core,
                              const struct snapshot_show_snapshot *snapshot) {
    struct reservation_show *show = reservation_core_show_find(core, &snapshot->show_id);
    if (show != NULL && show->seq >= snapshot->seq) {
        return RESERVATION_APPLY_SEEN;
    }
    if (snapshot->seq < 1 || snapshot->status < SHOW_ON_SALE || snapshot->status > SHOW_CLOSED ||
        (snapshot->status != SHOW_CLOSED && !reservation_plan_is_sound(&snapshot->show))) {
        return RESERVATION_APPLY_BROKEN;
    }
    if (show == NULL) {
        show = reservation_store_show_make(core, &snapshot->show_id, &snapshot->owner_id);
    } else {
        reservation_store_show_empty(core, show);
    }
    show->owner_id = snapshot->owner_id;
    show->chain = snapshot->chain;
    show->seq = snapshot->seq;
    show->clock = snapshot->at;
    show->logic_version = snapshot->logic_version;
    show->status = (uint8_t)snapshot->status;
    if (snapshot->logic_version > core->logic_version) {
        core->logic_version = snapshot->logic_version;
    }
    if (show->status == SHOW_CLOSED) {
        return RESERVATION_APPLY_APPLIED;
    }
    reservation_store_show_fill(core, show, &snapshot->show);
    for (size_t i = 0; i < snapshot->reservations.count; i++) {
        if (!reservation_in(core, show, &snapshot->reservations.items[i])) {
            return RESERVATION_APPLY_BROKEN;
        }
    }
    show->call_off_next = show->order.first;
    if (show->status == SHOW_CANCELLED && show->callable > 0) {
        reservation_timer_show_lower(core, show, show->clock);
    }
    return RESERVATION_APPLY_APPLIED;
}

void reservation_core_statistics_get(const struct reservation_core *core,
                                     struct reservation_statistics *out) {
    const struct reservation_map *shows = &core->map_shows;
    size_t shows_map = shows->entries == NULL ? 0 : (size_t)shows->mask + 1;
    size_t octets_shows = core->octets_plans + reservation_slab_octets(&core->shows) +
                          shows_map * sizeof(*shows->entries) +
                          core->heap_size * (sizeof(*core->heap) + sizeof(*core->heap_positions));
    *out = (struct reservation_statistics){.shows = core->shows.used,
                                           .seats = core->seats,
                                           .reservations = core->map_reservations.count,
                                           .payments = core->payments,
                                           .octets_shows = octets_shows,
                                           .octets_reservations =
                                               core->memory.octets_allocated - octets_shows,
                                           .octets_allocated = core->memory.octets_allocated,
                                           .allocations = core->memory.allocations};
}
