/* SPDX-License-Identifier: Apache-2.0 */
/* POST /signup: what is asked for, its hash, its row; and what a repeated one is told. */
#include "ingest-api/accounts/signup.h"

#include "ingest-api/accounts/account.h"
#include "ingest-api/accounts/credential.h"
#include "ingest-api/accounts/password.h"
#include "ingest-api/admission/idempotency.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"
#include "ingest-api/http/text.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "seatlog_bounds.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Nobody is logged in: Idempotency-Keys of sign-ups are those of the username, under this. */
static const struct uuid signup_keys = {{0x5d, 0x0f, 0x6a, 0x1e, 0x22, 0x4b, 0x4c, 0x6d, 0x9b, 0x5a,
                                         0x67, 0x0c, 0x3e, 0x91, 0x2f, 0x84}};

struct signup_state {
    struct password password; /* first: see ingest-api/accounts/password.h */
    struct username username;
    struct text location;
    bool organizer;
    struct uuid user_id;
    bool has_key;
    struct hash key_hash; /* of the Idempotency-Key */

    /* of the account that is there already, made under the same key */
    unsigned roles;
    bool same;
};

static unsigned roles_wanted(const struct signup_state *state) {
    return ROLE_BUYER | (state->organizer ? ROLE_ORGANIZER : 0u);
}

static void answer_made(struct request *request) {
    struct signup_state *state = request->call->state;
    const char *location = arena_text_copy(&request->arena, state->location).data;
    request_answer_json(
        request, MHD_HTTP_CREATED,
        account_json(&state->user_id, state->username.address.text, location, roles_wanted(state)));
}

static void answer_taken(struct request *request) {
    json_t *document = problem_document(PROBLEM_USERNAME_TAKEN,
                                        "There is an account with this email address already. "
                                        "Log in, or use another address.");
    json_object_set_new(document, "field", json_string("/username"));
    problem_answer_document(request, PROBLEM_USERNAME_TAKEN, document);
}

/* ---- what is asked for ---- */

static void username_check(struct request *request, struct reader *reader,
                           struct signup_state *state) {
    const json_t *value = json_object_get(request->body.json, "username");
    if (value == NULL) {
        reader_error(reader, NULL, "username", "A username is needed: your email address.");
    } else if (!json_is_string(value)) {
        reader_error(reader, NULL, "username", "The username must be text: your email address.");
    } else if (!username_read((struct text){json_string_value(value), json_string_length(value)},
                              &state->username) ||
               state->username.fault != ADDRESS_GOOD) {
        reader_error(reader, NULL, "username", "%s", address_fault_words(state->username.fault));
    } else if (state->username.address.needs_smtputf8 &&
               !request->call->ingest->settings.mail_smtputf8) {
        reader_error(reader, NULL, "username",
                     "Tickets cannot be mailed to this address: before the @, the mail server here "
                     "takes only the letters a to z, digits and signs of ASCII. Please use another "
                     "address. After the @, any letters are fine.");
    }
}

/* A role of null is no role, and none that is not given either. */
static void role_check(struct request *request, struct reader *reader, struct signup_state *state) {
    const json_t *value = json_object_get(request->body.json, "role");
    const char *role = value != NULL ? json_string_value(value) : "buyer";
    state->organizer = role != NULL && strcmp(role, "organizer") == 0;
    if (role == NULL || (!state->organizer && strcmp(role, "buyer") != 0)) {
        reader_error(reader, NULL, "role", "A role at sign-up is buyer or organizer.");
    }
}

static void location_check(struct request *request, struct reader *reader,
                           struct signup_state *state) {
    const json_t *value = json_object_get(request->body.json, "location");
    struct place_in place = {.name = "location"};
    struct display_rule rule = {
        .kind = TEXT_LINE, .may_be_empty = true, .size_max = LOCATION_CHARACTERS_MAX * 4};
    state->location = TEXT_LITERAL("");
    if (value != NULL &&
        display_text_read_value(reader, &request->arena, &place, value, rule, &state->location) &&
        characters_count(state->location) > LOCATION_CHARACTERS_MAX) {
        reader_error(reader, NULL, "location", "A location has at most %d characters.",
                     LOCATION_CHARACTERS_MAX);
    }
}

static void signup_read(struct request *request) {
    static const char *const members[] = {"username", "password", "location", "role", NULL};
    struct signup_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    state->user_id = uuid_random();
    reader_object(&reader, NULL, request->body.json, members);
    username_check(request, &reader, state);
    password_read(&reader, request->body.json, PASSWORD_CHARACTERS_MIN, &state->password);
    location_check(request, &reader, state);
    role_check(request, &reader, state);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    if (state->organizer && !request->call->ingest->settings.self_service_organizers) {
        problem_answer(request, PROBLEM_FORBIDDEN,
                       "Here only an operator can make an account an organizer's. Sign up as a "
                       "buyer, and ask the operator.");
        return;
    }
    state->has_key = request->call->idempotency_key != NULL;
    if (state->has_key) {
        crypto_generichash(state->key_hash.octets, sizeof state->key_hash.octets,
                           (const unsigned char *)request->call->idempotency_key,
                           strlen(request->call->idempotency_key), NULL, 0);
    }
}

static void signup_claim(struct request *request) {
    const struct signup_state *state = request->call->state;
    const char *normal = state->username.address.normal;
    struct uuid owner = uuid_named(&signup_keys, normal, strlen(normal));
    idempotency_claim_of(request, &owner, "password");
}

/* ---- the first time: hashed, and stored unless the username is taken ---- */

static void signup_hashed(struct request *request) {
    const struct signup_state *state = request->call->state;
    if (!state->password.hashed) {
        problem_answer_unavailable(request, "There is no memory for the password");
    }
}

static void signup_store(struct request *request, struct pg *pg) {
    struct signup_state *state = request->call->state;
    struct error error;
    int64_t count = 0;
    bool stored = PG_EXECUTE(
        pg, &error, &count,
        "INSERT INTO account.person (user_id, username, username_normal, username_rule,"
        " password_hash, location, roles, signup_key_hash)"
        " VALUES ($1, $2, $3, 1, $4, $5, $6::text[], $7) ON CONFLICT DO NOTHING",
        PG_UUID(&state->user_id), PG_TEXT(state->username.address.text),
        PG_TEXT(state->username.address.normal), PG_TEXT(state->password.hash),
        PG_SPAN(state->location), PG_TEXT(state->organizer ? "{buyer,organizer}" : "{buyer}"),
        state->has_key ? PG_OCTETS(state->key_hash.octets, sizeof state->key_hash.octets)
                       : PG_NULL);
    if (!stored) {
        log_warning("an account cannot be stored", LOG_TEXT("reason", error.message));
        problem_answer_unavailable(request, "Accounts cannot be created");
    } else if (count > 0) {
        log_info("signed up", LOG_UUID("user_id", &state->user_id));
        answer_made(request);
    }
}

/* ---- again, under the same Idempotency-Key: is it the same sign-up? ---- */

static void signup_taken(struct request *request) {
    const struct signup_state *state = request->call->state;
    if (!state->has_key) {
        answer_taken(request);
    }
}

/* Whether the account that has the username was made by this very request. */
static void signup_look(struct request *request, struct pg *pg) {
    struct signup_state *state = request->call->state;
    struct error error;
    PGresult *row = PG_QUERY(
        pg, &error,
        "SELECT user_id, password_hash, location = $3, roles FROM account.person"
        " WHERE username_normal = $1 AND signup_key_hash = $2",
        PG_TEXT(state->username.address.normal),
        PG_OCTETS(state->key_hash.octets, sizeof state->key_hash.octets), PG_SPAN(state->location));
    if (row == NULL) {
        problem_answer_unavailable(request, "Accounts cannot be created");
    } else if (PQntuples(row) == 0) {
        answer_taken(request);
    } else {
        state->user_id = pg_uuid(row, 0, 0);
        password_hash_set(&state->password, pg_text(row, 0, 1));
        unsigned organizer = session_roles_parse(pg_text(row, 0, 3)) & ROLE_ORGANIZER;
        state->same = pg_boolean(row, 0, 2) && (organizer != 0) == state->organizer;
    }
    PQclear(row);
}

static void signup_compared(struct request *request) {
    const struct signup_state *state = request->call->state;
    if (state->same && state->password.verified) {
        answer_made(request);
    } else {
        problem_answer_key_reused(request, "This key was used for another sign-up. Use a new key.");
    }
}

const struct call_step account_signup[] = {
    STEP(signup_read),                           /* what is asked for */
    STEP(signup_claim),                          /* the Idempotency-Key, of the username */
    STEP_ON_PASSWORD_POOL(password_hash_work),   /* Argon2id */
    STEP(signup_hashed),                         /* 503 where there is no memory */
    STEP_ON_DATABASE(signup_store),              /* 201, unless the username is taken */
    STEP(signup_taken),                          /* 409, unless there is a key */
    STEP_ON_DATABASE(signup_look),               /* was it made under the same key? Else 409 */
    STEP_ON_PASSWORD_POOL(password_verify_work), /* and with the same password? */
    STEP(signup_compared),                       /* the same 201, or 422 */
    STEPS_END,
};
