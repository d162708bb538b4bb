/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to its record on seatlog.tickets: PostgreSQL first, then Kafka. */
#include "ticketgen/daemon/handler.h"

#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "ticketgen/core/core.h"
#include "ticketgen/daemon/store.h"
#include "ticketgen/page/pdf.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PURGE_INTERVAL_MS (10 * 60 * 1000)
#define PURGE_AGAIN_MS 200 /* as long as a round finds something */
#define TYPE_SIZE 64       /* of ce_type: "seatlog.tickets.TicketsRevoked" */

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

void ticketgen_init(struct ticketgen *ticketgen, const struct daemon *daemon) {
    *ticketgen = (struct ticketgen){.codec = codec_new()};
    snprintf(ticketgen->source, sizeof(ticketgen->source), "%s/%s", daemon->name, daemon->instance);
    metrics_register(ticketgen);
}

void ticketgen_deinit(struct ticketgen *ticketgen) {
    codec_free(ticketgen->codec);
    arena_deinit(&ticketgen->arena);
    sodium_memzero(&ticketgen->key, sizeof(ticketgen->key));
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
    char type[TYPE_SIZE], key[UUID_TEXT_SIZE], parent[sizeof(envelope.traceparent)];
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

static bool ticketgen_handle(struct daemon *daemon, struct transaction *transaction,
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

static int ticketgen_turn(struct daemon *daemon, struct transaction *transaction) {
    (void)transaction;
    struct ticketgen *ticketgen = daemon->state;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= ticketgen->purge_at_ms) {
        int64_t purged = 0;
        struct error error = {0};
        if (!ticket_store_documents_purge(ticketgen->pg, &purged, &error)) {
            log_warning("old documents cannot be removed now", LOG_TEXT("reason", error.message));
        }
        metric_add(ticketgen->purged, purged);
        ticketgen->purge_at_ms = now_ms + (purged > 0 ? PURGE_AGAIN_MS : PURGE_INTERVAL_MS);
    }
    return (int)(ticketgen->purge_at_ms - now_ms);
}

/* Its connection, for records that were set aside and are asked for again. */
static struct pg *ticketgen_letters(struct daemon *daemon) {
    struct ticketgen *ticketgen = daemon->state;
    return ticketgen->pg;
}

static const char *const outputs[] = {TOPIC_TICKETS, TOPIC_DEAD_LETTERS, NULL};
static const char *const keyed[] = {TOPIC_TICKETS, NULL};

const struct transaction_spec ticketgen_transaction = {
    .input = TOPIC_EVENTS,
    .outputs = outputs,
    .keyed = keyed,
    .handle = ticketgen_handle,
    .turn = ticketgen_turn,
    .letters = ticketgen_letters,
};
