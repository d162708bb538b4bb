/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_TLS_H
#define SEATLOG_INGEST_TLS_H

#include "runtime/error.h"

#include <stdbool.h>

/*
 * The certificate and key of the HTTP server. Read again when a file has changed, so that a renewed
 * certificate needs no restart; a pair that cannot be read leaves the one in use. One a process;
 * HTTP thread only.
 */

/* PEM files: the certificate with its chain, and its private key. false: *error. */
bool tls_start(const char *certificate_file, const char *key_file, struct error *error);

/* Looks whether the files have changed; call it now and then. */
void tls_refresh(void);
void tls_stop(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
void *tls_callback(void);

#endif
