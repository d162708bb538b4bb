/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from pages of other origins. */
#include "ingest-api/admission/cors.h"

#include "ingest-api/admission/call.h"

#include <string.h>

#define HEADERS_ALLOWED                                                                            \
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, traceparent, tracestate"
#define HEADERS_EXPOSED                                                                            \
    "Allow, ETag, Location, Preference-Applied, Retry-After, WWW-Authenticate, "                   \
    "Content-Disposition"
#define PREFLIGHT_MAX_AGE_S "600"

static size_t item_next(const char **list) {
    *list += strspn(*list, ", ");
    return strcspn(*list, ", ");
}

static bool origin_is_well_formed(const char *origin, size_t size) {
    if (size == 1 && origin[0] == '*') {
        return true;
    }
    size_t scheme = strncmp(origin, "https://", 8) == 0  ? 8
                    : strncmp(origin, "http://", 7) == 0 ? 7
                                                         : 0;
    if (scheme == 0 || size == scheme) {
        return false;
    }
    for (size_t i = scheme; i < size; i++) {
        char letter = origin[i];
        bool lower = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        if (!lower && strchr(".-:[]", letter) == NULL) {
            return false;
        }
    }
    return true;
}

bool cors_origins_check(const char *origins, struct error *error) {
    size_t size;
    for (const char *at = origins; (size = item_next(&at)) > 0; at += size) {
        if (!origin_is_well_formed(at, size)) {
            return error_set(error, ERROR_DIE,
                             "cors_origins: \"%.*s\" is not an origin; write it as browsers do, "
                             "like https://shop.example.com, or * for all",
                             (int)size, at);
        }
    }
    return true;
}

bool cors_origin_allowed(const char *origins, const char *origin) {
    size_t size;
    for (const char *at = origins; (size = item_next(&at)) > 0; at += size) {
        if ((size == 1 && at[0] == '*') ||
            (strlen(origin) == size && memcmp(at, origin, size) == 0)) {
            return true;
        }
    }
    return false;
}

static bool origin_may(const struct request *request, const char *origin) {
    return origin != NULL &&
           cors_origin_allowed(request->call->ingest->settings.cors_origins, origin);
}

void cors_answer_options(struct request *request, const char *allow) {
    const char *methods = arena_text_copy_string(&request->arena, allow).data;
    request_answer_empty(request, MHD_HTTP_NO_CONTENT);
    request_header_add(request, "Allow", methods);
    const char *wanted = request_header(request, "Access-Control-Request-Method");
    if (wanted == NULL || !origin_may(request, request_header(request, "Origin"))) {
        return;
    }
    request_header_add(request, "Access-Control-Allow-Methods", methods);
    request_header_add(request, "Access-Control-Allow-Headers", HEADERS_ALLOWED);
    request_header_add(request, "Access-Control-Max-Age", PREFLIGHT_MAX_AGE_S);
}

void cors_headers_add(struct request *request, struct MHD_Response *response) {
    const char *origins = request->call->ingest->settings.cors_origins;
    if (origins[0] == '\0') {
        return;
    }
    bool all = cors_origin_allowed(origins, "*");
    if (!all) { /* the answer depends on who asks: no cache may give it to another origin */
        MHD_add_response_header(response, "Vary", "Origin");
    }
    const char *origin = request_header(request, "Origin");
    if (!origin_may(request, origin)) {
        return;
    }
    MHD_add_response_header(response, "Access-Control-Allow-Origin", all ? "*" : origin);
    MHD_add_response_header(response, "Access-Control-Expose-Headers", HEADERS_EXPOSED);
}
