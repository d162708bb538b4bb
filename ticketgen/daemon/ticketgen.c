/* SPDX-License-Identifier: Apache-2.0 */
#include "ticketgen/daemon/ticketgen.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/kafka/kafka.h"
#include "runtime/pg/pg.h"
#include "seatlog_codec.h"
#include "ticketgen/core/core.h"
#include "ticketgen/daemon/key_file.h"
#include "ticketgen/daemon/store.h"
#include "ticketgen/page/pdf.h"
#include "ticketgen/page/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PURGE_INTERVAL_MS (10 * 60 * 1000)
#define PURGE_AGAIN_MS 200 /* as long as a round finds something */

const struct config_option ticketgen_options[] = {
    {"signing_key_file", CONFIG_TEXT, NULL, 0, 0,
     "File with the Ed25519 seed that tickets are signed with; made if missing"},
    {"issuer_name", CONFIG_TEXT, "Seatlog", 0, 0, "Name at the top of a ticket"},
    {"transaction_records_max", CONFIG_INTEGER, "20000", 1, 1000000,
     "Most records of one Kafka transaction"},
    {"transaction_timeout_ms", CONFIG_INTEGER, "60000", 1000, 900000,
     "After how long the broker aborts a transaction whose process is gone for good; an order of "
     "a hundred tickets takes seconds to draw"},
    {"session_timeout_ms", CONFIG_INTEGER, "10000", 1000, 1800000,
     "After how long without a heartbeat partitions go to another instance"},
    {0}};

struct ticketgen {
    struct pg *pg;
    struct ticket_key key;
    struct codec *codec;
    struct arena arena; /* of the record being handled */
    const char *issuer;
    char source[96];
    int64_t purge_at_ms;

    struct metric *issued;
    struct metric *revoked;
    struct metric *told_again;
    struct metric *duplicates;
    struct metric *missing;
    struct metric *purged;
    struct metric *rendering;
};

static void metrics_register(struct ticketgen *ticketgen) {
    ticketgen->issued = metrics_counter("seatlog_tickets_issued_total", NULL, "Tickets issued");
    ticketgen->revoked =
        metrics_counter("seatlog_tickets_revoked_total", NULL, "Tickets made void");
    ticketgen->told_again =
        metrics_counter("seatlog_ticket_orders_told_again_total", NULL,
                        "Events read again after a crash or an aborted transaction");
    ticketgen->duplicates = metrics_counter("seatlog_ticket_duplicates_total", NULL,
                                            "Events whose fact another event had told before");
    ticketgen->missing =
        metrics_counter("seatlog_ticket_characters_missing_total", NULL,
                        "Characters shown as U+FFFD in PDFs, since no font has them");
    ticketgen->purged = metrics_counter("seatlog_ticket_documents_purged_total", NULL,
                                        "PDFs removed 90 days after their show");
    ticketgen->rendering = metrics_histogram("seatlog_ticket_rendering_duration_seconds", NULL,
                                             "Drawing all PDFs of an order");
}

static bool key_open(struct ticketgen *ticketgen, const struct config *config,
                     struct error *error) {
    bool created = false;
    const char *path = config_text(config, "signing_key_file");
    if (!ticket_key_file_load(path, &ticketgen->key, &created, error)) {
        return false;
    }
    if (created) {
        log_warning("a new signing key was made", LOG_TEXT("file", path));
    }
    return ticket_store_key_add(ticketgen->pg, &ticketgen->key, error);
}

static void ticketgen_free(struct ticketgen *ticketgen) {
    pg_free(ticketgen->pg);
    codec_free(ticketgen->codec);
    arena_deinit(&ticketgen->arena);
    sodium_memzero(&ticketgen->key, sizeof(ticketgen->key));
    free(ticketgen);
}

bool ticketgen_start(struct daemon *daemon, struct error *error) {
    const char *script = NULL;
    if (sodium_init() < 0) {
        return error_set(error, ERROR_DIE, "libsodium does not start");
    }
    if (!page_text_fonts_check(&script)) {
        return error_set(error, ERROR_DIE,
                         "no font can write %s: install fonts-noto-core, fonts-noto-cjk and "
                         "fonts-noto-color-emoji",
                         script);
    }
    struct ticketgen *ticketgen = allocate_zeroed(1, sizeof(*ticketgen));
    ticketgen->pg = pg_new(config_text(daemon->config, "postgres_url"), daemon->name);
    ticketgen->codec = codec_new();
    ticketgen->issuer = config_text(daemon->config, "issuer_name");
    snprintf(ticketgen->source, sizeof(ticketgen->source), "%s/%s", daemon->name, daemon->instance);
    if (!key_open(ticketgen, daemon->config, error)) {
        ticketgen_free(ticketgen);
        return false;
    }
    metrics_register(ticketgen);
    daemon->state = ticketgen;
    return true;
}

void ticketgen_stop(struct daemon *daemon) {
    if (daemon->state != NULL) {
        ticketgen_free(daemon->state);
    }
    page_text_fonts_release();
}

/* The name of ce_id: the same fact told again has the same id. */
static void record_produce(struct ticketgen *ticketgen, struct transaction *transaction,
                           const struct transaction_record *record,
                           const struct ticket_record *answer, const char *name) {
    const struct uuid *show_id = answer->kind == TICKET_RECORD_TICKETS_ISSUED
                                     ? &answer->as.tickets_issued.show_id
                                     : &answer->as.tickets_revoked.show_id;
    const struct uuid *order_id = answer->kind == TICKET_RECORD_TICKETS_ISSUED
                                      ? &answer->as.tickets_issued.order_id
                                      : &answer->as.tickets_revoked.order_id;
    struct kafka_envelope envelope;
    kafka_headers_read(record->message, &envelope);
    char type[64], key[UUID_TEXT_SIZE], parent[sizeof(envelope.traceparent)];
    snprintf(type, sizeof(type), "seatlog.tickets.%s", name);
    memcpy(parent, envelope.traceparent, sizeof(parent));
    if (parent[0] != '\0') {
        traceparent_child(parent, envelope.traceparent);
    }
    envelope.type = type;
    envelope.source = ticketgen->source;
    envelope.id = uuid_named(order_id, name, strlen(name));
    uuid_format(show_id, key);
    const struct transaction_output output = {
        .topic = TOPIC_TICKETS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = {(const uint8_t *)key, UUID_TEXT_SIZE - 1},
        .value = codec_ticket_record_encode(ticketgen->codec, answer),
        .headers = kafka_headers_new(&envelope, show_id),
    };
    transaction_produce(transaction, record->partition, &output);
}

/* One PDF of the whole order and one of each ticket: documents has place for all. */
static bool documents_render(struct ticketgen *ticketgen,
                             const struct ticket_tickets_issued *issued,
                             struct ticket_document *documents, struct error *error) {
    size_t count = issued->tickets.count, missing = 0;
    int64_t begin_ms = clock_monotonic_ms();
    documents[0].document_id = issued->order_id;
    bool rendered =
        ticket_pdf_render(issued, 0, count, ticketgen->issuer, &documents[0].pdf, &missing, error);
    for (size_t i = 0; rendered && i < count; i++) {
        documents[i + 1].document_id = issued->tickets.items[i].ticket_id;
        rendered =
            ticket_pdf_render(issued, i, 1, ticketgen->issuer, &documents[i + 1].pdf, NULL, error);
    }
    metric_observe_ms(ticketgen->rendering, (double)(clock_monotonic_ms() - begin_ms));
    if (missing > 0) {
        metric_add(ticketgen->missing, (int64_t)missing);
        log_warning("characters that no font has are shown as U+FFFD on a ticket",
                    LOG_UUID("order_id", &issued->order_id),
                    LOG_INTEGER("characters", (int64_t)missing));
    }
    return rendered;
}

static bool order_store(struct ticketgen *ticketgen, const struct ticket_position *position,
                        const struct ticket_tickets_issued *issued, bool *added,
                        struct error *error) {
    size_t count = issued->tickets.count + 1;
    struct ticket_document *documents = allocate_zeroed(count, sizeof(*documents));
    bool stored = documents_render(ticketgen, issued, documents, error) &&
                  ticket_store_issue_add(ticketgen->pg, position, issued, documents, count,
                                         ticket_core_purge_at_ms(&issued->summary), added, error);
    for (size_t i = 0; i < count; i++) {
        buffer_deinit(&documents[i].pdf);
    }
    free(documents);
    return stored;
}

static bool sold_handle(struct ticketgen *ticketgen, struct transaction *transaction,
                        const struct transaction_record *record, const struct event_sold *sold,
                        struct error *error) {
    const struct ticket_position position = {record->partition, record->offset};
    struct ticket_record answer = {.kind = TICKET_RECORD_TICKETS_ISSUED};
    struct ticket_tickets_issued *issued = &answer.as.tickets_issued;
    const char *reason = NULL;
    enum ticket_known known = TICKET_KNOWN_NOT;
    bool added = false;
    if (!ticket_core_issue(sold, &ticketgen->key, &ticketgen->arena, issued, &reason)) {
        return error_set(error, ERROR_PARK, "%s", reason);
    }
    if (!ticket_store_issue_find(ticketgen->pg, &position, &ticketgen->arena, issued, &known,
                                 error)) {
        return false;
    }
    if (known == TICKET_KNOWN_CALLED_OFF) {
        log_info("the order was cancelled before: no tickets",
                 LOG_UUID("order_id", &issued->order_id));
        return true;
    }
    if (known == TICKET_KNOWN_NOT) {
        if (!order_store(ticketgen, &position, issued, &added, error)) {
            return false;
        }
        if (!added) { /* somebody else was faster: what they stored is what counts */
            return error_set(error, ERROR_RETRY, "another process is issuing the same order");
        }
    }
    if (known == TICKET_KNOWN_OTHER) {
        metric_add(ticketgen->duplicates, 1);
        log_warning("the order was told before: no second tickets",
                    LOG_UUID("order_id", &issued->order_id), LOG_INTEGER("offset", record->offset));
        return true;
    }
    record_produce(ticketgen, transaction, record, &answer, "TicketsIssued");
    metric_add(known == TICKET_KNOWN_SAME ? ticketgen->told_again : ticketgen->issued,
               known == TICKET_KNOWN_SAME ? 1 : (int64_t)issued->tickets.count);
    log_info(known == TICKET_KNOWN_SAME ? "tickets told again" : "tickets issued",
             LOG_UUID("order_id", &issued->order_id),
             LOG_INTEGER("tickets", (int64_t)issued->tickets.count));
    return true;
}

static bool cancelled_handle(struct ticketgen *ticketgen, struct transaction *transaction,
                             const struct transaction_record *record,
                             const struct event_order_cancelled *cancelled, struct error *error) {
    const struct ticket_position position = {record->partition, record->offset};
    struct ticket_record answer = {.kind = TICKET_RECORD_TICKETS_REVOKED};
    struct ticket_tickets_revoked *revoked = &answer.as.tickets_revoked;
    enum ticket_known known = TICKET_KNOWN_NOT;
    bool issued = false;
    ticket_core_revoke(cancelled, &ticketgen->arena, revoked);
    if (!ticket_store_revoke(ticketgen->pg, &position, revoked, &known, &issued, error)) {
        return false;
    }
    if (!issued) { /* called off while its capture was on the way: it never had tickets */
        return true;
    }
    if (known == TICKET_KNOWN_OTHER) {
        metric_add(ticketgen->duplicates, 1);
        return true;
    }
    record_produce(ticketgen, transaction, record, &answer, "TicketsRevoked");
    metric_add(known == TICKET_KNOWN_SAME ? ticketgen->told_again : ticketgen->revoked,
               known == TICKET_KNOWN_SAME ? 1 : (int64_t)revoked->ticket_ids.count);
    log_info("tickets revoked", LOG_UUID("order_id", &revoked->order_id),
             LOG_INTEGER("tickets", (int64_t)revoked->ticket_ids.count));
    return true;
}

bool ticketgen_handle(struct daemon *daemon, struct transaction *transaction,
                      const struct transaction_record *record, struct error *error) {
    struct ticketgen *ticketgen = daemon->state;
    struct event event;
    struct text reason = {0};
    arena_reset(&ticketgen->arena);
    if (!codec_event_decode(ticketgen->codec, &ticketgen->arena, record->value, &event, &reason)) {
        return error_set(error, ERROR_PARK, "undecodable: %.*s", TEXT_FORMAT(reason));
    }
    if (event.kind != EVENT_SOLD && event.kind != EVENT_ORDER_CANCELLED) {
        return true;
    }
    struct kafka_envelope envelope;
    kafka_headers_read(record->message, &envelope);
    log_trace_set(envelope.traceparent);
    bool handled =
        event.kind == EVENT_SOLD
            ? sold_handle(ticketgen, transaction, record, &event.as.sold, error)
            : cancelled_handle(ticketgen, transaction, record, &event.as.order_cancelled, error);
    log_trace_set(NULL);
    return handled;
}

int ticketgen_turn(struct daemon *daemon, struct transaction *transaction) {
    (void)transaction;
    struct ticketgen *ticketgen = daemon->state;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= ticketgen->purge_at_ms) {
        int64_t purged = 0;
        struct error error = {0};
        if (!ticket_store_documents_purge(ticketgen->pg, &purged, &error)) {
            log_warning("old documents can not be removed now", LOG_TEXT("reason", error.message));
        }
        metric_add(ticketgen->purged, purged);
        ticketgen->purge_at_ms = now_ms + (purged > 0 ? PURGE_AGAIN_MS : PURGE_INTERVAL_MS);
    }
    return (int)(ticketgen->purge_at_ms - now_ms);
}

struct pg *ticketgen_letters(struct daemon *daemon) {
    struct ticketgen *ticketgen = daemon->state;
    return ticketgen->pg;
}
