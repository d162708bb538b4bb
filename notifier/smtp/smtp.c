/* SPDX-License-Identifier: Apache-2.0 */
/* One mail to one SMTP server, over libesmtp. */
#include "notifier/smtp/smtp.h"

#include "notifier/smtp/redact.h"
#include "notifier/smtp/smtputf8.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <auth-client.h>
#include <libesmtp.h>

/*
 * What libesmtp 1.1 is like, and what follows:
 *
 * - Without smtp_starttls_set_ctx it shares one SSL_CTX that the first session frees: every session
 * gets ours, which is counted.
 * - With TLS 1.3 one session in ten hangs until it times out: the server's session tickets
 * make the socket readable before EHLO is flushed, the library reads on for an answer to what it
 * has not sent. So: TLS 1.2, where tickets are part of the handshake.
 * - It looks for client certificates below the home folder, and fails where that cannot be read:
 * it is pointed to nowhere.
 * - smtp_start_session() = 1 means that a server answered, not what.
 * - With CHUNKING the transfer status holds the answer to every chunk: a connection lost in the
 * middle would look like success. SMTP_EV_MESSAGESENT comes after the last one only.
 * - After a refused AUTH it goes on without, and the server refuses sender or recipient: not the
 * mail's fault.
 * - It tells nobody what the server said before MAIL: we listen ourselves.
 * - It cannot say SMTPUTF8: notifier/smtp/smtputf8.c does.
 */
struct mail_relay {
    const struct mail_relay_options *options;
    SSL_CTX *tls;
};

struct exchange {
    const struct mail_relay *relay;
    const char *address; /* of the recipient */
    smtp_message_t message;
    smtp_recipient_t recipient;
    struct text content;
    bool content_given; /* to the library */
    bool content_begun; /* to the server */
    bool settled_called;
    bool authenticated;
    struct mail_result result;
    char last_line[256]; /* of the server */
    char trouble[128];   /* with TLS */
    mail_settled *settled;
    void *context;
};

struct mail_relay *mail_relay_new(const struct mail_relay_options *options, struct error *error) {
    if (!mail_smtputf8_start(error)) {
        return NULL;
    }
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL) {
        error_set(error, ERROR_DIE, "TLS cannot be set up");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
    bool loaded = options->ca_file[0] != '\0' ? SSL_CTX_load_verify_file(tls, options->ca_file) == 1
                                              : SSL_CTX_set_default_verify_paths(tls) == 1;
    if (!loaded) {
        error_set(error, ERROR_DIE, "smtp_ca_file %s: %s", options->ca_file,
                  ERR_reason_error_string(ERR_peek_last_error()));
        SSL_CTX_free(tls);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    setenv("XDG_CONFIG_DIR", "/nonexistent", 1);
    auth_client_init();
    struct mail_relay *relay = allocate_zeroed(1, sizeof(*relay));
    relay->options = options;
    relay->tls = tls;
    return relay;
}

void mail_relay_free(struct mail_relay *relay) {
    if (relay != NULL) {
        SSL_CTX_free(relay->tls);
        free(relay);
    }
}

/* libesmtp asks for the whole message from its beginning (length NULL), then block by block. */
static const char *content_read(void **context, int *length, void *argument) {
    struct exchange *exchange = argument;
    (void)context;
    if (length == NULL) {
        exchange->content_given = false;
        return NULL;
    }
    *length = exchange->content_given ? 0 : (int)exchange->content.size;
    exchange->content_given = true;
    return *length > 0 ? exchange->content.data : NULL;
}

/* What the server says; what we say may hold a password. */
static void line_heard(const char *octets, int size, int writing, void *argument) {
    struct exchange *exchange = argument;
    if (writing != SMTP_CB_READING || size <= 0) {
        return;
    }
    /* Of all that came at once the last whole line. */
    int end = size;
    while (end > 0 && (octets[end - 1] == '\n' || octets[end - 1] == '\r')) {
        end--;
    }
    int begin = end;
    while (begin > 0 && octets[begin - 1] != '\n') {
        begin--;
    }
    if (end > begin) {
        snprintf(exchange->last_line, sizeof(exchange->last_line), "%.*s", end - begin,
                 octets + begin);
        exchange->authenticated |= strncmp(exchange->last_line, "235", 3) == 0;
    }
}

static void answer_set(struct exchange *exchange, const char *words) {
    struct mail_result *result = &exchange->result;
    mail_redact(words, exchange->address, result->answer, sizeof(result->answer));
}

/* Who we are is the trouble, not the mail: 530, 534, 535, 538, and any refusal to a stranger that
 * we should not have been. */
static bool is_about_us(const struct exchange *exchange, int code) {
    bool stranger = exchange->relay->options->user[0] != '\0' && !exchange->authenticated;
    return stranger || code == 530 || code == 534 || code == 535 || code == 538;
}

static void result_from(struct exchange *exchange, enum mail_outcome outcome,
                        const smtp_status_t *status) {
    char words[512];
    exchange->result.outcome = outcome;
    exchange->result.code = status->code;
    exchange->result.about_us = outcome == MAIL_RETRY && is_about_us(exchange, status->code);
    const char *text = status->text != NULL ? status->text : "";
    size_t size = strcspn(text, "\r\n");
    if (status->enh_class != 0) {
        snprintf(words, sizeof(words), "%d %d.%d.%d %.*s", status->code, status->enh_class,
                 status->enh_subject, status->enh_detail, (int)size, text);
    } else {
        snprintf(words, sizeof(words), "%d %.*s", status->code, (int)size, text);
    }
    answer_set(exchange, words);
}

static enum mail_outcome outcome_of(const struct exchange *exchange, int code) {
    return code >= 500 && code <= 599 && !is_about_us(exchange, code) ? MAIL_REFUSED : MAIL_RETRY;
}

static bool is_success(const smtp_status_t *status) {
    return status != NULL && status->code >= 200 && status->code <= 299;
}

/* In the order in which the server says it: sender, recipient, message. */
static void exchange_classify(struct exchange *exchange, bool answered) {
    const smtp_status_t *sender = smtp_reverse_path_status(exchange->message);
    const smtp_status_t *recipient = smtp_recipient_status(exchange->recipient);
    const smtp_status_t *transfer = smtp_message_transfer_status(exchange->message);
    struct mail_result *result = &exchange->result;
    if (sender != NULL && sender->code >= 400) {
        result_from(exchange, outcome_of(exchange, sender->code), sender);
    } else if (recipient != NULL && recipient->code >= 400) {
        result_from(exchange, outcome_of(exchange, recipient->code), recipient);
    } else if (transfer != NULL && transfer->code >= 400) {
        result_from(exchange, outcome_of(exchange, transfer->code), transfer);
    } else if (answered && exchange->content_begun && is_success(recipient) &&
               is_success(transfer)) {
        result_from(exchange, MAIL_SENT, transfer);
    } else {
        result->outcome = MAIL_RETRY;
        result->code = 0;
    }
}

static void exchange_settle(struct exchange *exchange) {
    if (!exchange->settled_called && exchange->settled != NULL) {
        exchange->settled_called = true;
        exchange->settled(exchange->context, &exchange->result);
    }
}

static void event_happened(smtp_session_t session, int event, void *argument, ...) {
    struct exchange *exchange = argument;
    (void)session;
    va_list arguments;
    va_start(arguments, argument);
    switch (event) {
    case SMTP_EV_MESSAGEDATA:
        exchange->content_begun = true;
        break;
    case SMTP_EV_MESSAGESENT:
        exchange_classify(exchange, true);
        if (exchange->result.outcome != MAIL_RETRY || exchange->result.code != 0) {
            exchange_settle(exchange);
        }
        break;
    case SMTP_EV_INVALID_PEER_CERTIFICATE:
        snprintf(exchange->trouble, sizeof(exchange->trouble), "the server's certificate: %s",
                 X509_verify_cert_error_string(va_arg(arguments, long)));
        break;
    case SMTP_EV_WRONG_PEER_CERTIFICATE:
        snprintf(exchange->trouble, sizeof(exchange->trouble),
                 "the server's certificate is for another name");
        break;
    case SMTP_EV_NO_PEER_CERTIFICATE:
        snprintf(exchange->trouble, sizeof(exchange->trouble), "the server has no certificate");
        break;
    case SMTP_EV_EXTNA_STARTTLS:
        snprintf(exchange->trouble, sizeof(exchange->trouble),
                 "the server does not offer STARTTLS, which is required");
        break;
    default:
        break;
    }
    va_end(arguments);
}

static int credentials_give(auth_client_request_t request, char **result, int fields,
                            void *argument) {
    const struct mail_relay_options *options = argument;
    for (int i = 0; i < fields; i++) {
        if ((request[i].flags & AUTH_PASS) != 0) {
            result[i] = (char *)options->password;
        } else if ((request[i].flags & AUTH_USER) != 0) {
            result[i] = (char *)options->user;
        } else {
            result[i] = NULL; /* realm */
        }
    }
    return 1;
}

static void timeouts_set(smtp_session_t session, const struct mail_relay_options *options) {
    static const int all[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA, Timeout_TRANSFER};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        smtp_set_timeout(session, all[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, options->timeout_ms);
    }
    smtp_set_timeout(session, Timeout_DATA2 | Timeout_OVERRIDE_RFC2822_MINIMUM,
                     options->accept_timeout_ms);
}

static bool session_prepare(smtp_session_t session, struct exchange *exchange,
                            const char *reverse_path, const char *recipient) {
    const struct mail_relay *relay = exchange->relay;
    const struct mail_relay_options *options = relay->options;
    static const int tls[] = {[MAIL_TLS_OFF] = Starttls_DISABLED,
                              [MAIL_TLS_OPPORTUNISTIC] = Starttls_ENABLED,
                              [MAIL_TLS_REQUIRED] = Starttls_REQUIRED};
    if (!smtp_set_server(session, options->server) ||
        (options->helo[0] != '\0' && !smtp_set_hostname(session, options->helo)) ||
        !smtp_starttls_set_ctx(session, relay->tls) ||
        !smtp_starttls_enable(session, (enum starttls_option)tls[options->tls]) ||
        !smtp_set_eventcb(session, event_happened, exchange) ||
        !smtp_set_monitorcb(session, line_heard, exchange, 0)) {
        return false;
    }
    timeouts_set(session, options);
    exchange->message = smtp_add_message(session);
    return exchange->message != NULL && smtp_set_reverse_path(exchange->message, reverse_path) &&
           smtp_set_messagecb(exchange->message, content_read, exchange) &&
           (exchange->recipient = smtp_add_recipient(exchange->message, recipient)) != NULL;
}

/* Why there was no answer about the mail. */
static void trouble_tell(struct exchange *exchange) {
    char words[96] = "";
    int cause = smtp_errno();
    const char *reason = cause != 0 ? smtp_strerror(cause, words, sizeof(words)) : NULL;
    if (exchange->trouble[0] != '\0') {
        reason = exchange->trouble;
    }
    char line[512];
    snprintf(line, sizeof(line), "%s%s%s", reason != NULL ? reason : "no answer",
             exchange->last_line[0] != '\0' ? "; last heard: " : "", exchange->last_line);
    answer_set(exchange, line);
}

static void session_run(smtp_session_t session, struct exchange *exchange, const char *reverse_path,
                        const char *recipient) {
    const struct mail_relay_options *options = exchange->relay->options;
    auth_context_t authentication = NULL;
    if (options->user[0] != '\0') {
        authentication = auth_create_context();
        auth_set_mechanism_flags(authentication, AUTH_PLUGIN_PLAIN, 0);
        auth_set_interact_cb(authentication, credentials_give, (void *)options);
        smtp_auth_set_context(session, authentication);
    }
    if (session_prepare(session, exchange, reverse_path, recipient)) {
        smtp_start_session(session);
        if (!exchange->settled_called) {
            exchange_classify(exchange, exchange->result.outcome == MAIL_SENT);
        }
    }
    if (exchange->result.outcome == MAIL_RETRY && exchange->result.code == 0) {
        trouble_tell(exchange);
    }
    if (authentication != NULL) {
        smtp_auth_set_context(session, NULL);
        auth_destroy_context(authentication);
    }
}

struct mail_result mail_relay_send(struct mail_relay *relay, const char *reverse_path,
                                   const char *recipient, bool smtputf8, struct text message,
                                   mail_settled *settled, void *context) {
    if (smtputf8) {
        return mail_smtputf8_send(relay->options, reverse_path, recipient, message, settled,
                                  context);
    }
    struct exchange exchange = {
        .relay = relay,
        .address = recipient,
        .content = message,
        .result = {.outcome = MAIL_RETRY},
        .settled = settled,
        .context = context,
    };
    smtp_session_t session = smtp_create_session();
    if (session == NULL) {
        snprintf(exchange.result.answer, sizeof(exchange.result.answer), "no SMTP session");
    } else {
        session_run(session, &exchange, reverse_path, recipient);
        smtp_destroy_session(session);
    }
    ERR_clear_error();
    exchange_settle(&exchange);
    return exchange.result;
}
