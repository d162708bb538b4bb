/* SPDX-License-Identifier: Apache-2.0 */
#include "reservation/core/core.h"

#include "reservation/core/decide.h"

static reservation_panic_function *panic_handler;

void reservation_core_panic_handler_set(reservation_panic_function *handler) {
    panic_handler = handler;
}

void reservation_core_panic(const char *expression, const char *file, int line) {
    if (panic_handler != NULL) {
        panic_handler(expression, file, line);
    }
    __builtin_trap();
}

struct reservation_core *reservation_core_new(const struct reservation_allocator *allocator) {
    struct reservation_memory memory;
    reservation_memory_init(&memory, allocator);
    struct reservation_core *core = reservation_memory_allocate(&memory, sizeof(*core));
    memset(core, 0, sizeof(*core));
    core->memory = memory;
    core->decides_as = RESERVATION_LOGIC_VERSION;
    reservation_slab_init(&core->shows, sizeof(struct reservation_show));
    reservation_slab_init(&core->reservations, sizeof(struct reservation));
    return core;
}

void reservation_core_free(struct reservation_core *core) {
    if (core == NULL) {
        return;
    }
    for (struct reservation_show *show = reservation_core_show_next(core, NULL); show != NULL;
         show = reservation_core_show_next(core, show)) {
        reservation_plan_free(&core->memory, show->plan);
    }
    reservation_map_free(core);
    reservation_timer_deinit(core);
    reservation_slab_deinit(&core->reservations, &core->memory);
    reservation_slab_deinit(&core->shows, &core->memory);
    reservation_memory_deinit(&core->memory);
    struct reservation_memory memory = core->memory;
    reservation_memory_release(&memory, core, sizeof(*core));
    RESERVATION_ASSERT(memory.octets_allocated == 0);
}

const struct uuid *reservation_command_reservation_id(const struct command *command) {
    switch (command->kind) {
    case COMMAND_RESERVE:
        return &command->as.reserve.reservation_id;
    case COMMAND_RELEASE:
        return &command->as.release.reservation_id;
    case COMMAND_PAY:
        return &command->as.pay.reservation_id;
    case COMMAND_PAYMENT_AUTHORIZED:
        return &command->as.payment_authorized.reservation_id;
    case COMMAND_PAYMENT_DECLINED:
        return &command->as.payment_declined.reservation_id;
    case COMMAND_PAYMENT_CAPTURED:
        return &command->as.payment_captured.reservation_id;
    case COMMAND_CAPTURE_FAILED:
        return &command->as.capture_failed.reservation_id;
    case COMMAND_PAYMENT_VOIDED:
        return &command->as.payment_voided.reservation_id;
    case COMMAND_CANCEL:
        return &command->as.cancel.reservation_id;
    case COMMAND_REFUND_COMPLETED:
        return &command->as.refund_completed.reservation_id;
    case COMMAND_REFUND_FAILED:
        return &command->as.refund_failed.reservation_id;
    case COMMAND_RETRY_REFUND:
        return &command->as.retry_refund.reservation_id;
    case COMMAND_CREATE_SHOW:
    case COMMAND_CANCEL_SHOW:
    case COMMAND_TICK:
        break;
    }
    return NULL;
}

const struct uuid *reservation_command_buyer_id(const struct command *command) {
    switch (command->kind) {
    case COMMAND_RESERVE:
        return &command->as.reserve.buyer_id;
    case COMMAND_RELEASE:
        return &command->as.release.buyer_id;
    case COMMAND_PAY:
        return &command->as.pay.buyer_id;
    case COMMAND_CANCEL:
        return &command->as.cancel.buyer_id;
    default:
        return NULL;
    }
}

static void expire_due(struct reservation_decision *decision) {
    struct reservation *due[RESERVATION_HOLDS_PER_EVENT_MAX];
    uint32_t count;
    while ((count = reservation_timer_due(decision->core, decision->show, decision->now_ms, due,
                                          RESERVATION_HOLDS_PER_EVENT_MAX)) > 0) {
        reservation_emit_holds_expired(decision, due, count);
    }
}

static bool is_time_to_close(const struct reservation_decision *decision) {
    return decision->show->unsettled == 0 &&
           decision->now_ms >= reservation_show_closes_at(decision->show);
}

static void decide_create_show(struct reservation_decision *decision) {
    const struct command_create_show *command = &decision->command->as.create_show;
    static const struct uuid none;
    if (decision->show != NULL) {
        bool same =
            uuid_equal(&command->owner_id, &decision->show->owner_id) &&
            reservation_show_is_same(decision->show, &command->show, decision->effects->scratch);
        if (same) {
            reservation_emit_noted(decision, NULL);
        } else {
            reservation_emit_refused(decision, REFUSAL_REASON_SHOW_EXISTS, NULL);
        }
        return;
    }
    if (uuid_equal(&command->head.show_id, &none) || uuid_equal(&command->owner_id, &none) ||
        !reservation_plan_is_valid(&command->show, decision->now_ms) ||
        (decision->core->decides_as >= 3 && !reservation_plan_texts_are_fit(&command->show))) {
        reservation_emit_refused(decision, REFUSAL_REASON_INVALID_SHOW, NULL);
    } else {
        reservation_emit_show_created(decision);
    }
}

/* The buyer's own commands, on a reservation of his that is known; false if they were refused. */
static bool is_buyers(struct reservation_decision *decision,
                      const struct reservation *reservation) {
    const struct uuid *buyer_id = reservation_command_buyer_id(decision->command);
    if (reservation == NULL) {
        reservation_emit_refused(decision, REFUSAL_REASON_NO_SUCH_RESERVATION, NULL);
    } else if (!uuid_equal(&reservation->buyer_id, buyer_id)) {
        reservation_emit_refused(decision, REFUSAL_REASON_NOT_YOURS, reservation);
    } else {
        return true;
    }
    return false;
}

static void decide_of_buyer(struct reservation_decision *decision,
                            const struct reservation *reservation) {
    if (!is_buyers(decision, reservation)) {
        return;
    }
    switch (decision->command->kind) {
    case COMMAND_RELEASE:
        reservation_decide_release(decision, reservation);
        return;
    case COMMAND_PAY:
        reservation_decide_pay(decision, reservation);
        return;
    default:
        reservation_decide_cancel(decision, reservation);
        return;
    }
}

static void decide_of_reservation(struct reservation_decision *decision,
                                  const struct reservation *reservation) {
    switch (decision->command->kind) {
    case COMMAND_RESERVE:
        reservation_decide_reserve(decision, reservation);
        return;
    case COMMAND_RELEASE:
    case COMMAND_PAY:
    case COMMAND_CANCEL:
        decide_of_buyer(decision, reservation);
        return;
    case COMMAND_PAYMENT_AUTHORIZED:
        reservation_decide_payment_authorized(decision, reservation);
        return;
    case COMMAND_PAYMENT_DECLINED:
        reservation_decide_payment_declined(decision, reservation);
        return;
    case COMMAND_PAYMENT_CAPTURED:
        reservation_decide_payment_captured(decision, reservation);
        return;
    case COMMAND_CAPTURE_FAILED:
        reservation_decide_capture_failed(decision, reservation);
        return;
    case COMMAND_PAYMENT_VOIDED:
        reservation_decide_payment_voided(decision, reservation);
        return;
    case COMMAND_REFUND_COMPLETED:
        reservation_decide_refund_completed(decision, reservation);
        return;
    case COMMAND_REFUND_FAILED:
        reservation_decide_refund_failed(decision, reservation);
        return;
    case COMMAND_RETRY_REFUND:
        reservation_decide_retry_refund(decision, reservation);
        return;
    case COMMAND_CREATE_SHOW:
    case COMMAND_CANCEL_SHOW:
    case COMMAND_TICK:
        break;
    }
    reservation_core_panic("a command of a reservation", __FILE__, __LINE__);
}

static void decide_tick(struct reservation_decision *decision) {
    if (decision->show->status == SHOW_CANCELLED) {
        reservation_call_off_portion(decision);
    }
    if (decision->effects->count == 0) {
        reservation_emit_noted(decision, NULL);
    }
}

/* A command of a show that exists, in the order of reservation/README.md. */
static void decide_of_show(struct reservation_decision *decision) {
    struct reservation_show *show = decision->show;
    enum command_kind kind = decision->command->kind;
    if (show->status != SHOW_CLOSED) {
        reservation_timer_forget(decision->core, show, decision->now_ms);
        expire_due(decision);
        if (is_time_to_close(decision)) {
            reservation_emit_show_closed(decision);
            if (kind == COMMAND_TICK) {
                return;
            }
        }
    }
    if (show->status == SHOW_CLOSED) {
        reservation_emit_refused(decision, REFUSAL_REASON_SHOW_CLOSED, NULL);
        return;
    }
    const struct uuid *reservation_id = reservation_command_reservation_id(decision->command);
    if (reservation_id == NULL) {
        if (kind == COMMAND_CREATE_SHOW) {
            decide_create_show(decision);
        } else if (kind == COMMAND_CANCEL_SHOW) {
            reservation_decide_cancel_show(decision);
        } else {
            decide_tick(decision);
        }
        return;
    }
    const struct reservation *reservation =
        reservation_store_find(decision->core, show, reservation_id);
    if (show->status == SHOW_CANCELLED && reservation != NULL) {
        reservation_call_off(decision, reservation);
    }
    decide_of_reservation(decision, reservation);
}

static void effects_begin(struct reservation_core *core, struct reservation_effects *effects,
                          int64_t offset) {
    effects->count = 0;
    effects->show = NULL;
    reservation_scratch_reset(effects->scratch);
    reservation_core_cursor_advance(core, offset + 1);
}

void reservation_core_step(struct reservation_core *core, const struct reservation_record *record,
                           struct reservation_effects *effects) {
    const struct command *command = record->command;
    RESERVATION_ASSERT((unsigned)command->kind < COMMAND_KIND_COUNT);
    effects_begin(core, effects, record->offset);
    struct reservation_decision decision = {
        .core = core,
        .show = reservation_core_show_find(core, &command->as.head.show_id),
        .record = record,
        .command = command,
        .effects = effects,
        .now_ms = record->broker_timestamp_ms,
    };
    if (decision.show == NULL) {
        if (command->kind == COMMAND_CREATE_SHOW) {
            decide_create_show(&decision);
        } else {
            reservation_emit_rejected(&decision, REJECTION_REASON_NO_SUCH_SHOW);
        }
    } else {
        RESERVATION_ASSERT(decision.show->logic_version <= core->decides_as);
        if (decision.now_ms < decision.show->clock) {
            decision.now_ms = decision.show->clock;
        }
        decide_of_show(&decision);
    }
    effects->show = decision.show;
    RESERVATION_ASSERT(effects->count >= 1);
}

void reservation_core_rejected(struct reservation_core *core,
                               const struct reservation_record *record,
                               enum rejection_reason reason, struct reservation_effects *effects) {
    effects_begin(core, effects, record->offset);
    struct reservation_decision decision = {.core = core,
                                            .record = record,
                                            .command = record->command,
                                            .effects = effects,
                                            .now_ms = record->broker_timestamp_ms};
    reservation_emit_rejected(&decision, reason);
}

void reservation_core_undecodable(struct reservation_core *core, const struct uuid *show_id,
                                  int64_t broker_timestamp_ms, int64_t offset,
                                  const struct hash *command_hash, struct text reason,
                                  struct reservation_effects *effects) {
    effects_begin(core, effects, offset);
    struct event *event = &effects->events[effects->count++];
    event->kind = EVENT_UNDECODABLE;
    event->as.undecodable = (struct event_undecodable){.head = {.show_id = *show_id,
                                                                .at = broker_timestamp_ms,
                                                                .command_offset = offset,
                                                                .command_hash = *command_hash,
                                                                .logic_version = core->decides_as},
                                                       .reason = reason};
}

const char *reservation_apply_result_name(enum reservation_apply_result result) {
    static const char *const names[] = {"applied", "stateless", "seen", "gap", "broken"};
    return (unsigned)result < sizeof(names) / sizeof(*names) ? names[result] : "?";
}

enum reservation_apply_result reservation_core_apply(struct reservation_core *core,
                                                     const struct event *event) {
    const struct event_head *head = &event->as.head;
    reservation_core_cursor_advance(core, head->command_offset + 1);
    if (head->seq == 0) {
        return RESERVATION_APPLY_STATELESS;
    }
    struct reservation_show *show = reservation_core_show_find(core, &head->show_id);
    int64_t seq = show != NULL ? show->seq : 0;
    if (head->seq <= seq) {
        return head->seq < 0 ? RESERVATION_APPLY_BROKEN : RESERVATION_APPLY_SEEN;
    }
    if (head->seq > seq + 1) {
        return RESERVATION_APPLY_GAP;
    }
    enum reservation_apply_result result = reservation_apply_event(core, &show, event);
    if (result == RESERVATION_APPLY_APPLIED) {
        show->chain = head->hash;
    }
    return result;
}

int64_t reservation_core_cursor(const struct reservation_core *core) { return core->cursor; }

void reservation_core_cursor_advance(struct reservation_core *core, int64_t cursor) {
    if (cursor > core->cursor) {
        core->cursor = cursor;
    }
}

void reservation_core_decide_as(struct reservation_core *core, int32_t logic_version) {
    RESERVATION_ASSERT(logic_version >= 1 && logic_version <= RESERVATION_LOGIC_VERSION);
    core->decides_as = logic_version;
}

int32_t reservation_core_logic_version(const struct reservation_core *core) {
    return core->logic_version;
}

struct reservation_show *reservation_core_show_find(struct reservation_core *core,
                                                    const struct uuid *show_id) {
    uint32_t slot = reservation_map_show_find(core, show_id);
    return slot == 0 ? NULL : show_at(core, slot);
}

/* Shows are never taken away: slots 1 … used. */
struct reservation_show *reservation_core_show_next(struct reservation_core *core,
                                                    struct reservation_show *previous) {
    uint32_t slot = previous == NULL ? 1 : previous->index + 1;
    return slot <= core->shows.used ? show_at(core, slot) : NULL;
}

struct uuid reservation_show_id(const struct reservation_show *show) { return show->show_id; }

int64_t reservation_show_seq(const struct reservation_show *show) { return show->seq; }

int64_t reservation_show_clock(const struct reservation_show *show) { return show->clock; }

struct hash reservation_core_chain_get(const struct reservation_core *core,
                                       const struct reservation_show *show) {
    (void)core;
    return show->chain;
}

void reservation_core_chain_set(struct reservation_core *core, struct reservation_show *show,
                                const struct hash *chain) {
    (void)core;
    show->chain = *chain;
}

size_t reservation_core_changed_count(const struct reservation_core *core) {
    return core->changed_count;
}

void reservation_core_changed_push(struct reservation_core *core, struct reservation_show *show) {
    if (show->changed) {
        return;
    }
    show->changed = true;
    show->changed_next = 0;
    uint32_t last = core->changed.last;
    *(last == 0 ? &core->changed.first : &show_at(core, last)->changed_next) = show->index;
    core->changed.last = show->index;
    core->changed_count++;
}

struct reservation_show *reservation_core_changed_pop(struct reservation_core *core) {
    if (core->changed.first == 0) {
        return NULL;
    }
    struct reservation_show *show = show_at(core, core->changed.first);
    core->changed.first = show->changed_next;
    if (core->changed.first == 0) {
        core->changed.last = 0;
    }
    show->changed = false;
    core->changed_count--;
    return show;
}
