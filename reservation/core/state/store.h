/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_STORE_H
#define SEATLOG_RESERVATION_CORE_STATE_STORE_H

/* Shows and reservations as memory: made, moved from state to state, counted, forgotten. */

#include "reservation/core/state/state.h"

/*
 * find gives NULL where there is none. make takes no places off sale: that is state/places.h.
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
/* Forgets what is due to be forgotten at this time of the show's clock. */
void reservation_store_forget_due(struct reservation_core *core, struct reservation_show *show,
                                  int64_t now_ms);
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

#endif
