/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_INSTANCE_H
#define SEATLOG_INGEST_API_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one instance of ingest-api consists of. Made by ingest_start (ingest-api/ingest.c); every
 * member is there while requests are served. Who may touch it from which thread is said in its own
 * header.
 */
struct account_keeper;
struct catalog;
struct codec;
struct daemon;
struct http_server;
struct money_taken;
struct pool;
struct producer;
struct rate_table;
struct route;
struct search;
struct session_store;
struct tail;
struct wait_table;

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
    const char *cors_origins;    /* see ingest-api/admission/cors.h */
    int32_t partition_count;
};

struct ingest {
    struct daemon *daemon;
    struct ingest_settings settings;
    struct money_taken *money_taken;
    const struct route *routes;
    size_t route_count;
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

#endif
