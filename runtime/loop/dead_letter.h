/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_DEAD_LETTER_H
#define SEATLOG_RUNTIME_LOOP_DEAD_LETTER_H

#include "seatlog_types.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A dead letter: a record of the log that its consumer cannot use, with the reason. Its key is that
 * of the record.
 *
 * A record too large to be passed on whole is cut, and the reason says so: it must not block its
 * partition. So is a reason that was cut within a character: it would make the letter undecodable.
 */
struct dead_letter_source {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct octets key;
    struct octets value;
};

#define DEAD_LETTER_REASON_SIZE 640

/* Points into *source, *daemon and the caller's reason buffer of DEAD_LETTER_REASON_SIZE. */
struct dead_letter_record dead_letter_of(const struct dead_letter_source *source,
                                         const char *daemon, const char *reason,
                                         char reason_buffer[DEAD_LETTER_REASON_SIZE]);

#endif
