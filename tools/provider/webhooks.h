/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_WEBHOOKS_H
#define SEATLOG_TOOLS_PROVIDER_WEBHOOKS_H

#include "runtime/base/config.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Notifications to the one subscriber: POST of {merchant_id, type, event_id, created_at, data{type,
 * id, object}} with x-square-hmacsha256-signature = base64(HMAC-SHA256(key, url ‖ body)). What is
 * not answered with 2xx within 10 s is sent again with the same event_id, at growing intervals for
 * up to 72 h, as long as the process lives: the queue is in memory.
 *
 * Has a thread of its own; webhooks_notify may be called from any other.
 */
struct webhooks;

#define WEBHOOK_QUEUE_MAX 10000

/* signature_key and url are copied. */
struct webhooks *webhooks_start(const char *url, const char *signature_key, const char *merchant_id,
                                int retry_base_ms);

/* type: "payment.created", …; object_name: "payment" or "refund". The object is copied. */
void webhooks_notify(struct webhooks *webhooks, const char *type, const char *object_name,
                     const char *object_id, json_t *object);

/* Drops what is not delivered. NULL is allowed. */
void webhooks_stop(struct webhooks *webhooks);

#endif
