/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_CROWD_H
#define SEATLOG_INGEST_API_HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * How many connections each address has, and whether it may have one more. An IPv6 client is its
 * /64. The last tenth of all connections is a reserve: it is only for addresses that have few, so
 * that a few greedy addresses shut nobody else out. Trusted proxies stand for many people and are
 * only bound by the total. One thread.
 */
struct crowd;

#define CROWD_RESERVE_PART 10 /* one in so many */
#define CROWD_FEW 8           /* connections of an address that the reserve is for */

struct crowd_limits {
    size_t total_max;
    size_t address_max;          /* 0: no such limit */
    const char *trusted_proxies; /* addresses, separated by commas; lives as long as the crowd */
};

struct crowd *crowd_new(const struct crowd_limits *limits);
void crowd_free(struct crowd *crowd);

/* Whether a connection from there may come in; it is not counted yet. */
bool crowd_admits(const struct crowd *crowd, const struct sockaddr *address);

/* A connection has come in, or gone. */
void crowd_enter(struct crowd *crowd, const struct sockaddr *address);
void crowd_leave(struct crowd *crowd, const struct sockaddr *address);

/* Whether the reserve is being used: time to be short with connections that do nothing. */
bool crowd_is_dense(const struct crowd *crowd);

/* Whether it is one of the trusted proxies. */
bool crowd_trusts(const struct crowd *crowd, const struct sockaddr *address);

/* The address as text, an IPv4 one in its short form; empty where it has none. */
#define ADDRESS_TEXT_SIZE 64
void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE]);

/* Whether a comma-separated list holds the item. */
bool list_holds(const char *list, const char *item, size_t item_size);

#endif
