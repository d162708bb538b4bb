/* SPDX-License-Identifier: Apache-2.0 */
/* Which call a method and a path mean. */
#include "ingest-api/admission/router.h"

#include <stdio.h>
#include <string.h>

static size_t segment_size(const char *path) { return strcspn(path, "/"); }

/* One segment: literal, or {name} and what must follow it. */
static bool segment_match(const char *pattern, size_t pattern_size, const char *path,
                          size_t path_size, struct text *parameter, bool *captured) {
    *captured = false;
    if (pattern[0] != '{') {
        return pattern_size == path_size && memcmp(pattern, path, path_size) == 0;
    }
    const char *close = memchr(pattern, '}', pattern_size);
    size_t suffix_size = pattern_size - (size_t)(close + 1 - pattern);
    if (path_size <= suffix_size ||
        memcmp(close + 1, path + path_size - suffix_size, suffix_size) != 0) {
        return false;
    }
    *captured = true;
    *parameter = (struct text){.data = path, .size = path_size - suffix_size};
    return true;
}

static bool path_match(const char *pattern, const char *path,
                       struct text parameters[ROUTE_PARAMETERS_MAX]) {
    size_t count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        size_t pattern_size = segment_size(pattern);
        size_t path_size = segment_size(path);
        struct text parameter = {0};
        bool captured = false;
        if (!segment_match(pattern, pattern_size, path, path_size, &parameter, &captured)) {
            return false;
        }
        if (captured && count < ROUTE_PARAMETERS_MAX) {
            parameters[count++] = parameter;
        }
        pattern += pattern_size;
        path += path_size;
    }
    return *pattern == '\0' && (*path == '\0' || strcmp(path, "/") == 0);
}

static bool method_match(const char *method, const char *wanted) {
    return strcmp(method, wanted) == 0 ||
           (strcmp(method, "GET") == 0 && strcmp(wanted, "HEAD") == 0);
}

struct route_match router_match(const struct route *routes, size_t count, const char *method,
                                const char *path) {
    struct route_match match = {0};
    size_t allow_size = 0;
    for (size_t i = 0; i < count; i++) {
        struct text parameters[ROUTE_PARAMETERS_MAX] = {0};
        if (!path_match(routes[i].path, path, parameters)) {
            continue;
        }
        if (method_match(routes[i].method, method)) {
            match.route = &routes[i];
            memcpy(match.parameters, parameters, sizeof parameters);
            return match;
        }
        if (allow_size + 16 < sizeof match.allow) {
            allow_size +=
                (size_t)snprintf(match.allow + allow_size, sizeof match.allow - allow_size,
                                 "%s%s%s", allow_size > 0 ? ", " : "", routes[i].method,
                                 strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
        }
    }
    return match;
}

bool router_method_known(const char *method) {
    static const char *const known[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                        "OPTIONS", "CONNECT", "TRACE", "PATCH", "QUERY"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], method) == 0) {
            return true;
        }
    }
    return false;
}
