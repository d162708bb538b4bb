/* SPDX-License-Identifier: Apache-2.0 */
/* Results as commands. */
#ifndef SEATLOG_PAYMENT_DAEMON_REPORT_H
#define SEATLOG_PAYMENT_DAEMON_REPORT_H

#include "payment/core/row.h"
#include "runtime/kafka/producer.h"
#include "seatlog_codec.h"

/*
 * Writes the command that says how the row's work ended. Its command id is derived, so that a
 * repetition is the same command. source: the daemon and its instance, for the headers. As
 * producer_send.
 */
bool payment_report_send(struct producer *producer, struct codec *codec, const char *source,
                         const struct payment_row *row, producer_reported *reported, void *context,
                         struct error *error);

/* The command itself; its texts point into the row. */
struct command payment_report_command(const struct payment_row *row);

#endif
