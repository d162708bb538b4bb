/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that all calls share: errors, and the first answer again under the same key. */
#include "tools/provider/reply.h"

#include "tools/provider/check.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTER_NAME_SIZE 64

struct reply reply_error(int status, const char *category, const char *code, const char *detail,
                         const char *field) {
    return (struct reply){
        .status = status,
        .body = json_pack("{s:[o]}", "errors", error_new(category, code, detail, field)),
    };
}

struct reply reply_errors(json_t *errors) {
    int status = 400;
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *code = json_object_get(json_array_get(errors, i), "code");
        if (strcmp(json_string_value(code), "NOT_FOUND") == 0) {
            status = 404;
        }
    }
    return (struct reply){.status = status, .body = json_pack("{s:o}", "errors", errors)};
}

struct hash reply_body_hash(const json_t *body) {
    struct hash hash;
    char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
    crypto_generichash(hash.octets, sizeof hash.octets, (const unsigned char *)text, strlen(text),
                       NULL, 0);
    free(text);
    return hash;
}

void reply_count(struct simulator *simulator, const char *name) {
    json_int_t before = json_integer_value(json_object_get(simulator->counters, name));
    json_object_set_new(simulator->counters, name, json_integer(before + 1));
}

bool reply_known(struct simulator *simulator, const char *operation, const char *key,
                 const json_t *body, struct reply *reply) {
    struct books_key known;
    if (!books_key_find(simulator->books, operation, key, &known)) {
        return false;
    }
    struct hash hash = reply_body_hash(body);
    if (memcmp(hash.octets, known.body_hash.octets, sizeof hash.octets) == 0) {
        char name[COUNTER_NAME_SIZE];
        snprintf(name, sizeof name, "%s replayed", operation);
        reply_count(simulator, name);
        *reply = (struct reply){.status = known.status, .body = json_incref(known.response)};
    } else {
        *reply = reply_error(400, "INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED",
                             "The idempotency key can only be retried with the same request data.",
                             "idempotency_key");
    }
    return true;
}
