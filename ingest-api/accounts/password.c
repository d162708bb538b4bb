/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: read, hashed, verified. */
#include "ingest-api/accounts/password.h"

#include "ingest-api/admission/call.h"

#include <stdio.h>
#include <string.h>

#define NOBODY_SIZE 32 /* of the password that nobody has */

/* Verified against where there is no account, so that the answer takes as long. */
static char nobody_hash[crypto_pwhash_STRBYTES];

bool password_start(unsigned long long operations, size_t memory_octets) {
    char password[NOBODY_SIZE];
    randombytes_buf(password, sizeof password);
    return crypto_pwhash_str(nobody_hash, password, sizeof password, operations, memory_octets) ==
           0;
}

bool password_read(struct reader *reader, const json_t *body, size_t characters_min,
                   struct password *out) {
    const json_t *value = json_object_get(body, "password");
    if (value == NULL) {
        return reader_error(reader, NULL, "password", "A password is needed.");
    }
    if (!json_is_string(value)) {
        return reader_error(reader, NULL, "password", "The password must be text.");
    }
    out->given = (struct text){.data = json_string_value(value), .size = json_string_length(value)};
    bool fits = password_normalize(out->given, out->normal, &out->normal_size);
    if (!fits || characters_count((struct text){out->normal, out->normal_size}) < characters_min) {
        return characters_min > 1
                   ? reader_error(reader, NULL, "password",
                                  "A password has %zu to %d characters, whatever they are.",
                                  characters_min, PASSWORD_CHARACTERS_MAX)
                   : reader_error(reader, NULL, "password", "A password has 1 to %d characters.",
                                  PASSWORD_CHARACTERS_MAX);
    }
    return true;
}

void password_hash_set(struct password *password, const char *hash) {
    snprintf(password->hash, sizeof password->hash, "%s", hash);
}

void password_hash_work(struct request *request, struct pg *pg) {
    (void)pg;
    struct password *password = request->call->state;
    const struct ingest_settings *settings = &request->call->ingest->settings;
    password->hashed =
        crypto_pwhash_str(password->hash, password->normal, password->normal_size,
                          settings->password_operations, settings->password_memory_octets) == 0;
}

/* How often it hashes depends on what was typed, not on whose it is. */
void password_verify_work(struct request *request, struct pg *pg) {
    (void)pg;
    struct password *password = request->call->state;
    const char *hash = password->hash[0] != '\0' ? password->hash : nobody_hash;
    bool other = password->given.size != password->normal_size ||
                 memcmp(password->given.data, password->normal, password->normal_size) != 0;
    password->verified =
        crypto_pwhash_str_verify(hash, password->normal, password->normal_size) == 0;
    if (!password->verified && other) {
        password->verified =
            crypto_pwhash_str_verify(hash, password->given.data, password->given.size) == 0;
    }
    sodium_memzero(password->hash, sizeof password->hash);
}
