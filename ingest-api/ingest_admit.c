/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_admit.h"

#include "ingest-api/ingest_idempotency.h"
#include "ingest-api/ingest_problem.h"
#include "ingest-api/ingest_rate.h"
#include "ingest-api/ingest_reader.h"
#include "ingest-api/ingest_request.h"
#include "runtime/kafka.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COST_PASSWORD 1.0
#define COST_ANONYMOUS 0.1 /* ten requests without a login weigh like one that costs an Argon2 */

static bool list_has(const char *list, const char *item, size_t item_size) {
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", ");
        size_t size = strcspn(list, ", ");
        if (size > 0 && size == item_size && strncmp(list, item, size) == 0) {
            return true;
        }
        list += size;
    }
    return false;
}

void admit_client_address(const char *peer, const char *forwarded_for, const char *trusted,
                          char *out, unsigned long size) {
    snprintf(out, size, "%s", peer);
    size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;
    while (end > 0 && list_has(trusted, out, strlen(out))) {
        size_t start = end;
        while (start > 0 && forwarded_for[start - 1] != ',') {
            start--;
        }
        const char *item = forwarded_for + start;
        size_t item_size = end - start;
        while (item_size > 0 && isspace((unsigned char)item[0])) {
            item++;
            item_size--;
        }
        while (item_size > 0 && isspace((unsigned char)item[item_size - 1])) {
            item_size--;
        }
        char address[64];
        struct in6_addr parsed;
        snprintf(address, sizeof address, "%.*s", (int)(item_size < 63 ? item_size : 63), item);
        if (inet_pton(AF_INET, address, &parsed) != 1 &&
            inet_pton(AF_INET6, address, &parsed) != 1) {
            return; /* not an address: nobody we trust wrote that */
        }
        snprintf(out, size, "%s", address);
        end = start > 0 ? start - 1 : 0;
    }
}

bool admit_prefer_parse(const char *prefer, int *wait_ms, bool *respond_async) {
    while (prefer != NULL && *prefer != '\0') {
        prefer += strspn(prefer, ", \t");
        size_t size = strcspn(prefer, ",");
        if (strncasecmp(prefer, "respond-async", 13) == 0) {
            *respond_async = true;
        } else if (strncasecmp(prefer, "wait", 4) == 0) {
            const char *value = prefer + 4 + strspn(prefer + 4, " \t");
            if (*value != '=') {
                return false;
            }
            value++;
            value += strspn(value, " \t\"");
            char *end;
            long wait_s = strtol(value, &end, 10);
            if (end == value || !isdigit((unsigned char)*value) ||
                wait_s > REQUEST_WAIT_MS_MAX / 1000) {
                return false;
            }
            *wait_ms = (int)wait_s * 1000;
        }
        prefer += size;
    }
    return true;
}

static void address_find(struct request *request) {
    const union MHD_ConnectionInfo *information =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char peer[64] = "";
    if (information != NULL && information->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *address = (const void *)information->client_addr;
        inet_ntop(AF_INET, &address->sin_addr, peer, sizeof peer);
    } else if (information != NULL && information->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *address = (const void *)information->client_addr;
        inet_ntop(AF_INET6, &address->sin6_addr, peer, sizeof peer);
        if (strncmp(peer, "::ffff:", 7) == 0) {
            memmove(peer, peer + 7, strlen(peer + 7) + 1);
        }
    }
    const struct ingest_settings *settings = &request->ingest->settings;
    const char *protocol = request_header(request, "X-Forwarded-Proto");
    request->secure = settings->tls || (protocol != NULL && strcasecmp(protocol, "https") == 0 &&
                                        list_has(settings->trusted_proxies, peer, strlen(peer)));
    admit_client_address(peer, request_header(request, "X-Forwarded-For"),
                         settings->trusted_proxies, request->address, sizeof request->address);
}

static bool rate_allows(struct request *request, struct rate_table *table, const void *client,
                        size_t client_size, double cost) {
    int wait_s = rate_take(table, client, client_size, cost, clock_monotonic_ms());
    if (wait_s == 0) {
        return true;
    }
    problem_answer(request, PROBLEM_RATE_LIMITED, "Try again in %d s.", wait_s);
    request_header_add(request, "Retry-After",
                       arena_text_format(&request->arena, "%d", wait_s).data);
    return false;
}

/* The rate of an IPv6 client is that of its /64. */
static bool address_allows(struct request *request) {
    struct in6_addr parsed;
    const void *client = request->address;
    size_t client_size = strlen(request->address);
    if (inet_pton(AF_INET6, request->address, &parsed) == 1) {
        client = &parsed;
        client_size = 8;
    }
    double cost = request->route->password ? COST_PASSWORD : COST_ANONYMOUS;
    return rate_allows(request, request->ingest->rate_address, client, client_size, cost);
}

static bool body_is_announced_too_large(struct request *request) {
    const char *length = request_header(request, "Content-Length");
    return length != NULL && strtoull(length, NULL, 10) > request->body_size_max;
}

static void answer_too_large(struct request *request) {
    problem_answer(request, PROBLEM_TOO_LARGE, "At most %zu octets are taken here.",
                   request->body_size_max);
}

bool admit_headers(struct request *request, const char *method) {
    address_find(request);
    const char *traceparent = request_header(request, "traceparent");
    if (traceparent != NULL && strlen(traceparent) == 55) {
        traceparent_child(traceparent, request->traceparent);
    } else {
        traceparent_new(request->traceparent);
    }
    struct route_match match =
        router_match(ingest_routes, ingest_route_count, method, request->path);
    request->route = match.route;
    memcpy(request->parameters, match.parameters, sizeof match.parameters);
    if (match.route == NULL && match.allow[0] != '\0') {
        problem_answer(request, PROBLEM_METHOD_NOT_ALLOWED, "Allowed are: %s.", match.allow);
        request_header_add(request, "Allow",
                           arena_text_copy_string(&request->arena, match.allow).data);
        return false;
    }
    if (match.route == NULL) {
        problem_answer(request, PROBLEM_NOT_FOUND, "The calls are listed at /openapi.yaml.");
        return false;
    }
    if (match.route->access == ROUTE_PUBLIC && !address_allows(request)) {
        return false;
    }
    request->body_size_max =
        match.route->body_size_max != 0 ? match.route->body_size_max : ROUTE_BODY_SIZE_MAX;
    if (body_is_announced_too_large(request)) {
        answer_too_large(request);
        return false;
    }
    return true;
}

/* ---- at the end of the body ---- */

static bool preferences_read(struct request *request) {
    request->wait_ms = REQUEST_WAIT_MS_DEFAULT;
    if (!admit_prefer_parse(request_header(request, "Prefer"), &request->wait_ms,
                            &request->respond_async)) {
        problem_answer_field(request, "Prefer", "wait must be from 0 to %d seconds",
                             REQUEST_WAIT_MS_MAX / 1000);
        return false;
    }
    request->wait_until_ms = clock_monotonic_ms() + (request->respond_async ? 0 : request->wait_ms);
    request->idempotency_key = request_header(request, "Idempotency-Key");
    const char *key = request->idempotency_key;
    if (key == NULL) {
        return true;
    }
    bool valid = idempotency_key_valid(key);
    if (!valid) {
        problem_answer_field(request, "Idempotency-Key",
                             "Idempotency-Key must be 1 to %d visible ASCII characters, without "
                             "blanks.",
                             IDEMPOTENCY_KEY_SIZE_MAX);
    }
    return valid;
}

static bool body_parse(struct request *request) {
    if (request->body_too_large) {
        answer_too_large(request);
        return false;
    }
    if (request->route->body == ROUTE_BODY_NONE ||
        (request->route->body == ROUTE_BODY_OPTIONAL && request->body.size == 0)) {
        return true;
    }
    const char *type = request_header(request, "Content-Type");
    size_t type_size = type != NULL ? strcspn(type, "; ") : 0;
    if (type_size != 16 || strncasecmp(type, "application/json", 16) != 0) {
        problem_answer(request, PROBLEM_NOT_JSON, "Content-Type must be application/json.");
        return false;
    }
    json_error_t error;
    request->json = json_loadb(request->body.data != NULL ? request->body.data : "",
                               request->body.size, JSON_REJECT_DUPLICATES, &error);
    if (request->json == NULL) {
        problem_answer(request, PROBLEM_BAD_REQUEST, "The body is not JSON: line %d, column %d.",
                       error.line, error.column);
        return false;
    }
    if (!json_is_object(request->json)) {
        problem_answer_field(request, "", "The body must be a JSON object");
        return false;
    }
    return true;
}

static void token_read(struct request *request) {
    const char *authorization = request_header(request, "Authorization");
    const char *token = NULL;
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0) {
        token = authorization + 7 + strspn(authorization + 7, " ");
    } else if (authorization == NULL) {
        token =
            MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, "seatlog_session");
        request->token.by_cookie = token != NULL;
    }
    request->token.text = token;
    request->token.present = token != NULL && session_token_hash(token, &request->token.hash);
}

/* Whether the browser that sends the cookie along was told to by a page of this site. */
static bool same_site(struct request *request) {
    if (request_header(request, "X-Seatlog-Request") != NULL) {
        return true;
    }
    const char *fetch_site = request_header(request, "Sec-Fetch-Site");
    if (fetch_site != NULL) {
        return strcmp(fetch_site, "same-origin") == 0 || strcmp(fetch_site, "none") == 0;
    }
    const char *origin = request_header(request, "Origin");
    const char *host = request_header(request, "Host");
    const char *authority = origin != NULL ? strstr(origin, "://") : NULL;
    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

static bool changes_something(const struct route *route) {
    return strcmp(route->method, "GET") != 0;
}

static void admit_session(struct request *request) {
    const struct route *route = request->route;
    bool known = !uuid_is_zero(&request->session.user_id);
    bool needed = route->access == ROUTE_LOGIN || (route->access == ROUTE_BROWSE &&
                                                   !request->ingest->settings.browse_without_login);
    if (!known && needed) {
        problem_answer(request, PROBLEM_LOGIN_REQUIRED,
                       request->token.present ? "The token is not valid, or not any more."
                                              : "Send the token of POST /login.");
        return;
    }
    if (route->roles != 0 && (request->session.roles & route->roles) == 0) {
        problem_answer(request, PROBLEM_FORBIDDEN,
                       "This takes a role that the account does not have.");
        return;
    }
    if (known ? !rate_allows(request, request->ingest->rate_user, request->session.user_id.octets,
                             sizeof request->session.user_id, 1)
              : route->access == ROUTE_BROWSE && !address_allows(request)) {
        return;
    }
    request_next(request, route->handle);
}

struct admit_state {
    enum session_result result;
};

static void session_work(struct request *request, struct pg *pg) {
    struct admit_state *state = request->state;
    state->result =
        session_load(request->ingest->sessions, pg, &request->token.hash, &request->session);
}

static void session_loaded(struct request *request) {
    struct admit_state *state = request->state;
    if (state->result == SESSION_UNAVAILABLE) {
        problem_answer_unavailable(request, "Logins cannot be checked");
        return;
    }
    if (state->result == SESSION_UNKNOWN) {
        request->session = (struct session){0};
    }
    admit_session(request);
}

void admit_body(struct request *request) {
    if (!preferences_read(request) || !body_parse(request)) {
        return;
    }
    token_read(request);
    bool uses_cookie =
        request->token.present && request->token.by_cookie && !request->route->password;
    if (uses_cookie && changes_something(request->route) && !same_site(request)) {
        problem_answer(
            request, PROBLEM_CROSS_SITE,
            "With the cookie alone, Origin, Sec-Fetch-Site or X-Seatlog-Request must say "
            "that the request is this site's own.");
        return;
    }
    if (request->route->access == ROUTE_PUBLIC) {
        request_next(request, request->route->handle);
    } else if (!request->token.present ||
               session_find(request->ingest->sessions, &request->token.hash, &request->session)) {
        admit_session(request);
    } else if (address_allows(request)) { /* whoever guesses tokens asks PostgreSQL each time */
        request->state = request_allocate(request, sizeof(struct admit_state));
        request_query(request, session_work, session_loaded);
    }
}
