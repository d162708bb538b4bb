/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_API_H
#define SEATLOG_TOOLS_PROVIDER_API_H

#include "tools/provider/simulator.h"

/* Which request is meant, the bearer token, the body's JSON, the faults. */

/* The operation's name, as rules of behaviour and books know it; "" for none and for /admin. */
const char *api_operation_name(const char *method, const char *path);

/*
 * Answers the request. Changes to the books are gathered, not flushed. *drop: there is to be no
 * answer.
 */
struct reply api_handle(struct simulator *simulator, const struct request *request, bool *drop);

#endif
