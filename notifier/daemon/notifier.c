/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: options, start, stop, and the hooks of the sink. */
#include "notifier/daemon/notifier.h"

#include "notifier/core/core.h"
#include "notifier/daemon/outbox.h"
#include "notifier/daemon/sender.h"
#include "notifier/smtp/message.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS ((int64_t)60 * 60 * 1000)

const struct config_option notifier_options[] = {
    {"smtp_server", CONFIG_TEXT, "localhost:25", 0, 0,
     "HOST:PORT of the mail server; with TLS its certificate must be for HOST"},
    {"smtp_tls", CONFIG_TEXT, "opportunistic", 0, 0,
     "STARTTLS: off, opportunistic (where the server offers it) or required"},
    {"smtp_ca_file", CONFIG_TEXT, "", 0, 0,
     "PEM file of the authorities that the server's certificate may be from; empty: the system's"},
    {"smtp_user", CONFIG_TEXT, "", 0, 0,
     "name to log in with (AUTH); empty: no login. Needs smtp_tls required or off"},
    {"smtp_password", CONFIG_SECRET, "", 0, 0, "password to log in with"},
    {"smtp_helo", CONFIG_TEXT, "", 0, 0, "own name in EHLO; empty: that of the machine"},
    {"smtp_connections", CONFIG_INTEGER, "2", 1, 64, "mails sent at the same time"},
    {"smtp_timeout_ms", CONFIG_INTEGER, "60000", 1000, 3600000,
     "patience with each answer of the server but the last"},
    {"smtp_accept_timeout_ms", CONFIG_INTEGER, "600000", 1000, 3600000,
     "patience with its answer to the whole message; too little means mails twice"},
    {"mail_from", CONFIG_TEXT, "Seatlog <tickets@localhost>", 0, 0,
     "sender of all mails, a mailbox; bounces go there too"},
    {"mail_reply_to", CONFIG_TEXT, "", 0, 0,
     "where answers should go, a mailbox; empty: nothing said"},
    {"issuer_name", CONFIG_TEXT, "Seatlog", 0, 0, "name at the top of a mail"},
    {"retry_s_max", CONFIG_INTEGER, "3600", 1, 86400,
     "longest pause between tries of a mail that the server put off"},
    {"unreachable_retry_s_max", CONFIG_INTEGER, "300", 1, 86400,
     "longest pause between tries while no server answers"},
    {"give_up_h", CONFIG_INTEGER, "120", 1, 8760, "after how long a mail is not tried any more"},
    {0}};

struct notifier {
    struct mail_senders *senders; /* woken when rows are committed */
    char *domain;                 /* of Message-IDs */
    struct arena arena;           /* of the record being handled */
};

static bool tls_parse(const struct config *config, enum mail_tls *tls, struct error *error) {
    static const char *const names[] = {[MAIL_TLS_OFF] = "off",
                                        [MAIL_TLS_OPPORTUNISTIC] = "opportunistic",
                                        [MAIL_TLS_REQUIRED] = "required"};
    const char *value = config_text(config, "smtp_tls");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], value) == 0) {
            *tls = (enum mail_tls)i;
            if (*tls == MAIL_TLS_OPPORTUNISTIC && config_text(config, "smtp_user")[0] != '\0') {
                return error_set(error, ERROR_DIE,
                                 "smtp_user needs smtp_tls = required, or off where nobody can "
                                 "listen: opportunistic would give the password to whoever takes "
                                 "STARTTLS out of the conversation");
            }
            return true;
        }
    }
    return error_set(error, ERROR_DIE, "smtp_tls is off, opportunistic or required, not %s", value);
}

static bool options_read(const struct config *config, struct mail_senders_options *options,
                         struct error *error) {
    *options = (struct mail_senders_options){
        .postgres_url = config_text(config, "postgres_url"),
        .relay = {.server = config_text(config, "smtp_server"),
                  .helo = config_text(config, "smtp_helo"),
                  .ca_file = config_text(config, "smtp_ca_file"),
                  .user = config_text(config, "smtp_user"),
                  .password = config_text(config, "smtp_password"),
                  .timeout_ms = (int)config_integer(config, "smtp_timeout_ms"),
                  .accept_timeout_ms = (int)config_integer(config, "smtp_accept_timeout_ms")},
        .writer = {.from = config_text(config, "mail_from"),
                   .reply_to = config_text(config, "mail_reply_to"),
                   .issuer = config_text(config, "issuer_name")},
        .threads = (int)config_integer(config, "smtp_connections"),
        .limits = {.retry_ms_max = (int)(config_integer(config, "retry_s_max") * 1000),
                   .unreachable_retry_ms_max =
                       (int)(config_integer(config, "unreachable_retry_s_max") * 1000),
                   .give_up_ms = config_integer(config, "give_up_h") * HOUR_MS},
    };
    if (options->writer.reply_to[0] != '\0') {
        char *address = mail_mailbox_address(options->writer.reply_to);
        if (address == NULL) {
            return error_set(error, ERROR_DIE, "mail_reply_to is not one mailbox: %s",
                             options->writer.reply_to);
        }
        free(address);
    }
    return tls_parse(config, &options->relay.tls, error);
}

bool notifier_start(struct daemon *daemon, struct error *error) {
    static bool mime_ready;
    if (!mime_ready) {
        g_mime_init();
        mime_ready = true;
    }
    struct mail_senders_options options;
    if (!options_read(daemon->config, &options, error)) {
        return false;
    }
    struct mail_senders *senders = mail_senders_new(&options, error);
    if (senders == NULL) {
        return false;
    }
    struct notifier *notifier = allocate_zeroed(1, sizeof(*notifier));
    char *address = mail_mailbox_address(options.writer.from);
    notifier->senders = senders;
    notifier->domain = text_duplicate(strchr(address, '@') + 1);
    free(address);
    daemon->state = notifier;
    return true;
}

void notifier_stop(struct daemon *daemon) {
    struct notifier *notifier = daemon->state;
    if (notifier == NULL) {
        return;
    }
    mail_senders_free(notifier->senders);
    arena_deinit(&notifier->arena);
    free(notifier->domain);
    free(notifier);
}

static bool notifier_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                            struct error *error) {
    struct notifier *notifier = daemon->state;
    struct mail mail;
    assert((record->event != NULL) != (record->tickets != NULL));
    arena_reset(&notifier->arena);
    if (record->event != NULL && record->event->kind == EVENT_SHOW_CANCELLED) {
        return mail_outbox_show_cancelled(pg, &record->event->as.head.show_id,
                                          record->event->as.show_cancelled.reason, error);
    }
    bool wanted = record->event != NULL
                      ? mail_core_of_event(record->event, &mail)
                      : mail_core_of_tickets(record->tickets, &notifier->arena, &mail);
    if (!wanted) {
        return true;
    }
    log_trace_set(record->traceparent);
    bool added = mail_outbox_add(pg, &mail, notifier->domain, error);
    log_trace_set(NULL);
    return added;
}

static void notifier_committed(struct daemon *daemon) {
    struct notifier *notifier = daemon->state;
    mail_senders_wake(notifier->senders);
}

static const char *const topics[] = {TOPIC_EVENTS, TOPIC_TICKETS, NULL};

const struct sink_spec notifier_sink = {
    .topics = topics,
    .handle = notifier_handle,
    .committed = notifier_committed,
};
