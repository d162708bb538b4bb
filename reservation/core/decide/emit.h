/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_EMIT_H
#define SEATLOG_RESERVATION_CORE_DECIDE_EMIT_H

/*
 * Each reservation_emit_* appends one event to the effects, in their scratch memory, and applies
 * it.
 */

#include "reservation/core/effects.h"
#include "reservation/core/state/state.h"

/* A command on its way to a decision. */
struct reservation_decision {
    struct reservation_core *core;
    struct reservation_show *show; /* NULL: there is none */
    const struct reservation_record *record;
    const struct command *command;
    struct reservation_effects *effects;
    int64_t now_ms; /* the show's clock */
};

/* A payment as an event tells of it. */
struct reservation_money {
    int32_t attempt;
    struct text payment_id;
    int64_t amount_minor;
    struct text currency;
};
struct reservation_money reservation_money_of(const struct reservation_payment *payment);

/* Answers that change nothing. Of a show that is none, seq is 0. */
void reservation_emit_noted(struct reservation_decision *decision,
                            const struct reservation *reservation);
/* A refusal with all that it says; what it does not say is -1, or none. */
struct reservation_refusal {
    enum refusal_reason reason;
    const struct reservation *reservation;
    struct integers seats;
    struct integers seats_own;
    int32_t limit;
    enum limit_scope limit_of;
    int32_t used;
    int32_t used_unpaid;
    int32_t free;
};
static inline struct reservation_refusal reservation_refusal_of(enum refusal_reason reason) {
    RESERVATION_ASSERT((unsigned)reason < REFUSAL_REASON_COUNT);
    return (struct reservation_refusal){
        .reason = reason, .limit = -1, .used = -1, .used_unpaid = -1, .free = -1};
}
void reservation_emit_refusal(struct reservation_decision *decision,
                              const struct reservation_refusal *refusal);
void reservation_emit_refused(struct reservation_decision *decision, enum refusal_reason reason,
                              const struct reservation *reservation);
void reservation_emit_refused_seats(struct reservation_decision *decision,
                                    enum refusal_reason reason, struct integers seats);
void reservation_emit_rejected(struct reservation_decision *decision, enum rejection_reason reason);

/* Facts. */
void reservation_emit_show_created(struct reservation_decision *decision);
void reservation_emit_show_cancelled(struct reservation_decision *decision);
void reservation_emit_show_closed(struct reservation_decision *decision);
/* What Reserve asks for, as far as its selection uses it. */
struct reservation_wish {
    enum selection selection;
    struct integers seats; /* ascending */
    int32_t section;
    int32_t category;
    int32_t quantity;
};
void reservation_emit_reserved(struct reservation_decision *decision,
                               const struct reservation_wish *wish);
void reservation_emit_holds_expired(struct reservation_decision *decision,
                                    struct reservation *const *due, uint32_t count);
/* without_places: they have gone before. */
void reservation_emit_released(struct reservation_decision *decision,
                               const struct reservation *reservation, enum release_reason reason,
                               bool without_places);
void reservation_emit_payment_requested(struct reservation_decision *decision,
                                        const struct reservation *reservation, int64_t amount_minor,
                                        int64_t expires_at);
void reservation_emit_secured(struct reservation_decision *decision,
                              const struct reservation *reservation,
                              const struct reservation_money *money);
void reservation_emit_payment_declined(struct reservation_decision *decision,
                                       const struct reservation *reservation, int32_t attempt,
                                       struct text code);
/* reservation NULL: there is none with the command's reservation id. */
void reservation_emit_void_requested(struct reservation_decision *decision,
                                     const struct reservation *reservation,
                                     const struct reservation_money *money,
                                     enum void_reason reason);
void reservation_emit_voided(struct reservation_decision *decision,
                             const struct reservation *reservation,
                             const struct reservation_money *money);
void reservation_emit_sold(struct reservation_decision *decision,
                           const struct reservation *reservation,
                           const struct reservation_money *money);
void reservation_emit_capture_failed(struct reservation_decision *decision,
                                     const struct reservation *reservation,
                                     const struct reservation_money *money, struct text code);
void reservation_emit_cancel_remembered(struct reservation_decision *decision,
                                        const struct reservation *reservation,
                                        enum cancel_reason reason);
void reservation_emit_order_cancelled(struct reservation_decision *decision,
                                      const struct reservation *reservation,
                                      const struct reservation_money *money,
                                      enum cancel_reason reason);
void reservation_emit_refund_requested(struct reservation_decision *decision,
                                       const struct reservation *reservation,
                                       const struct reservation_money *money,
                                       enum reservation_state state);
/* A refund's outcome, as the provider told it. */
struct reservation_refund {
    int32_t refund_attempt;
    struct text refund_id;
    int64_t amount_minor;
    struct text currency;
    enum reservation_state state; /* where it leaves the reservation */
};
void reservation_emit_refunded(struct reservation_decision *decision,
                               const struct reservation *reservation,
                               const struct reservation_refund *refund);
void reservation_emit_refund_failed(struct reservation_decision *decision,
                                    const struct reservation *reservation,
                                    const struct reservation_refund *refund, struct text code);

#endif
