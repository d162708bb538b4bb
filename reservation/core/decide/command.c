/* SPDX-License-Identifier: Apache-2.0 */
/* One place that knows which kinds name a reservation, and which a buyer. */
#include "reservation/core/decide/command.h"

#include "reservation/core/host.h"

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
    RESERVATION_ASSERT((unsigned)command->kind < COMMAND_KIND_COUNT);
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
        RESERVATION_ASSERT((unsigned)command->kind < COMMAND_KIND_COUNT);
        return NULL;
    }
}
