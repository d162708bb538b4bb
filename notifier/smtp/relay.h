/* SPDX-License-Identifier: Apache-2.0 */
/* The server that takes our mails, and how it is spoken to, whichever library does it. */
#ifndef SEATLOG_NOTIFIER_SMTP_RELAY_H
#define SEATLOG_NOTIFIER_SMTP_RELAY_H

#include "notifier/core/verdict.h"

enum mail_tls {
    MAIL_TLS_OFF,
    MAIL_TLS_OPPORTUNISTIC, /* STARTTLS where the server offers it, and then its name must be right
                             */
    MAIL_TLS_REQUIRED       /* nothing is sent without */
};

struct mail_relay_options {
    const char *server; /* HOST:PORT; a certificate must be for HOST by name */
    const char *helo;   /* name in EHLO; empty: the machine's */
    enum mail_tls tls;
    const char *ca_file; /* PEM; empty: the system's authorities */
    const char *user;    /* empty: no AUTH */
    const char *password;
    int timeout_ms;        /* for each answer but the last */
    int accept_timeout_ms; /* for the answer to the whole message (RFC 5321 §4.5.3.2.6: 10 minutes)
                            */
};

/* Called once for each mail, with what has become of it. */
typedef void mail_settled(void *context, const struct mail_result *result);

#endif
