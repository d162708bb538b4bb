/* SPDX-License-Identifier: Apache-2.0 */
/* The lingering close. */
#include "ingest-api/http/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define DISCARD_BYTES ((size_t)1024 * 1024)
#define DISCARDS_MAX 4 /* in a row, of one connection: the others wait */

void linger_add(struct linger_list *linger, int descriptor, int64_t now_ms) {
    if (linger->count == LINGER_CONNECTIONS_MAX) {
        return;
    }
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        return;
    }
    shutdown(own, SHUT_WR);
    linger->connections[linger->count].descriptor = own;
    linger->connections[linger->count].until_ms = now_ms + LINGER_MS;
    linger->count++;
}

/* Whether the client may still send. MSG_TRUNC: the kernel throws it away without a copy. */
static bool discard(int descriptor) {
    for (int i = 0; i < DISCARDS_MAX; i++) {
        ssize_t size = recv(descriptor, NULL, DISCARD_BYTES, MSG_TRUNC | MSG_DONTWAIT);
        if (size == 0) {
            return false;
        }
        if (size < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
    }
    return true;
}

void linger_run(struct linger_list *linger, int64_t now_ms) {
    for (size_t i = 0; i < linger->count;) {
        if (linger->connections[i].until_ms > now_ms &&
            discard(linger->connections[i].descriptor)) {
            i++;
            continue;
        }
        close(linger->connections[i].descriptor);
        linger->connections[i] = linger->connections[--linger->count];
    }
}

size_t linger_poll_fill(const struct linger_list *linger, struct pollfd *descriptors) {
    for (size_t i = 0; i < linger->count; i++) {
        descriptors[i] = (struct pollfd){.fd = linger->connections[i].descriptor, .events = POLLIN};
    }
    return linger->count;
}

int64_t linger_next_ms(const struct linger_list *linger) {
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < linger->count; i++) {
        int64_t until_ms = linger->connections[i].until_ms;
        next_ms = until_ms < next_ms ? until_ms : next_ms;
    }
    return next_ms;
}

void linger_deinit(struct linger_list *linger) {
    while (linger->count > 0) {
        close(linger->connections[--linger->count].descriptor);
    }
}
