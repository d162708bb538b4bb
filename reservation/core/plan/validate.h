/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_PLAN_VALIDATE_H
#define SEATLOG_RESERVATION_CORE_PLAN_VALIDATE_H

/* What a show, and what a reservation in it, can be at all. */

#include "reservation/core/plan/plan.h"

/* Whether a show with these details may be put on sale at this time. */
bool reservation_plan_is_valid(const struct show_details *details, int64_t now_ms);
/* The same, whatever the time: what restore and fold insist on. */
bool reservation_plan_is_sound(const struct show_details *details);
/* Whether all its texts follow the rule of codec/text/check.h: from logic version 3 on. */
bool reservation_plan_texts_are_fit(const struct show_details *details);
/* Whether such a reservation can be, whoever has the places. */
bool reservation_places_are_sound(const struct reservation_plan *plan, enum selection selection,
                                  struct integers seats, int32_t section, int32_t category,
                                  int32_t quantity);

#endif
