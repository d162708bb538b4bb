/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_PASSWORD_H
#define SEATLOG_INGEST_API_ACCOUNTS_PASSWORD_H

#include "ingest-api/accounts/credential.h"
#include "ingest-api/http/reader.h"

#include <sodium.h>

/*
 * A password on its way through the password pool. The state of a call that has one begins with it:
 * the pool's work finds it at call->state.
 */
struct request;
struct pg;

struct password {
    struct text given;              /* as sent: hashes of before NFC were made of that */
    char normal[PASSWORD_SIZE_MAX]; /* in NFC */
    size_t normal_size;
    char hash[crypto_pwhash_STRBYTES]; /* empty: nobody's */
    bool hashed;
    bool verified;
};

/*
 * To be called once, before requests: makes what unknown users are compared with. false: no memory.
 */
bool password_start(unsigned long long operations, size_t memory_octets);

/* Reads the member `password`, which has characters_min characters or more in NFC. */
bool password_read(struct reader *reader, const json_t *body, size_t characters_min,
                   struct password *out);

/* The hash to verify against; without it the password is nobody's, which takes as long. */
void password_hash_set(struct password *password, const char *hash);

/* Work for the password pool: fill in hash and hashed; look at hash and fill in verified. */
void password_hash_work(struct request *request, struct pg *pg);
void password_verify_work(struct request *request, struct pg *pg);

#endif
