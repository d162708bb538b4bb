/* SPDX-License-Identifier: Apache-2.0 */
/* What stands before every call, in the order in which it is looked at. */
#include "ingest-api/admission/admit.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/admission/cors.h"
#include "ingest-api/admission/idempotency.h"
#include "ingest-api/admission/query.h"
#include "ingest-api/admission/rate.h"
#include "ingest-api/http/json.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/kafka/kafka.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TARGET_SIZE_MAX 8192
#define HEADERS_SIZE_MAX (32 * 1024)
#define BODY_PARSED_AT_ONCE_MAX ((size_t)64 * 1024) /* larger ones: not on the HTTP thread */
#define COST_PASSWORD 1.0
#define COST_ANONYMOUS 0.1 /* ten requests without a login weigh like one that costs an Argon2 */
#define ROLE_NAMES_SIZE 96

void admit_client_address(const char *peer, const char *forwarded_for, const char *trusted,
                          char *out, unsigned long size) {
    snprintf(out, size, "%s", peer);
    size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;
    while (end > 0 && list_holds(trusted, out, strlen(out))) {
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
        char address[ADDRESS_TEXT_SIZE];
        struct in6_addr parsed;
        snprintf(address, sizeof address, "%.*s",
                 (int)(item_size < sizeof address ? item_size : sizeof address - 1), item);
        if (inet_pton(AF_INET, address, &parsed) != 1 &&
            inet_pton(AF_INET6, address, &parsed) != 1) {
            return; /* not an address: nobody we trust wrote that */
        }
        snprintf(out, size, "%s", address);
        end = start > 0 ? start - 1 : 0;
    }
}

/* One preference: NAME or NAME=VALUE, perhaps quoted, with parameters that we know nothing of. */
static void preference_read(const char *text, size_t size, struct preferences *out) {
    size_t name_size = 0;
    while (name_size < size && strchr("=; \t", text[name_size]) == NULL) {
        name_size++;
    }
    if (name_size == 13 && strncasecmp(text, "respond-async", 13) == 0) {
        out->respond_async = true;
        return;
    }
    size_t at = name_size;
    while (at < size && (text[at] == ' ' || text[at] == '\t')) {
        at++;
    }
    if (name_size != 4 || strncasecmp(text, "wait", 4) != 0 || out->wait_wished || at == size ||
        text[at] != '=') {
        return;
    }
    do {
        at++;
    } while (at < size && strchr(" \t\"", text[at]) != NULL);
    long wait_s = 0;
    size_t digits = 0;
    while (at + digits < size && isdigit((unsigned char)text[at + digits])) {
        wait_s = wait_s * 10 + (text[at + digits] - '0');
        wait_s = wait_s < PREFER_WAIT_S_MAX ? wait_s : PREFER_WAIT_S_MAX;
        digits++;
    }
    if (digits > 0 && (at + digits == size || strchr("\" \t;", text[at + digits]) != NULL)) {
        out->wait_wished = true;
        out->wait_ms = (int)wait_s * 1000;
    }
}

void admit_prefer_parse(const char *prefer, struct preferences *out) {
    while (prefer != NULL && *prefer != '\0') {
        prefer += strspn(prefer, ", \t");
        size_t size = 0;
        bool quoted = false;
        while (prefer[size] != '\0' && (quoted || prefer[size] != ',')) {
            quoted ^= prefer[size] == '"';
            size += prefer[size] == '\\' && prefer[size + 1] != '\0' ? 2 : 1;
        }
        preference_read(prefer, size, out);
        prefer += size;
    }
}

/* ---- at the headers: which call it is ---- */

static void address_find(struct request *request) {
    const union MHD_ConnectionInfo *information =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char peer[ADDRESS_TEXT_SIZE] = "";
    if (information != NULL) {
        address_format(information->client_addr, peer);
    }
    const struct ingest_settings *settings = &request->call->ingest->settings;
    const char *protocol = request_header(request, "X-Forwarded-Proto");
    request->call->caller.secure =
        settings->tls || (protocol != NULL && strcasecmp(protocol, "https") == 0 &&
                          list_holds(settings->trusted_proxies, peer, strlen(peer)));
    admit_client_address(peer, request_header(request, "X-Forwarded-For"),
                         settings->trusted_proxies, request->call->caller.address,
                         sizeof request->call->caller.address);
}

static void traceparent_read(struct request *request) {
    const char *traceparent = request_header(request, "traceparent");
    if (traceparent != NULL && strlen(traceparent) == TRACEPARENT_TEXT_SIZE - 1) {
        traceparent_child(traceparent, request->traceparent);
    } else {
        traceparent_new(request->traceparent);
    }
}

static enum MHD_Result size_add(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value) {
    (void)kind;
    *(size_t *)context += strlen(name) + (value != NULL ? strlen(value) : 0) + 4;
    return MHD_YES;
}

static bool head_is_small(struct request *request) {
    size_t target_size = strlen(request->path);
    size_t headers_size = 0;
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, size_add, &target_size);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, size_add, &headers_size);
    if (target_size > TARGET_SIZE_MAX) {
        problem_answer(request, PROBLEM_TARGET_TOO_LONG,
                       "An address may have at most %d bytes here.", TARGET_SIZE_MAX);
        return false;
    }
    if (headers_size > HEADERS_SIZE_MAX) {
        problem_answer(request, PROBLEM_HEADERS_TOO_LARGE,
                       "The headers may have at most %d bytes together.", HEADERS_SIZE_MAX);
        return false;
    }
    return true;
}

/* Which methods the path has; also those that it does not have itself but every path has. */
static const char *allow_text(struct request *request, const struct route_match *match) {
    return arena_text_format(&request->arena, "%s%sOPTIONS", match->allow,
                             match->allow[0] != '\0' ? ", " : "")
        .data;
}

static void answer_no_call(struct request *request, const struct route_match *match) {
    bool options = strcmp(request->method, "OPTIONS") == 0;
    if (!router_method_known(request->method)) {
        problem_answer(request, PROBLEM_NOT_IMPLEMENTED,
                       "HTTP has no such method that this server knows.");
    } else if (match->allow[0] == '\0' && options && strcmp(request->path, "*") == 0) {
        cors_answer_options(request, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    } else if (match->allow[0] == '\0') {
        problem_answer(request, PROBLEM_NOT_FOUND, "The calls are listed at /openapi.yaml.");
    } else if (options) {
        cors_answer_options(request, allow_text(request, match));
    } else {
        const char *allow = allow_text(request, match);
        problem_answer(request, PROBLEM_METHOD_NOT_ALLOWED, "Allowed are: %s.", allow);
        request_header_add(request, "Allow", allow);
    }
}

static void admit_call(struct request *request) {
    struct call *call = request->call;
    address_find(request);
    traceparent_read(request);
    if (!head_is_small(request)) {
        return;
    }
    struct route_match match = router_match(call->ingest->routes, call->ingest->route_count,
                                            request->method, request->path);
    if (match.route == NULL) {
        answer_no_call(request, &match);
        return;
    }
    call->route = match.route;
    memcpy(call->parameters, match.parameters, sizeof match.parameters);
    if (match.route->body_size_max != 0) {
        request->body.size_max = match.route->body_size_max;
    }
}

/* ---- how often this address asks ---- */

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
    const void *client = request->call->caller.address;
    size_t client_size = strlen(request->call->caller.address);
    if (inet_pton(AF_INET6, request->call->caller.address, &parsed) == 1) {
        client = &parsed;
        client_size = 8;
    }
    double cost = request->call->route->password ? COST_PASSWORD : COST_ANONYMOUS;
    return rate_allows(request, request->call->ingest->rate_address, client, client_size, cost);
}

static bool is_public(const struct request *request) {
    return request->call->route->access == ROUTE_PUBLIC;
}

/* The others are counted by account, once that is known. */
static void admit_address(struct request *request) {
    if (is_public(request)) {
        address_allows(request);
    }
}

/* ---- who asks, and from which site ---- */

static void token_read(struct request *request) {
    const char *authorization = request_header(request, "Authorization");
    const char *token = NULL;
    if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0) {
        token = authorization + 7 + strspn(authorization + 7, " ");
    } else if (authorization == NULL) {
        token =
            MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, "seatlog_session");
        request->call->caller.token.by_cookie = token != NULL;
    }
    request->call->caller.token.text = token;
    request->call->caller.token.present =
        token != NULL && session_token_hash(token, &request->call->caller.token.hash);
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

static void admit_token(struct request *request) {
    const struct route *route = request->call->route;
    const struct session_token *token = &request->call->caller.token;
    token_read(request);
    bool uses_cookie = token->present && token->by_cookie && !route->password;
    if (uses_cookie && changes_something(route) && !same_site(request)) {
        problem_answer(
            request, PROBLEM_CROSS_SITE,
            "With the cookie alone, Origin, Sec-Fetch-Site or X-Seatlog-Request must say "
            "that the request is this site's own.");
    }
}

static void session_work(struct request *request, struct pg *pg) {
    struct call *call = request->call;
    enum session_result result =
        session_load(call->ingest->sessions, pg, &call->caller.token.hash, &call->caller.session);
    if (result == SESSION_UNAVAILABLE) {
        problem_answer_unavailable(request, "Logins cannot be checked");
    } else if (result == SESSION_UNKNOWN) {
        call->caller.session = (struct session){0};
    }
}

static void admit_session(struct request *request) {
    struct call *call = request->call;
    struct caller *caller = &call->caller;
    if (is_public(request) || !caller->token.present ||
        session_find(call->ingest->sessions, &caller->token.hash, &caller->session)) {
        return;
    }
    if (address_allows(request)) { /* whoever guesses tokens asks PostgreSQL each time */
        call_query(request, session_work, NULL);
    }
}

/* ---- whether they may, and how often they ask ---- */

static bool is_known(const struct request *request) { return !uuid_is_zero(call_user_id(request)); }

/* Names the role, or the roles of which one would do. */
static void role_missing_answer(struct request *request) {
    char names[ROLE_NAMES_SIZE] = "";
    size_t size = 0;
    for (unsigned role = ROLE_BUYER; role <= ROLE_OPERATOR; role *= 2) {
        if (request->call->route->roles & role) {
            size += (size_t)snprintf(names + size, sizeof names - size, "%s%s",
                                     size > 0 ? " or " : "", session_role_name(role));
        }
    }
    problem_answer(request, PROBLEM_FORBIDDEN,
                   "This call needs the role %s, which your account does not have.", names);
}

static void admit_right(struct request *request) {
    const struct call *call = request->call;
    const struct route *route = call->route;
    bool needed = route->access == ROUTE_LOGIN ||
                  (route->access == ROUTE_BROWSE && !call->ingest->settings.browse_without_login);
    if (!is_known(request) && needed) {
        problem_answer(request, PROBLEM_LOGIN_REQUIRED,
                       call->caller.token.present
                           ? "Your login is not valid, or no longer. Please log in again."
                           : "This call needs a login. Send the token of POST /login.");
    } else if (!is_public(request) && route->roles != 0 &&
               (call->caller.session.roles & route->roles) == 0) {
        role_missing_answer(request);
    }
}

static void admit_rate(struct request *request) {
    const struct uuid *user_id = call_user_id(request);
    if (is_known(request)) {
        rate_allows(request, request->call->ingest->rate_user, user_id->octets, sizeof *user_id, 1);
    } else if (request->call->route->access == ROUTE_BROWSE) {
        address_allows(request);
    }
}

/* ---- whether parameters, headers and body are as they must be ---- */

static bool preferences_read(struct request *request) {
    struct preferences preferences = {.wait_ms = PREFER_WAIT_MS_DEFAULT};
    admit_prefer_parse(request_header(request, "Prefer"), &preferences);
    request->call->respond_async = preferences.respond_async;
    request->call->wait_until_ms =
        clock_monotonic_ms() + (preferences.respond_async ? 0 : preferences.wait_ms);
    request->call->idempotency_key = request_header(request, "Idempotency-Key");
    const char *key = request->call->idempotency_key;
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

static bool body_is_coming(struct request *request) {
    const char *length = request_header(request, "Content-Length");
    return request_header(request, "Transfer-Encoding") != NULL ||
           (length != NULL && strtoull(length, NULL, 10) > 0);
}

static void answer_too_large(struct request *request) {
    problem_answer(request, PROBLEM_TOO_LARGE, "At most %zu bytes are taken here.",
                   request->body.size_max);
}

static bool content_type_is_json(const char *type) {
    size_t size = type != NULL ? strcspn(type, "; \t") : 0;
    return size == 16 && strncasecmp(type, "application/json", 16) == 0;
}

/* What the headers say of the body, and whether there is memory for it. */
static bool body_is_wanted(struct request *request) {
    const struct route *route = request->call->route;
    const char *length = request_header(request, "Content-Length");
    unsigned long long size = length != NULL ? strtoull(length, NULL, 10) : 0;
    const char *coding = request_header(request, "Content-Encoding");
    if (size > request->body.size_max) {
        answer_too_large(request);
        return false;
    }
    if (!body_is_coming(request) && route->body != ROUTE_BODY_JSON) {
        return true;
    }
    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        problem_answer(request, PROBLEM_NOT_JSON,
                       "Content-Encoding is not taken here: send the JSON as it is.");
        request_header_add(request, "Accept-Encoding", "identity");
        return false;
    }
    if (!content_type_is_json(request_header(request, "Content-Type"))) {
        problem_answer(request, PROBLEM_NOT_JSON, "Content-Type must be application/json.");
        return false;
    }
    if (!request_body_reserve(request, (size_t)size)) {
        problem_answer_unavailable(request, "Too many large requests are under way");
        return false;
    }
    return true;
}

/* The last of what the headers tell: from here on the body is read, then comes admit_body. */
static void admit_request(struct request *request) {
    if (query_check(request) && preferences_read(request) && body_is_wanted(request)) {
        request->flow.admitted = true;
    }
}

void admit_headers(struct request *request) {
    static const struct call_step steps[] = {
        STEP(admit_call),    /* which call it is; 404, 405, 414, 431, 501 */
        STEP(admit_address), /* how often an address signs up and logs in; 429 */
        STEP(admit_token),   /* what is sent of a login, and from which site; 403 */
        STEP(admit_session), /* whose it is; 429, 503 */
        STEP(admit_right),   /* whether they may; 401, 403 */
        STEP(admit_rate),    /* how often they ask; 429 */
        STEP(admit_request), /* parameters, headers, what is said of the body; 413, 415, 422 */
        STEPS_END,
    };
    call_begin(request, steps);
}

/* ---- at the end of the body ---- */

static void body_check(struct request *request) {
    if (request->body.too_large) {
        answer_too_large(request);
    } else if (request->body.unaffordable) {
        problem_answer_unavailable(request, "Too many large requests are under way");
    }
}

static void body_parse(struct request *request, struct pg *pg) {
    (void)pg;
    char reason[JSON_REASON_SIZE];
    struct json_measure measure;
    json_measure(request->body.bytes.data, request->body.bytes.size, &measure);
    if (measure.values <= JSON_VALUES_MAX &&
        !request_body_reserve(request,
                              request->body.bytes.size + measure.values * JSON_VALUE_BYTES)) {
        problem_answer_unavailable(request, "Too many large requests are under way");
        return;
    }
    request->body.json = json_read(request->body.bytes.data, request->body.bytes.size, reason);
    if (request->body.json == NULL) {
        request->body.fault = arena_text_copy_string(&request->arena, reason).data;
    }
    buffer_deinit(&request->body.bytes);
}

static void body_read(struct request *request) {
    size_t size = request->body.bytes.size;
    if (size == 0 && request->call->route->body != ROUTE_BODY_JSON) {
        return;
    }
    if (size > BODY_PARSED_AT_ONCE_MAX) {
        request_work(request, request->call->ingest->body_pool, body_parse, NULL);
    } else {
        body_parse(request, NULL);
    }
}

static void body_judge(struct request *request) {
    const struct request_body *body = &request->body;
    bool none = request->call->route->body == ROUTE_BODY_NONE;
    if (body->json == NULL && body->fault != NULL) {
        problem_answer(request, PROBLEM_BAD_REQUEST, "%s", body->fault);
    } else if (body->json == NULL) {
        return; /* there is none, and none was wanted */
    } else if (none && (!json_is_object(body->json) || json_object_size(body->json) > 0)) {
        problem_answer_field(request, "", "This call takes no body. Nothing was changed.");
    } else if (!json_is_object(body->json)) {
        problem_answer_field(request, "", "The body must be a JSON object, not %s.",
                             json_kind_name(body->json));
    }
}

static void call_enter(struct request *request) {
    assert(request->flow.admitted && request->body.complete);
    call_begin(request, request->call->route->steps);
}

void admit_body(struct request *request) {
    static const struct call_step steps[] = {
        STEP(body_check), /* 413, 503 */
        STEP(body_read),  /* JSON, a large one on a pool */
        STEP(body_judge), /* 400, 422 */
        STEP(call_enter), /* on to the call's own steps */
        STEPS_END,
    };
    call_begin(request, steps);
}
