/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_BOUNDS_H
#define SEATLOG_RESERVATION_CORE_BOUNDS_H

/* The numbers of the core: its logic version, its bounds, its times. */

#include <stdint.h>

#include "seatlog_bounds.h"

/*
 * The newest logic: how this program decides unless told otherwise. The version goes into every
 * event's head and never decreases within a show. What the versions decide differently:
 *   1  a payment moves the end of its hold to five minutes from then at the least
 *   2  or to as long as the show holds seats, if that is shorter (decide/payment.c)
 *   3  the texts of a show and the reason of its cancellation follow the rule of
 *      codec/text/check.h (plan/validate.c, decide/cancel.c); the same seats again, and a double
 *      click, find the reservation that is there (decide/reserve.c); a refusal says how much is
 *      left (decide/reserve.c); nothing to pay needs no source (decide/payment.c)
 */
#define RESERVATION_LOGIC_VERSION 3

/* Bounds. Those of what commands and events carry are in schemas/bounds.tsv. */
#define RESERVATION_PLACES_PER_SHOW_MAX PLAN_PLACES_MAX
#define RESERVATION_CURRENCY_OCTETS 3
#define RESERVATION_COUNTRY_OCTETS 2
#define RESERVATION_HOLDS_PER_EVENT_MAX 256
#define RESERVATION_CANCELLED_PER_COMMAND_MAX 64
#define RESERVATION_EVENTS_PER_COMMAND_MAX 640

/* Times. */
#define RESERVATION_PAYMENT_GRACE_MS (5 * 60 * 1000LL)
/* The same wish again within this time of the first, without a key, is a double click. */
#define RESERVATION_DOUBLE_CLICK_MS (5 * 1000LL)
#define RESERVATION_FORGET_AFTER_MS (60 * 60 * 1000LL)
#define RESERVATION_CLOSE_AFTER_MS (7 * 24 * 60 * 60 * 1000LL)

/* A time that never comes. */
#define RESERVATION_NEVER INT64_MAX

#endif
