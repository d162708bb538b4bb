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
 * Which events count, it judges for itself too.
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

/*
 * The rule by which events count (schemas/asyncapi.yaml), read once more and without the code that
 * all readers share, so that two must agree. Takes the next record of the partition: its offset,
 * its header seatlog-log (data NULL: none), and where it has none the command's offset that its
 * value names, -1 if it names none. Knows nothing of records that a consumer passes over, nor of a
 * log that has lost its end.
 */
enum replay_judgement {
    REPLAY_COUNTS_NOT,
    REPLAY_CLAIMS, /* a new term */
    REPLAY_WAITS,  /* for the rest of its command */
    REPLAY_COUNTS  /* and so do those that have waited for it */
};
enum replay_judgement replay_model_judge(struct replay_model *model, int64_t offset,
                                         struct octets label, int64_t command_offset);

struct replay_model_counts {
    uint64_t shows;
    uint64_t live_reservations;
    uint64_t places_sold;
    uint64_t places_held;
};
void replay_model_count(const struct replay_model *model, struct replay_model_counts *out);

#endif
