/* SPDX-License-Identifier: Apache-2.0 */
/* Failed logins: which buckets a try comes from, and how they are kept. */
#include "ingest-api/accounts/login_limit.h"

#include "runtime/base/log.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KEY_TEXT_SIZE 48 /* of one key, as an element of a bytea[] */
#define KEYS_TEXT_SIZE 128
#define RATES_TEXT_SIZE 64
#define PAIR_PERCENT 30
#define KNOWN_PERCENT 40
#define STRANGERS_PERCENT 60
#define ADDRESSES_PER_PERSON_MAX 10
#define BUCKETS_MAX 1000000
#define SWEEP_ROWS_MAX 20000

static void hash_parts(uint8_t out[LOGIN_KEY_SIZE], const char *purpose, const void *first,
                       size_t first_size, const void *second, size_t second_size) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, LOGIN_KEY_SIZE);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, first, first_size);
    crypto_generichash_update(&state, second, second_size);
    crypto_generichash_final(&state, out, LOGIN_KEY_SIZE);
}

void login_limit_begin(struct login_limit *limit, const char *name, const char *address) {
    struct in6_addr parsed;
    *limit = (struct login_limit){.pair_key = {0}};
    if (inet_pton(AF_INET6, address, &parsed) == 1) {
        hash_parts(limit->address_hash, "network", &parsed, 8, "", 0);
    } else {
        hash_parts(limit->address_hash, "address", address, strlen(address), "", 0);
    }
    hash_parts(limit->name_hash, "name", name, strlen(name), "", 0);
    hash_parts(limit->pair_key, "pair", limit->name_hash, LOGIN_KEY_SIZE, limit->address_hash,
               LOGIN_KEY_SIZE);
}

/* An element of a bytea[] in its text form. */
static void key_write(char *out, size_t size, const uint8_t key[LOGIN_KEY_SIZE]) {
    char hex[2 * LOGIN_KEY_SIZE + 1];
    sodium_bin2hex(hex, sizeof hex, key, LOGIN_KEY_SIZE);
    snprintf(out, size, "\"\\\\x%s\"", hex);
}

bool login_limit_take(struct login_limit *limit, struct pg *pg, bool known, int64_t per_hour,
                      int *wait_s, struct error *error) {
    *wait_s = 0;
    hash_parts(limit->class_key, known ? "known" : "strangers", limit->name_hash, LOGIN_KEY_SIZE,
               "", 0);
    if (per_hour == 0) {
        return true;
    }
    double pair_per_hour = (double)per_hour * PAIR_PERCENT / 100;
    double class_per_hour = (double)per_hour * (known ? KNOWN_PERCENT : STRANGERS_PERCENT) / 100;
    bool pair_first = memcmp(limit->pair_key, limit->class_key, LOGIN_KEY_SIZE) < 0;
    char first[KEY_TEXT_SIZE];
    char second[KEY_TEXT_SIZE];
    char keys[KEYS_TEXT_SIZE];
    char rates[RATES_TEXT_SIZE];
    key_write(first, sizeof first, pair_first ? limit->pair_key : limit->class_key);
    key_write(second, sizeof second, pair_first ? limit->class_key : limit->pair_key);
    snprintf(keys, sizeof keys, "{%s,%s}", first, second);
    snprintf(rates, sizeof rates, "{%.2f,%.2f}", pair_first ? pair_per_hour : class_per_hour,
             pair_first ? class_per_hour : pair_per_hour);
    PGresult *row = PG_QUERY(pg, error, "SELECT account.login_take($1::bytea[], $2::float8[])",
                             PG_TEXT(keys), PG_TEXT(rates));
    if (row == NULL) {
        return false;
    }
    *wait_s = (int)pg_integer(row, 0, 0);
    PQclear(row);
    return true;
}

bool login_limit_succeed(const struct login_limit *limit, struct pg *pg, const struct uuid *user_id,
                         struct error *error) {
    PGresult *row = PG_QUERY(pg, error, "SELECT account.login_give_back($1, $2)",
                             PG_OCTETS(limit->pair_key, LOGIN_KEY_SIZE),
                             PG_OCTETS(limit->class_key, LOGIN_KEY_SIZE));
    PQclear(row);
    return row != NULL &&
           PG_EXECUTE(pg, error, NULL,
                      "INSERT INTO account.login_address (user_id, address_hash) VALUES ($1, $2)"
                      " ON CONFLICT (user_id, address_hash) DO UPDATE SET seen_at = now()",
                      PG_UUID(user_id), PG_OCTETS(limit->address_hash, LOGIN_KEY_SIZE)) &&
           PG_EXECUTE(pg, error, NULL,
                      "DELETE FROM account.login_address WHERE user_id = $1 AND address_hash IN"
                      " (SELECT address_hash FROM account.login_address WHERE user_id = $1"
                      " ORDER BY seen_at DESC OFFSET $2::bigint)",
                      PG_UUID(user_id), PG_INTEGER(ADDRESSES_PER_PERSON_MAX));
}

bool login_limit_sweep(struct pg *pg, struct error *error) {
    int64_t surplus = 0;
    bool swept =
        PG_EXECUTE(pg, error, NULL,
                   "DELETE FROM account.login_limit WHERE limit_key IN"
                   " (SELECT limit_key FROM account.login_limit WHERE empty_at < now()"
                   " ORDER BY empty_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED)",
                   PG_INTEGER(SWEEP_ROWS_MAX)) &&
        /* Above the bound the emptiest go: whoever guesses most stays limited. */
        PG_EXECUTE(pg, error, &surplus,
                   "DELETE FROM account.login_limit WHERE limit_key IN"
                   " (SELECT limit_key FROM account.login_limit ORDER BY empty_at"
                   " LIMIT greatest(0, (SELECT count(*) FROM account.login_limit) - $1::bigint)"
                   " FOR UPDATE SKIP LOCKED)",
                   PG_INTEGER(BUCKETS_MAX)) &&
        PG_EXECUTE(pg, error, NULL,
                   "DELETE FROM account.login_address"
                   " WHERE seen_at < now() - make_interval(days => $1::int)",
                   PG_INTEGER(LOGIN_ADDRESS_DAYS));
    if (surplus > 0) {
        log_warning("failed logins of more names than are kept", LOG_INTEGER("removed", surplus));
    }
    return swept;
}
