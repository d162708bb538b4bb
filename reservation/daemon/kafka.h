/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_KAFKA_H
#define SEATLOG_RESERVATION_DAEMON_KAFKA_H

#include "reservation/daemon/daemon.h"

/*
 * Records in, events out: the hooks of transaction.h by which a command is decoded, decided by its
 * partition's core, and its events sealed and produced to the partition of the same number.
 *
 * What cannot be decoded, or whose key is not its show's id, becomes Undecodable and goes to the
 * dead letters with its bytes; what belongs to another partition becomes
 * Rejected{WRONG_PARTITION}.
 */
struct reservation_kafka;

struct reservation_kafka *reservation_kafka_new(const char *instance);
void reservation_kafka_free(struct reservation_kafka *kafka); /* NULL is fine */

bool reservation_kafka_handle(struct daemon *daemon, struct transaction *transaction,
                              const struct transaction_record *record, struct error *error);

/* The events produced since the last of these two calls are on the log, or are not. */
void reservation_kafka_committed(struct daemon *daemon);
void reservation_kafka_aborted(struct daemon *daemon);

#endif
