/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_tls.h"

#include "runtime/log.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TLS_CHAIN_MAX 8

struct tls_pair {
    gnutls_pcert_st chain[TLS_CHAIN_MAX];
    unsigned chain_size;
    gnutls_privkey_t key;
};

/* A handshake may still be at the pair before the current one, hardly at the one before that. */
static struct {
    const char *certificate_file;
    const char *key_file;
    struct timespec certificate_changed;
    struct timespec key_changed;
    struct tls_pair *current;
    struct tls_pair *previous;
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
    if (!pair_read(pair, error)) {
        pair_free(pair);
        return false;
    }
    pair_free(tls.previous);
    tls.previous = tls.current;
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
    pair_free(tls.previous);
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
