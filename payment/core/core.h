/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about one piece of work, given what the provider has said. */
#ifndef SEATLOG_PAYMENT_CORE_CORE_H
#define SEATLOG_PAYMENT_CORE_CORE_H

#include "payment/core/answer.h"
#include "payment/core/limits.h"

/*
 * The table of payment/README.md. Pure: no I/O, no clock, no randomness; the caller brings the time
 * and the random numbers.
 *
 * Work goes on until its result is known for certain, is then reported as a command, and is done
 * when the log has acknowledged that. Times are milliseconds since the epoch.
 */

/*
 * Before anything is done: takes the work over the end of its hold. Afterwards work->step is what
 * to do now if work->due_at_ms <= now_ms, else the work waits until then.
 */
void payment_work_prepare(struct payment_work *work, const struct payment_limits *limits,
                          int64_t now_ms);

/*
 * Whether a call of timeout_ms that begins now, so long after its row was leased for lease_ms, is
 * over before another instance may take the row, and before settle_ms says that no create can be
 * under way. A process that has slept in between must not call.
 */
bool payment_call_is_timely(const struct payment_limits *limits, int64_t lease_ms,
                            int64_t timeout_ms, int64_t since_leased_ms);

/*
 * The answer to the call of work->step; work->sent_at_ms is still that of the tries before.
 * random: any 32 bits, for jitter. Returns NULL, or what an operator must hear, in words.
 */
const char *payment_work_answered(struct payment_work *work, const struct payment_answer *answer,
                                  const struct payment_limits *limits, int64_t now_ms,
                                  uint32_t random);

/* PAYMENT_STEP_REPORT: whether the log has acknowledged the command. */
void payment_work_reported(struct payment_work *work, bool acknowledged,
                           const struct payment_limits *limits, int64_t now_ms, uint32_t random);

#endif
