/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_INGEST_H
#define SEATLOG_INGEST_API_INGEST_H

#include "ingest-api/commands/money.h"
#include "runtime/base/config.h"
#include "runtime/loop/daemon.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one instance of ingest-api consists of. Made by ingest_start; every member is there while
 * requests are served. Who may touch it from which thread is said in its own header.
 */
struct account_keeper;
struct catalog;
struct http_server;
struct pool;
struct producer;
struct rate_table;
struct search;
struct session_store;
struct tail;
struct wait_table;
struct codec;

struct ingest_settings {
    bool browse_without_login;
    bool self_service_organizers;
    bool mail_smtputf8;
    int64_t login_failures_per_hour;
    bool tls;
    int64_t session_ttl_s;
    unsigned long long password_operations;
    size_t password_memory_octets;
    const char *trusted_proxies; /* comma-separated addresses */
    const char *cors_origins;    /* see ingest-api/http/cors.h */
    int32_t partition_count;
    struct money_taken money_taken;
};

struct ingest {
    struct daemon *daemon;
    struct ingest_settings settings;
    struct http_server *http;
    struct pool *database_pool; /* workers: struct pg */
    struct pool *password_pool;
    struct pool *body_pool; /* parses and checks large bodies */
    struct session_store *sessions;
    struct catalog *catalog;
    struct search *search;
    struct wait_table *waits;
    struct tail *tail;
    struct producer *producer;
    struct codec *codec;             /* the HTTP thread's */
    struct rate_table *rate_address; /* HTTP thread: signup, login, and requests without a login */
    struct rate_table *rate_user;    /* HTTP thread: everything else */
    struct account_keeper *account_keeper;
};

extern const struct config_option ingest_options[];

bool ingest_start(struct daemon *daemon, struct error *error);
int ingest_run(struct daemon *daemon);
void ingest_stop(struct daemon *daemon);

#endif
