/* SPDX-License-Identifier: Apache-2.0 */
/* API keys of the account that is logged in. */
#include "ingest-api/accounts/api_key.h"

#include "ingest-api/accounts/credential.h"
#include "ingest-api/admission/idempotency.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"
#include "ingest-api/http/text.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "seatlog_bounds.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_SIZE 32
#define SECRET_SALT_SIZE 32
#define API_KEYS_MAX 20

struct api_key_state {
    struct uuid key_id;
    struct text name;
    bool repeatable; /* it has an Idempotency-Key */
};

static json_t *api_key_json(const PGresult *rows, int row) {
    struct uuid key_id = pg_uuid(rows, row, 0);
    char id[UUID_TEXT_SIZE];
    char created_at[TIME_TEXT_SIZE];
    return json_pack("{s:s, s:s, s:s}", "key_id", uuid_format(&key_id, id), "name",
                     pg_text(rows, row, 1), "created_at",
                     time_format(pg_integer(rows, row, 2), created_at));
}

static void keys_list_work(struct request *request, struct pg *pg) {
    struct error error;
    PGresult *rows =
        PG_QUERY(pg, &error,
                 "SELECT key_id, name, (extract(epoch FROM created_at) * 1000)::bigint"
                 " FROM account.api_key WHERE user_id = $1 ORDER BY created_at, key_id",
                 PG_UUID(call_user_id(request)));
    if (rows == NULL) {
        problem_answer_unavailable(request, "API keys cannot be read");
        return;
    }
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(rows); row++) {
        json_array_append_new(list, api_key_json(rows, row));
    }
    PQclear(rows);
    request_answer_json(request, MHD_HTTP_OK, json_pack("{s:o}", "api_keys", list));
}

const struct call_step api_key_list[] = {STEP_ON_DATABASE(keys_list_work), STEPS_END};

/* ---- POST /api-keys ---- */

static void key_create_read(struct request *request) {
    static const char *const members[] = {"name", NULL};
    struct api_key_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    reader_object(&reader, NULL, request->body.json, members);
    if (display_text_read(
            &reader, &request->arena, NULL, request->body.json, "name", READER_REQUIRED,
            (struct display_rule){.kind = TEXT_LINE, .size_max = API_KEY_NAME_CHARACTERS_MAX * 4},
            &state->name) &&
        characters_count(state->name) > API_KEY_NAME_CHARACTERS_MAX) {
        reader_error(&reader, NULL, "name", "A name has at most %d characters.",
                     API_KEY_NAME_CHARACTERS_MAX);
    }
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->repeatable = request->call->idempotency_key != NULL;
    state->key_id = state->repeatable
                        ? uuid_named(call_user_id(request), request->call->idempotency_key,
                                     strlen(request->call->idempotency_key))
                        : uuid_random();
}

/*
 * The secret of a key made under an Idempotency-Key. It comes of the caller's own token, which is
 * stored nowhere, and of a salt, which is kept for a day: whoever asks again in the same session is
 * told the same secret, and nobody who reads the database finds one.
 */
static void secret_derive(const struct request *request, const struct api_key_state *state,
                          const uint8_t salt[SECRET_SALT_SIZE], char text[SESSION_TOKEN_SIZE]) {
    static const char purpose[] = "seatlog api key";
    unsigned char secret[SECRET_SIZE];
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, (const unsigned char *)request->call->caller.token.text,
                            SESSION_TOKEN_SIZE - 1, sizeof secret);
    crypto_generichash_update(&hash, (const unsigned char *)purpose, sizeof purpose);
    crypto_generichash_update(&hash, state->key_id.octets, sizeof state->key_id.octets);
    crypto_generichash_update(&hash, salt, SECRET_SALT_SIZE);
    crypto_generichash_final(&hash, secret, sizeof secret);
    sodium_bin2base64(text, SESSION_TOKEN_SIZE, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
}

static void answer_created(struct request *request, const PGresult *row, const char *secret) {
    json_t *body = api_key_json(row, 0);
    json_object_set_new(body, "api_key", json_string(secret));
    request_answer_json(request, MHD_HTTP_CREATED, body);
}

/* The key was made under this Idempotency-Key before. row: as api_key_json, name is the same. */
static void answer_again(struct request *request, const PGresult *row) {
    struct api_key_state *state = request->call->state;
    char secret[SESSION_TOKEN_SIZE];
    struct hash hash = {{0}};
    size_t salt_size = 0;
    size_t hash_size = 0;
    uint8_t *salt = pg_octets(row, 0, 3, &salt_size);
    uint8_t *stored = pg_octets(row, 0, 4, &hash_size);
    if (salt != NULL && salt_size == SECRET_SALT_SIZE) {
        secret_derive(request, state, salt, secret);
        session_token_hash(secret, &hash);
    }
    if (stored != NULL && hash_size == sizeof hash.octets &&
        memcmp(stored, hash.octets, sizeof hash.octets) == 0) {
        answer_created(request, row, secret);
    } else {
        json_t *document = problem_document(
            PROBLEM_API_KEY_EXISTS,
            "It was created by an earlier request with this Idempotency-Key, and its secret "
            "cannot be shown again. If you do not have the secret, delete the key and create "
            "another one under a new Idempotency-Key.");
        json_object_update_new(document, api_key_json(row, 0));
        problem_answer_document(request, PROBLEM_API_KEY_EXISTS, document);
    }
    free(salt);
    free(stored);
    sodium_memzero(secret, sizeof secret);
}

static bool key_insert(struct request *request, struct pg *pg, struct error *error) {
    struct api_key_state *state = request->call->state;
    char secret[SESSION_TOKEN_SIZE];
    struct hash hash;
    uint8_t salt[SECRET_SALT_SIZE];
    if (state->repeatable) {
        randombytes_buf(salt, sizeof salt);
        secret_derive(request, state, salt, secret);
        session_token_hash(secret, &hash);
    } else {
        session_token_new(secret, &hash);
    }
    PGresult *row =
        PG_QUERY(pg, error,
                 "INSERT INTO account.api_key (key_id, key_hash, user_id, name, secret_salt)"
                 " SELECT $1, $2, $3, $4, $6 WHERE"
                 " (SELECT count(*) FROM account.api_key WHERE user_id = $3) < $5"
                 " RETURNING key_id, name, (extract(epoch FROM created_at) * 1000)::bigint",
                 PG_UUID(&state->key_id), PG_OCTETS(hash.octets, sizeof hash.octets),
                 PG_UUID(call_user_id(request)), PG_SPAN(state->name), PG_INTEGER(API_KEYS_MAX),
                 state->repeatable ? PG_OCTETS(salt, sizeof salt) : PG_NULL);
    if (row == NULL) {
        return false;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_FORBIDDEN,
                       "An account has at most %d API keys. Delete one that is not needed.",
                       API_KEYS_MAX);
    } else {
        answer_created(request, row, secret);
        idempotency_result_store(request, pg, &state->key_id);
    }
    PQclear(row);
    sodium_memzero(secret, sizeof secret);
    return true;
}

/* Within a transaction. The person's row is locked: keys are counted one after the other. */
static bool key_create_locked(struct request *request, struct pg *pg, struct error *error) {
    struct api_key_state *state = request->call->state;
    PGresult *row =
        PG_QUERY(pg, error, "SELECT 1 FROM account.person WHERE user_id = $1 FOR NO KEY UPDATE",
                 PG_UUID(call_user_id(request)));
    if (row == NULL) {
        return false;
    }
    bool there = PQntuples(row) > 0;
    PQclear(row);
    if (!there) {
        problem_answer(request, PROBLEM_LOGIN_REQUIRED, "The account no longer exists.");
        return true;
    }
    row = PG_QUERY(pg, error,
                   "SELECT key_id, name, (extract(epoch FROM created_at) * 1000)::bigint,"
                   " secret_salt, key_hash, name = $3 FROM account.api_key"
                   " WHERE key_id = $1 AND user_id = $2",
                   PG_UUID(&state->key_id), PG_UUID(call_user_id(request)), PG_SPAN(state->name));
    if (row == NULL) {
        return false;
    }
    bool again = PQntuples(row) > 0;
    if (again && pg_boolean(row, 0, 5)) {
        answer_again(request, row);
    } else if (again) {
        problem_answer_key_reused(request, "This key was used for an API key with another name. "
                                           "Use a new key.");
    }
    PQclear(row);
    struct uuid made = idempotency_result(request);
    if (!again && !uuid_is_zero(&made)) {
        problem_answer(request, PROBLEM_API_KEY_EXISTS,
                       "The key made under this Idempotency-Key has been deleted since. Create "
                       "another one under a new Idempotency-Key.");
        return true;
    }
    return again || key_insert(request, pg, error);
}

static void key_create_work(struct request *request, struct pg *pg) {
    struct error error;
    bool good = pg_begin(pg, &error) && key_create_locked(request, pg, &error);
    if (!good) {
        pg_rollback(pg);
    }
    if (!good || !pg_commit(pg, &error)) {
        problem_answer_unavailable(request, "API keys cannot be created");
    }
}

const struct call_step api_key_create[] = {STEP(key_create_read), STEP(idempotency_claim),
                                           STEP_ON_DATABASE(key_create_work), STEPS_END};

/* ---- DELETE /api-keys/{key_id} ---- */

static void key_delete_read(struct request *request) {
    struct api_key_state *state = call_state_new(request, sizeof *state);
    if (!uuid_parse(request->call->parameters[0].data, request->call->parameters[0].size,
                    &state->key_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no API key with that id.");
    }
}

static void key_delete_work(struct request *request, struct pg *pg) {
    struct api_key_state *state = request->call->state;
    struct error error;
    int64_t count = 0;
    if (!PG_EXECUTE(pg, &error, &count,
                    "DELETE FROM account.api_key WHERE key_id = $1 AND user_id = $2",
                    PG_UUID(&state->key_id), PG_UUID(call_user_id(request)))) {
        problem_answer_unavailable(request, "API keys cannot be revoked");
    } else if (count == 0 && !idempotency_repeated(request)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no API key with that id.");
    } else {
        request_answer_empty(request, MHD_HTTP_NO_CONTENT);
    }
}

const struct call_step api_key_delete[] = {STEP(key_delete_read), STEP(idempotency_claim),
                                           STEP_ON_DATABASE(key_delete_work), STEPS_END};
