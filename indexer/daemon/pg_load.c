/* SPDX-License-Identifier: Apache-2.0 */
/* Reads from PostgreSQL what a batch is going to change. */

#include "indexer/daemon/pg_load.h"

#include "runtime/base/identity.h"
#include "seatlog_codec.h"

#include <stdlib.h>
#include <string.h>

/* "{1,2,3}" of an integer[]; returns the count, the items in the arena. */
static size_t integers_parse(struct arena *arena, const char *text, int32_t **items) {
    size_t capacity = strlen(text) / 2 + 1;
    *items = arena_allocate(arena, capacity * sizeof **items);
    size_t count = 0;
    for (const char *cursor = text + 1; *cursor && *cursor != '}';) {
        char *end;
        (*items)[count++] = (int32_t)strtol(cursor, &end, 10);
        cursor = *end == ',' ? end + 1 : end;
    }
    return count;
}

static enum reservation_state state_parse(const char *name) {
    enum reservation_state state = RESERVATION_STATE_NONE;
    if (!reservation_state_parse((struct text){name, strlen(name)}, &state)) {
        die("catalog.reservation has a state \"%s\" that is none", name);
    }
    return state;
}

static const char *text_keep(struct arena *arena, const char *text) {
    return arena_text_copy_string(arena, text).data;
}

/* "{uuid,uuid}" of a batch's ids. */
static char *ids_format(struct arena *arena, const void *entries, size_t count, size_t id_offset) {
    const char *const *pointers = entries;
    char *text = arena_allocate(arena, count * UUID_TEXT_SIZE + 3);
    char *cursor = text;
    *cursor++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        uuid_format((const struct uuid *)(const void *)(pointers[i] + id_offset), cursor);
        cursor += UUID_TEXT_SIZE - 1;
    }
    memcpy(cursor, "}", 2);
    return text;
}

static void map_fill(struct arena *arena, struct seat_map *map, const PGresult *result, int row) {
    map->seq = pg_integer(result, row, 1);
    map->version = pg_integer(result, row, 2);
    size_t size;
    uint8_t *states = pg_octets(result, row, 3, &size);
    map->states = arena_allocate(arena, size + 1);
    if (size > 0) {
        memcpy(map->states, states, size);
    }
    free(states);
    map->seat_count = size;
    map->section_count = integers_parse(arena, pg_text(result, row, 4), &map->general_held);
    integers_parse(arena, pg_text(result, row, 5), &map->general_sold);
}

static bool maps_load(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    if (batch->map_count == 0) {
        return true;
    }
    PGresult *result = PG_QUERY(
        pg, error,
        "SELECT show_id, seq, version, states, general_held, general_sold FROM catalog.seat_map"
        " WHERE show_id = ANY ($1::uuid[]) ORDER BY show_id FOR UPDATE",
        PG_TEXT(ids_format(&batch->arena, batch->maps, batch->map_count,
                           offsetof(struct seat_map, show_id))));
    if (!result) {
        return false;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        struct uuid show_id = pg_uuid(result, row, 0);
        map_fill(&batch->arena, indexer_batch_map(batch, &show_id), result, row);
    }
    PQclear(result);
    return true;
}

static void row_fill(struct arena *arena, struct reservation_row *out, const PGresult *result,
                     int row) {
    out->show_id = pg_uuid(result, row, 1);
    out->buyer_id = pg_uuid(result, row, 2);
    out->owner_id = pg_uuid(result, row, 3);
    out->seq = pg_integer(result, row, 4);
    out->state = state_parse(pg_text(result, row, 5));
    out->reason = text_keep(arena, pg_text(result, row, 6));
    int32_t *seats;
    out->seat_count = integers_parse(arena, pg_text(result, row, 7), &seats);
    out->seats = seats;
    out->section = (int32_t)pg_integer(result, row, 8);
    out->quantity = (int32_t)pg_integer(result, row, 9);
    out->total_minor = pg_integer(result, row, 10);
    strncpy(out->currency, pg_text(result, row, 11), sizeof out->currency - 1);
    out->expires_at = pg_integer(result, row, 12);
    out->attempt = (int32_t)pg_integer(result, row, 13);
    out->attempts_left = (int32_t)pg_integer(result, row, 14);
    strncpy(out->code, pg_text(result, row, 15), sizeof out->code - 1);
    out->void_reason = text_keep(arena, pg_text(result, row, 16));
    out->created_at = pg_integer(result, row, 17);
    out->updated_at = pg_integer(result, row, 18);
    out->sold_at = pg_integer(result, row, 19);
}

static bool rows_load(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    if (batch->row_count == 0) {
        return true;
    }
    PGresult *result = PG_QUERY(
        pg, error,
        "SELECT reservation_id, show_id, buyer_id, owner_id, seq, state, reason, seats, section,"
        " quantity, total_minor, currency, expires_at, attempt, attempts_left, code, void_reason,"
        " created_at, updated_at, sold_at"
        " FROM catalog.reservation WHERE reservation_id = ANY ($1::uuid[])"
        " ORDER BY reservation_id FOR UPDATE",
        PG_TEXT(ids_format(&batch->arena, batch->rows, batch->row_count,
                           offsetof(struct reservation_row, reservation_id))));
    if (!result) {
        return false;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        struct uuid id = pg_uuid(result, row, 0);
        row_fill(&batch->arena, indexer_batch_row(batch, &id), result, row);
    }
    PQclear(result);
    return true;
}

bool indexer_pg_load(struct pg *pg, struct indexer_batch *batch, struct error *error) {
    return maps_load(pg, batch, error) && rows_load(pg, batch, error);
}

bool indexer_pg_map_seq(struct pg *pg, const struct uuid *show_id, int64_t *seq,
                        struct error *error) {
    PGresult *result = PG_QUERY(pg, error, "SELECT seq FROM catalog.seat_map WHERE show_id = $1",
                                PG_UUID(show_id));
    if (result == NULL) {
        return false;
    }
    *seq = PQntuples(result) == 1 ? pg_integer(result, 0, 0) : -1;
    PQclear(result);
    return true;
}
