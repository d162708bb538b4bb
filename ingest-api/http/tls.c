/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate and its key, read again when they change. */
#include "ingest-api/http/tls.h"

#include "runtime/base/log.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_ID_SIZE 64
#define TLS_CHAIN_MAX 8

struct tls_pair {
    gnutls_pcert_st chain[TLS_CHAIN_MAX];
    unsigned chain_size;
    gnutls_privkey_t key;
    uint64_t retired; /* handshakes from this number on have never seen it */
    struct tls_pair *next;
};

static struct {
    const char *certificate_file;
    const char *key_file;
    struct timespec certificate_changed;
    struct timespec key_changed;
    struct tls_pair *current;
    struct tls_pair *retired;     /* replaced, and perhaps still in use */
    struct tls_handshake *oldest; /* of the handshakes under way */
    struct tls_handshake *newest;
    uint64_t handshakes; /* how many there have been */
} tls;

static void pair_free(struct tls_pair *pair) {
    if (pair == NULL) {
        return;
    }
    for (unsigned i = 0; i < pair->chain_size; i++) {
        gnutls_pcert_deinit(&pair->chain[i]);
    }
    if (pair->key != NULL) {
        gnutls_privkey_deinit(pair->key);
    }
    free(pair);
}

static bool pair_read(struct tls_pair *pair, struct error *error) {
    gnutls_datum_t certificate = {0};
    gnutls_datum_t key = {0};
    int code = gnutls_load_file(tls.certificate_file, &certificate);
    if (code < 0) {
        return error_set(error, ERROR_DIE, "tls_certificate_file %s: %s", tls.certificate_file,
                         gnutls_strerror(code));
    }
    pair->chain_size = TLS_CHAIN_MAX;
    code = gnutls_pcert_list_import_x509_raw(pair->chain, &pair->chain_size, &certificate,
                                             GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(certificate.data);
    if (code < 0) {
        pair->chain_size = 0;
        return error_set(error, ERROR_DIE, "tls_certificate_file %s: %s", tls.certificate_file,
                         gnutls_strerror(code));
    }
    code = gnutls_load_file(tls.key_file, &key);
    if (code >= 0) {
        gnutls_privkey_init(&pair->key);
        code = gnutls_privkey_import_x509_raw(pair->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_memset(key.data, 0, key.size);
        gnutls_free(key.data);
    }
    if (code < 0) {
        return error_set(error, ERROR_DIE, "tls_key_file %s: %s", tls.key_file,
                         gnutls_strerror(code));
    }
    return true;
}

/* Whether the key is the certificate's own: a renewal may bring one file before the other. */
static bool pair_fits(const struct tls_pair *pair, struct error *error) {
    unsigned char certified[KEY_ID_SIZE];
    unsigned char owned[KEY_ID_SIZE];
    size_t certified_size = sizeof certified, owned_size = sizeof owned;
    gnutls_pubkey_t public_key = NULL;
    bool fits =
        gnutls_pubkey_init(&public_key) >= 0 &&
        gnutls_pubkey_import_privkey(public_key, pair->key, 0, 0) >= 0 &&
        gnutls_pubkey_get_key_id(public_key, GNUTLS_KEYID_USE_SHA256, owned, &owned_size) >= 0 &&
        gnutls_pubkey_get_key_id(pair->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, certified,
                                 &certified_size) >= 0 &&
        owned_size == certified_size && memcmp(owned, certified, owned_size) == 0;
    gnutls_pubkey_deinit(public_key);
    return fits || error_set(error, ERROR_DIE,
                             "the key in tls_key_file %s is not that of the certificate in %s",
                             tls.key_file, tls.certificate_file);
}

/* ---- pairs and the handshakes that use them ---- */

static void pairs_retired_free(void) {
    struct tls_pair **link = &tls.retired;
    while (*link != NULL) {
        struct tls_pair *pair = *link;
        if (tls.oldest != NULL && tls.oldest->number < pair->retired) {
            link = &pair->next;
            continue;
        }
        *link = pair->next;
        pair_free(pair);
    }
}

void tls_handshake_begin(struct tls_handshake *handshake) {
    *handshake = (struct tls_handshake){.previous = tls.newest, .number = ++tls.handshakes};
    if (tls.newest != NULL) {
        tls.newest->next = handshake;
    } else {
        tls.oldest = handshake;
    }
    tls.newest = handshake;
}

void tls_handshake_end(struct tls_handshake *handshake) {
    if (handshake->number == 0) {
        return;
    }
    if (handshake->previous != NULL) {
        handshake->previous->next = handshake->next;
    } else {
        tls.oldest = handshake->next;
    }
    if (handshake->next != NULL) {
        handshake->next->previous = handshake->previous;
    } else {
        tls.newest = handshake->previous;
    }
    *handshake = (struct tls_handshake){0};
    pairs_retired_free();
}

static void pair_retire(struct tls_pair *pair) {
    if (pair == NULL) {
        return;
    }
    pair->retired = tls.handshakes + 1;
    pair->next = tls.retired;
    tls.retired = pair;
    pairs_retired_free();
}

/* ---- reading them ---- */

static bool files_changed(struct timespec *certificate, struct timespec *key) {
    struct stat status;
    if (stat(tls.certificate_file, &status) == 0) {
        *certificate = status.st_mtim;
    }
    if (stat(tls.key_file, &status) == 0) {
        *key = status.st_mtim;
    }
    return memcmp(certificate, &tls.certificate_changed, sizeof *certificate) != 0 ||
           memcmp(key, &tls.key_changed, sizeof *key) != 0;
}

static bool tls_load(struct error *error) {
    files_changed(&tls.certificate_changed, &tls.key_changed);
    struct tls_pair *pair = allocate_zeroed(1, sizeof *pair);
    if (!pair_read(pair, error) || !pair_fits(pair, error)) {
        pair_free(pair);
        return false;
    }
    pair_retire(tls.current);
    tls.current = pair;
    return true;
}

bool tls_start(const char *certificate_file, const char *key_file, struct error *error) {
    gnutls_global_init();
    tls.certificate_file = certificate_file;
    tls.key_file = key_file;
    return tls_load(error);
}

void tls_refresh(void) {
    if (tls.current == NULL) {
        return;
    }
    struct timespec certificate = tls.certificate_changed;
    struct timespec key = tls.key_changed;
    struct error error;
    if (!files_changed(&certificate, &key)) {
        return;
    }
    if (tls_load(&error)) {
        log_info("read a new TLS certificate");
    } else {
        log_error("cannot use the new TLS certificate; going on with the old one",
                  LOG_TEXT("reason", error.message));
    }
}

void tls_stop(void) {
    tls.oldest = NULL; /* the server is gone, and its connections with it */
    pairs_retired_free();
    pair_free(tls.current);
    memset(&tls, 0, sizeof tls);
}

static int certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                                int authority_count, const gnutls_pk_algorithm_t *algorithms,
                                int algorithm_count, gnutls_pcert_st **chain, unsigned *chain_size,
                                gnutls_privkey_t *key) {
    (void)session, (void)authorities, (void)authority_count, (void)algorithms,
        (void)algorithm_count;
    if (tls.current == NULL) {
        return -1;
    }
    *chain = tls.current->chain;
    *chain_size = tls.current->chain_size;
    *key = tls.current->key;
    return 0;
}

void *tls_callback(void) {
    gnutls_certificate_retrieve_function2 *callback = certificate_retrieve;
    void *pointer;
    memcpy(&pointer, &callback, sizeof pointer); /* libmicrohttpd takes it as an object pointer */
    return pointer;
}
