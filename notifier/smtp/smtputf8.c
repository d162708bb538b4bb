/* SPDX-License-Identifier: Apache-2.0 */
/* One mail to an address that needs SMTPUTF8, over libcurl. */
#include "notifier/smtp/smtputf8.h"

#include "notifier/smtp/redact.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define REPLY_SIZE 256

struct session {
    const struct mail_relay_options *options;
    struct text message;
    size_t sent;        /* bytes of the message given to the library */
    bool message_given; /* to its end */
    bool offered;       /* SMTPUTF8, in answer to the last EHLO */
    bool missing;       /* it was not, and so we stopped */
    bool mail_begun;    /* MAIL was said: answers are about this mail */
    bool quitting;      /* QUIT was said: they no longer are */
    int64_t heard_at_ms;
    char reply[REPLY_SIZE]; /* last line of the server */
};

bool mail_smtputf8_start(struct error *error) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ||
           error_set(error, ERROR_DIE, "libcurl does not start");
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t message_read(char *out, size_t size, size_t count, void *argument) {
    struct session *session = argument;
    size_t left = session->message.size - session->sent, room = size * count;
    size_t taken = left < room ? left : room;
    memcpy(out, session->message.data + session->sent, taken);
    session->sent += taken;
    session->message_given = taken == 0;
    session->heard_at_ms = now_ms();
    return taken;
}

static void reply_heard(struct session *session, const char *line, size_t size) {
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r')) {
        size--;
    }
    snprintf(session->reply, sizeof(session->reply), "%.*s", (int)size, line);
    session->heard_at_ms = now_ms();
    static const char keyword[] = "SMTPUTF8";
    if (size >= 4 + sizeof(keyword) - 1 &&
        strncasecmp(line + 4, keyword, sizeof(keyword) - 1) == 0 &&
        (size == 4 + sizeof(keyword) - 1 || line[4 + sizeof(keyword) - 1] == ' ')) {
        session->offered = true;
    }
}

static int line_seen(CURL *curl, curl_infotype kind, char *line, size_t size, void *argument) {
    struct session *session = argument;
    (void)curl;
    if (kind == CURLINFO_HEADER_IN && !session->quitting) {
        reply_heard(session, line, size);
    } else if (kind == CURLINFO_HEADER_OUT && size >= 5) {
        session->offered &= strncmp(line, "EHLO ", 5) != 0;
        session->mail_begun |= strncmp(line, "MAIL ", 5) == 0;
        session->quitting |= strncmp(line, "QUIT", 4) == 0;
    }
    return 0;
}

/* After EHLO, STARTTLS and AUTH, before MAIL; its type is libcurl's. NOLINTNEXTLINE(readability-non-const-parameter) */
static int mail_may_begin(void *argument, char *peer, char *local, int peer_port, int local_port) {
    struct session *session = argument;
    (void)peer, (void)local, (void)peer_port, (void)local_port;
    session->missing = !session->offered;
    return session->missing ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* libcurl has one patience for every answer; ours is shorter until the message was given. */
static int patience_ends(void *argument, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const struct session *session = argument;
    (void)a, (void)b, (void)c, (void)d;
    int limit_ms =
        session->message_given ? session->options->accept_timeout_ms : session->options->timeout_ms;
    return now_ms() - session->heard_at_ms > limit_ms ? 1 : 0;
}

static void tls_set(CURL *curl, const struct mail_relay_options *options) {
    static const long levels[] = {[MAIL_TLS_OFF] = CURLUSESSL_NONE,
                                  [MAIL_TLS_OPPORTUNISTIC] = CURLUSESSL_TRY,
                                  [MAIL_TLS_REQUIRED] = CURLUSESSL_ALL};
    curl_easy_setopt(curl, CURLOPT_USE_SSL, levels[options->tls]);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->ca_file[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

static void options_set(CURL *curl, struct session *session) {
    const struct mail_relay_options *options = session->options;
    long patience_s = options->accept_timeout_ms / 1000 + 1;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, patience_s);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, patience_ends);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, session);
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, line_seen);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, session);
    curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, mail_may_begin);
    curl_easy_setopt(curl, CURLOPT_PREREQDATA, session);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, message_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, session);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)session->message.size);
    if (options->user[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_USERNAME, options->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, options->password);
    }
    tls_set(curl, options);
}

static struct curl_slist *envelope_set(CURL *curl, const struct mail_relay_options *options,
                                       const char *reverse_path, const char *recipient) {
    char url[1024], sender[512], receiver[512];
    snprintf(url, sizeof(url), "smtp://%s/%s", options->server, options->helo);
    snprintf(sender, sizeof(sender), "<%s>", reverse_path);
    snprintf(receiver, sizeof(receiver), "<%s>", recipient);
    struct curl_slist *recipients = curl_slist_append(NULL, receiver);
    if (recipients == NULL) {
        die("out of memory while a mail is sent");
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, sender);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    return recipients;
}

/* A refusal that is about us and not about the mail is no reason to give up. */
static bool code_is_final(int code) {
    return code >= 500 && code <= 599 && code != 530 && code != 534 && code != 535 && code != 538;
}

static void result_fill(const struct session *session, CURLcode status, const char *recipient,
                        struct mail_result *result) {
    int code = session->mail_begun ? atoi(session->reply) : 0;
    char words[512];
    if (status == CURLE_OK) {
        result->outcome = MAIL_SENT;
        result->code = code;
        snprintf(words, sizeof(words), "%s", session->reply);
    } else if (session->missing) {
        result->outcome = MAIL_REFUSED;
        result->smtputf8_missing = true;
        snprintf(words, sizeof(words), "the server does not offer SMTPUTF8");
    } else if (code >= 400) {
        result->outcome = code_is_final(code) ? MAIL_REFUSED : MAIL_RETRY;
        result->code = code;
        snprintf(words, sizeof(words), "%s", session->reply);
    } else {
        result->outcome = MAIL_RETRY;
        snprintf(words, sizeof(words), "%s%s%s", curl_easy_strerror(status),
                 session->reply[0] != '\0' ? "; last heard: " : "", session->reply);
    }
    mail_redact(words, recipient, result->answer, sizeof(result->answer));
}

struct mail_result mail_smtputf8_send(const struct mail_relay_options *options,
                                      const char *reverse_path, const char *recipient,
                                      struct text message, mail_settled *settled, void *context) {
    struct session session = {.options = options, .message = message, .heard_at_ms = now_ms()};
    struct mail_result result = {.outcome = MAIL_RETRY};
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        die("out of memory while a mail is sent");
    }
    options_set(curl, &session);
    struct curl_slist *recipients = envelope_set(curl, options, reverse_path, recipient);
    CURLcode status = curl_easy_perform(curl);
    result_fill(&session, status, recipient, &result);
    if (settled != NULL) {
        settled(context, &result); /* before QUIT, where a server may stall */
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(recipients);
    return result;
}
