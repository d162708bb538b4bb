/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of ingest-api: made, run and ended. */
#include "ingest-api/ingest.h"

#include "ingest-api/accounts/account_keeper.h"
#include "ingest-api/accounts/password.h"
#include "ingest-api/admission/admit.h"
#include "ingest-api/admission/call.h"
#include "ingest-api/admission/cors.h"
#include "ingest-api/admission/rate.h"
#include "ingest-api/admission/session.h"
#include "ingest-api/calls/routes.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/catalog/search_postgresql.h"
#include "ingest-api/commands/money.h"
#include "ingest-api/commands/tail.h"
#include "ingest-api/commands/wait.h"
#include "ingest-api/http/pool.h"
#include "ingest-api/http/server.h"
#include "ingest-api/instance.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/pg/pg.h"
#include "runtime/present/present_time.h"

#include <sodium.h>
#include <stdlib.h>

#define RATE_PLACES 65536
#define PRODUCER_DRAIN_MS 10000
#define STATEMENT_TIMEOUT "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=10000"
#define DATABASE_ANSWER_MS 6000

const struct config_option ingest_options[] = {
    {"listen", CONFIG_TEXT, "127.0.0.1:8080", 0, 0, "ADDRESS:PORT of the API"},
    {"tls_certificate_file", CONFIG_TEXT, "", 0, 0,
     "PEM file of certificate and chain; empty: plain HTTP, for behind a proxy; read again when it "
     "changes"},
    {"tls_key_file", CONFIG_TEXT, "", 0, 0, "PEM file of its private key"},
    {"browse_without_login", CONFIG_BOOLEAN, "no", 0, 0,
     "whether anyone may search and look at events"},
    {"self_service_organizers", CONFIG_BOOLEAN, "no", 0, 0,
     "whether an organizer may sign up as such"},
    {"currencies", CONFIG_TEXT, MONEY_TAKEN_DEFAULT, 0, 0,
     "what events may be sold in, separated by commas: the currencies that the payment provider "
     "takes"},
    {"session_ttl_hours", CONFIG_INTEGER, "336", 1, 8760, "how long a login lasts"},
    {"trusted_proxies", CONFIG_TEXT, "", 0, 0,
     "addresses, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed"},
    {"connections_max", CONFIG_INTEGER, "10000", 1, 100000, "connections at once"},
    {"connections_per_address_max", CONFIG_INTEGER, "1000", 0, 100000,
     "connections at once from one address (IPv6: one /64) that is no trusted proxy; 0: no such "
     "limit"},
    {"header_timeout_s", CONFIG_INTEGER, "5", 1, 600,
     "the headers of a new connection's first request must have arrived within"},
    {"request_timeout_s", CONFIG_INTEGER, "30", 1, 600,
     "a request must have arrived within; its answer be taken within ten times that"},
    {"body_memory_mib", CONFIG_INTEGER, "64", 1, 65536,
     "memory for the bodies of all requests together; more are answered 503"},
    {"body_threads", CONFIG_INTEGER, "1", 1, 64, "large bodies read and checked at once"},
    {"body_queue_max", CONFIG_INTEGER, "100", 1, 100000,
     "requests that may wait for that; more are answered 503"},
    {"cors_origins", CONFIG_TEXT, "", 0, 0,
     "origins, separated by commas, whose pages may use the API with a token or an API key; *: "
     "all"},
    {"database_threads", CONFIG_INTEGER, "4", 1, 64, "connections to PostgreSQL"},
    {"database_queue_max", CONFIG_INTEGER, "2000", 1, 100000,
     "requests that may wait for PostgreSQL; more are answered 503"},
    {"password_threads", CONFIG_INTEGER, "2", 1, 64, "passwords hashed at once"},
    {"password_queue_max", CONFIG_INTEGER, "200", 1, 100000,
     "requests that may wait for that; more are answered 503"},
    {"password_memory_kib", CONFIG_INTEGER, "19456", 8192, 4194304, "Argon2id: memory of one hash"},
    {"password_operations", CONFIG_INTEGER, "2", 1, 100, "Argon2id: passes over it"},
    {"rate_address_per_s", CONFIG_INTEGER, "5", 0, 100000,
     "signups and logins a second from one address, ten times as many other requests without a "
     "login; 0: no limit"},
    {"rate_address_burst", CONFIG_INTEGER, "300", 1, 1000000, "so many at once"},
    {"rate_user_per_s", CONFIG_INTEGER, "50", 0, 100000,
     "requests a second of one account; 0: no limit"},
    {"rate_user_burst", CONFIG_INTEGER, "200", 1, 1000000, "so many at once"},
    {"login_failures_per_hour", CONFIG_INTEGER, "100", 0, 100000,
     "failed logins an hour of one account, over all instances; 0: no limit"},
    {"mail_smtputf8", CONFIG_BOOLEAN, "no", 0, 0,
     "whether the mail server takes addresses that are not ASCII before the @ (RFC 6531); no: "
     "nobody can sign up with one"},
    {"catalog_memory_mib", CONFIG_INTEGER, "128", 1, 65536, "shows remembered, at most"},
    {0},
};

static void *database_worker_new(void *context) {
    struct pg *pg = pg_new(context, "seatlog-ingest-api");
    pg_answer_ms_set(pg, DATABASE_ANSWER_MS);
    return pg;
}

static void database_worker_free(void *worker) { pg_free(worker); }

static void settings_read(struct ingest *ingest, const struct config *config) {
    struct ingest_settings *settings = &ingest->settings;
    settings->browse_without_login = config_boolean(config, "browse_without_login");
    settings->self_service_organizers = config_boolean(config, "self_service_organizers");
    settings->mail_smtputf8 = config_boolean(config, "mail_smtputf8");
    settings->login_failures_per_hour = config_integer(config, "login_failures_per_hour");
    settings->tls = config_text(config, "tls_certificate_file")[0] != '\0';
    settings->session_ttl_s = config_integer(config, "session_ttl_hours") * 3600;
    settings->password_operations =
        (unsigned long long)config_integer(config, "password_operations");
    settings->password_memory_octets = (size_t)config_integer(config, "password_memory_kib") * 1024;
    settings->trusted_proxies = config_text(config, "trusted_proxies");
    settings->cors_origins = config_text(config, "cors_origins");
    settings->partition_count = (int32_t)config_integer(config, "partitions");
}

static void rates_start(struct ingest *ingest, const struct config *config) {
    ingest->rate_address =
        rate_table_new((double)config_integer(config, "rate_address_per_s"),
                       (double)config_integer(config, "rate_address_burst"), RATE_PLACES);
    ingest->rate_user =
        rate_table_new((double)config_integer(config, "rate_user_per_s"),
                       (double)config_integer(config, "rate_user_burst"), RATE_PLACES);
}

static void pools_start(struct ingest *ingest, const struct config *config) {
    ingest->database_pool =
        pool_new("postgresql", (int)config_integer(config, "database_threads"),
                 (size_t)config_integer(config, "database_queue_max"), database_worker_new,
                 database_worker_free, (void *)config_text(config, "postgres_url"));
    ingest->password_pool =
        pool_new("password", (int)config_integer(config, "password_threads"),
                 (size_t)config_integer(config, "password_queue_max"), NULL, NULL, NULL);
    ingest->body_pool =
        pool_new("body", (int)config_integer(config, "body_threads"),
                 (size_t)config_integer(config, "body_queue_max"), NULL, NULL, NULL);
}

/* The server knows nothing of calls but this. */
static bool http_start(struct ingest *ingest, const struct config *config, struct error *error) {
    const struct http_handler handler = {.context = ingest,
                                         .request_new = call_new,
                                         .request_free = call_free,
                                         .headers = admit_headers,
                                         .body = admit_body,
                                         .go_on = call_go_on,
                                         .headers_add = cors_headers_add};
    struct http_settings settings = {
        .listen = config_text(config, "listen"),
        .certificate_file = config_text(config, "tls_certificate_file"),
        .key_file = config_text(config, "tls_key_file"),
        .connections_max = (int)config_integer(config, "connections_max"),
        .connections_per_address_max = (int)config_integer(config, "connections_per_address_max"),
        .trusted_proxies = ingest->settings.trusted_proxies,
        .body_memory_bytes = (size_t)config_integer(config, "body_memory_mib") * 1024 * 1024,
        .header_timeout_s = (int)config_integer(config, "header_timeout_s"),
        .request_timeout_s = (int)config_integer(config, "request_timeout_s")};
    ingest->http = http_server_new(&handler, &settings, error);
    return ingest->http != NULL;
}

static bool parts_start(struct ingest *ingest, const struct config *config, struct error *error) {
    struct daemon *daemon = ingest->daemon;
    ingest->waits = wait_table_new();
    ingest->catalog =
        catalog_new((size_t)config_integer(config, "catalog_memory_mib") * 1024 * 1024);
    ingest->tail = tail_new(config, daemon->instance, ingest->waits, ingest->catalog,
                            ingest->settings.partition_count, error);
    if (ingest->tail == NULL) {
        return false;
    }
    ingest->producer = producer_new(config, daemon->instance);
    ingest->codec = codec_new();
    ingest->sessions = session_store_new(config_text(config, "postgres_url"));
    ingest->account_keeper = account_keeper_new(config_text(config, "postgres_url"));
    ingest->search = search_postgresql_new();
    rates_start(ingest, config);
    pools_start(ingest, config);
    return http_start(ingest, config, error);
}

/* In the order of who needs whom; every part may be missing. */
static void parts_stop(struct ingest *ingest) {
    pool_free(ingest->database_pool);
    pool_free(ingest->password_pool);
    pool_free(ingest->body_pool);
    if (ingest->producer != NULL) {
        producer_free(ingest->producer, PRODUCER_DRAIN_MS);
    }
    tail_free(ingest->tail);
    http_server_free(ingest->http);
    session_store_free(ingest->sessions);
    account_keeper_free(ingest->account_keeper);
    if (ingest->search != NULL) {
        ingest->search->free(ingest->search);
    }
    catalog_free(ingest->catalog);
    wait_table_free(ingest->waits);
    codec_free(ingest->codec);
    rate_table_free(ingest->rate_address);
    rate_table_free(ingest->rate_user);
    free(ingest->money_taken);
    free(ingest);
}

/* What may be wrong with settings is told before anything is begun. */
static bool settings_check(struct ingest *ingest, const struct config *config,
                           struct error *error) {
    const struct ingest_settings *settings = &ingest->settings;
    ingest->money_taken = allocate_zeroed(1, sizeof *ingest->money_taken);
    if (!money_taken_parse(config_text(config, "currencies"), ingest->money_taken, error) ||
        !cors_origins_check(settings->cors_origins, error)) {
        return false;
    }
    return password_start(settings->password_operations, settings->password_memory_octets) ||
           error_set(error, ERROR_DIE, "there is no memory for password_memory_kib");
}

bool ingest_start(struct daemon *daemon, struct error *error) {
    if (sodium_init() < 0) {
        return error_set(error, ERROR_DIE, "libsodium does not start");
    }
    /* A query that hangs must not keep a worker forever. */
    setenv("PGOPTIONS", STATEMENT_TIMEOUT, 0);
    if (!present_time_zone_is_known(TEXT_LITERAL("Europe/London"))) {
        return error_set(error, ERROR_DIE, "the time zone database (tzdata) is not installed");
    }
    struct ingest *ingest = allocate_zeroed(1, sizeof *ingest);
    ingest->daemon = daemon;
    ingest->routes = ingest_routes;
    ingest->route_count = ingest_route_count;
    settings_read(ingest, daemon->config);
    if (!settings_check(ingest, daemon->config, error) ||
        !parts_start(ingest, daemon->config, error)) {
        parts_stop(ingest);
        return false;
    }
    daemon->state = ingest;
    log_info("listening", LOG_TEXT("listen", config_text(daemon->config, "listen")),
             LOG_INTEGER("port", http_server_port(ingest->http)));
    return true;
}

int ingest_run(struct daemon *daemon) {
    struct ingest *ingest = daemon->state;
    http_server_run(ingest->http);
    return EXIT_SUCCESS;
}

void ingest_stop(struct daemon *daemon) {
    parts_stop(daemon->state);
    daemon->state = NULL;
}
