/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_DAEMON_OUTBOX_H
#define SEATLOG_NOTIFIER_DAEMON_OUTBOX_H

#include "codec/arena.h"
#include "notifier/core/verdict.h"
#include "runtime/base/error.h"
#include "runtime/pg/pg.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The table mail.outbox. All functions return false with *error as pg.h says.
 */

/*
 * Adds a mail, in the caller's transaction; one that is there already is left as it is. The
 * Message-ID is the mail's id at `domain`.
 */
bool mail_outbox_add(struct pg *pg, const struct mail *mail, const char *domain,
                     struct error *error);

/* Remembers why a show was called off, in the caller's transaction. */
bool mail_outbox_show_cancelled(struct pg *pg, const struct uuid *show_id, struct text reason,
                                struct error *error);

/*
 * Begins a transaction and takes a mail that is due: its row is locked until the transaction ends,
 * so that nobody else takes it, and somebody does at once when this process dies. Mails of an order
 * go out in the order in which they came. Where *found is false no transaction is open.
 */
bool mail_outbox_take(struct pg *pg, struct arena *arena, struct mail_due *due, bool *found,
                      struct error *error);

/* Writes the verdict and commits what mail_outbox_take began. */
bool mail_outbox_settle(struct pg *pg, int64_t outbox_id, const struct mail_verdict *verdict,
                        struct error *error);

/* Mails that could not be sent since no server answered are due now: one does again. */
bool mail_outbox_wake(struct pg *pg, int64_t *woken, struct error *error);

/* How many are queued, and how long the oldest has been. */
bool mail_outbox_measure(struct pg *pg, int64_t *queued, int64_t *oldest_s, struct error *error);

#endif
