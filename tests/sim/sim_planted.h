/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_SIM_PLANTED_H
#define SEATLOG_TESTS_SIM_PLANTED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The bugs that can be planted, one at a time, in what the simulator models of the adapters. Those
 * of the core itself are in reservation/core/planted.h; both are numbered through, adapters
 * first.
 */
enum sim_planted {
    SIM_PLANTED_NONE,
    SIM_PLANTED_OFFSETS_OUTSIDE_TRANSACTION,
    SIM_PLANTED_NO_FENCE,
    SIM_PLANTED_RECOVER_TO_STABLE_OFFSET,
    SIM_PLANTED_KEEP_STATE_AT_REVOKE,
    SIM_PLANTED_KEEP_STATE_AFTER_ABORT,
    SIM_PLANTED_SNAPSHOT_AHEAD,
    SIM_PLANTED_LATE_END_IGNORED,
    SIM_PLANTED_TICKS_FORGOTTEN,
    SIM_PLANTED_DEAD_LETTER_OUTSIDE,
    SIM_PLANTED_TAIL_UNCOMMITTED,
    SIM_PLANTED_SINK_READS_UNCOMMITTED,
    SIM_PLANTED_SINK_OFFSET_APART,
    SIM_PLANTED_SINK_NO_FENCE,
    SIM_PLANTED_TICKETS_BEFORE_STORE,
    SIM_PLANTED_TICKET_IDS_RANDOM,
    SIM_PLANTED_TICKETS_NOT_REVOKED,
    SIM_PLANTED_CAPTURE_BEFORE_BOOK,
    SIM_PLANTED_PAYMENT_KEY_RANDOM,
    SIM_PLANTED_SENT_NOT_REMEMBERED,
    SIM_PLANTED_CANCEL_BY_KEY_TOO_EARLY,
    SIM_PLANTED_LEASE_UNFENCED,
    SIM_PLANTED_CALL_AFTER_SLEEP,
    SIM_PLANTED_DONE_BEFORE_ACKNOWLEDGED,
    SIM_PLANTED_VOID_DROPPED,
    SIM_PLANTED_REFUND_FORGOTTEN,
    SIM_PLANTED_MESSAGE_ID_NEW,
    SIM_PLANTED_MAIL_SENT_BEFORE_ACCEPTED,
    SIM_PLANTED_ADAPTERS_END
};

struct sim_planted_bug {
    int number;
    const char *name; /* skip-expiry */
    const char *what; /* a sentence */
};

/* All of them, without NONE. */
size_t sim_planted_count(void);
const struct sim_planted_bug *sim_planted_at(size_t index);
const struct sim_planted_bug *sim_planted_find(const char *name);

/* Switches the core's own; false where this program's core has none (production). */
bool sim_planted_core_set(int number);
bool sim_planted_is_of_core(int number);

#endif
