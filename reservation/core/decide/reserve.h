/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_RESERVE_H
#define SEATLOG_RESERVATION_CORE_DECIDE_RESERVE_H

/* Reserve and Release: rows of the table command x reservation in reservation/README.md. */

#include "reservation/core/decide/emit.h"

/* known: the reservation with the command's id, NULL if there is none. */
void reservation_decide_reserve(struct reservation_decision *decision,
                                const struct reservation *known);
void reservation_decide_release(struct reservation_decision *decision,
                                const struct reservation *reservation);

#endif
