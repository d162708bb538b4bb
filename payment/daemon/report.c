/* SPDX-License-Identifier: Apache-2.0 */
/* A row with a result becomes the command that says so. */
#include "payment/daemon/report.h"

#include "runtime/base/identity.h"

#include <stdio.h>
#include <string.h>

static struct text text_of(const char *text) {
    return (struct text){.data = text, .size = strlen(text)};
}

static enum command_kind kind_of(enum payment_result result) {
    switch (result) {
    case PAYMENT_RESULT_AUTHORIZED:
        return COMMAND_PAYMENT_AUTHORIZED;
    case PAYMENT_RESULT_DECLINED:
        return COMMAND_PAYMENT_DECLINED;
    case PAYMENT_RESULT_CAPTURED:
        return COMMAND_PAYMENT_CAPTURED;
    case PAYMENT_RESULT_CAPTURE_FAILED:
        return COMMAND_CAPTURE_FAILED;
    case PAYMENT_RESULT_VOIDED:
        return COMMAND_PAYMENT_VOIDED;
    case PAYMENT_RESULT_REFUNDED:
        return COMMAND_REFUND_COMPLETED;
    case PAYMENT_RESULT_REFUND_FAILED:
        return COMMAND_REFUND_FAILED;
    case PAYMENT_RESULT_NONE:
        break;
    }
    die("work without a result is reported");
}

static struct uuid command_id_derive(const struct payment_row *row, enum command_kind kind) {
    char name[64 + PAYMENT_ID_SIZE];
    int size = snprintf(name, sizeof name, "%s:%d:%s", command_kind_name(kind), (int)row->attempt,
                        row->work.kind == PAYMENT_VOID ? row->work.payment_id : "");
    return uuid_named(&row->reservation_id, name, (size_t)size);
}

struct command payment_report_command(const struct payment_row *row) {
    const struct payment_work *work = &row->work;
    enum command_kind kind = kind_of(work->result);
    struct command_head head = {
        .show_id = row->show_id,
        .command_id = command_id_derive(row, kind),
    };
    struct text payment_id = text_of(work->payment_id), refund_id = text_of(work->refund_id);
    struct text code = text_of(work->code), currency = text_of(work->currency);
    struct command command = {.kind = kind};
    switch (work->result) {
    case PAYMENT_RESULT_AUTHORIZED:
        command.as.payment_authorized = (struct command_payment_authorized){
            head, row->reservation_id, row->attempt, payment_id, work->amount_minor, currency};
        break;
    case PAYMENT_RESULT_DECLINED:
        command.as.payment_declined =
            (struct command_payment_declined){head, row->reservation_id, row->attempt, code};
        break;
    case PAYMENT_RESULT_CAPTURED:
        command.as.payment_captured = (struct command_payment_captured){
            head, row->reservation_id, row->attempt, payment_id, work->amount_minor, currency};
        break;
    case PAYMENT_RESULT_CAPTURE_FAILED:
        command.as.capture_failed = (struct command_capture_failed){head, row->reservation_id,
                                                                    row->attempt, payment_id, code};
        break;
    case PAYMENT_RESULT_VOIDED:
        command.as.payment_voided =
            (struct command_payment_voided){head, row->reservation_id, row->attempt, payment_id};
        break;
    case PAYMENT_RESULT_REFUNDED:
        command.as.refund_completed = (struct command_refund_completed){
            head, row->reservation_id, row->attempt, refund_id, work->amount_minor, currency};
        break;
    case PAYMENT_RESULT_REFUND_FAILED:
        command.as.refund_failed = (struct command_refund_failed){head, row->reservation_id,
                                                                  row->attempt, refund_id, code};
        break;
    case PAYMENT_RESULT_NONE:
        break;
    }
    return command;
}

bool payment_report_send(struct producer *producer, struct codec *codec, const char *source,
                         const struct payment_row *row, producer_reported *reported, void *context,
                         struct error *error) {
    struct command command = payment_report_command(row);
    char key[UUID_TEXT_SIZE], type[64];
    uuid_format(&row->show_id, key);
    snprintf(type, sizeof type, "seatlog.commands.%s", command_kind_name(command.kind));
    struct kafka_envelope envelope = {
        .type = type,
        .source = source,
        .id = command.as.head.command_id,
        .command_id = command.as.head.command_id,
    };
    traceparent_child(row->traceparent, envelope.traceparent);
    snprintf(envelope.waiter, sizeof envelope.waiter, "%s", row->waiter);
    struct producer_record record = {
        .topic = TOPIC_COMMANDS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = {(const uint8_t *)key, UUID_TEXT_SIZE - 1},
        .value = codec_command_encode(codec, &command),
        .envelope = &envelope,
        .show_id = row->show_id,
    };
    return producer_send(producer, &record, reported, context, error);
}
