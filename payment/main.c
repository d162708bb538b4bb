/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-payment: its options, and how its parts are started and stopped. */
#include "payment/daemon/payment.h"

#include "payment/daemon/metrics.h"
#include "payment/daemon/sink.h"
#include "runtime/base/error.h"
#include "runtime/loop/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCER_DRAIN_MS 5000

/* What a lease must last beyond a call: writing the answer, and the log's acknowledgement. */
#define LEASE_MARGIN_MS 10000

static const struct config_option options[] = {
    {"provider_url", CONFIG_TEXT, "http://127.0.0.1:4010", 0, 0,
     "the provider's API, without a path: https://connect.squareup.com, or the simulator"},
    {"provider_access_token", CONFIG_SECRET, NULL, 0, 0, "bearer token of the provider's account"},
    {"provider_version", CONFIG_TEXT, "2026-09-16", 0, 0, "Square-Version header"},
    {"provider_location_id", CONFIG_TEXT, "", 0, 0, "location to charge at; empty: the main one"},
    {"provider_ca_file", CONFIG_TEXT, "", 0, 0, "certificates to trust; empty: the system's"},
    {"provider_timeout_ms", CONFIG_INTEGER, "20000", 100, 120000, "longest wait for an answer"},
    {"provider_settle_ms", CONFIG_INTEGER, "60000", 100, 3600000,
     "after it no create that was sent can still be under way at the provider"},
    {"authorization_duration", CONFIG_TEXT, "PT24H", 0, 0,
     "how long an authorization stands before the provider cancels it, ISO 8601, PT1M to P7D"},
    {"in_flight_max", CONFIG_INTEGER, "256", 1, PAYMENT_FLIGHTS_MAX,
     "calls to the provider at once"},
    {"retry_base_ms", CONFIG_INTEGER, "200", 1, 60000, "first wait after a failure; it doubles"},
    {"retry_maximum_ms", CONFIG_INTEGER, "60000", 1, 3600000, "longest wait between tries"},
    {"buyer_retry_maximum_ms", CONFIG_INTEGER, "5000", 1, 3600000,
     "the same while a buyer waits: authorize and capture"},
    {"refund_poll_ms", CONFIG_INTEGER, "2000", 1, 3600000,
     "first wait before a pending refund is looked at again; it doubles"},
    {"operator_retry_ms", CONFIG_INTEGER, "3600000", 1, 86400000,
     "between looks at what only an operator can settle"},
    {"lease_ms", CONFIG_INTEGER, "60000", 1000, 3600000,
     "how long an instance may be at a piece of work before another takes it"},
    {"work_poll_ms", CONFIG_INTEGER, "200", 1, 60000, "how often work that became due is sought"},
    {"reconcile_interval_s", CONFIG_INTEGER, "300", 1, 86400,
     "how often the provider's list is compared with our work"},
    {"reconcile_overlap_s", CONFIG_INTEGER, "600", 0, 604800,
     "how much of what was compared before is compared again"},
    {0},
};

static void settings_read(struct payment_worker_settings *settings, const struct daemon *daemon) {
    const struct config *config = daemon->config;
    const char *ca_file = config_text(config, "provider_ca_file");
    int64_t drain_ms = config_integer(config, "drain_s_max") * 1000 - PRODUCER_DRAIN_MS - 1000;
    *settings = (struct payment_worker_settings){
        .square =
            {
                .url = config_text(config, "provider_url"),
                .access_token = config_text(config, "provider_access_token"),
                .version = config_text(config, "provider_version"),
                .location_id = config_text(config, "provider_location_id"),
                .delay_duration = config_text(config, "authorization_duration"),
                .timeout_ms = (int)config_integer(config, "provider_timeout_ms"),
            },
        .lease =
            {
                .limits =
                    {
                        .retry_base_ms = config_integer(config, "retry_base_ms"),
                        .retry_maximum_ms = config_integer(config, "retry_maximum_ms"),
                        .buyer_retry_maximum_ms = config_integer(config, "buyer_retry_maximum_ms"),
                        .settle_ms = config_integer(config, "provider_settle_ms"),
                        .refund_poll_ms = config_integer(config, "refund_poll_ms"),
                        .operator_retry_ms = config_integer(config, "operator_retry_ms"),
                    },
                .in_flight_max = (int32_t)config_integer(config, "in_flight_max"),
                .lease_ms = config_integer(config, "lease_ms"),
                .timeout_ms = config_integer(config, "provider_timeout_ms"),
                .poll_ms = config_integer(config, "work_poll_ms"),
                .drain_ms = drain_ms > 0 ? drain_ms : 0,
            },
        .postgres_url = config_text(config, "postgres_url"),
        .instance = daemon->instance,
        .ca_file = ca_file[0] != '\0' ? ca_file : NULL,
    };
    snprintf(settings->source, sizeof settings->source, "payment/%s", daemon->instance);
}

static bool settings_check(const struct payment_worker_settings *settings, struct error *error) {
    const char *url = settings->square.url;
    if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) ||
        url[strlen(url) - 1] == '/') {
        return error_set(error, ERROR_DIE,
                         "provider_url must be http(s)://HOST[:PORT] without a slash at the end, "
                         "not \"%s\"",
                         url);
    }
    if (settings->lease.lease_ms < settings->lease.timeout_ms + LEASE_MARGIN_MS) {
        return error_set(error, ERROR_DIE,
                         "lease_ms must exceed provider_timeout_ms by at least %d",
                         LEASE_MARGIN_MS);
    }
    if (settings->lease.limits.settle_ms < settings->lease.timeout_ms) {
        return error_set(error, ERROR_DIE,
                         "provider_settle_ms must not be less than provider_timeout_ms");
    }
    return true;
}

static void orphans_added(void *context) { payment_worker_wake(context); }

static bool payment_start(struct daemon *daemon, struct error *error) {
    struct payment *payment = allocate_zeroed(1, sizeof *payment);
    settings_read(&payment->settings, daemon);
    if (!settings_check(&payment->settings, error)) {
        free(payment);
        return false;
    }
    payment_metrics_init();
    payment->producer = producer_new(daemon->config, daemon->instance);
    payment->worker = payment_worker_start(&payment->settings, payment->producer);
    struct payment_reconciler_settings reconciler = {
        .square = payment->settings.square,
        .postgres_url = payment->settings.postgres_url,
        .ca_file = payment->settings.ca_file,
        .interval_ms = config_integer(daemon->config, "reconcile_interval_s") * 1000,
        .overlap_ms = config_integer(daemon->config, "reconcile_overlap_s") * 1000,
        .settle_ms = payment->settings.lease.limits.settle_ms,
    };
    payment->reconciler = payment_reconciler_start(&reconciler, orphans_added, payment->worker);
    daemon->state = payment;
    return true;
}

static void payment_stop(struct daemon *daemon) {
    struct payment *payment = daemon->state;
    payment_reconciler_stop(payment->reconciler);
    payment_worker_stop(payment->worker);
    producer_free(payment->producer, PRODUCER_DRAIN_MS);
    payment_worker_free(payment->worker);
    free(payment);
}

static const struct daemon_spec spec = {
    .name = "payment",
    .summary =
        "Authorizes, captures, voids and refunds at the payment provider what the log asks for",
    .options = options,
    .start = payment_start,
    .sink = &payment_sink,
    .stop = payment_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
