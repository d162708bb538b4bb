/* SPDX-License-Identifier: Apache-2.0 */
/* Keys claimed in PostgreSQL, by a hash of what was asked for under them. */
#include "ingest-api/admission/idempotency.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a request waits for the store: it is worth less than a seat. */
#define ANSWER_MS_HEALTHY 1000
#define ANSWER_MS_DOUBTFUL 250
#define CALL_SIZE_MAX 96
#define CLAIM_HOLDERS 2 /* the request and the job */

enum claim_result {
    CLAIM_UNKNOWN, /* PostgreSQL did not say */
    CLAIM_FRESH,
    CLAIM_REPEATED,
    CLAIM_REUSED /* by another request */
};

/*
 * Held by the request, and by the job while a worker has it: PostgreSQL may answer after the
 * request has gone on. Whoever sets `taken` wakes the request; what the worker found counts only if
 * it was the one.
 */
struct idempotency_claim {
    struct pool_job job;
    struct request_hold hold;
    atomic_int references;
    atomic_bool taken;
    struct request *request;
    json_t *body;
    const char *secret;
    char *path;
    const char *method;
    char call[CALL_SIZE_MAX];
    struct uuid owner;
    struct hash key_hash;
    char traceparent[TRACEPARENT_TEXT_SIZE];
    bool late;
    enum claim_result found; /* the worker's, from here on */
    char found_call[CALL_SIZE_MAX];
    struct uuid found_result;
};

/* ---- what a request asks for, as one hash ---- */

typedef crypto_generichash_state hasher;

static void hash_piece(hasher *state, char kind, const void *data, size_t size) {
    uint64_t length = size;
    crypto_generichash_update(state, (const unsigned char *)&kind, 1);
    crypto_generichash_update(state, (const unsigned char *)&length, sizeof length);
    crypto_generichash_update(state, data, size);
}

static int name_compare(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void hash_json(hasher *state, const json_t *value, const char *secret);

/* Lists that stand for sets: their order says nothing. */
static bool is_set(const char *name) {
    return strcmp(name, "ticket_ids") == 0 || strcmp(name, "roles") == 0;
}

static int hash_compare(const void *left, const void *right) {
    return memcmp(left, right, sizeof(struct hash));
}

static void hash_set(hasher *state, const json_t *array) {
    size_t count = json_array_size(array);
    struct hash *items = allocate_zeroed(count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        hasher item;
        crypto_generichash_init(&item, NULL, 0, sizeof items[i].octets);
        hash_json(&item, json_array_get(array, i), NULL);
        crypto_generichash_final(&item, items[i].octets, sizeof items[i].octets);
    }
    qsort(items, count, sizeof *items, hash_compare);
    hash_piece(state, '(', items, count * sizeof *items);
    free(items);
}

static void hash_object(hasher *state, const json_t *object, const char *secret) {
    size_t count = json_object_size(object);
    const char **names = allocate_zeroed(count + 1, sizeof *names);
    size_t used = 0;
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)object, name, member) {
        if (secret == NULL || strcmp(name, secret) != 0) {
            names[used++] = name;
        }
    }
    qsort(names, used, sizeof *names, name_compare);
    hash_piece(state, '{', &used, sizeof used);
    for (size_t i = 0; i < used; i++) {
        hash_piece(state, ':', names[i], strlen(names[i]));
        const json_t *value = json_object_get(object, names[i]);
        if (is_set(names[i]) && json_is_array(value)) {
            hash_set(state, value);
        } else {
            hash_json(state, value, NULL);
        }
    }
    free(names);
}

static void hash_number(hasher *state, const json_t *value) {
    double real = json_number_value(value);
    int64_t integer = json_integer_value(value);
    if (json_is_real(value) && real == floor(real) && fabs(real) < 1e15) {
        integer = (int64_t)real; /* 2.0 is 2 */
    } else if (json_is_real(value)) {
        hash_piece(state, '.', &real, sizeof real);
        return;
    }
    hash_piece(state, '1', &integer, sizeof integer);
}

static void hash_json(hasher *state, const json_t *value, const char *secret) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        hash_object(state, value, secret);
        return;
    case JSON_ARRAY: {
        size_t count = json_array_size(value);
        hash_piece(state, '[', &count, sizeof count);
        for (size_t i = 0; i < count; i++) {
            hash_json(state, json_array_get(value, i), NULL);
        }
        return;
    }
    case JSON_STRING:
        hash_piece(state, '"', json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
    case JSON_REAL:
        hash_number(state, value);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        hash_piece(state, json_is_true(value) ? 't' : json_is_null(value) ? 'n' : 'f', "", 0);
        return;
    }
}

void idempotency_request_hash(const char *method, const char *path, const json_t *body,
                              const char *secret, struct hash *out) {
    hasher state;
    crypto_generichash_init(&state, NULL, 0, sizeof out->octets);
    hash_piece(&state, 'm', method, strlen(method));
    hash_piece(&state, 'p', path, strlen(path));
    if (body != NULL && json_object_size(body) > 0) {
        hash_json(&state, body, secret);
    }
    crypto_generichash_final(&state, out->octets, sizeof out->octets);
}

bool idempotency_key_valid(const char *key) {
    size_t size = strlen(key);
    bool valid = size >= 1 && size <= IDEMPOTENCY_KEY_SIZE_MAX;
    for (size_t i = 0; valid && i < size; i++) {
        valid = key[i] > ' ' && key[i] <= '~';
    }
    return valid;
}

/* ---- the claim ---- */

static void claim_release(struct idempotency_claim *claim) {
    int before = atomic_fetch_sub(&claim->references, 1);
    assert(before == 1 || before == CLAIM_HOLDERS);
    if (before > 1) {
        return;
    }
    json_decref(claim->body);
    free(claim->path);
    free(claim);
}

/* The request is over. */
static void claim_hold_release(struct request_hold *hold) {
    claim_release(
        (struct idempotency_claim *)((char *)hold - offsetof(struct idempotency_claim, hold)));
}

/* One that was there is touched, so that its row is returned: two at once have one winner. */
static void claim_ask(struct idempotency_claim *claim, struct pg *pg) {
    struct hash request_hash;
    struct error error;
    idempotency_request_hash(claim->method, claim->path, claim->body, claim->secret, &request_hash);
    PGresult *row = PG_QUERY(
        pg, &error,
        "INSERT INTO account.idempotency_key AS known (owner_id, key_hash, call, request_hash)"
        " VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (owner_id, key_hash) DO UPDATE SET call = known.call"
        " RETURNING xmax = 0, request_hash = $4, call, result",
        PG_UUID(&claim->owner), PG_OCTETS(claim->key_hash.octets, sizeof claim->key_hash.octets),
        PG_TEXT(claim->call), PG_OCTETS(request_hash.octets, sizeof request_hash.octets));
    if (row == NULL || PQntuples(row) == 0) {
        log_warning("an idempotency key is not looked up", LOG_TEXT("reason", error.message));
        PQclear(row);
        return;
    }
    claim->found = pg_boolean(row, 0, 0)   ? CLAIM_FRESH
                   : pg_boolean(row, 0, 1) ? CLAIM_REPEATED
                                           : CLAIM_REUSED;
    snprintf(claim->found_call, sizeof claim->found_call, "%s", pg_text(row, 0, 2));
    claim->found_result = pg_uuid(row, 0, 3);
    PQclear(row);
}

static void claim_work(struct pool_job *job, void *worker) {
    struct idempotency_claim *claim =
        (struct idempotency_claim *)((char *)job - offsetof(struct idempotency_claim, job));
    if (!atomic_load(&claim->taken)) {
        log_trace_set(claim->traceparent);
        claim_ask(claim, worker);
        log_trace_set(NULL);
    }
    if (!atomic_exchange(&claim->taken, true)) {
        request_wake(claim->request);
    }
    claim_release(claim);
}

static void claim_expired(struct deadline *deadline) {
    struct request *request = request_of_deadline(deadline);
    struct idempotency_claim *claim = request->call->claim;
    if (!atomic_exchange(&claim->taken, true)) {
        claim->late = true;
        request_wake(request);
    }
}

static void claim_answered(struct request *request) {
    const struct idempotency_claim *claim = request->call->claim;
    assert(atomic_load(&claim->taken)); /* whoever took it has woken us */
    if (claim->late || claim->found != CLAIM_REUSED) {
        return;
    }
    bool same_call = strcmp(claim->call, claim->found_call) == 0;
    problem_answer_key_reused(
        request,
        arena_text_format(&request->arena,
                          same_call
                              ? "This Idempotency-Key was used for another %s request before. "
                                "Nothing was changed. Send a new key with a new request."
                              : "This Idempotency-Key was used for %s before. Nothing was changed. "
                                "Send a new key with a new request.",
                          claim->found_call)
            .data);
}

static struct idempotency_claim *claim_new(struct request *request, const struct uuid *owner,
                                           const char *secret) {
    const struct route *route = request->call->route;
    struct idempotency_claim *claim = allocate_zeroed(1, sizeof *claim);
    atomic_init(&claim->references, CLAIM_HOLDERS);
    claim->job.run = claim_work;
    claim->request = request;
    claim->body = json_incref(request->body.json);
    claim->secret = secret;
    claim->path = text_duplicate(request->path);
    claim->method = route->method;
    claim->owner = *owner;
    snprintf(claim->call, sizeof claim->call, "%s %s", claim->method, route->path);
    snprintf(claim->traceparent, sizeof claim->traceparent, "%s", request->traceparent);
    const char *key = request->call->idempotency_key;
    crypto_generichash(claim->key_hash.octets, sizeof claim->key_hash.octets,
                       (const unsigned char *)key, strlen(key), NULL, 0);
    return claim;
}

void idempotency_claim_of(struct request *request, const struct uuid *owner, const char *secret) {
    struct call *call = request->call;
    enum session_database database = session_database(call->ingest->sessions);
    if (call->idempotency_key == NULL || database == SESSION_DATABASE_AWAY) {
        return;
    }
    struct idempotency_claim *claim = claim_new(request, owner, secret);
    assert(call->claim == NULL);
    call->claim = claim;
    request_hold_add(request, &claim->hold, claim_hold_release);
    bool healthy = database == SESSION_DATABASE_ANSWERS;
    request_suspend(request, claim_answered);
    request_deadline_set(request,
                         clock_monotonic_ms() + (healthy ? ANSWER_MS_HEALTHY : ANSWER_MS_DOUBTFUL),
                         claim_expired);
    if (!pool_push(call->ingest->database_pool, &claim->job)) {
        claim_release(claim); /* the job's */
        if (!atomic_exchange(&claim->taken, true)) {
            claim->late = true;
            request_wake(request);
        }
    }
}

void idempotency_claim(struct request *request) {
    idempotency_claim_of(request, call_user_id(request), NULL);
}

static bool claim_told(const struct request *request) {
    const struct idempotency_claim *claim = request->call->claim;
    return claim != NULL && !claim->late;
}

bool idempotency_repeated(const struct request *request) {
    return claim_told(request) && request->call->claim->found == CLAIM_REPEATED;
}

struct uuid idempotency_result(const struct request *request) {
    return claim_told(request) ? request->call->claim->found_result : (struct uuid){0};
}

void idempotency_result_store(struct request *request, struct pg *pg, const struct uuid *result) {
    const struct idempotency_claim *claim = request->call->claim;
    struct error error;
    if (claim != NULL &&
        !PG_EXECUTE(pg, &error, NULL,
                    "UPDATE account.idempotency_key SET result = $3"
                    " WHERE owner_id = $1 AND key_hash = $2",
                    PG_UUID(&claim->owner),
                    PG_OCTETS(claim->key_hash.octets, sizeof claim->key_hash.octets),
                    PG_UUID(result))) {
        log_warning("what came of an idempotency key is not stored",
                    LOG_TEXT("reason", error.message));
    }
}

void idempotency_sweep(struct pg *pg) {
    struct error error;
    int64_t count = 0;
    int64_t total = 0;
    do {
        if (!PG_EXECUTE(pg, &error, &count,
                        "DELETE FROM account.idempotency_key WHERE ctid = ANY (ARRAY("
                        "SELECT ctid FROM account.idempotency_key"
                        " WHERE created_at < now() - interval '48 hours' LIMIT 5000))")) {
            return;
        }
        total += count;
    } while (count > 0 && total < 200000);
    if (total > 0) {
        log_info("removed idempotency keys", LOG_INTEGER("count", total));
    }
}
