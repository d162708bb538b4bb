/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_account.h"
#include "ingest-api/ingest_problem.h"
#include "ingest-api/ingest_reader.h"
#include "ingest-api/ingest_request.h"
#include "ingest-api/ingest_time.h"

#include <string.h>

#define NAME_SIZE_MAX 100
#define API_KEYS_MAX 20

struct api_key_state {
    struct uuid key_id;
    const char *name;
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
                 PG_UUID(&request->session.user_id));
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

void account_keys_list(struct request *request) {
    request_query(request, keys_list_work, request_done);
}

static void key_create_work(struct request *request, struct pg *pg) {
    struct api_key_state *state = request->state;
    char key[SESSION_TOKEN_SIZE];
    struct hash hash;
    struct error error;
    session_token_new(key, &hash);
    PGresult *row = PG_QUERY(
        pg, &error,
        "INSERT INTO account.api_key (key_id, key_hash, user_id, name)"
        " SELECT $1, $2, $3, $4 WHERE"
        " (SELECT count(*) FROM account.api_key WHERE user_id = $3 AND key_id <> $1) < $5"
        " ON CONFLICT (key_id) DO UPDATE SET key_hash = EXCLUDED.key_hash"
        " RETURNING key_id, name, (extract(epoch FROM created_at) * 1000)::bigint",
        PG_UUID(&state->key_id), PG_OCTETS(hash.octets, sizeof hash.octets),
        PG_UUID(&request->session.user_id), PG_TEXT(state->name), PG_INTEGER(API_KEYS_MAX));
    if (row == NULL) {
        problem_answer_unavailable(request, "API keys cannot be made");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_FORBIDDEN, "An account has at most %d API keys.",
                       API_KEYS_MAX);
    } else {
        json_t *body = api_key_json(row, 0);
        json_object_set_new(body, "api_key", json_string(key));
        request_answer_json(request, MHD_HTTP_CREATED, body);
    }
    PQclear(row);
}

void account_key_create(struct request *request) {
    static const char *const members[] = {"name", NULL};
    struct api_key_state *state = request_allocate(request, sizeof *state);
    struct reader reader = {0};
    struct text name = {0};
    request->state = state;
    reader_object(&reader, NULL, request->json, members);
    reader_text(&reader, NULL, request->json, "name", READER_REQUIRED,
                (struct text_rule){.size_min = 1, .size_max = NAME_SIZE_MAX}, &name);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    /* Asked again under the same Idempotency-Key, it is the same one, with a new secret. */
    state->key_id = request->idempotency_key != NULL
                        ? uuid_named(&request->session.user_id, request->idempotency_key,
                                     strlen(request->idempotency_key))
                        : uuid_random();
    state->name = name.data;
    request_query(request, key_create_work, request_done);
}

static void key_delete_work(struct request *request, struct pg *pg) {
    struct api_key_state *state = request->state;
    struct error error;
    int64_t count = 0;
    if (!PG_EXECUTE(pg, &error, &count,
                    "DELETE FROM account.api_key WHERE key_id = $1 AND user_id = $2",
                    PG_UUID(&state->key_id), PG_UUID(&request->session.user_id))) {
        problem_answer_unavailable(request, "API keys cannot be revoked");
    } else if (count == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no API key of that id.");
    } else {
        request_answer_empty(request, MHD_HTTP_NO_CONTENT);
    }
}

void account_key_delete(struct request *request) {
    struct api_key_state *state = request_allocate(request, sizeof *state);
    request->state = state;
    if (!uuid_parse(request->parameters[0].data, request->parameters[0].size, &state->key_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "You have no API key of that id.");
        return;
    }
    request_query(request, key_delete_work, request_done);
}
