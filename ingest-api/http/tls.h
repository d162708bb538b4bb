/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_TLS_H
#define SEATLOG_INGEST_API_HTTP_TLS_H

#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The certificate and key of the HTTP server. Read again when a file has changed, so that a renewed
 * certificate needs no restart; a pair that cannot be read, or of which the key does not fit the
 * certificate, leaves the one in use. One a process; HTTP thread only.
 *
 * A pair that was replaced lives on until every handshake that may have begun with it is over.
 */

/* A connection from its first byte to the end of its handshake; zeroed at first. */
struct tls_handshake {
    struct tls_handshake *previous;
    struct tls_handshake *next;
    uint64_t number; /* 0: over, or not begun */
};

/* Both may be called without TLS. end: once the handshake is over for certain, or the connection
 * is closed; nothing if it was called already. */
void tls_handshake_begin(struct tls_handshake *handshake);
void tls_handshake_end(struct tls_handshake *handshake);

/* PEM files: the certificate with its chain, and its private key. false: *error. */
bool tls_start(const char *certificate_file, const char *key_file, struct error *error);

/* Looks whether the files have changed; call it now and then. */
void tls_refresh(void);
void tls_stop(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
void *tls_callback(void);

#endif
