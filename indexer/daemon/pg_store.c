/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to PostgreSQL what a batch has changed. */

#include "indexer/daemon/pg_store.h"

#include "indexer/core/plan.h"
#include "runtime/base/hex.h"
#include "runtime/base/identity.h"

#include <jansson.h>
#include <stdlib.h>

/* Sends an array of objects as the one parameter of a statement; frees it. An empty one is nothing
 * to do. */
static bool send(struct pg *pg, json_t *array, const char *sql, struct error *error) {
    bool sent = true;
    if (json_array_size(array) > 0) {
        char *text = json_dumps(array, JSON_COMPACT);
        sent = PG_EXECUTE(pg, error, NULL, sql, PG_TEXT(text));
        free(text);
    }
    json_decref(array);
    return sent;
}

static json_t *json_of(struct text text) { return json_stringn(text.data, text.size); }

static json_t *json_of_uuid(const struct uuid *uuid) {
    char text[UUID_TEXT_SIZE];
    return json_string(uuid_format(uuid, text));
}

static json_t *json_of_integers(const int32_t *items, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, json_integer(items[i]));
    }
    return array;
}

static json_t *json_of_octets(const uint8_t *octets, size_t size) {
    char *text = allocate(size * 2 + 1);
    json_t *json = json_string(hex_format(octets, size, text));
    free(text);
    return json;
}

static json_t *json_of_show(const struct event_show_created *created) {
    const struct show_details *show = &created->show;
    char *plan = seat_plan_format(show);
    int64_t minimum;
    int64_t maximum;
    show_price_range(show, &minimum, &maximum);
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:i, s:i, s:I, s:I, "
        "s:s}",
        "show_id", json_of_uuid(&created->head.show_id), "owner_id",
        json_of_uuid(&created->head.owner_id), "title", json_of(show->title), "type",
        show_type_name(show->type), "description", json_of(show->description), "venue",
        json_of(show->venue), "city", json_of(show->city), "region", json_of(show->region),
        "country", json_of(show->country), "starts_at", (json_int_t)show->starts_at, "ends_at",
        (json_int_t)show->ends_at, "time_zone", json_of(show->time_zone), "currency",
        json_of(show->currency), "hold_ttl_ms", (int)show->hold_ttl_ms, "seats_per_buyer_max",
        (int)show->seats_per_buyer_max, "price_minor_min", (json_int_t)minimum, "price_minor_max",
        (json_int_t)maximum, "plan", plan);
    free(plan);
    return json;
}

static bool shows_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    json_t *ids = json_array();
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct event *event = batch->records[i]->event;
        if (event->kind != EVENT_SHOW_CREATED) {
            continue;
        }
        json_array_append_new(array, json_of_show(&event->as.show_created));
        json_array_append_new(ids,
                              json_pack("{s:o}", "show_id", json_of_uuid(&event->as.head.show_id)));
    }
    bool stored = send(
        pg, array,
        "INSERT INTO catalog.show (show_id, owner_id, title, type, description, venue, city, "
        "region,"
        " country, starts_at, ends_at, time_zone, currency, hold_ttl_ms, seats_per_buyer_max,"
        " price_minor_min, price_minor_max, plan)"
        " SELECT * FROM jsonb_to_recordset($1::jsonb) AS t(show_id uuid, owner_id uuid, title text,"
        " type text, description text, venue text, city text, region text, country text,"
        " starts_at bigint, ends_at bigint, time_zone text, currency text, hold_ttl_ms integer,"
        " seats_per_buyer_max integer, price_minor_min bigint, price_minor_max bigint, plan text)"
        " ON CONFLICT (show_id) DO NOTHING",
        error);
    if (!stored) {
        json_decref(ids);
        return false;
    }
    return send(
        pg, ids,
        "WITH new AS (SELECT document, city_folded, city FROM catalog.show WHERE show_id IN"
        " (SELECT show_id FROM jsonb_to_recordset($1::jsonb) AS t(show_id uuid))),"
        " words AS (INSERT INTO catalog.word SELECT DISTINCT unnest(tsvector_to_array(document))"
        " AS word FROM new ORDER BY word ON CONFLICT DO NOTHING)"
        " INSERT INTO catalog.city SELECT DISTINCT ON (city_folded) city_folded, city FROM new"
        " ORDER BY city_folded ON CONFLICT DO NOTHING",
        error);
}

static bool statuses_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct event *event = batch->records[i]->event;
        bool cancelled = event->kind == EVENT_SHOW_CANCELLED;
        if (!cancelled && event->kind != EVENT_SHOW_CLOSED) {
            continue;
        }
        struct text none = {"", 0};
        json_array_append_new(
            array, json_pack("{s:o, s:i, s:o}", "show_id", json_of_uuid(&event->as.head.show_id),
                             "status", cancelled ? 1 : 2, "cancel_reason",
                             json_of(cancelled ? event->as.show_cancelled.reason : none)));
    }
    return send(pg, array,
                "UPDATE catalog.show SET status = t.status, cancel_reason = CASE WHEN t.status = 1"
                " THEN t.cancel_reason ELSE show.cancel_reason END"
                " FROM (SELECT DISTINCT ON (show_id) * FROM jsonb_to_recordset($1::jsonb)"
                " AS u(show_id uuid, status smallint, cancel_reason text)"
                " ORDER BY show_id, status DESC) AS t"
                " WHERE show.show_id = t.show_id AND show.status < t.status",
                error);
}

static bool maps_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->map_count; i++) {
        const struct seat_map *map = batch->maps[i];
        json_array_append_new(
            array,
            json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "show_id", json_of_uuid(&map->show_id),
                      "seq", (json_int_t)map->seq, "version", (json_int_t)map->version, "states",
                      json_of_octets(map->states, map->seat_count), "general_held",
                      json_of_integers(map->general_held, map->section_count), "general_sold",
                      json_of_integers(map->general_sold, map->section_count)));
    }
    return send(
        pg, array,
        "INSERT INTO catalog.seat_map (show_id, seq, version, states, general_held, general_sold)"
        " SELECT show_id, seq, version, decode(states, 'hex'), general_held, general_sold"
        " FROM jsonb_to_recordset($1::jsonb) AS t(show_id uuid, seq bigint, version bigint,"
        " states text, general_held integer[], general_sold integer[])"
        " ON CONFLICT (show_id) DO UPDATE SET seq = excluded.seq, version = excluded.version,"
        " states = excluded.states, general_held = excluded.general_held,"
        " general_sold = excluded.general_sold",
        error);
}

static json_t *json_of_row(const struct reservation_row *row) {
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:s, s:s, s:o, s:i, s:i, s:I, s:s, s:I, s:i, s:i, "
                     "s:s, s:s, s:I, s:I, s:I}",
                     "reservation_id", json_of_uuid(&row->reservation_id), "show_id",
                     json_of_uuid(&row->show_id), "buyer_id", json_of_uuid(&row->buyer_id),
                     "owner_id", json_of_uuid(&row->owner_id), "seq", (json_int_t)row->seq, "state",
                     reservation_state_name(row->state), "reason", row->reason, "seats",
                     json_of_integers(row->seats, row->seat_count), "section", (int)row->section,
                     "quantity", (int)row->quantity, "total_minor", (json_int_t)row->total_minor,
                     "currency", row->currency, "expires_at", (json_int_t)row->expires_at,
                     "attempt", (int)row->attempt, "attempts_left", (int)row->attempts_left, "code",
                     row->code, "void_reason", row->void_reason, "created_at",
                     (json_int_t)row->created_at, "updated_at", (json_int_t)row->updated_at,
                     "sold_at", (json_int_t)row->sold_at);
}

static bool rows_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->row_count; i++) {
        if (batch->rows[i]->seq > 0) {
            json_array_append_new(array, json_of_row(batch->rows[i]));
        }
    }
    return send(
        pg, array,
        "INSERT INTO catalog.reservation (reservation_id, show_id, buyer_id, owner_id, seq, state,"
        " reason, seats, section, quantity, total_minor, currency, expires_at, attempt, "
        "attempts_left,"
        " code, void_reason, created_at, updated_at, sold_at)"
        " SELECT * FROM jsonb_to_recordset($1::jsonb) AS t(reservation_id uuid, show_id uuid,"
        " buyer_id uuid, owner_id uuid, seq bigint, state text, reason text, seats integer[],"
        " section integer, quantity integer, total_minor bigint, currency text, expires_at bigint,"
        " attempt integer, attempts_left integer, code text, void_reason text, created_at bigint,"
        " updated_at bigint, sold_at bigint)"
        " ON CONFLICT (reservation_id) DO UPDATE SET seq = excluded.seq, state = excluded.state,"
        " reason = excluded.reason, expires_at = excluded.expires_at, attempt = excluded.attempt,"
        " attempts_left = excluded.attempts_left, code = excluded.code,"
        " void_reason = excluded.void_reason, updated_at = excluded.updated_at,"
        " sold_at = excluded.sold_at, buyer_id = excluded.buyer_id, seats = excluded.seats,"
        " section = excluded.section, quantity = excluded.quantity, total_minor = "
        "excluded.total_minor,"
        " created_at = excluded.created_at",
        error);
}

static json_t *json_of_refusal(const struct sink_record *record) {
    const struct event *event = record->event;
    const struct event_head *head = &event->as.head;
    static const struct uuid nobody;
    const struct uuid *reservation_id = &nobody;
    const struct uuid *buyer_id = &nobody;
    const char *command = command_type_name(COMMAND_TYPE_UNKNOWN);
    const char *reason = "UNDECODABLE";
    const char *state = reservation_state_name(RESERVATION_STATE_NONE);
    struct integers seats = {0};
    struct event_refused said = {.limit = -1, .used = -1, .used_unpaid = -1, .free = -1};
    if (event->kind == EVENT_REFUSED) {
        const struct event_refused *refused = &event->as.refused;
        reservation_id = &refused->reservation_id;
        buyer_id = &refused->buyer_id;
        command = command_type_name(refused->command);
        reason = refusal_reason_name(refused->reason);
        state = reservation_state_name(refused->state);
        seats = refused->seats;
        said = *refused;
    } else if (event->kind == EVENT_REJECTED) {
        reservation_id = &event->as.rejected.reservation_id;
        command = command_type_name(event->as.rejected.command);
        reason = rejection_reason_name(event->as.rejected.reason);
    } else if (event->kind != EVENT_UNDECODABLE) {
        return NULL;
    }
    return json_pack(
        "{s:i, s:I, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o, s:I,"
        " s:o, s:i, s:b, s:i, s:i, s:i}",
        "partition", (int)record->partition, "command_offset", (json_int_t)head->command_offset,
        "command_id", json_of_uuid(&head->command_id), "show_id", json_of_uuid(&head->show_id),
        "reservation_id", json_of_uuid(reservation_id), "buyer_id", json_of_uuid(buyer_id),
        "command", command, "reason", reason, "state", state, "seats",
        json_of_integers(seats.items, seats.count), "at", (json_int_t)head->at, "seats_own",
        json_of_integers(said.seats_own.items, said.seats_own.count), "limit_count",
        (int)said.limit, "limit_of_show", said.limit_of == LIMIT_SCOPE_SHOW, "used", (int)said.used,
        "used_unpaid", (int)said.used_unpaid, "free", (int)said.free);
}

static bool refusals_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->record_count; i++) {
        json_t *refusal = json_of_refusal(batch->records[i]);
        if (refusal) {
            json_array_append_new(array, refusal);
        }
    }
    return send(pg, array,
                "INSERT INTO catalog.refusal (partition, command_offset, command_id, show_id,"
                " reservation_id, buyer_id, command, reason, state, seats, at, seats_own,"
                " limit_count, limit_of_show, used, used_unpaid, free)"
                " SELECT * FROM jsonb_to_recordset($1::jsonb) AS t(partition integer,"
                " command_offset bigint, command_id uuid, show_id uuid, reservation_id uuid,"
                " buyer_id uuid, command text, reason text, state text, seats integer[], at bigint,"
                " seats_own integer[], limit_count integer, limit_of_show boolean, used integer,"
                " used_unpaid integer, free integer)"
                " ON CONFLICT DO NOTHING",
                error);
}

/* Wishes that made nothing, since the buyer had it: whoever asks later is told which one it was. */
static bool noted_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct sink_record *record = batch->records[i];
        const struct event_noted *noted = &record->event->as.noted;
        if (record->event->kind == EVENT_NOTED && noted->command == COMMAND_TYPE_RESERVE) {
            json_array_append_new(
                array,
                json_pack("{s:i, s:I, s:o, s:o, s:o, s:I}", "partition", (int)record->partition,
                          "command_offset", (json_int_t)noted->head.command_offset, "show_id",
                          json_of_uuid(&noted->head.show_id), "reservation_id",
                          json_of_uuid(&noted->reservation_id), "buyer_id",
                          json_of_uuid(&noted->buyer_id), "at", (json_int_t)noted->head.at));
        }
    }
    return send(pg, array,
                "INSERT INTO catalog.noted_reserve (partition, command_offset, show_id,"
                " reservation_id, buyer_id, at)"
                " SELECT * FROM jsonb_to_recordset($1::jsonb) AS t(partition integer,"
                " command_offset bigint, show_id uuid, reservation_id uuid, buyer_id uuid,"
                " at bigint) ON CONFLICT DO NOTHING",
                error);
}

static bool cursors_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct sink_record *record = batch->records[i];
        json_array_append_new(array,
                              json_pack("{s:i, s:I, s:I, s:I}", "partition", (int)record->partition,
                                        "next_command_offset",
                                        (json_int_t)record->event->as.head.command_offset + 1,
                                        "next_event_offset", (json_int_t)record->offset + 1, "at",
                                        (json_int_t)record->timestamp_ms));
    }
    return send(
        pg, array,
        "INSERT INTO catalog.cursor (partition, next_command_offset, next_event_offset, at)"
        " SELECT partition, max(next_command_offset), max(next_event_offset), max(at)"
        " FROM jsonb_to_recordset($1::jsonb) AS t(partition integer,"
        " next_command_offset bigint, next_event_offset bigint, at bigint) GROUP BY partition"
        " ON CONFLICT (partition) DO UPDATE SET"
        " next_command_offset = greatest(cursor.next_command_offset,"
        " excluded.next_command_offset),"
        " next_event_offset = greatest(cursor.next_event_offset, excluded.next_event_offset),"
        " at = excluded.at",
        error);
}

static json_t *json_of_tickets(const struct ticket_record *record) {
    json_t *ids = json_array();
    if (record->kind == TICKET_RECORD_TICKETS_REVOKED) {
        const struct ticket_tickets_revoked *revoked = &record->as.tickets_revoked;
        for (size_t i = 0; i < revoked->ticket_ids.count; i++) {
            json_array_append_new(ids, json_of_uuid(&revoked->ticket_ids.items[i]));
        }
        return json_pack("{s:o, s:o, s:o, s:I, s:I}", "order_id", json_of_uuid(&revoked->order_id),
                         "show_id", json_of_uuid(&revoked->show_id), "ticket_ids", ids, "issued_at",
                         (json_int_t)0, "revoked_at", (json_int_t)revoked->at);
    }
    const struct ticket_tickets_issued *issued = &record->as.tickets_issued;
    for (size_t i = 0; i < issued->tickets.count; i++) {
        json_array_append_new(ids, json_of_uuid(&issued->tickets.items[i].ticket_id));
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:I}", "order_id", json_of_uuid(&issued->order_id),
                     "show_id", json_of_uuid(&issued->show_id), "ticket_ids", ids, "issued_at",
                     (json_int_t)issued->at, "revoked_at", (json_int_t)0);
}

static bool tickets_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    json_t *array = json_array();
    for (size_t i = 0; i < batch->ticket_count; i++) {
        json_array_append_new(array, json_of_tickets(batch->tickets[i]->tickets));
    }
    return send(pg, array,
                "INSERT INTO catalog.order_tickets AS o (order_id, show_id, ticket_ids, issued_at,"
                " revoked_at)"
                " SELECT DISTINCT ON (order_id) order_id, show_id, ticket_ids,"
                " max(issued_at) OVER (PARTITION BY order_id),"
                " max(revoked_at) OVER (PARTITION BY order_id)"
                " FROM jsonb_to_recordset($1::jsonb) AS t(order_id uuid, show_id uuid,"
                " ticket_ids uuid[], issued_at bigint, revoked_at bigint) ORDER BY order_id"
                " ON CONFLICT (order_id) DO UPDATE SET"
                " issued_at = greatest(o.issued_at, excluded.issued_at),"
                " revoked_at = greatest(o.revoked_at, excluded.revoked_at)",
                error);
}

bool indexer_pg_store(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    return shows_store(pg, batch, error) && statuses_store(pg, batch, error) &&
           maps_store(pg, batch, error) && rows_store(pg, batch, error) &&
           refusals_store(pg, batch, error) && noted_store(pg, batch, error) &&
           cursors_store(pg, batch, error) && tickets_store(pg, batch, error);
}

bool indexer_pg_refusals_purge(struct pg *pg, int64_t before_ms, struct error *error) {
    return PG_EXECUTE(pg, error, NULL, "DELETE FROM catalog.refusal WHERE at < $1",
                      PG_INTEGER(before_ms)) &&
           PG_EXECUTE(pg, error, NULL, "DELETE FROM catalog.noted_reserve WHERE at < $1",
                      PG_INTEGER(before_ms));
}
