/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_RECORDS_H
#define SEATLOG_RESERVATION_CORE_STATE_RECORDS_H

/*
 * What is kept: payments, reservations, shows. Reservations and shows are numbered by where they
 * lie (a slot; 0 is none): nothing that is decided depends on those numbers, on pointers, or on the
 * layout of the maps.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reservation/core/bounds.h"
#include "reservation/core/memory.h"
#include "reservation/core/plan/plan.h"
#include "seatlog_types.h"

/* As in snapshots: ShowSnapshot.status. */
enum show_status { SHOW_ON_SALE = 0, SHOW_CANCELLED = 1, SHOW_CLOSED = 2 };

/* As in snapshots: SnapshotReservation.release_reason. */
enum released_how {
    RELEASED_NOT = 0,
    RELEASED_EXPIRED = 1,
    RELEASED_BY_BUYER = 2,
    RELEASED_SHOW_CANCELLED = 3,
    RELEASED_CAPTURE_FAILED = 4,
};

/* As in snapshots: SnapshotReservation.cancel_reason; enum cancel_reason + 1, 0 for none. */
#define CANCEL_NONE 0

/* As in snapshots: SnapshotPayment.state. */
enum payment_state {
    PAYMENT_REQUESTED = 1,
    PAYMENT_AUTHORIZED = 2,
    PAYMENT_DECLINED = 3,
    PAYMENT_VOIDING = 4,
    PAYMENT_VOIDED = 5,
    PAYMENT_CAPTURED = 6,
    PAYMENT_CAPTURE_FAILED = 7,
    PAYMENT_REFUNDING = 8,
    PAYMENT_REFUNDED = 9,
    PAYMENT_REFUND_FAILED = 10,
};

/* A payment of a reservation: an attempt that the core asked for, or one that turned up. */
struct reservation_payment {
    struct reservation_payment *next; /* in the order of their appearance */
    char *payment_id;                 /* NULL while unknown */
    char *code;
    int64_t amount_minor;
    uint64_t source_digest;
    int32_t attempt;
    uint8_t payment_id_octets;
    uint8_t code_octets;
    uint8_t refund_attempt; /* its last one, 0 if none */
    uint8_t state;          /* enum payment_state */
    bool requested;
    char currency[RESERVATION_CURRENCY_OCTETS];
};

#define RESERVATION_SEATS_INLINE 4

/* What the counters of a show count; see reservation_store_recount. */
#define RESERVATION_FLAG_UNSETTLED 1u
#define RESERVATION_FLAG_CALLABLE 2u
/* Payment has moved expires_at. */
#define RESERVATION_FLAG_MOVED 4u

struct reservation {
    struct uuid reservation_id;
    struct uuid buyer_id;
    int64_t time; /* HELD, PAYING: expires_at; RELEASED: released_at; else 0 */
    union {
        uint16_t few[RESERVATION_SEATS_INLINE]; /* if quantity is not more */
        uint16_t *many;
    } seats; /* ascending; unused in a general section */
    struct reservation_payment *payments;
    uint32_t slot; /* its own */
    uint32_t show;
    uint32_t made; /* ascending within the show */
    uint32_t next_of_buyer;
    uint32_t next_in_show, previous_in_show; /* in the order of their making */
    uint32_t next_in_timer, previous_in_timer;
    uint8_t state : 4; /* enum reservation_state; NONE: a free slot */
    uint8_t selection : 2;
    uint8_t attempt : 2;  /* number of attempts so far */
    uint8_t released : 3; /* enum released_how */
    uint8_t cancel : 2;   /* remembered, or carried out: enum cancel_reason + 1 */
    uint8_t flags : 3;
    uint8_t quantity;
    uint8_t refund_attempt;
    int16_t section; /* as asked */
    int8_t category; /* as asked */
};

/*
 * Lists of a show's reservations by (time, made). Holds, and holds whose end payment has moved,
 * each get later as they are made, so that both lists are appended to. Then what will be forgotten.
 */
enum reservation_timer { TIMER_HELD, TIMER_MOVED, TIMER_FORGET, TIMER_COUNT };

struct reservation_list {
    uint32_t first, last;
};

/* Three lines of the cache: who it is and how far; its lists; its chain and what seldom changes. */
struct reservation_show {
    struct uuid show_id;
    struct uuid owner_id;
    struct reservation_plan *plan; /* NULL once closed */
    int64_t seq;
    int64_t clock;
    uint32_t index;
    uint8_t status; /* enum show_status */
    bool changed;   /* is in the queue of changed shows */

    int64_t holds_due_at
        __attribute__((aligned(RESERVATION_CACHE_LINE_OCTETS))); /* no hold ends before */
    int64_t forget_due_at;                                       /* nothing is forgotten before */
    struct reservation_list order;
    struct reservation_list timers[TIMER_COUNT];
    uint32_t reservations; /* known */
    uint32_t unsettled;    /* of them, those that keep the show from closing */
    uint32_t callable;     /* of them, those that CancelShow must still call off */
    uint32_t made;         /* the last number given */

    struct hash chain __attribute__((aligned(RESERVATION_CACHE_LINE_OCTETS)));
    int64_t tick_not_before;
    uint32_t call_off_next; /* cancelled: nothing before this one is callable */
    uint32_t changed_next;
    int32_t logic_version;
};

_Static_assert(sizeof(struct reservation_show) == 3 * RESERVATION_CACHE_LINE_OCTETS,
               "a show is three lines of cache");
_Static_assert(2 * sizeof(struct reservation) == 3 * RESERVATION_CACHE_LINE_OCTETS,
               "a reservation is a line and a half of cache");
_Static_assert(sizeof(struct reservation_payment) <= RESERVATION_CACHE_LINE_OCTETS,
               "a payment is one small block");
_Static_assert(RESERVATION_PLACES_PER_RESERVATION_MAX <= UINT8_MAX, "fits reservation.quantity");
_Static_assert(RESERVATION_PLACES_PER_RESERVATION_MAX * sizeof(uint16_t) <=
                   RESERVATION_BLOCK_OCTETS_MAX,
               "a reservation's seats fit a block");
_Static_assert(RESERVATION_PAYMENT_ID_OCTETS_MAX <= UINT8_MAX, "fits payment_id_octets");
_Static_assert(RESERVATION_CODE_OCTETS_MAX <= UINT8_MAX, "fits code_octets");
_Static_assert(RESERVATION_REFUND_ATTEMPTS_MAX <= UINT8_MAX, "fits refund_attempt");
_Static_assert(RESERVATION_ATTEMPTS_MAX <= 3, "fits reservation.attempt");
_Static_assert(RESERVATION_STATE_COUNT <= 16, "fits reservation.state");
_Static_assert(SELECTION_COUNT <= 4, "fits reservation.selection");
_Static_assert(CANCEL_REASON_COUNT <= 3, "fits reservation.cancel");
_Static_assert(RESERVATION_PLACES_PER_SHOW_MAX <= UINT16_MAX, "a seat's number is 16 bits");

static inline const uint16_t *reservation_seats(const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->quantity >= 1);
    RESERVATION_ASSERT(reservation->quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    return reservation->quantity <= RESERVATION_SEATS_INLINE ? reservation->seats.few
                                                             : reservation->seats.many;
}

static inline bool reservation_is_live(const struct reservation *reservation) {
    return reservation->state >= RESERVATION_STATE_HELD &&
           reservation->state <= RESERVATION_STATE_SOLD;
}

/* Holds places that its buyer can still release. */
static inline bool reservation_is_unpaid(const struct reservation *reservation) {
    return reservation->state == RESERVATION_STATE_HELD ||
           reservation->state == RESERVATION_STATE_PAYING;
}

/* The section of general admission that it has places in, -1 if it has seats. */
static inline int32_t reservation_general_section(const struct reservation *reservation) {
    RESERVATION_ASSERT(reservation->selection < SELECTION_COUNT);
    RESERVATION_ASSERT(reservation->selection != SELECTION_GENERAL || reservation->section >= 0);
    return reservation->selection == SELECTION_GENERAL ? reservation->section : -1;
}

#endif
