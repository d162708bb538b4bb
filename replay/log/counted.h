/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_COUNTED_H
#define SEATLOG_REPLAY_LOG_COUNTED_H

#include "replay/log/log.h"
#include "runtime/term/reader.h"

/*
 * The events of one partition that count, by the reader's rule (runtime/term/reader.h): those of
 * whole commands, each once, in order. A command that is not whole where the log ends has not
 * happened yet.
 */
struct replay_counted;

/*
 * Who looks at everything that is on the log, whether it counts or not: called once for each record,
 * in order, with what the rule says of it, and how the rule stood before it and stands after it.
 */
struct replay_judge {
    void (*record)(void *context, const struct replay_record *record, enum term_verdict verdict,
                   const struct term_reader *before, const struct term_reader *after);
    void *context;
};

/*
 * From a position on that was kept, or term_position_of_beginning(); what is below it is passed
 * over, and shown to nobody. judge may be NULL, and must outlive the reader else. NULL: *error.
 */
struct replay_counted *replay_counted_new(struct replay_log *log, int32_t partition,
                                          const struct term_position *position,
                                          const struct replay_judge *judge, struct error *error);
void replay_counted_free(struct replay_counted *counted); /* NULL is fine */

/*
 * The next event that counts; *record is valid until the next call. FAILED with PARK: the log has
 * lost what counted on it (TERM_FORGOTTEN).
 */
enum replay_read replay_counted_next(struct replay_counted *counted, struct replay_record *record,
                                     struct error *error);

/* How the rule stands: behind the whole command of which the last event was given. */
const struct term_reader *replay_counted_rule(const struct replay_counted *counted);

/* As replay_reader_end. */
int64_t replay_counted_end(const struct replay_counted *counted);

/* What a record says of its place. */
struct term_label replay_counted_label(const struct replay_record *record);

#endif
