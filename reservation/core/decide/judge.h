/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_JUDGE_H
#define SEATLOG_RESERVATION_CORE_DECIDE_JUDGE_H

/* A command, judged in the order of reservation/README.md. */

#include "reservation/core/decide/emit.h"

/* Of a show that is known: expires what is due, closes the show if it is time, then the tables. */
void reservation_judge_of_show(struct reservation_decision *decision);
/* Of a show that is not. */
void reservation_judge_without_show(struct reservation_decision *decision);

#endif
