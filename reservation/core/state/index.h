/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_INDEX_H
#define SEATLOG_RESERVATION_CORE_STATE_INDEX_H

/* Shows and reservations by their ids, a buyer's reservations one after the other. */

#include "reservation/core/state/state.h"

/* Lookups give a slot, 0 where there is none. insert: there must be none; remove: it must be. */
uint32_t reservation_index_show_find(const struct reservation_core *core, const struct uuid *id);
void reservation_index_show_insert(struct reservation_core *core, uint32_t slot);
uint32_t reservation_index_find(const struct reservation_core *core, uint32_t show,
                                const struct uuid *id);
/* By its id, and as the first of its buyer's. */
void reservation_index_insert(struct reservation_core *core, struct reservation *reservation);
void reservation_index_remove(struct reservation_core *core, struct reservation *reservation);
/* The first of the buyer's; the others follow by next_of_buyer. */
uint32_t reservation_index_buyer_find(const struct reservation_core *core, uint32_t show,
                                      const struct uuid *buyer_id);
void reservation_index_free(struct reservation_core *core);

#endif
