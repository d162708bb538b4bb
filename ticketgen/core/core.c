/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to its record on seatlog.tickets. */
#include "ticketgen/core/core.h"

#include "runtime/base/identity.h"

#include <assert.h>

#define TIME_MAX_MS INT64_C(253402300799000) /* the end of the year 9999 */
_Static_assert(TIME_MAX_MS <= INT64_MAX - TICKET_DOCUMENT_KEPT_MS, "sums do not overflow");
_Static_assert(TIME_MAX_MS <= INT64_MAX - TICKET_VALID_AFTER_END_MS, "sums do not overflow");

static int64_t show_end_ms(const struct show_summary *summary) {
    int64_t end_ms = summary->ends_at > summary->starts_at ? summary->ends_at : summary->starts_at;
    end_ms = end_ms > TIME_MAX_MS ? TIME_MAX_MS : end_ms;
    assert(end_ms <= TIME_MAX_MS);
    assert(end_ms >= summary->starts_at || end_ms == TIME_MAX_MS);
    return end_ms;
}

static uint32_t seconds_clamped(int64_t at_ms) {
    int64_t at_s = at_ms / 1000;
    return at_s < 0 ? 0 : at_s > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)at_s;
}

static bool place_fits(const struct place *place) {
    return place->seat >= -1 && place->section_index >= 0 && place->section_index <= UINT16_MAX;
}

bool ticket_core_issue(const struct event_sold *sold, const struct ticket_key *key,
                       struct arena *arena, struct ticket_tickets_issued *issued,
                       const char **reason) {
    size_t count = sold->places.count;
    if (count == 0 || count > UINT16_MAX) {
        *reason = count == 0 ? "the order has no places" : "the order has too many places";
        return false;
    }
    struct ticket *tickets = arena_allocate_array(arena, count, sizeof(*tickets));
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &sold->places.items[i];
        if (!place_fits(place)) {
            *reason = "a place is out of range";
            return false;
        }
        struct ticket_claims claims = {
            .ticket_id = ticket_id_derive(&sold->reservation_id, (int32_t)i),
            .show_id = sold->head.show_id,
            .valid_from_s = seconds_clamped(sold->head.at),
            .valid_until_s =
                seconds_clamped(show_end_ms(&sold->summary) + TICKET_VALID_AFTER_END_MS),
            .ordinal = (uint16_t)i,
            .section_index = (uint16_t)place->section_index,
            .seat = place->seat < 0 ? TICKET_TOKEN_NO_SEAT : (uint32_t)place->seat,
        };
        assert(claims.ordinal == i);
        assert(place->seat < 0 || claims.seat != TICKET_TOKEN_NO_SEAT);
        char *token = arena_allocate(arena, TICKET_TOKEN_TEXT_SIZE);
        ticket_token_sign(key, &claims, token);
        tickets[i] = (struct ticket){
            .ticket_id = claims.ticket_id,
            .ordinal = (int32_t)i,
            .place = *place,
            .token = {token, TICKET_TOKEN_TEXT_SIZE - 1},
        };
    }
    *issued = (struct ticket_tickets_issued){
        .tickets = {tickets, count},
        .show_id = sold->head.show_id,
        .owner_id = sold->head.owner_id,
        .order_id = sold->reservation_id,
        .buyer_id = sold->buyer_id,
        .at = sold->head.at,
        .event_seq = sold->head.seq,
        .amount_minor = sold->amount_minor,
        .currency = sold->currency,
        .summary = sold->summary,
    };
    assert(issued->tickets.count == sold->places.count);
    return true;
}

void ticket_core_revoke(const struct event_order_cancelled *cancelled, struct arena *arena,
                        struct ticket_tickets_revoked *revoked) {
    size_t count = cancelled->places.count;
    assert(count <= INT32_MAX); /* ordinals */
    struct uuid *ticket_ids = arena_allocate_array(arena, count, sizeof(*ticket_ids));
    for (size_t i = 0; i < count; i++) {
        ticket_ids[i] = ticket_id_derive(&cancelled->reservation_id, (int32_t)i);
    }
    *revoked = (struct ticket_tickets_revoked){
        .ticket_ids = {ticket_ids, count},
        .show_id = cancelled->head.show_id,
        .owner_id = cancelled->head.owner_id,
        .order_id = cancelled->reservation_id,
        .buyer_id = cancelled->buyer_id,
        .at = cancelled->head.at,
        .event_seq = cancelled->head.seq,
        .reason = cancelled->reason,
    };
    assert(revoked->ticket_ids.count == cancelled->places.count);
}

int64_t ticket_core_purge_at_ms(const struct show_summary *summary) {
    int64_t purge_at_ms = show_end_ms(summary) + TICKET_DOCUMENT_KEPT_MS;
    assert(purge_at_ms > summary->starts_at || purge_at_ms > TIME_MAX_MS);
    return purge_at_ms;
}
