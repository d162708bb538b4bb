/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_HTTP_ADMIN_H
#define SEATLOG_RUNTIME_HTTP_ADMIN_H

#include "runtime/base/buffer.h"
#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * The small HTTP server that every daemon has for its operator: GET /metrics (text format 0.0.4),
 * /healthz (200 while the process runs) and /readyz (200 once ready, else 503 with the reason).
 */

/* Whether the process is ready; appends the reasons why not. Called from the server's thread. */
typedef bool admin_ready(struct buffer *reason);

/* Serves on ADDRESS:PORT ("127.0.0.1:9101", "[::1]:9101", port 0: any free one) in a thread of its
 * own. false: *error says why. */
bool admin_server_start(const char *listen, admin_ready *ready, struct error *error);
void admin_server_stop(void);

/* The port it listens on (of interest where 0 was asked for); 0 while there is no server. */
int admin_server_port(void);

#endif
