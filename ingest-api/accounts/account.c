/* SPDX-License-Identifier: Apache-2.0 */
/* The account of whoever is logged in, and what operators do with others'. */
#include "ingest-api/accounts/account.h"

#include "codec/utf8.h"
#include "ingest-api/accounts/credential.h"
#include "ingest-api/admission/idempotency.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"
#include "runtime/base/log.h"
#include "runtime/base/uuid.h"

#include <stdio.h>
#include <string.h>

static json_t *roles_json(unsigned roles) {
    json_t *list = json_array();
    for (unsigned role = ROLE_BUYER; role <= ROLE_OPERATOR; role *= 2) {
        if (roles & role) {
            json_array_append_new(list, json_string(session_role_name(role)));
        }
    }
    return list;
}

json_t *account_json(const struct uuid *user_id, const char *username, const char *location,
                     unsigned roles) {
    char id[UUID_TEXT_SIZE];
    return json_pack("{s:s, s:s, s:s, s:o}", "user_id", uuid_format(user_id, id), "username",
                     username, "location", location, "roles", roles_json(roles));
}

/* The row's columns are user_id, username, location, roles. */
static json_t *account_row_json(const PGresult *row) {
    struct uuid user_id = pg_uuid(row, 0, 0);
    return account_json(&user_id, pg_text(row, 0, 1), pg_text(row, 0, 2),
                        session_roles_parse(pg_text(row, 0, 3)));
}

/* ---- the account ---- */

static void account_get_work(struct request *request, struct pg *pg) {
    struct error error;
    PGresult *row =
        PG_QUERY(pg, &error,
                 "SELECT user_id, username, location, roles FROM account.person WHERE user_id = $1",
                 PG_UUID(call_user_id(request)));
    if (row == NULL) {
        problem_answer_unavailable(request, "Accounts cannot be read");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_LOGIN_REQUIRED, "The account is gone.");
    } else {
        request_answer_json(request, MHD_HTTP_OK, account_row_json(row));
    }
    PQclear(row);
}

const struct call_step account_get[] = {STEP_ON_DATABASE(account_get_work), STEPS_END};

static void account_delete_work(struct request *request, struct pg *pg) {
    struct error error;
    if (!PG_EXECUTE(pg, &error, NULL, "DELETE FROM account.person WHERE user_id = $1",
                    PG_UUID(call_user_id(request)))) {
        problem_answer_unavailable(request, "Accounts cannot be erased");
        return;
    }
    session_forget_user(request->call->ingest->sessions, call_user_id(request));
    log_info("an account is erased", LOG_UUID("user_id", call_user_id(request)));
    request_answer_empty(request, MHD_HTTP_NO_CONTENT);
}

const struct call_step account_delete[] = {STEP(idempotency_claim),
                                           STEP_ON_DATABASE(account_delete_work), STEPS_END};

/* ---- operators ---- */

static void account_find_read(struct request *request) {
    const char *given = request_query_parameter(request, "username");
    struct username *username = call_state_new(request, sizeof *username);
    if (given == NULL || *given == '\0') {
        problem_answer_field(request, "username", "Say whose account: ?username=ada@example.com.");
        return;
    }
    /* Older accounts may have names that are no addresses today. */
    if (!text_is_valid((struct text){given, strlen(given)}) ||
        !username_read((struct text){given, strlen(given)}, username)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account with that username.");
    }
}

static void account_find_work(struct request *request, struct pg *pg) {
    const struct username *username = request->call->state;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT user_id, username, location, roles FROM account.person p"
                             " WHERE " PERSON_BY_USERNAME,
                             PG_TEXT(username->spelled), PG_TEXT(username->address.normal));
    if (row == NULL) {
        problem_answer_unavailable(request, "Accounts cannot be read");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account with that username.");
    } else {
        request_answer_json(request, MHD_HTTP_OK, account_row_json(row));
    }
    PQclear(row);
}

const struct call_step account_find[] = {STEP(account_find_read),
                                         STEP_ON_DATABASE(account_find_work), STEPS_END};

#define ROLES_ARRAY_SIZE 64

struct roles_state {
    struct uuid user_id;
    char roles[ROLES_ARRAY_SIZE]; /* as PostgreSQL writes an array */
};

static unsigned roles_read(struct reader *reader, const json_t *list) {
    struct place_in place = {.name = "roles"};
    unsigned roles = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct place_in at = {.parent = &place, .index = i};
        const char *name = json_string_value(json_array_get(list, i));
        unsigned role = 0;
        if (name == NULL || !session_role_parse(name, &role)) {
            reader_error(reader, &at, NULL,
                         "A role is buyer, organizer, partner, gate or operator.");
        } else if (roles & role) {
            reader_error(reader, &at, NULL, "This role is given twice.");
        }
        roles |= role;
    }
    return roles;
}

static void roles_set_read(struct request *request) {
    static const char *const members[] = {"roles", NULL};
    struct roles_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    json_t *list = NULL;
    if (!uuid_parse(request->call->parameters[0].data, request->call->parameters[0].size,
                    &state->user_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account with that id.");
        return;
    }
    reader_object(&reader, NULL, request->body.json, members);
    reader_array(&reader, NULL, request->body.json, "roles", READER_REQUIRED, 1, 5, &list);
    unsigned roles = roles_read(&reader, list);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    size_t size = 0;
    for (unsigned role = ROLE_BUYER; role <= ROLE_OPERATOR; role *= 2) {
        if (roles & role) {
            size += (size_t)snprintf(state->roles + size, sizeof state->roles - size, "%c%s",
                                     size == 0 ? '{' : ',', session_role_name(role));
        }
    }
    snprintf(state->roles + size, sizeof state->roles - size, "}");
}

static void roles_set_work(struct request *request, struct pg *pg) {
    struct roles_state *state = request->call->state;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "UPDATE account.person SET roles = $2::text[] WHERE user_id = $1"
                             " RETURNING user_id, username, location, roles",
                             PG_UUID(&state->user_id), PG_TEXT(state->roles));
    if (row == NULL) {
        problem_answer_unavailable(request, "Accounts cannot be changed");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account with that id.");
    } else {
        session_forget_user(request->call->ingest->sessions, &state->user_id);
        log_info("roles are set", LOG_UUID("user_id", &state->user_id),
                 LOG_TEXT("roles", state->roles), LOG_UUID("by", call_user_id(request)));
        request_answer_json(request, MHD_HTTP_OK, account_row_json(row));
    }
    PQclear(row);
}

const struct call_step account_roles_set[] = {STEP(roles_set_read), STEP(idempotency_claim),
                                              STEP_ON_DATABASE(roles_set_work), STEPS_END};
