/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim_planted.h"

#include "reservation/core/planted.h"

#include <string.h>

#ifdef SEATLOG_RESERVATION_PLANTED
int reservation_planted = RESERVATION_PLANTED_NONE;
#endif

#define OF_CORE(name) (SIM_PLANTED_ADAPTERS_END + RESERVATION_PLANTED_##name)

static const struct sim_planted_bug bugs[] = {
    {SIM_PLANTED_OFFSETS_OUTSIDE_TRANSACTION, "offsets-outside-transaction",
     "the decider commits its offsets beside its transaction, not in it"},
    {SIM_PLANTED_NO_FENCE, "no-fence", "offsets are sent without the group's metadata"},
    {SIM_PLANTED_RECOVER_TO_STABLE_OFFSET, "recover-to-stable-offset",
     "recovery folds to the last stable offset, not to the high watermark"},
    {SIM_PLANTED_KEEP_STATE_AT_REVOKE, "keep-state-at-revoke",
     "a revoked partition's state is kept and decided on"},
    {SIM_PLANTED_KEEP_STATE_AFTER_ABORT, "keep-state-after-abort",
     "after an abort the state is kept, ahead of the log"},
    {SIM_PLANTED_SNAPSHOT_AHEAD, "snapshot-ahead",
     "a partition's snapshot claims shows that were not written"},
    {SIM_PLANTED_LATE_END_IGNORED, "late-end-ignored",
     "a producer whose EndTxn was sent twice is used again"},
    {SIM_PLANTED_TICKS_FORGOTTEN, "ticks-forgotten", "no Tick is ever sent"},
    {SIM_PLANTED_DEAD_LETTER_OUTSIDE, "dead-letter-outside",
     "dead letters are written beside the transaction"},
    {SIM_PLANTED_TAIL_UNCOMMITTED, "tail-uncommitted",
     "ingest answers from events that are not committed"},
    {SIM_PLANTED_SINK_READS_UNCOMMITTED, "sink-reads-uncommitted",
     "sinks read events that are not committed"},
    {SIM_PLANTED_SINK_OFFSET_APART, "sink-offset-apart",
     "rows and offset are two PostgreSQL transactions"},
    {SIM_PLANTED_SINK_NO_FENCE, "sink-no-fence", "a sink's offset is moved without looking"},
    {SIM_PLANTED_TICKETS_BEFORE_STORE, "tickets-before-store",
     "tickets are on the log before they are stored"},
    {SIM_PLANTED_TICKET_IDS_RANDOM, "ticket-ids-random", "ticket ids are drawn, not derived"},
    {SIM_PLANTED_TICKETS_NOT_REVOKED, "tickets-not-revoked", "cancelled orders keep their tickets"},
    {SIM_PLANTED_CAPTURE_BEFORE_BOOK, "capture-before-book",
     "payments are captured as they are made"},
    {SIM_PLANTED_PAYMENT_KEY_RANDOM, "payment-key-random",
     "every try of an authorization has a key of its own"},
    {SIM_PLANTED_SENT_NOT_REMEMBERED, "sent-not-remembered",
     "that a create may have been sent is not written down before"},
    {SIM_PLANTED_CANCEL_BY_KEY_TOO_EARLY, "cancel-by-key-too-early",
     "an attempt is cancelled by key while a create may be on its way"},
    {SIM_PLANTED_CALL_AFTER_SLEEP, "call-after-sleep",
     "a worker that slept since it leased its work calls the provider all the same"},
    {SIM_PLANTED_LEASE_UNFENCED, "lease-unfenced",
     "a worker that lost its lease writes all the same"},
    {SIM_PLANTED_DONE_BEFORE_ACKNOWLEDGED, "done-before-acknowledged",
     "work is done before the log has acknowledged its command"},
    {SIM_PLANTED_VOID_DROPPED, "void-dropped", "VoidRequested is ignored"},
    {SIM_PLANTED_REFUND_FORGOTTEN, "refund-forgotten", "RefundRequested is ignored"},
    {SIM_PLANTED_MESSAGE_ID_NEW, "message-id-new",
     "every try of a mail has a Message-ID of its own"},
    {SIM_PLANTED_MAIL_SENT_BEFORE_ACCEPTED, "mail-sent-before-accepted",
     "a mail counts as sent before the server has taken it"},
    {OF_CORE(SKIP_EXPIRY), "skip-expiry", "holds do not end"},
    {OF_CORE(BEST_OFF_BY_ONE), "best-off-by-one", "best available aims one seat beside the middle"},
    {OF_CORE(BUYER_LIMIT_FORGOTTEN), "buyer-limit-forgotten", "a buyer may have any number"},
    {OF_CORE(SEATS_KEPT_ON_CANCEL), "seats-kept-on-cancel", "a cancelled order keeps its seats"},
    {OF_CORE(TAKEN_SEATS_UNNAMED), "taken-seats-unnamed", "only the first taken seat is named"},
    {OF_CORE(RESEAT_UNCHECKED), "reseat-unchecked",
     "a late authorization takes its seats whoever has them"},
    {OF_CORE(LATE_AUTHORIZATION_DROPPED), "late-authorization-dropped",
     "a late authorization is noted, neither seated nor voided"},
    {OF_CORE(CALL_OFF_SKIPS_SOLD), "call-off-skips-sold",
     "a cancelled show's orders are not called off"},
    {OF_CORE(GRACE_EVERY_TIME), "grace-every-time", "every payment moves the end of the hold"},
    {OF_CORE(CANCEL_NOT_REMEMBERED), "cancel-not-remembered",
     "an order cancelled during its capture is sold"},
    {OF_CORE(ANYBODY_MAY), "anybody-may", "anybody may release, pay and cancel"},
    {OF_CORE(SNAPSHOT_LOSES_GRACE), "snapshot-loses-grace",
     "a snapshot forgets that payment has moved a hold's end"},
    {OF_CORE(SOURCE_USED_TWICE), "source-used-twice", "a declined source is charged again"},
    {OF_CORE(PRICE_OF_ONE_LESS), "price-of-one-less", "the fourth seat is free"},
    {OF_CORE(VERSION_IGNORED), "version-ignored",
     "an older logic version is named, and the newer one decides"},
    {OF_CORE(SAME_SEATS_REFUSED), "same-seats-refused",
     "a buyer's own held seats, asked for again, are taken"},
    {OF_CORE(KEYS_IGNORED), "keys-ignored",
     "a wish with a key of its own is taken for a double click"},
    {OF_CORE(DOUBLE_CLICK_FOR_EVER), "double-click-for-ever",
     "the same wish is a double click as long as the hold lasts"},
    {OF_CORE(CLOCK_GOES_BACK), "clock-goes-back", "a show's clock follows the broker's back"},
};

size_t sim_planted_count(void) { return sizeof bugs / sizeof bugs[0]; }

const struct sim_planted_bug *sim_planted_at(size_t index) { return &bugs[index]; }

const struct sim_planted_bug *sim_planted_find(const char *name) {
    for (size_t i = 0; i < sim_planted_count(); i++) {
        if (strcmp(bugs[i].name, name) == 0) {
            return &bugs[i];
        }
    }
    return NULL;
}

bool sim_planted_is_of_core(int number) { return number > SIM_PLANTED_ADAPTERS_END; }

bool sim_planted_core_set(int number) {
#ifdef SEATLOG_RESERVATION_PLANTED
    reservation_planted = sim_planted_is_of_core(number) ? number - SIM_PLANTED_ADAPTERS_END : 0;
    return true;
#else
    return !sim_planted_is_of_core(number);
#endif
}
