/* SPDX-License-Identifier: Apache-2.0 */
/* POST /login: a try is taken, the password verified, the session stored; and POST /logout. */
#include "ingest-api/accounts/login.h"

#include "ingest-api/accounts/account.h"
#include "ingest-api/accounts/credential.h"
#include "ingest-api/accounts/login_limit.h"
#include "ingest-api/accounts/password.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <stdio.h>
#include <string.h>

#define NOTICE_SIZE 512

struct login_state {
    struct password password; /* first: see ingest-api/accounts/password.h */
    struct username username;
    struct login_limit limit;
    char token[SESSION_TOKEN_SIZE];
    int64_t expires_s;

    /* the account */
    bool found;
    bool known; /* has logged in from this address */
    bool alone; /* nobody else has its normal form */
    struct uuid user_id;
    unsigned roles;
    const char *stored_username;
    const char *stored_location;
};

/* ---- POST /login ---- */

/* Any text may be somebody's username; what is none is nobody's. */
static void username_check(struct request *request, struct reader *reader,
                           struct username *username) {
    const json_t *value = json_object_get(request->body.json, "username");
    if (value == NULL) {
        reader_error(reader, NULL, "username", "A username is needed: your email address.");
    } else if (!json_is_string(value)) {
        reader_error(reader, NULL, "username", "The username must be text: your email address.");
    } else if (json_string_length(value) == 0 ||
               !username_read((struct text){json_string_value(value), json_string_length(value)},
                              username)) {
        reader_error(reader, NULL, "username", "A username has 1 to %d characters.",
                     USERNAME_CHARACTERS_MAX);
    }
}

static void login_read(struct request *request) {
    static const char *const members[] = {"username", "password", NULL};
    struct login_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    reader_object(&reader, NULL, request->body.json, members);
    username_check(request, &reader, &state->username);
    password_read(&reader, request->body.json, 1, &state->password);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    const struct username *username = &state->username;
    login_limit_begin(&state->limit,
                      username->fault == ADDRESS_GOOD ? username->address.normal
                                                      : username->spelled,
                      request->call->caller.address);
    /* A try whose password would not be looked at is not taken. */
    if (!pool_has_room(request->call->ingest->password_pool)) {
        problem_answer_unavailable(request, "Too many logins are waiting already");
    }
}

static bool person_load(struct request *request, struct pg *pg, struct error *error) {
    struct login_state *state = request->call->state;
    PGresult *row =
        PG_QUERY(pg, error,
                 "SELECT p.user_id, p.password_hash, p.location, p.roles, p.username,"
                 " p.username_normal IS NOT NULL OR p.username_rule = 0,"
                 " EXISTS (SELECT FROM account.login_address a"
                 "  WHERE a.user_id = p.user_id AND a.address_hash = $3"
                 "  AND a.seen_at > now() - make_interval(days => $4::int))"
                 " FROM account.person p WHERE " PERSON_BY_USERNAME,
                 PG_TEXT(state->username.spelled), PG_TEXT(state->username.address.normal),
                 PG_OCTETS(state->limit.address_hash, sizeof state->limit.address_hash),
                 PG_INTEGER(LOGIN_ADDRESS_DAYS));
    if (row == NULL) {
        return false;
    }
    state->found = PQntuples(row) > 0;
    if (state->found) {
        state->user_id = pg_uuid(row, 0, 0);
        password_hash_set(&state->password, pg_text(row, 0, 1));
        state->stored_location = arena_text_copy_string(&request->arena, pg_text(row, 0, 2)).data;
        state->roles = session_roles_parse(pg_text(row, 0, 3));
        state->stored_username = arena_text_copy_string(&request->arena, pg_text(row, 0, 4)).data;
        state->alone = pg_boolean(row, 0, 5);
        state->known = pg_boolean(row, 0, 6);
    }
    PQclear(row);
    return true;
}

static void login_take(struct request *request, struct pg *pg) {
    struct login_state *state = request->call->state;
    struct error error;
    int wait_s = 0;
    if (!person_load(request, pg, &error) ||
        !login_limit_take(&state->limit, pg, state->known,
                          request->call->ingest->settings.login_failures_per_hour, &wait_s,
                          &error)) {
        problem_answer_unavailable(request, "Logins cannot be checked");
        return;
    }
    if (wait_s > 0) {
        problem_answer(request, PROBLEM_RATE_LIMITED,
                       "Too many failed logins for this account. Try again in %d s.", wait_s);
        request_header_add(request, "Retry-After",
                           arena_text_format(&request->arena, "%d", wait_s).data);
    }
}

static void login_judge(struct request *request) {
    const struct login_state *state = request->call->state;
    if (!state->found || !state->password.verified) {
        problem_answer(request, PROBLEM_LOGIN_FAILED, "Check both and try again.");
    }
}

/* What the owner of an older account is told. */
static void notice_add(json_t *list, const char *code, const char *detail) {
    json_array_append_new(list, json_pack("{s:s, s:s}", "code", code, "detail", detail));
}

static json_t *notices_json(struct request *request, const struct login_state *state) {
    json_t *list = json_array();
    struct username stored;
    struct text text = {state->stored_username, strlen(state->stored_username)};
    char detail[NOTICE_SIZE];
    if (!username_read(text, &stored) || stored.fault != ADDRESS_GOOD) {
        snprintf(detail, sizeof detail,
                 "No mail can reach the address of this account. %s Your orders and tickets are "
                 "here under Orders; to get mail, sign up with another address.",
                 address_fault_words(stored.fault));
        notice_add(list, "address-unreachable", detail);
    } else if (stored.address.needs_smtputf8 && !request->call->ingest->settings.mail_smtputf8) {
        notice_add(list, "address-unreachable",
                   "The mail server here cannot deliver to the address of this account: before "
                   "the @ it only takes ASCII. Your orders and tickets are here under Orders; to "
                   "get mail, sign up with another address.");
    }
    if (stored.fault == ADDRESS_GOOD && !state->alone) {
        notice_add(list, "username-shared",
                   "An older account has the same address as this one, written differently. Keep "
                   "logging in with exactly the spelling you used now: any other spelling is the "
                   "older account. Nothing was merged, and your orders are unchanged.");
    }
    return list;
}

static bool session_store_new_row(struct request *request, struct pg *pg, struct error *error) {
    struct login_state *state = request->call->state;
    struct hash hash;
    session_token_new(state->token, &hash);
    PGresult *row = PG_QUERY(pg, error,
                             "INSERT INTO account.session (token_hash, user_id, expires_at)"
                             " VALUES ($1, $2, now() + make_interval(secs => $3::bigint))"
                             " RETURNING extract(epoch FROM expires_at)::bigint",
                             PG_OCTETS(hash.octets, sizeof hash.octets), PG_UUID(&state->user_id),
                             PG_INTEGER(request->call->ingest->settings.session_ttl_s));
    if (row == NULL) {
        return false;
    }
    state->expires_s = pg_integer(row, 0, 0);
    PQclear(row);
    return true;
}

static void answer_logged_in(struct request *request) {
    struct login_state *state = request->call->state;
    char expires_at[TIME_TEXT_SIZE];
    time_format(state->expires_s * 1000, expires_at);
    json_t *body =
        account_json(&state->user_id, state->stored_username, state->stored_location, state->roles);
    json_object_set_new(body, "token", json_string(state->token));
    json_object_set_new(body, "expires_at", json_string(expires_at));
    json_object_set_new(body, "notices", notices_json(request, state));
    request_answer_json(request, MHD_HTTP_OK, body);
    request_header_add(request, "Set-Cookie",
                       arena_text_format(&request->arena,
                                         "seatlog_session=%s; Path=/; HttpOnly; SameSite=Lax; "
                                         "Max-Age=%lld%s",
                                         state->token,
                                         (long long)request->call->ingest->settings.session_ttl_s,
                                         request->call->caller.secure ? "; Secure" : "")
                           .data);
    sodium_memzero(state->token, sizeof state->token);
}

static void login_store(struct request *request, struct pg *pg) {
    struct login_state *state = request->call->state;
    struct error error;
    bool stored = pg_begin(pg, &error) && session_store_new_row(request, pg, &error) &&
                  login_limit_succeed(&state->limit, pg, &state->user_id, &error);
    if (!stored) {
        pg_rollback(pg);
    }
    if (!stored || !pg_commit(pg, &error)) {
        problem_answer_unavailable(request, "Logins cannot be stored");
        return;
    }
    answer_logged_in(request);
}

const struct call_step account_login[] = {
    STEP(login_read),                            /* who, and is there a thread for the password */
    STEP_ON_DATABASE(login_take),                /* takes a try, or answers 429 */
    STEP_ON_PASSWORD_POOL(password_verify_work), /* as long where there is no such account */
    STEP(login_judge),                           /* 401 where it is wrong */
    STEP_ON_DATABASE(login_store),               /* gives the try back; the session */
    STEPS_END,
};

/* ---- POST /logout ---- */

static void logout_begin(struct request *request) {
    request_header_add(request, "Set-Cookie",
                       "seatlog_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    if (!request->call->caller.token.present) {
        request_answer_empty(request, MHD_HTTP_NO_CONTENT);
    }
}

static void logout_work(struct request *request, struct pg *pg) {
    const struct hash *token = &request->call->caller.token.hash;
    struct error error;
    if (!PG_EXECUTE(pg, &error, NULL, "DELETE FROM account.session WHERE token_hash = $1",
                    PG_OCTETS(token->octets, sizeof token->octets))) {
        problem_answer_unavailable(request, "Logins cannot be revoked");
        return;
    }
    session_forget(request->call->ingest->sessions, token);
    request_answer_empty(request, MHD_HTTP_NO_CONTENT);
}

const struct call_step account_logout[] = {STEP(logout_begin), STEP_ON_DATABASE(logout_work),
                                           STEPS_END};
