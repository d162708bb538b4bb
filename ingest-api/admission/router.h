/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ADMISSION_ROUTER_H
#define SEATLOG_INGEST_API_ADMISSION_ROUTER_H

#include "codec/value.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Which call a request is. The table of all calls is in ingest-api/calls/routes.h; matching is pure.
 */
struct call_step;

enum route_access {
    ROUTE_PUBLIC, /* no login */
    ROUTE_BROWSE, /* a login, unless browse_without_login */
    ROUTE_LOGIN
};

enum route_body {
    ROUTE_BODY_NONE,     /* nothing, or an empty JSON object; any other body is refused */
    ROUTE_BODY_OPTIONAL, /* a JSON object, or nothing */
    ROUTE_BODY_JSON      /* a JSON object */
};

#define ROUTE_PARAMETERS_MAX 2

struct route {
    const char *method;
    const char *path; /* with {parameters}, as in the contract: /tickets/{ticket_id}.pdf */
    const struct call_step
        *steps; /* what it does, once it is admitted: ingest-api/admission/call.h */
    enum route_access access;
    unsigned roles; /* any of these; 0: every role */
    enum route_body body;
    size_t body_size_max; /* bytes; 0: REQUEST_BODY_SIZE_MAX */
    const char *query;    /* the parameters it takes, separated by blanks; NULL: none */
    bool password;        /* costs an Argon2: limited by address, and harder */
};

#define ROUTE_QUERY_ANY "*" /* another protocol's call: what is not known is ignored */

#define ROUTE_ALLOW_SIZE 64

struct route_match {
    const struct route *route;                    /* NULL: none */
    struct text parameters[ROUTE_PARAMETERS_MAX]; /* views of the path */
    char allow
        [ROUTE_ALLOW_SIZE]; /* the methods of the path, where it exists with another method only: "GET,
                       HEAD" */
};

/* HEAD matches where GET does. A slash at the end of the path makes no difference. */
struct route_match router_match(const struct route *routes, size_t count, const char *method,
                                const char *path);

/* Whether HTTP has such a method at all. */
bool router_method_known(const char *method);

#endif
