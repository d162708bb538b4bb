/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications to who subscribed, signed and repeated. */
#include "tools/provider/webhooks.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/http/client.h"
#include "runtime/loop/process.h"
#include "tools/provider/formats.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_TIMEOUT_MS 10000
#define RETRY_MAXIMUM_MS (6 * 3600 * 1000)
#define RETRIED_FOR_MS (INT64_C(72) * 3600 * 1000)
#define CONNECTIONS_MAX 16
#define RESPONSE_SIZE_MAX 65536
#define POLL_MS 200

struct notification {
    struct notification *next;
    struct webhooks *webhooks;
    char *body;
    char event_id[UUID_TEXT_SIZE];
    int64_t created_ms;
    int64_t due_ms;
    int tries;
    bool under_way;
};

struct webhooks {
    char *url;
    char *signature_key;
    char *merchant_id;
    int retry_base_ms;
    struct http_client *client;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t lock;
    struct notification *arrived; /* under the lock: newest first */
    size_t count;                 /* under the lock: all there are */
    struct notification *waiting; /* the thread's own */
};

static void signature_header(const struct webhooks *webhooks, const char *body, char *out,
                             size_t out_size) {
    unsigned char digest[crypto_auth_hmacsha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof digest, sodium_base64_VARIANT_ORIGINAL)];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)webhooks->signature_key,
                                strlen(webhooks->signature_key));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)webhooks->url,
                                  strlen(webhooks->url));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
    crypto_auth_hmacsha256_final(&state, digest);
    sodium_bin2base64(text, sizeof text, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    snprintf(out, out_size, "x-square-hmacsha256-signature: %s", text);
}

static void notification_free(struct notification *notification) {
    free(notification->body);
    free(notification);
}

static void notification_drop(struct webhooks *webhooks, struct notification *notification) {
    struct notification **link = &webhooks->waiting;
    while (*link != notification) {
        link = &(*link)->next;
    }
    *link = notification->next;
    notification_free(notification);
    pthread_mutex_lock(&webhooks->lock);
    webhooks->count--;
    pthread_mutex_unlock(&webhooks->lock);
}

static void notification_answered(void *context, const struct http_response *response) {
    struct notification *notification = context;
    int64_t now_ms = clock_now_ms();
    notification->under_way = false;
    if (response->status >= 200 && response->status < 300) {
        notification_drop(notification->webhooks, notification);
    } else if (now_ms - notification->created_ms > RETRIED_FOR_MS) {
        log_warning("webhook given up", LOG_TEXT("event_id", notification->event_id));
        notification_drop(notification->webhooks, notification);
    } else {
        notification->due_ms =
            now_ms + backoff_ms(notification->tries, notification->webhooks->retry_base_ms,
                                RETRY_MAXIMUM_MS);
        log_info("webhook not taken", LOG_TEXT("event_id", notification->event_id),
                 LOG_INTEGER("status", response->status),
                 LOG_INTEGER("tries", notification->tries));
    }
}

static void notification_send(struct webhooks *webhooks, struct notification *notification) {
    char signature[128], retry[64];
    signature_header(webhooks, notification->body, signature, sizeof signature);
    snprintf(retry, sizeof retry, "square-retry-number: %d", notification->tries);
    const char *headers[] = {"Content-Type: application/json", signature,
                             notification->tries > 0 ? retry : NULL, NULL};
    struct http_request request = {
        .method = "POST",
        .url = webhooks->url,
        .headers = headers,
        .body = notification->body,
        .body_size = strlen(notification->body),
        .timeout_ms = ANSWER_TIMEOUT_MS,
    };
    notification->under_way = true;
    notification->tries++;
    http_client_start(webhooks->client, &request, notification_answered, notification);
}

/* Takes what has arrived, oldest first, behind what waits. */
static void arrived_take(struct webhooks *webhooks) {
    pthread_mutex_lock(&webhooks->lock);
    struct notification *newest_first = webhooks->arrived;
    webhooks->arrived = NULL;
    pthread_mutex_unlock(&webhooks->lock);
    struct notification *oldest_first = NULL;
    while (newest_first != NULL) {
        struct notification *next = newest_first->next;
        newest_first->next = oldest_first;
        oldest_first = newest_first;
        newest_first = next;
    }
    struct notification **link = &webhooks->waiting;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = oldest_first;
}

static void *webhooks_run(void *context) {
    struct webhooks *webhooks = context;
    while (!atomic_load(&webhooks->stopping)) {
        int64_t now_ms = clock_now_ms();
        arrived_take(webhooks);
        for (struct notification *each = webhooks->waiting; each != NULL; each = each->next) {
            if (!each->under_way && each->due_ms <= now_ms &&
                http_client_active(webhooks->client) < CONNECTIONS_MAX) {
                notification_send(webhooks, each);
            }
        }
        http_client_poll(webhooks->client, POLL_MS);
    }
    return NULL;
}

struct webhooks *webhooks_start(const char *url, const char *signature_key, const char *merchant_id,
                                int retry_base_ms) {
    struct webhooks *webhooks = allocate_zeroed(1, sizeof *webhooks);
    webhooks->url = text_duplicate(url);
    webhooks->signature_key = text_duplicate(signature_key);
    webhooks->merchant_id = text_duplicate(merchant_id);
    webhooks->retry_base_ms = retry_base_ms;
    webhooks->client = http_client_new(CONNECTIONS_MAX, NULL, RESPONSE_SIZE_MAX);
    pthread_mutex_init(&webhooks->lock, NULL);
    if (pthread_create(&webhooks->thread, NULL, webhooks_run, webhooks) != 0) {
        die("the webhooks' thread cannot be started");
    }
    return webhooks;
}

void webhooks_notify(struct webhooks *webhooks, const char *type, const char *object_name,
                     const char *object_id, json_t *object) {
    struct notification *notification = allocate_zeroed(1, sizeof *notification);
    struct uuid event_id = uuid_random();
    char time[TIME_TEXT_SIZE];
    notification->webhooks = webhooks;
    notification->created_ms = clock_now_ms();
    uuid_format(&event_id, notification->event_id);
    json_t *envelope =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:{s:O}}}", "merchant_id",
                  webhooks->merchant_id, "type", type, "event_id", notification->event_id,
                  "created_at", time_format(notification->created_ms, time), "data", "type",
                  object_name, "id", object_id, "object", object_name, object);
    notification->body = json_dumps(envelope, JSON_COMPACT);
    json_decref(envelope);

    pthread_mutex_lock(&webhooks->lock);
    bool taken = webhooks->count < WEBHOOK_QUEUE_MAX;
    if (taken) {
        notification->next = webhooks->arrived;
        webhooks->arrived = notification;
        webhooks->count++;
    }
    pthread_mutex_unlock(&webhooks->lock);
    if (taken) {
        http_client_wake(webhooks->client);
    } else {
        log_warning("webhook dropped: the queue is full",
                    LOG_TEXT("event_id", notification->event_id));
        notification_free(notification);
    }
}

static void list_free(struct notification *first) {
    while (first != NULL) {
        struct notification *next = first->next;
        notification_free(first);
        first = next;
    }
}

void webhooks_stop(struct webhooks *webhooks) {
    if (webhooks == NULL) {
        return;
    }
    atomic_store(&webhooks->stopping, true);
    http_client_wake(webhooks->client);
    pthread_join(webhooks->thread, NULL);
    http_client_free(webhooks->client);
    list_free(webhooks->arrived);
    list_free(webhooks->waiting);
    pthread_mutex_destroy(&webhooks->lock);
    free(webhooks->url);
    free(webhooks->signature_key);
    free(webhooks->merchant_id);
    free(webhooks);
}
