/* SPDX-License-Identifier: Apache-2.0 */
/* Which parameters a call takes, and which one was meant. */
#include "ingest-api/admission/query.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"

#include <stdio.h>
#include <string.h>

#define DETAIL_SIZE 256
#define NAME_SIZE_MAX 32 /* of a known parameter; a longer name is close to none */
#define NAMES_MAX 32     /* of one request */

static size_t minimum(size_t left, size_t right) { return left < right ? left : right; }

/* Letters to be changed, left out or put in (Levenshtein). */
static size_t distance(const char *left, size_t left_size, const char *right, size_t right_size) {
    size_t row[NAME_SIZE_MAX + 1];
    for (size_t j = 0; j <= right_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= left_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= right_size; j++) {
            size_t changed = diagonal + (left[i - 1] != right[j - 1]);
            diagonal = row[j];
            row[j] = minimum(changed, minimum(row[j], row[j - 1]) + 1);
        }
    }
    return row[right_size];
}

/* A shortened or lengthened name (query for q, town for to) shares its beginning. */
static bool begins_alike(const char *left, size_t left_size, const char *right, size_t right_size) {
    return memcmp(left, right, minimum(left_size, right_size)) == 0;
}

const char *query_nearest(const char *known, const char *name, size_t *size) {
    size_t name_size = strlen(name);
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    if (name_size == 0 || name_size > NAME_SIZE_MAX) {
        return NULL;
    }
    while (known != NULL && *known != '\0') {
        known += strspn(known, " ");
        size_t known_size = strcspn(known, " ");
        if (known_size > 0 && known_size <= NAME_SIZE_MAX) {
            size_t changes = distance(name, name_size, known, known_size);
            size_t allowed = minimum(known_size, name_size) <= 3 ? 1 : 2;
            if (begins_alike(name, name_size, known, known_size)) {
                allowed = SIZE_MAX - 1;
            }
            if (changes <= allowed && changes < least) {
                least = changes;
                nearest = known;
                *size = known_size;
            }
        }
        known += known_size;
    }
    return nearest;
}

static bool is_known(const char *known, const char *name) {
    size_t name_size = strlen(name);
    while (known != NULL && *known != '\0') {
        known += strspn(known, " ");
        size_t size = strcspn(known, " ");
        if (size == name_size && memcmp(known, name, size) == 0) {
            return true;
        }
        known += size;
    }
    return false;
}

struct query_names {
    const char *known;
    const char *names[NAMES_MAX];
    size_t count;
    struct reader reader;
};

static void unknown_report(struct query_names *query, const char *name) {
    char detail[DETAIL_SIZE];
    size_t size = 0;
    const char *nearest = query_nearest(query->known, name, &size);
    if (name[0] == '\0') {
        snprintf(detail, sizeof detail, "There is a parameter without a name.");
    } else if (query->known == NULL || query->known[0] == '\0') {
        snprintf(detail, sizeof detail, "is not known: this call takes no parameters");
    } else if (nearest != NULL) {
        snprintf(detail, sizeof detail, "is not known; did you mean %.*s?", (int)size, nearest);
    } else {
        snprintf(detail, sizeof detail, "is not known; this call takes: %s", query->known);
    }
    reader_error_named(&query->reader, name, detail);
}

static enum MHD_Result parameter_check(void *context, enum MHD_ValueKind kind, const char *name,
                                       const char *value) {
    (void)kind;
    struct query_names *query = context;
    if (name[0] == '\0' && (value == NULL || value[0] == '\0')) {
        return MHD_YES; /* between two &, or behind the last */
    }
    if (!is_known(query->known, name)) {
        unknown_report(query, name);
        return MHD_YES;
    }
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->names[i], name) == 0) {
            reader_error_named(&query->reader, name, "is there twice");
            return MHD_YES;
        }
    }
    if (query->count < NAMES_MAX) {
        query->names[query->count++] = name;
    }
    return MHD_YES;
}

bool query_check(struct request *request) {
    struct query_names query = {.known = request->call->route->query};
    if (query.known != NULL && strcmp(query.known, ROUTE_QUERY_ANY) == 0) {
        return true;
    }
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, parameter_check, &query);
    if (!reader_failed(&query.reader)) {
        return true;
    }
    problem_answer_reader(request, &query.reader);
    return false;
}
