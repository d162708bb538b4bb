/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_LINGER_H
#define SEATLOG_INGEST_API_HTTP_LINGER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Connections that were answered before their body had arrived. To close one at once would reset
 * it, and the client, still sending, might never see the answer (RFC 9112, 9.6). So its sending
 * half is closed, and what arrives is thrown away unread until the client hangs up, or for some
 * seconds. One thread.
 */
#define LINGER_CONNECTIONS_MAX 256
#define LINGER_MS 3000

struct linger_list {
    struct {
        int descriptor;
        int64_t until_ms; /* monotonic */
    } connections[LINGER_CONNECTIONS_MAX];
    size_t count;
};

/* Keeps a descriptor of its own of the connection; under too many at once, none. */
void linger_add(struct linger_list *linger, int descriptor, int64_t now_ms);

/* Reads away what is there, closes what is over. */
void linger_run(struct linger_list *linger, int64_t now_ms);

/* Fills in what to poll for (LINGER_CONNECTIONS_MAX at most); returns how many. */
size_t linger_poll_fill(const struct linger_list *linger, struct pollfd *descriptors);

/* When the next one is over; INT64_MAX where there is none. */
int64_t linger_next_ms(const struct linger_list *linger);

void linger_deinit(struct linger_list *linger);

#endif
