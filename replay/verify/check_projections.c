/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog in PostgreSQL against the fold of the events. */
#include "replay/verify/check_projections.h"

#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/base/table.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/pg/pg.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_ROWS 2000
#define FOLLOW_PAUSE_US 100000

static const struct uuid first_id;

/* Waits until the indexer has taken every event the ledgers have. */
static bool indexer_wait(struct replay_books *books, struct pg *pg, struct error *error) {
    int64_t until_ms =
        clock_monotonic_ms() + config_integer(books->context->config, "follow_timeout_ms");
    for (int32_t i = 0; i < books->count;) {
        PGresult *result = PG_QUERY(pg, error,
                                    "SELECT next_offset FROM public.sink_offset WHERE sink = "
                                    "'indexer' AND topic = $1 AND partition = $2",
                                    PG_TEXT(TOPIC_EVENTS), PG_INTEGER(i));
        if (result == NULL) {
            return false;
        }
        int64_t next = PQntuples(result) > 0 ? pg_integer(result, 0, 0) : 0;
        PQclear(result);
        if (next >= books->ledgers[i].end) {
            i++;
        } else if (clock_monotonic_ms() > until_ms) {
            return error_set(error, ERROR_RETRY,
                             "the indexer is at %" PRId64 " of %" PRId64 " in partition %d", next,
                             books->ledgers[i].end, (int)i);
        } else {
            usleep(FOLLOW_PAUSE_US);
        }
    }
    return true;
}

static void *entry_find(struct replay_books *books, size_t table_offset, const struct uuid *key) {
    for (int32_t i = 0; i < books->count; i++) {
        const char *ledger = (const char *)&books->ledgers[i];
        void *entry =
            uuid_table_find((const struct uuid_table *)(const void *)(ledger + table_offset), key);
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

/* Appends "{1,2}" as PostgreSQL writes an integer[]. */
static void integers_format(struct buffer *out, const int32_t *items, size_t count) {
    buffer_append_text(out, "{");
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(out, "%s%d", i > 0 ? "," : "", (int)items[i]);
    }
    buffer_append_text(out, "}");
}

/* The row as one text, in the order of the columns of the query it is compared with. */
static void map_format(const struct ledger_map *entry, struct buffer *out) {
    const struct seat_map *map = entry->map;
    buffer_append_format(out, "%d|%.*s|%" PRId64 "|%" PRId64 "|", entry->status,
                         (int)entry->title.size, entry->title.data, map->seq, map->version);
    buffer_append_hex(out, map->states, map->seat_count);
    buffer_append_text(out, "|");
    integers_format(out, map->general_held, map->section_count);
    buffer_append_text(out, "|");
    integers_format(out, map->general_sold, map->section_count);
}

static void row_format(const struct reservation_row *row, struct buffer *out) {
    char show[UUID_TEXT_SIZE];
    char buyer[UUID_TEXT_SIZE];
    char owner[UUID_TEXT_SIZE];
    buffer_append_format(out, "%s|%s|%s|%" PRId64 "|%s|%s|", uuid_format(&row->show_id, show),
                         uuid_format(&row->buyer_id, buyer), uuid_format(&row->owner_id, owner),
                         row->seq, reservation_state_name(row->state), row->reason);
    integers_format(out, row->seats, row->seat_count);
    buffer_append_format(
        out, "|%d|%d|%" PRId64 "|%s|%" PRId64 "|%d|%d|%s|%s|%" PRId64 "|%" PRId64 "|%" PRId64,
        (int)row->section, (int)row->quantity, row->total_minor, row->currency, row->expires_at,
        (int)row->attempt, (int)row->attempts_left, row->code, row->void_reason, row->created_at,
        row->updated_at, row->sold_at);
}

/* One kind of row: how it is found in the ledgers, and read from PostgreSQL as id, seq, text. */
struct projection {
    const char *name;
    size_t table_offset;
    const char *sql;
    void (*format)(const void *entry, struct buffer *out);
    int64_t (*seq)(const void *entry);
};

static void map_entry_format(const void *entry, struct buffer *out) { map_format(entry, out); }
static int64_t map_entry_seq(const void *entry) {
    const struct seat_map *map = ((const struct ledger_map *)entry)->map;
    return map != NULL ? map->seq : 0;
}
static void row_entry_format(const void *entry, struct buffer *out) {
    row_format(&((const struct ledger_row *)entry)->row, out);
}
static int64_t row_entry_seq(const void *entry) {
    return ((const struct ledger_row *)entry)->row.seq;
}

static const struct projection projections[] = {
    {"show", offsetof(struct replay_ledger, maps),
     "SELECT show_id, m.seq, concat_ws('|', s.status, s.title, m.seq, m.version, encode(m.states,"
     " 'hex'), m.general_held::text, m.general_sold::text) FROM catalog.show AS s"
     " JOIN catalog.seat_map AS m USING (show_id) WHERE show_id > $1 ORDER BY show_id LIMIT $2",
     map_entry_format, map_entry_seq},
    {"reservation", offsetof(struct replay_ledger, rows),
     "SELECT reservation_id, seq, concat_ws('|', show_id, buyer_id, owner_id, seq, state, reason,"
     " seats::text, section, quantity, total_minor, currency, expires_at, attempt, attempts_left,"
     " code, void_reason, created_at, updated_at, sold_at) FROM catalog.reservation"
     " WHERE reservation_id > $1 ORDER BY reservation_id LIMIT $2",
     row_entry_format, row_entry_seq},
};

static void row_compare(struct replay_books *books, const struct projection *projection,
                        const struct uuid *id, int64_t seq, const char *found) {
    char text[UUID_TEXT_SIZE];
    const void *entry = entry_find(books, projection->table_offset, id);
    books->checked++;
    if (entry == NULL || projection->seq(entry) == 0) {
        replay_books_find(books, "catalog: %s %s is not on the log", projection->name,
                          uuid_format(id, text));
        return;
    }
    if (seq > projection->seq(entry)) {
        return; /* it has gone on since the log was read */
    }
    struct buffer expected = {0};
    projection->format(entry, &expected);
    if (strcmp(expected.data, found) != 0) {
        replay_books_find(books, "catalog: %s %s: expected %s, found %s", projection->name,
                          uuid_format(id, text), expected.data, found);
    }
    buffer_deinit(&expected);
}

static uint64_t entries_count(const struct replay_books *books,
                              const struct projection *projection) {
    uint64_t count = 0;
    for (int32_t i = 0; i < books->count; i++) {
        const struct uuid_table *table =
            (const void *)((const char *)&books->ledgers[i] + projection->table_offset);
        for (size_t j = 0; j < table->capacity; j++) {
            count += table->entries[j] != NULL && projection->seq(table->entries[j]) > 0;
        }
    }
    return count;
}

static bool projection_check(struct replay_books *books, const struct projection *projection,
                             struct pg *pg, struct error *error) {
    struct uuid last = first_id;
    uint64_t before = books->checked;
    int rows;
    do {
        PGresult *result =
            PG_QUERY(pg, error, projection->sql, PG_UUID(&last), PG_INTEGER(PAGE_ROWS));
        if (result == NULL) {
            return false;
        }
        rows = PQntuples(result);
        for (int row = 0; row < rows; row++) {
            last = pg_uuid(result, row, 0);
            row_compare(books, projection, &last, pg_integer(result, row, 1),
                        pg_text(result, row, 2));
        }
        PQclear(result);
    } while (rows == PAGE_ROWS);
    uint64_t expected = entries_count(books, projection);
    if (books->checked - before < expected) {
        replay_books_find(books, "catalog: %" PRIu64 " of %" PRIu64 " rows of %s are missing",
                          expected - (books->checked - before), expected, projection->name);
    }
    return true;
}

bool replay_check_projections(struct replay_books *books, struct error *error) {
    struct pg *pg = replay_pg_new(books->context);
    bool done = indexer_wait(books, pg, error);
    for (size_t i = 0; done && i < sizeof projections / sizeof projections[0]; i++) {
        done = projection_check(books, &projections[i], pg, error);
    }
    pg_free(pg);
    return done;
}
