/* SPDX-License-Identifier: Apache-2.0 */
/* The tickets on the log against the orders. */
#include "replay/verify/check_tickets.h"

#include "runtime/base/identity.h"
#include "runtime/base/table.h"
#include "runtime/kafka/kafka.h"
#include "runtime/pg/pg.h"
#include "seatlog_codec.h"
#include "ticketgen/core/token.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Every public key that ever signed. */
struct keys {
    uint8_t *octets;
    size_t count;
};

static bool keys_load(const struct replay_books *books, struct keys *keys, struct error *error) {
    struct pg *pg = replay_pg_new(books->context);
    PGresult *result = PG_QUERY(pg, error, "SELECT public_key FROM ticket.key ORDER BY key_id");
    if (result != NULL) {
        keys->count = (size_t)PQntuples(result);
        keys->octets = allocate(keys->count * TICKET_PUBLIC_KEY_SIZE + 1);
        for (size_t i = 0; i < keys->count; i++) {
            size_t size;
            uint8_t *octets = pg_octets(result, (int)i, 0, &size);
            memcpy(keys->octets + i * TICKET_PUBLIC_KEY_SIZE, octets, TICKET_PUBLIC_KEY_SIZE);
            free(octets);
        }
        PQclear(result);
    }
    pg_free(pg);
    return result != NULL;
}

static void ticket_check(struct replay_books *books, const struct keys *keys,
                         const struct ticket_tickets_issued *issued, size_t index) {
    const struct ticket *ticket = &issued->tickets.items[index];
    char order[UUID_TEXT_SIZE];
    uuid_format(&issued->order_id, order);
    struct ticket_claims claims;
    books->checked++;
    struct uuid derived = ticket_id_derive(&issued->order_id, (int32_t)index);
    if (!uuid_equal(&ticket->ticket_id, &derived)) {
        replay_books_find(books, "order %s: ticket %zu does not have the id that follows from it",
                          order, index);
    }
    if (ticket_token_verify(ticket->token, keys->octets, keys->count, &claims) !=
        TICKET_TOKEN_GENUINE) {
        replay_books_find(books, "order %s: the token of ticket %zu does not verify", order, index);
        return;
    }
    int32_t seat = claims.seat == TICKET_TOKEN_NO_SEAT ? -1 : (int32_t)claims.seat;
    if (!uuid_equal(&claims.ticket_id, &ticket->ticket_id) ||
        !uuid_equal(&claims.show_id, &issued->show_id) || seat != ticket->place.seat) {
        replay_books_find(books, "order %s: the token of ticket %zu speaks of another place", order,
                          index);
    }
}

static void issued_take(struct replay_books *books, const struct keys *keys,
                        const struct replay_record *record,
                        const struct ticket_tickets_issued *issued) {
    char text[UUID_TEXT_SIZE];
    struct ledger_order *order = replay_books_order(books, &issued->order_id);
    if (order == NULL) {
        replay_books_find(books, "tickets were issued for %s, which was never sold",
                          uuid_format(&issued->order_id, text));
        return;
    }
    if (issued->tickets.count != order->place_count) {
        replay_books_find(books, "order %s has %zu places and %zu tickets",
                          uuid_format(&issued->order_id, text), order->place_count,
                          issued->tickets.count);
    }
    order->issued++;
    order->issued_partition = record->partition;
    order->issued_offset = record->offset;
    for (size_t i = 0; i < issued->tickets.count; i++) {
        ticket_check(books, keys, issued, i);
    }
}

static void record_take(struct replay_books *books, const struct keys *keys,
                        const struct replay_record *on_log, const struct ticket_record *record) {
    if (record->kind == TICKET_RECORD_TICKETS_ISSUED) {
        issued_take(books, keys, on_log, &record->as.tickets_issued);
        return;
    }
    char text[UUID_TEXT_SIZE];
    struct ledger_order *order = replay_books_order(books, &record->as.tickets_revoked.order_id);
    if (order == NULL || !order->cancelled) {
        replay_books_find(books, "tickets of order %s were revoked, which was not called off",
                          uuid_format(&record->as.tickets_revoked.order_id, text));
        return;
    }
    order->revoked++;
}

static bool partition_read(struct replay_books *books, const struct keys *keys, int32_t partition,
                           struct error *error) {
    struct replay_reader *reader =
        replay_reader_new(books->context->log, TOPIC_TICKETS, partition, error);
    if (reader == NULL) {
        return false;
    }
    struct codec *codec = codec_new();
    struct arena arena;
    arena_init(&arena);
    struct replay_record record;
    enum replay_read read;
    while ((read = replay_reader_next(reader, &record, error)) == REPLAY_READ_RECORD) {
        struct ticket_record tickets;
        struct text reason;
        arena_reset(&arena);
        if (codec_ticket_record_decode(codec, &arena, record.value, &tickets, &reason)) {
            record_take(books, keys, &record, &tickets);
        } else {
            replay_books_find(books, "tickets partition %d, offset %" PRId64 ": %.*s",
                              (int)partition, record.offset, (int)reason.size, reason.data);
        }
    }
    arena_deinit(&arena);
    codec_free(codec);
    replay_reader_free(reader);
    return read == REPLAY_READ_END;
}

/* Sold, and there are no tickets. */
static void missing_tell(struct replay_books *books, const struct ledger_order *order) {
    char text[UUID_TEXT_SIZE];
    const char *reason = replay_dead_letters_reason(books->letters, "ticketgen", TOPIC_EVENTS,
                                                    order->sold_partition, order->sold_offset);
    if (!replay_books_due(books, order) && reason == NULL) {
        books->early++;
        return;
    }
    if (reason != NULL && order->cancelled) {
        return; /* set aside, and called off before anybody had it handled: nothing is missing */
    }
    replay_books_find(books,
                      "order %s was sold %" PRId64 " s ago (events partition %d, offset %" PRId64
                      ") and has no tickets%s%s",
                      uuid_format(&order->order_id, text),
                      (books->now_ms - order->sold_at_ms) / 1000, (int)order->sold_partition,
                      order->sold_offset,
                      reason != NULL ? "; ticketgen set it aside: " : ", nor a dead letter",
                      reason != NULL ? reason : "");
}

static void orders_check(struct replay_books *books) {
    for (int32_t i = 0; i < books->count; i++) {
        const struct uuid_table *orders = &books->ledgers[i].orders;
        for (size_t j = 0; j < orders->capacity; j++) {
            const struct ledger_order *order = orders->entries[j];
            char text[UUID_TEXT_SIZE];
            if (order == NULL) {
                continue;
            }
            if (order->issued == 0) {
                missing_tell(books, order);
            } else if (order->issued != 1) {
                replay_books_find(books, "order %s was sold, and its tickets were issued %d times",
                                  uuid_format(&order->order_id, text), order->issued);
            }
            if (order->issued > 0 && order->revoked != (order->cancelled ? 1 : 0)) {
                replay_books_find(books, "order %s was %s, and its tickets were revoked %d times",
                                  uuid_format(&order->order_id, text),
                                  order->cancelled ? "called off" : "not called off",
                                  order->revoked);
            }
        }
    }
}

bool replay_check_tickets(struct replay_books *books, struct error *error) {
    struct keys keys = {0};
    int32_t count = replay_log_partitions(books->context->log, TOPIC_TICKETS, error);
    bool read = count >= 0 && keys_load(books, &keys, error);
    for (int32_t i = 0; read && i < count; i++) {
        read = partition_read(books, &keys, i, error);
    }
    if (read) {
        orders_check(books);
    }
    free(keys.octets);
    return read;
}
