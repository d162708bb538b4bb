/* SPDX-License-Identifier: Apache-2.0 */
/* Search by PostgreSQL's own index. */
#include "ingest-api/catalog/search_postgresql.h"

#include "ingest-api/catalog/local_time.h"
#include "ingest-api/catalog/show_json.h"
#include "runtime/base/time.h"

#include <stdlib.h>
#include <string.h>

static void set_text(json_t *object, const char *name, const PGresult *rows, int row, int column) {
    json_t *text =
        json_stringn(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
    json_object_set_new(object, name, text != NULL ? text : json_string(""));
}

static void set_time(json_t *object, const char *name, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    json_object_set_new(object, name, json_string(time_format(at_ms, text)));
}

/* Columns of catalog.search_row. */
static json_t *row_json(const PGresult *rows, int row) {
    char type[NAME_LOWER_SIZE];
    char local[TIME_TEXT_SIZE];
    struct text zone = {.data = PQgetvalue(rows, row, 9),
                        .size = (size_t)PQgetlength(rows, row, 9)};
    json_t *event = json_object();
    set_text(event, "event_id", rows, row, 0);
    set_text(event, "title", rows, row, 1);
    json_object_set_new(event, "type",
                        json_string(name_lower(PQgetvalue(rows, row, 2), type, sizeof type)));
    set_text(event, "venue", rows, row, 3);
    set_text(event, "city", rows, row, 4);
    set_text(event, "region", rows, row, 5);
    set_text(event, "country", rows, row, 6);
    set_time(event, "starts_at", pg_integer(rows, row, 7));
    set_time(event, "ends_at", pg_integer(rows, row, 8));
    json_object_set_new(event, "starts_at_local",
                        json_string(time_format_local(pg_integer(rows, row, 7), zone, local)));
    set_text(event, "time_zone", rows, row, 9);
    set_text(event, "currency", rows, row, 10);
    json_object_set_new(event, "price_minor_min", json_integer(pg_integer(rows, row, 11)));
    json_object_set_new(event, "price_minor_max", json_integer(pg_integer(rows, row, 12)));
    return event;
}

static json_t *postgresql_find(struct search *search, struct pg *pg, const struct search_wish *wish,
                               struct error *error) {
    (void)search;
    PGresult *rows =
        PG_QUERY(pg, error,
                 "SELECT * FROM catalog.search($1, $2, $3, $4, $5, $6::date, $7::date, $8::integer,"
                 " $9::integer)",
                 PG_TEXT(wish->words), PG_TEXT(wish->city), PG_TEXT(wish->type),
                 PG_INTEGER(wish->from_ms), PG_INTEGER(wish->to_ms), PG_TEXT(wish->from_day),
                 PG_TEXT(wish->to_day), PG_INTEGER(wish->limit), PG_INTEGER(wish->offset));
    if (rows == NULL) {
        return NULL;
    }
    json_t *events = json_array();
    for (int row = 0; row < PQntuples(rows); row++) {
        json_array_append_new(events, row_json(rows, row));
    }
    PQclear(rows);
    return events;
}

static void postgresql_free(struct search *search) { free(search); }

struct search *search_postgresql_new(void) {
    struct search *search = allocate_zeroed(1, sizeof *search);
    search->find = postgresql_find;
    search->free = postgresql_free;
    return search;
}
