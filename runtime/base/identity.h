/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_IDENTITY_H
#define SEATLOG_RUNTIME_BASE_IDENTITY_H

#include "runtime/base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLIC_ORDER_ID_SIZE 44 /* 43 characters of base64url and the NUL */

/* A random UUID, version 4 (RFC 9562). */
struct uuid uuid_random(void);

/* UUID version 5 (RFC 9562): SHA-1 of the namespace and the name. */
struct uuid uuid_named(const struct uuid *name_space, const void *name, size_t name_size);

/*
 * The public id of a reservation or order: base64url without padding (RFC 4648 §5) of show id and
 * reservation id, so that any instance can route it without a look-up.
 */
char *public_order_id_format(const struct uuid *show_id, const struct uuid *reservation_id,
                             char *out);
bool public_order_id_parse(const char *text, size_t size, struct uuid *show_id,
                           struct uuid *reservation_id);

/* The reservation a buyer means with an Idempotency-Key: UUIDv5(show, buyer ‖ key). */
struct uuid reservation_id_derive(const struct uuid *show_id, const struct uuid *buyer_id,
                                  const char *idempotency_key);

/* The issued ticket: UUIDv5(reservation, "ticket:" ordinal). */
struct uuid ticket_id_derive(const struct uuid *reservation_id, int32_t ordinal);

/* The provider's idempotency key: UUIDv5(reservation, action ":" attempt), action authorize,
 * capture, refund. */
struct uuid payment_key_derive(const struct uuid *reservation_id, const char *action,
                               int32_t attempt);

#endif
