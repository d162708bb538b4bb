/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the log, wherever it is read from. */
#ifndef SEATLOG_REPLAY_LOG_RECORD_H
#define SEATLOG_REPLAY_LOG_RECORD_H

#include "codec/value.h"

#include <stdint.h>

struct replay_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct octets key;   /* data NULL: none */
    struct octets value; /* data NULL: a tombstone */
    struct octets label; /* the header seatlog-log of an event (runtime/term/label.h); data NULL:
                            none. Where it is there twice, all of them with a newline between. */
};

/* What reading the next one has come to. */
enum replay_read {
    REPLAY_READ_RECORD, /* *record is valid until the next call */
    REPLAY_READ_END,
    REPLAY_READ_FAILED /* *error says why */
};

#endif
