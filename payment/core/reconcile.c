/* SPDX-License-Identifier: Apache-2.0 */
/* Judges payments of the provider's list, and makes the work that voids an orphan. */
#include "payment/core/reconcile.h"

#include "payment/core/decision.h"

#include <assert.h>
#include <string.h>

struct payment_comparison payment_comparison_begin(int64_t checked_to_ms, int64_t overlap_ms,
                                                   int64_t settle_ms, int64_t now_ms) {
    assert(overlap_ms >= 0);
    assert(settle_ms > 0);
    return (struct payment_comparison){
        .begin_ms = checked_to_ms - overlap_ms,
        .end_ms = now_ms - settle_ms,
    };
}

static bool id_is_plain(const char *id) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    assert(id != NULL);
    assert(strlen(id) < PAYMENT_ID_SIZE);
    return id[0] != '\0' && id[strspn(id, plain)] == '\0';
}

bool payment_listed_matters(const struct payment_listed *listed) {
    assert((unsigned)listed->status < PAYMENT_STATUS_COUNT);
    return (listed->status == PAYMENT_STATUS_APPROVED ||
            listed->status == PAYMENT_STATUS_COMPLETED) &&
           id_is_plain(listed->payment_id);
}

static enum payment_verdict verdict_of(enum payment_status status,
                                       const struct payment_knowledge *knowledge) {
    bool known = knowledge->authorized || knowledge->captured || knowledge->voided;
    assert(!known || knowledge->reservation);
    assert(!knowledge->authorizing || knowledge->reservation);
    if (!knowledge->reservation) {
        return PAYMENT_VERDICT_FOREIGN;
    }
    if (status == PAYMENT_STATUS_APPROVED) {
        return known || knowledge->authorizing ? PAYMENT_VERDICT_FINE : PAYMENT_VERDICT_ORPHAN;
    }
    if (status == PAYMENT_STATUS_COMPLETED) {
        return knowledge->captured || knowledge->voided ? PAYMENT_VERDICT_FINE
                                                        : PAYMENT_VERDICT_UNEXPLAINED;
    }
    return PAYMENT_VERDICT_FINE;
}

enum payment_verdict payment_comparison_judge(struct payment_comparison *comparison,
                                              const struct payment_listed *listed,
                                              const struct payment_knowledge *knowledge) {
    assert(comparison->begin_ms < comparison->end_ms);
    enum payment_verdict verdict = verdict_of(listed->status, knowledge);
    comparison->orphans += verdict == PAYMENT_VERDICT_ORPHAN;
    comparison->unexplained += verdict == PAYMENT_VERDICT_UNEXPLAINED;
    assert(comparison->orphans >= 0 && comparison->unexplained >= 0);
    return verdict;
}

struct payment_row payment_orphan_row(const struct payment_listed *listed,
                                      const struct uuid *reservation_id,
                                      const struct payment_knowledge *knowledge, int64_t now_ms) {
    assert(payment_listed_matters(listed));
    assert(knowledge->reservation && !knowledge->voided);
    struct payment_row row = {
        .show_id = knowledge->show_id,
        .reservation_id = *reservation_id,
        .attempt = knowledge->attempt,
        .reported = false,
        .work =
            {
                .kind = PAYMENT_VOID,
                .step = payment_kind_first_step(PAYMENT_VOID),
                .amount_minor = listed->amount_minor,
                .expires_at_ms = now_ms,
            },
    };
    payment_text_copy(row.work.payment_id, sizeof row.work.payment_id, listed->payment_id);
    payment_text_copy(row.work.currency, sizeof row.work.currency, listed->currency);
    assert(payment_work_is_sound(&row.work));
    return row;
}
