/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_H
#define SEATLOG_RESERVATION_CORE_STATE_H

/*
 * The state of a core, for the core's own files only. Reservations and shows are numbered by where
 * they lie (a slot; 0 is none): nothing that is decided depends on those numbers, on pointers, or
 * on the layout of the maps.
 */

#include <string.h>

#include "reservation/core/core.h"
#include "reservation/core/memory.h"
#include "reservation/core/plan.h"

void reservation_core_panic(const char *expression, const char *file, int line)
    __attribute__((noreturn, cold));

/* Always on. For promises within the program, never for input. */
#define RESERVATION_ASSERT(condition)                                                              \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            reservation_core_panic(#condition, __FILE__, __LINE__);                                \
    } while (0)

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
    char currency[3];
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

    int64_t holds_due_at __attribute__((aligned(64))); /* no hold ends before */
    int64_t forget_due_at;                             /* nothing is forgotten before */
    struct reservation_list order;
    struct reservation_list timers[TIMER_COUNT];
    uint32_t reservations; /* known */
    uint32_t unsettled;    /* of them, those that keep the show from closing */
    uint32_t callable;     /* of them, those that CancelShow must still call off */
    uint32_t made;         /* the last number given */

    struct hash chain __attribute__((aligned(64)));
    int64_t tick_not_before;
    uint32_t call_off_next; /* cancelled: nothing before this one is callable */
    uint32_t changed_next;
    int32_t logic_version;
};

/* Open addressing, linear probing, no tombstones: entries are (hash, slot), slot 0 is empty. */
struct reservation_map {
    struct reservation_map_entry *entries;
    uint32_t mask; /* size - 1 */
    uint32_t count;
};

struct reservation_map_entry {
    uint32_t hash;
    uint32_t slot;
};

struct reservation_heap_entry {
    int64_t key;
    uint32_t show;
};

/* What is remembered of a command that will be stepped soon: hints, not state. */
struct reservation_hint {
    uint64_t reservation_spread, buyer_spread;
    uint32_t show_hash, reservation_hash;
    uint32_t show; /* slots, 0 while unknown */
    uint32_t reservation;
    bool has_reservation, has_buyer, tells_places;
};

#define RESERVATION_HINTS 16 /* a power of two, and more than the commands that a hint takes */

struct reservation_core {
    struct reservation_memory memory;
    struct reservation_slab shows;
    struct reservation_slab reservations;
    struct reservation_map map_shows;        /* show id */
    struct reservation_map map_reservations; /* (show, reservation id) */
    struct reservation_map map_buyers;       /* (show, buyer id): first of the buyer's chain */
    struct reservation_heap_entry *heap;     /* by a lower bound of when a show is due */
    uint32_t *heap_positions;                /* of each show, by slot */
    size_t heap_count, heap_size;
    struct reservation_list changed; /* shows */
    size_t changed_count;
    uint32_t found; /* the reservation looked up last: likely to be asked for again */
    int64_t cursor;
    int32_t logic_version; /* the highest folded */
    int32_t decides_as;
    size_t seats, payments, octets_plans;
    struct reservation_hint hints[RESERVATION_HINTS];
    uint32_t hints_next;
};

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b) {
    uint64_t x[2];
    uint64_t y[2];
    memcpy(x, a->octets, sizeof(x));
    memcpy(y, b->octets, sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool text_equal(struct text a, struct text b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline struct reservation *reservation_at(const struct reservation_core *core,
                                                 uint32_t slot) {
    return reservation_slab_at(&core->reservations, slot);
}

static inline struct reservation_show *show_at(const struct reservation_core *core, uint32_t slot) {
    return reservation_slab_at(&core->shows, slot);
}

static inline const uint16_t *reservation_seats(const struct reservation *reservation) {
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

/* Ids are random or digests already; the multiplications spread them over a table all the same. */
static inline uint64_t reservation_map_spread(const struct uuid *id) {
    uint64_t words[2];
    memcpy(words, id->octets, sizeof(words));
    uint64_t spread = words[0] * 0xff51afd7ed558ccdu;
    return (spread ^ spread >> 32 ^ words[1]) * 0x9e3779b97f4a7c15u;
}

static inline uint32_t reservation_map_salted(uint64_t spread, uint32_t salt) {
    spread = (spread ^ spread >> 29 ^ salt) * 0xc4ceb9fe1a85ec53u;
    return (uint32_t)(spread >> 32);
}

/* reservation/core/map.c: salt tells the shows apart, 0 for shows themselves. Lookups give 0 where
 * there is none. */
static inline uint32_t reservation_map_hash(const struct uuid *id, uint32_t salt) {
    return reservation_map_salted(reservation_map_spread(id), salt);
}
uint32_t reservation_map_show_find(const struct reservation_core *core, const struct uuid *id);
void reservation_map_show_insert(struct reservation_core *core, uint32_t slot);
uint32_t reservation_map_reservation_find(const struct reservation_core *core, uint32_t show,
                                          const struct uuid *id);
void reservation_map_reservation_insert(struct reservation_core *core, uint32_t slot);
void reservation_map_reservation_remove(struct reservation_core *core, uint32_t slot);
uint32_t reservation_map_buyer_find(const struct reservation_core *core, uint32_t show,
                                    const struct uuid *buyer_id);
void reservation_map_buyer_insert(struct reservation_core *core, uint32_t slot);
void reservation_map_buyer_remove(struct reservation_core *core, uint32_t slot);
void reservation_map_free(struct reservation_core *core);

/*
 * reservation/core/store.c: shows, reservations and payments as memory. find gives NULL where there
 * is none. make takes the places off sale: the caller has checked that they are free.
 */
struct reservation_show *reservation_store_show_make(struct reservation_core *core,
                                                     const struct uuid *show_id,
                                                     const struct uuid *owner_id);
/* Puts a show without a plan on sale. The details must be sound. */
void reservation_store_show_fill(struct reservation_core *core, struct reservation_show *show,
                                 const struct show_details *details);
/* Forgets all reservations and the plan; keeps id, owner, seq, clock and chain. */
void reservation_store_show_empty(struct reservation_core *core, struct reservation_show *show);
struct reservation *reservation_store_find(struct reservation_core *core,
                                           const struct reservation_show *show,
                                           const struct uuid *reservation_id);
struct reservation *reservation_store_make(struct reservation_core *core,
                                           struct reservation_show *show,
                                           const struct uuid *reservation_id,
                                           const struct uuid *buyer_id, struct integers seats,
                                           int32_t quantity);
void reservation_store_forget(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation);
/*
 * To another state, or another time in the same, with expiry_moved because of a payment; keeps the
 * timers and the counters right.
 */
void reservation_store_move(struct reservation_core *core, struct reservation_show *show,
                            struct reservation *reservation, enum reservation_state state,
                            int64_t time, bool expiry_moved);
/* After a change of its payments or its cancel: keeps the show's counters right. */
void reservation_store_recount(struct reservation_core *core, struct reservation_show *show,
                               struct reservation *reservation);
/* A payment that nobody asked for; NULL if there are too many such. Now it is not forgotten. */
struct reservation_payment *reservation_store_stray_add(struct reservation_core *core,
                                                        struct reservation_show *show,
                                                        struct reservation *reservation,
                                                        int32_t attempt);
/* A buyer's reservations in this show, one after the other; NULL begins, NULL ends. */
const struct reservation *reservation_store_buyer_next(const struct reservation_core *core,
                                                       const struct reservation_show *show,
                                                       const struct uuid *buyer_id,
                                                       const struct reservation *previous);
/* A buyer's places held, being paid and owned, and all known reservations, in this show. */
struct reservation_buyer_usage {
    int32_t places;
    int32_t places_unpaid; /* of them, those held and being paid */
    int32_t reservations;
};
struct reservation_buyer_usage reservation_store_buyer_usage(const struct reservation_core *core,
                                                             const struct reservation_show *show,
                                                             const struct uuid *buyer_id);
/* The reservation's places: are they all free; take them; give them back. */
bool reservation_places_free(const struct reservation_show *show,
                             const struct reservation *reservation);
void reservation_places_take(struct reservation_show *show, const struct reservation *reservation);
void reservation_places_give(struct reservation_show *show, const struct reservation *reservation);
int64_t reservation_total_minor(const struct reservation_show *show,
                                const struct reservation *reservation);
int32_t reservation_general_section(const struct reservation *reservation);

/*
 * reservation/core/payments.c: a reservation's payments. find: by attempt and payment id; attempt:
 * of those the core asked for; refund: by its last refund attempt. NULL where there is none.
 */
struct reservation_payment *reservation_payment_find(const struct reservation *reservation,
                                                     int32_t attempt, struct text payment_id);
struct reservation_payment *reservation_payment_attempt(const struct reservation *reservation,
                                                        int32_t attempt);
struct reservation_payment *reservation_payment_refund(const struct reservation *reservation,
                                                       int32_t refund_attempt);
struct reservation_payment *reservation_payment_source(const struct reservation *reservation,
                                                       uint64_t source_digest);
/* Adds one at the end; NULL if it was not asked for and there are too many such. */
struct reservation_payment *reservation_payment_add(struct reservation_core *core,
                                                    struct reservation *reservation,
                                                    int32_t attempt, bool requested);
/* What an order was paid with; NULL if it is no order, or nothing was to pay. */
struct reservation_payment *reservation_payment_of_order(const struct reservation *reservation);
void reservation_payments_forget(struct reservation_core *core, struct reservation *reservation);
struct text reservation_payment_id(const struct reservation_payment *payment);
struct text reservation_payment_code(const struct reservation_payment *payment);
void reservation_payment_id_set(struct reservation_core *core, struct reservation_payment *payment,
                                struct text payment_id);
void reservation_payment_code_set(struct reservation_core *core,
                                  struct reservation_payment *payment, struct text code);
/* Of the last payment that has one. */
struct text reservation_last_code(const struct reservation *reservation);
/* Never 0. */
uint64_t reservation_source_digest(struct text source_id);

/* reservation/core/timer.c */
void reservation_timer_insert(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer);
void reservation_timer_remove(struct reservation_core *core, struct reservation_show *show,
                              struct reservation *reservation, enum reservation_timer timer);
/* The holds that have ended by now, the first due_max of them in their order; how many. */
uint32_t reservation_timer_due(struct reservation_core *core, struct reservation_show *show,
                               int64_t now_ms, struct reservation **due, uint32_t due_max);
/* Forgets what is due to be forgotten at this time of the show's clock. */
void reservation_timer_forget(struct reservation_core *core, struct reservation_show *show,
                              int64_t now_ms);
void reservation_timer_show_add(struct reservation_core *core, const struct reservation_show *show);
void reservation_timer_deinit(struct reservation_core *core);
/* The show may now be due as early as this. */
void reservation_timer_show_lower(struct reservation_core *core,
                                  const struct reservation_show *show, int64_t due_at);
/* When a show with nothing unsettled closes. */
int64_t reservation_show_closes_at(const struct reservation_show *show);

/* reservation/core/apply.c: whether such a reservation can be, whoever has the places. */
bool reservation_places_are_sound(const struct reservation_plan *plan, enum selection selection,
                                  struct integers seats, int32_t section, int32_t category,
                                  int32_t quantity);
/* seq must be the show's next. show is NULL for ShowCreated only. */
enum reservation_apply_result reservation_apply_event(struct reservation_core *core,
                                                      struct reservation_show **show,
                                                      const struct event *event);

/* reservation/core/snapshot.c, for comparing a repeated CreateShow. */
bool reservation_show_is_same(const struct reservation_show *show,
                              const struct show_details *details,
                              struct reservation_scratch *scratch);

#endif
