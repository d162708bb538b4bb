/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-payment-simulator: the payment provider's stand-in. */
#include "tools/provider/server.h"

#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_option options[] = {
    {"listen", CONFIG_TEXT, "127.0.0.1:4010", 0, 0, "address and port of the API"},
    {"books", CONFIG_TEXT, NULL, 0, 0, "file the books are kept in, or the directory for it"},
    {"access_token", CONFIG_SECRET, "EAAA-simulator", 0, 0, "the bearer token to present"},
    {"location_id", CONFIG_TEXT, "LSEATLOG00001", 0, 0, "the account's one location"},
    {"merchant_id", CONFIG_TEXT, "MSEATLOG00001", 0, 0, "the account, as webhooks say it"},
    {"admin", CONFIG_BOOLEAN, "no", 0, 0, "answer /admin, with which tests change the behaviour"},
    {"latency_ms", CONFIG_INTEGER, "0", 0, 600000, "how long every answer takes"},
    {"latency_jitter_ms", CONFIG_INTEGER, "0", 0, 600000, "up to so much longer, at random"},
    {"decline_status", CONFIG_INTEGER, "402", 400, 402, "HTTP status of a decline"},
    {"refund_settle_ms", CONFIG_INTEGER, "0", 0, 86400000, "how long a refund stays PENDING"},
    {"refund_outcome", CONFIG_TEXT, "COMPLETED", 0, 0,
     "what a refund becomes: COMPLETED, REJECTED or FAILED"},
    {"fail_percent", CONFIG_INTEGER, "0", 0, 100, "requests answered 503 without acting"},
    {"drop_before_percent", CONFIG_INTEGER, "0", 0, 100,
     "requests whose connection is closed without acting"},
    {"drop_after_percent", CONFIG_INTEGER, "0", 0, 100,
     "requests whose connection is closed after acting"},
    {"webhook_url", CONFIG_TEXT, "", 0, 0, "who is told of every change; empty: nobody"},
    {"webhook_signature_key", CONFIG_SECRET, "webhook-key", 0, 0, "what webhooks are signed with"},
    {"webhook_retry_ms", CONFIG_INTEGER, "1000", 1, 3600000,
     "first wait before a webhook is sent again; it doubles, up to 6 hours"},
    {0},
};

/* What was still to come when the process ended. */
static void timers_restore(struct simulator *simulator) {
    for (size_t i = 0; i < books_payment_count(simulator->books); i++) {
        const struct books_payment *payment = books_payment_at(simulator->books, i);
        const json_t *status = json_object_get(payment->payment, "status");
        if (strcmp(json_string_value(status), "APPROVED") == 0) {
            timers_add(&simulator->timers, (struct timer){.due_ms = payment->delayed_until_ms,
                                                          .kind = TIMER_DELAYED_ACTION,
                                                          .index = i});
        }
    }
    for (size_t i = 0; i < books_refund_count(simulator->books); i++) {
        const struct books_refund *refund = books_refund_at(simulator->books, i);
        if (refund->settles_ms != 0) {
            timers_add(
                &simulator->timers,
                (struct timer){.due_ms = refund->settles_ms, .kind = TIMER_REFUND, .index = i});
        }
    }
}

static bool simulator_start(struct daemon *daemon, struct error *error) {
    const struct config *config = daemon->config;
    struct books *books = books_open(config_text(config, "books"), error);
    if (books == NULL) {
        return false;
    }
    struct simulator *simulator = allocate_zeroed(1, sizeof *simulator);
    char base_url[300];
    snprintf(base_url, sizeof base_url, "http://%s", config_text(config, "listen"));
    *simulator = (struct simulator){
        .books = books,
        .behaviour = behaviour_new(config),
        .access_token = config_text(config, "access_token"),
        .location_id = config_text(config, "location_id"),
        .merchant_id = config_text(config, "merchant_id"),
        .base_url = text_duplicate(base_url),
        .admin = config_boolean(config, "admin"),
        .counters = json_object(),
    };
    if (config_text(config, "webhook_url")[0] != '\0') {
        simulator->webhooks = webhooks_start(
            config_text(config, "webhook_url"), config_text(config, "webhook_signature_key"),
            simulator->merchant_id, (int)config_integer(config, "webhook_retry_ms"));
    }
    timers_restore(simulator);
    log_info("books opened", LOG_INTEGER("payments", (int64_t)books_payment_count(books)),
             LOG_INTEGER("refunds", (int64_t)books_refund_count(books)));
    daemon->state = simulator;
    return true;
}

static int simulator_run(struct daemon *daemon) {
    struct error error = {0};
    ready_set(NULL);
    if (!server_run(daemon->state, config_text(daemon->config, "listen"), &error)) {
        log_error(error.message);
        return 1;
    }
    return 0;
}

static void simulator_stop(struct daemon *daemon) {
    struct simulator *simulator = daemon->state;
    webhooks_stop(simulator->webhooks);
    books_close(simulator->books);
    behaviour_free(simulator->behaviour);
    timers_deinit(&simulator->timers);
    json_decref(simulator->counters);
    free((char *)simulator->base_url);
    free(simulator);
}

static const struct daemon_spec spec = {
    .name = "payment-simulator",
    .summary = "A local stand-in for the payment provider (Square's Payments API)",
    .options = options,
    .start = simulator_start,
    .run = simulator_run,
    .stop = simulator_stop,
};

int main(int argc, char **argv) {
    if (sodium_init() < 0) {
        return 1;
    }
    return daemon_main(&spec, argc, argv);
}
