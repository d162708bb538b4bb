/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_VERIFY_MODEL_H
#define SEATLOG_REPLAY_VERIFY_MODEL_H

#include "runtime/base/buffer.h"
#include "seatlog_types.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Who has which place, by the events alone: a second opinion that shares no code with the core. It
 * knows nothing of commands, limits or payments; it only counts, and says what cannot be:
 *
 *   a seat given to one reservation while another has it
 *   more places of a general section given than it has
 *   places given back by somebody who does not have them, or sold without being held
 *   a seq that is not the next one, a broken hash chain, a clock that goes back
 *   a hold that is not over, ended as if it were; a hold that should be over long ago
 *
 * Memory: a few bytes a seat, some hundred a live reservation, sixty a show that is over.
 */
struct replay_model;

struct replay_model *replay_model_new(void);
void replay_model_free(struct replay_model *model);

/*
 * Takes the next event of the partition (value: its bytes on the log). true: nothing against it.
 * false: *finding says what is wrong, in a sentence. The model then goes on as the event says.
 */
bool replay_model_take(struct replay_model *model, const struct event *event, struct octets value,
                       struct buffer *finding);

/*
 * Holds that should have ended before now_ms - grace_ms, counted; the first is told in *finding.
 * Invariant: every hold ends, by its time plus grace.
 */
uint64_t replay_model_overdue(struct replay_model *model, int64_t now_ms, int64_t grace_ms,
                              struct buffer *finding);

struct replay_model_counts {
    uint64_t shows;
    uint64_t live_reservations;
    uint64_t places_sold;
    uint64_t places_held;
};
void replay_model_count(const struct replay_model *model, struct replay_model_counts *out);

#endif
