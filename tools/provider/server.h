/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_SERVER_H
#define SEATLOG_TOOLS_PROVIDER_SERVER_H

#include "runtime/base/error.h"
#include "tools/provider/simulator.h"

/*
 * HTTP over libmicrohttpd, driven by this process's one thread: a request is read, suspended for as
 * long as it is to take, acted upon together with all others that are due, and answered when the
 * books of all of them are on disk. A slow provider thus holds connections, never threads.
 */

/* listen: "127.0.0.1:4010". Returns when daemon_stopping(), or false with *error. */
bool server_run(struct simulator *simulator, const char *listen, struct error *error);

#endif
