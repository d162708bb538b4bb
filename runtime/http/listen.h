/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_HTTP_LISTEN_H
#define SEATLOG_RUNTIME_HTTP_LISTEN_H

#include "runtime/base/error.h"

#include <netdb.h>

/*
 * The address a server listens on: "127.0.0.1:9101", "[::1]:9101" or "localhost:9101". option is
 * the configuration key it stands under, for the message. NULL with *error (DIE) where it is none;
 * the caller frees with freeaddrinfo.
 */
struct addrinfo *listen_resolve(const char *option, const char *listen, struct error *error);

#endif
