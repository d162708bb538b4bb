/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_STATE_PLACES_H
#define SEATLOG_RESERVATION_CORE_STATE_PLACES_H

/* A reservation's places in the plan of its show. */

#include "reservation/core/state/records.h"

/* Are they all free; take them off sale, for which they must be; give them back. */
bool reservation_places_free(const struct reservation_show *show,
                             const struct reservation *reservation);
void reservation_places_take(struct reservation_show *show, const struct reservation *reservation);
void reservation_places_give(struct reservation_show *show, const struct reservation *reservation);
/* What they cost, in the minor unit of the show's currency. */
int64_t reservation_total_minor(const struct reservation_show *show,
                                const struct reservation *reservation);
/* Its seats in scratch, ascending; none in a general section. */
struct integers reservation_seats_list(const struct reservation *reservation,
                                       struct reservation_scratch *scratch);

#endif
