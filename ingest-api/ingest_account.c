/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_account.h"

#include "ingest-api/ingest_problem.h"
#include "ingest-api/ingest_rate.h"
#include "ingest-api/ingest_reader.h"
#include "ingest-api/ingest_request.h"
#include "ingest-api/ingest_time.h"
#include "runtime/log.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_SIZE_MIN 8
#define PASSWORD_SIZE_MAX 256

/* Verified against where there is no account, so that the answer takes as long. */
static char nobody_hash[crypto_pwhash_STRBYTES];

bool account_start(unsigned long long operations, size_t memory_octets) {
    char password[32];
    randombytes_buf(password, sizeof password);
    return crypto_pwhash_str(nobody_hash, password, sizeof password, operations, memory_octets) ==
           0;
}

bool account_username_fold(struct text username, char *out, size_t size) {
    if (username.size == 0 || username.size > USERNAME_SIZE_MAX || username.size >= size ||
        !text_is_printable(username, false)) {
        return false;
    }
    size_t at = 0;
    size_t at_count = 0;
    bool domain_dot = false;
    for (size_t i = 0; i < username.size; i++) {
        char letter = username.data[i];
        if (strchr(" ,;:\"\\<>()[]", letter) != NULL) {
            return false;
        }
        if (letter == '@') {
            at = i;
            at_count++;
        }
        domain_dot = domain_dot || (at_count == 1 && letter == '.' && i > at + 1);
        out[i] = (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
    }
    out[username.size] = '\0';
    return at_count == 1 && at > 0 && at <= 64 && domain_dot &&
           username.data[username.size - 1] != '.' && strstr(out, "..") == NULL &&
           username.data[0] != '.';
}

struct account_state {
    char username[USERNAME_SIZE_MAX + 1];
    struct text password;
    struct text location;
    bool organizer;
    struct uuid user_id;
    unsigned roles;
    const char *stored_location;
    char password_hash[crypto_pwhash_STRBYTES];
    bool found;
    bool verified;
};

static json_t *roles_json(unsigned roles) {
    json_t *list = json_array();
    for (unsigned role = ROLE_BUYER; role <= ROLE_OPERATOR; role *= 2) {
        if (roles & role) {
            json_array_append_new(list, json_string(session_role_name(role)));
        }
    }
    return list;
}

static json_t *account_json(const struct uuid *user_id, const char *username, const char *location,
                            unsigned roles) {
    char id[UUID_TEXT_SIZE];
    return json_pack("{s:s, s:s, s:s, s:o}", "user_id", uuid_format(user_id, id), "username",
                     username, "location", location, "roles", roles_json(roles));
}

static json_t *account_row_json(const PGresult *row) {
    struct uuid user_id = pg_uuid(row, 0, 0);
    return account_json(&user_id, pg_text(row, 0, 1), pg_text(row, 0, 2),
                        session_roles_parse(pg_text(row, 0, 3)));
}

/* ---- sign up ---- */

static bool credentials_read(struct request *request, struct reader *reader,
                             struct account_state *state, const char *const *members,
                             size_t password_size_min) {
    reader_object(reader, NULL, request->json, members);
    struct text username;
    if (reader_text(reader, NULL, request->json, "username", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = USERNAME_SIZE_MAX}, &username) &&
        !account_username_fold(username, state->username, sizeof state->username) &&
        password_size_min > 1) {
        reader_error(reader, NULL, "username", "must be an email address");
    }
    /* Any character may be in a password. */
    const json_t *password = json_object_get(request->json, "password");
    if (password == NULL) {
        return reader_error(reader, NULL, "password", "is missing");
    }
    if (!json_is_string(password)) {
        return reader_error(reader, NULL, "password", "must be text");
    }
    state->password =
        (struct text){.data = json_string_value(password), .size = json_string_length(password)};
    if (state->password.size < password_size_min || state->password.size > PASSWORD_SIZE_MAX) {
        return reader_error(reader, NULL, "password", "must have from %zu to %d octets",
                            password_size_min, PASSWORD_SIZE_MAX);
    }
    return !reader_failed(reader);
}

static void signup_store(struct request *request, struct pg *pg) {
    struct account_state *state = request->state;
    struct error error;
    int64_t count = 0;
    char location[128];
    snprintf(location, sizeof location, "%.*s", TEXT_FORMAT(state->location));
    bool stored = PG_EXECUTE(
        pg, &error, &count,
        "INSERT INTO account.person (user_id, username, password_hash, location, roles)"
        " VALUES ($1, $2, $3, $4, $5::text[]) ON CONFLICT (username) DO NOTHING",
        PG_UUID(&state->user_id), PG_TEXT(state->username), PG_TEXT(state->password_hash),
        PG_TEXT(location), PG_TEXT(state->organizer ? "{buyer,organizer}" : "{buyer}"));
    sodium_memzero(state->password_hash, sizeof state->password_hash);
    if (!stored) {
        log_warning("an account cannot be stored", LOG_TEXT("reason", error.message));
        problem_answer_unavailable(request, "Accounts cannot be made");
    } else if (count == 0) {
        json_t *document = problem_document(PROBLEM_USERNAME_TAKEN, NULL);
        json_object_set_new(document, "field", json_string("/username"));
        problem_answer_document(request, PROBLEM_USERNAME_TAKEN, document);
    } else {
        unsigned roles = ROLE_BUYER | (state->organizer ? ROLE_ORGANIZER : 0u);
        log_info("signed up", LOG_UUID("user_id", &state->user_id));
        request_answer_json(request, MHD_HTTP_CREATED,
                            account_json(&state->user_id, state->username, location, roles));
    }
}

static void password_hash(struct request *request, struct pg *pg) {
    (void)pg;
    struct account_state *state = request->state;
    const struct ingest_settings *settings = &request->ingest->settings;
    state->verified =
        crypto_pwhash_str(state->password_hash, state->password.data, state->password.size,
                          settings->password_operations, settings->password_memory_octets) == 0;
}

static void signup_hashed(struct request *request) {
    struct account_state *state = request->state;
    if (!state->verified) {
        problem_answer_unavailable(request, "There is no memory for the password");
        return;
    }
    request_query(request, signup_store, request_done);
}

void account_signup(struct request *request) {
    static const char *const members[] = {"username", "password", "location", "role", NULL};
    struct account_state *state = request_allocate(request, sizeof *state);
    struct reader reader = {0};
    request->state = state;
    state->user_id = uuid_random();
    state->location = TEXT_LITERAL("");
    credentials_read(request, &reader, state, members, PASSWORD_SIZE_MIN);
    reader_text(&reader, NULL, request->json, "location", READER_OPTIONAL,
                (struct text_rule){.size_max = 100}, &state->location);
    struct text role = TEXT_LITERAL("buyer");
    reader_text(&reader, NULL, request->json, "role", READER_OPTIONAL,
                (struct text_rule){.size_min = 1, .size_max = 20}, &role);
    unsigned wanted = 0;
    if (!session_role_parse(role.data, &wanted) || (wanted & ~(ROLE_BUYER | ROLE_ORGANIZER)) != 0) {
        reader_error(&reader, NULL, "role", "must be buyer or organizer");
    }
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    state->organizer = wanted == ROLE_ORGANIZER;
    if (state->organizer && !request->ingest->settings.self_service_organizers) {
        problem_answer(request, PROBLEM_FORBIDDEN, "Organizers are named by an operator.");
        return;
    }
    request_work(request, request->ingest->password_pool, password_hash, signup_hashed);
}

/* ---- log in ---- */

static void login_store(struct request *request, struct pg *pg) {
    struct account_state *state = request->state;
    char token[SESSION_TOKEN_SIZE];
    struct hash hash;
    struct error error;
    session_token_new(token, &hash);
    PGresult *row = PG_QUERY(pg, &error,
                             "INSERT INTO account.session (token_hash, user_id, expires_at)"
                             " VALUES ($1, $2, now() + make_interval(secs => $3::bigint))"
                             " RETURNING extract(epoch FROM expires_at)::bigint",
                             PG_OCTETS(hash.octets, sizeof hash.octets), PG_UUID(&state->user_id),
                             PG_INTEGER(request->ingest->settings.session_ttl_s));
    if (row == NULL) {
        problem_answer_unavailable(request, "Logins cannot be stored");
        return;
    }
    char expires_at[TIME_TEXT_SIZE];
    time_format(pg_integer(row, 0, 0) * 1000, expires_at);
    PQclear(row);
    json_t *body =
        account_json(&state->user_id, state->username, state->stored_location, state->roles);
    json_object_set_new(body, "token", json_string(token));
    json_object_set_new(body, "expires_at", json_string(expires_at));
    request_answer_json(request, MHD_HTTP_OK, body);
    request_header_add(request, "Set-Cookie",
                       arena_text_format(&request->arena,
                                         "seatlog_session=%s; Path=/; HttpOnly; SameSite=Lax; "
                                         "Max-Age=%lld%s",
                                         token, (long long)request->ingest->settings.session_ttl_s,
                                         request->secure ? "; Secure" : "")
                           .data);
    sodium_memzero(token, sizeof token);
}

static void login_verified(struct request *request) {
    struct account_state *state = request->state;
    if (state->found && state->verified) {
        request_query(request, login_store, request_done);
        return;
    }
    /* Only failures count against a username, so that nobody locks another out by trying once. */
    rate_take(request->ingest->rate_login, state->username, strlen(state->username), 1,
              clock_monotonic_ms());
    problem_answer(request, PROBLEM_LOGIN_FAILED, "Check both and try again.");
}

static void password_verify(struct request *request, struct pg *pg) {
    (void)pg;
    struct account_state *state = request->state;
    const char *hash = state->found ? state->password_hash : nobody_hash;
    state->verified =
        crypto_pwhash_str_verify(hash, state->password.data, state->password.size) == 0;
    sodium_memzero(state->password_hash, sizeof state->password_hash);
}

static void login_loaded(struct request *request) {
    if (request->answered) {
        return;
    }
    request_work(request, request->ingest->password_pool, password_verify, login_verified);
}

static void login_load(struct request *request, struct pg *pg) {
    struct account_state *state = request->state;
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT user_id, password_hash, location, roles FROM account.person"
                             " WHERE username = $1",
                             PG_TEXT(state->username));
    if (row == NULL) {
        problem_answer_unavailable(request, "Logins cannot be checked");
        return;
    }
    state->found = PQntuples(row) > 0;
    if (state->found) {
        state->user_id = pg_uuid(row, 0, 0);
        snprintf(state->password_hash, sizeof state->password_hash, "%s", pg_text(row, 0, 1));
        state->stored_location = arena_text_copy_string(&request->arena, pg_text(row, 0, 2)).data;
        state->roles = session_roles_parse(pg_text(row, 0, 3));
    }
    PQclear(row);
}

void account_login(struct request *request) {
    static const char *const members[] = {"username", "password", NULL};
    struct account_state *state = request_allocate(request, sizeof *state);
    struct reader reader = {0};
    request->state = state;
    credentials_read(request, &reader, state, members, 1);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    int wait_s = rate_take(request->ingest->rate_login, state->username, strlen(state->username), 0,
                           clock_monotonic_ms());
    if (wait_s > 0) {
        problem_answer(request, PROBLEM_RATE_LIMITED,
                       "Too many failed logins of this account. Try again in %d s.", wait_s);
        request_header_add(request, "Retry-After",
                           arena_text_format(&request->arena, "%d", wait_s).data);
        return;
    }
    request_query(request, login_load, login_loaded);
}

static void logout_work(struct request *request, struct pg *pg) {
    struct error error;
    if (!PG_EXECUTE(pg, &error, NULL, "DELETE FROM account.session WHERE token_hash = $1",
                    PG_OCTETS(request->token.hash.octets, sizeof request->token.hash.octets))) {
        problem_answer_unavailable(request, "Logins cannot be revoked");
        return;
    }
    session_forget(request->ingest->sessions, &request->token.hash);
    request_answer_empty(request, MHD_HTTP_NO_CONTENT);
}

void account_logout(struct request *request) {
    request_header_add(request, "Set-Cookie",
                       "seatlog_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    if (!request->token.present) {
        request_answer_empty(request, MHD_HTTP_NO_CONTENT);
        return;
    }
    request_query(request, logout_work, request_done);
}

/* ---- the account ---- */

static void account_get_work(struct request *request, struct pg *pg) {
    struct error error;
    PGresult *row =
        PG_QUERY(pg, &error,
                 "SELECT user_id, username, location, roles FROM account.person WHERE user_id = $1",
                 PG_UUID(&request->session.user_id));
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

void account_get(struct request *request) {
    request_query(request, account_get_work, request_done);
}

static void account_delete_work(struct request *request, struct pg *pg) {
    struct error error;
    if (!PG_EXECUTE(pg, &error, NULL, "DELETE FROM account.person WHERE user_id = $1",
                    PG_UUID(&request->session.user_id))) {
        problem_answer_unavailable(request, "Accounts cannot be erased");
        return;
    }
    session_forget_user(request->ingest->sessions, &request->session.user_id);
    log_info("an account is erased", LOG_UUID("user_id", &request->session.user_id));
    request_answer_empty(request, MHD_HTTP_NO_CONTENT);
}

void account_delete(struct request *request) {
    request_query(request, account_delete_work, request_done);
}

/* ---- operators ---- */

static void account_find_work(struct request *request, struct pg *pg) {
    struct account_state *state = request->state;
    struct error error;
    PGresult *row = PG_QUERY(
        pg, &error,
        "SELECT user_id, username, location, roles FROM account.person WHERE username = $1",
        PG_TEXT(state->username));
    if (row == NULL) {
        problem_answer_unavailable(request, "Accounts cannot be read");
        return;
    }
    if (PQntuples(row) == 0) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account of that username.");
    } else {
        request_answer_json(request, MHD_HTTP_OK, account_row_json(row));
    }
    PQclear(row);
}

void account_find(struct request *request) {
    struct account_state *state = request_allocate(request, sizeof *state);
    const char *username = request_query_parameter(request, "username");
    request->state = state;
    struct text text = {.data = username, .size = username != NULL ? strlen(username) : 0};
    if (!account_username_fold(text, state->username, sizeof state->username)) {
        problem_answer_field(request, "username", "must be an email address");
        return;
    }
    request_query(request, account_find_work, request_done);
}

struct roles_state {
    struct uuid user_id;
    char roles[64]; /* as PostgreSQL writes an array */
};

static void roles_set_work(struct request *request, struct pg *pg) {
    struct roles_state *state = request->state;
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
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account of that id.");
    } else {
        session_forget_user(request->ingest->sessions, &state->user_id);
        log_info("roles are set", LOG_UUID("user_id", &state->user_id),
                 LOG_TEXT("roles", state->roles), LOG_UUID("by", &request->session.user_id));
        request_answer_json(request, MHD_HTTP_OK, account_row_json(row));
    }
    PQclear(row);
}

static unsigned roles_read(struct reader *reader, const json_t *list) {
    struct place_in place = {.name = "roles"};
    unsigned roles = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct place_in at = {.parent = &place, .index = i};
        const char *name = json_string_value(json_array_get(list, i));
        unsigned role = 0;
        if (name == NULL || !session_role_parse(name, &role)) {
            reader_error(reader, &at, NULL, "must be buyer, organizer, partner, gate or operator");
        } else if (roles & role) {
            reader_error(reader, &at, NULL, "is there twice");
        }
        roles |= role;
    }
    return roles;
}

void account_roles_set(struct request *request) {
    static const char *const members[] = {"roles", NULL};
    struct roles_state *state = request_allocate(request, sizeof *state);
    struct reader reader = {0};
    json_t *list = NULL;
    request->state = state;
    if (!uuid_parse(request->parameters[0].data, request->parameters[0].size, &state->user_id)) {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no account of that id.");
        return;
    }
    reader_object(&reader, NULL, request->json, members);
    reader_array(&reader, NULL, request->json, "roles", READER_REQUIRED, 1, 5, &list);
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
    request_query(request, roles_set_work, request_done);
}
