/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_SIMULATOR_H
#define SEATLOG_TOOLS_PROVIDER_SIMULATOR_H

#include "tools/provider/behaviour.h"
#include "tools/provider/books.h"
#include "tools/provider/timers.h"
#include "tools/provider/webhooks.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All there is of one simulated provider. One thread uses it: the server's loop. */
struct simulator {
    struct books *books;
    struct behaviour *behaviour;
    struct webhooks *webhooks; /* NULL: nobody subscribed */
    struct timers timers;
    const char *access_token;
    const char *location_id;
    const char *merchant_id;
    const char *base_url; /* of receipts */
    bool admin;           /* /admin is answered */
    json_t *counters;     /* operation → requests acted upon; "<operation> replayed" */
};

/* A whole request, as the API sees it. */
struct request {
    const char *method;
    const char *path;          /* without the query */
    const char *authorization; /* NULL: none */
    const json_t *query;       /* object of strings */
    const char *body;
    size_t body_size;
    struct fault fault;
};

struct reply {
    int status;
    json_t *body;      /* owned by the receiver of the reply */
    int retry_after_s; /* 0: none */
};

#endif
