/* SPDX-License-Identifier: Apache-2.0 */
/* Names as in the tables: "authorize", "create", "authorized", "payment", "APPROVED". */
#ifndef SEATLOG_PAYMENT_CORE_NAMES_H
#define SEATLOG_PAYMENT_CORE_NAMES_H

#include "payment/core/answer.h"

const char *payment_kind_name(enum payment_kind kind);
const char *payment_step_name(enum payment_step step);
const char *payment_result_name(enum payment_result result);
const char *payment_answer_kind_name(enum payment_answer_kind kind);
const char *payment_status_name(enum payment_status status);

/* The reverse; false: there is no such name, and *out is the first. name may be NULL. */
bool payment_kind_parse(const char *name, enum payment_kind *out);
bool payment_step_parse(const char *name, enum payment_step *out);
bool payment_result_parse(const char *name, enum payment_result *out);
bool payment_status_parse(const char *name, enum payment_status *out);

#endif
