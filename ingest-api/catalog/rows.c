/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement on shows and seat maps. */
#include "ingest-api/catalog/rows.h"

#include "ingest-api/catalog/local_time.h"
#include "runtime/base/log.h"
#include "seatlog_codec.h"

#include <stdlib.h>
#include <string.h>

static enum catalog_result query_failed(const struct error *error, const struct uuid *show_id) {
    log_warning("the catalog cannot be read", LOG_UUID("show_id", show_id),
                LOG_TEXT("reason", error->message));
    return CATALOG_UNAVAILABLE;
}

static struct text text_at(struct show_plan *plan, const PGresult *row, int column) {
    return arena_text_copy_string(&plan->arena, PQgetvalue(row, 0, column));
}

static struct show_plan *plan_from_row(const struct uuid *show_id, const PGresult *row) {
    struct show_plan *plan = plan_new();
    struct show_details *details = &plan->details;
    plan->show_id = *show_id;
    plan->owner_id = pg_uuid(row, 0, 0);
    details->title = text_at(plan, row, 1);
    show_type_parse(text_at(plan, row, 2), &details->type);
    details->description = text_at(plan, row, 3);
    details->venue = text_at(plan, row, 4);
    details->city = text_at(plan, row, 5);
    details->region = text_at(plan, row, 6);
    details->country = text_at(plan, row, 7);
    details->starts_at = pg_integer(row, 0, 8);
    details->ends_at = pg_integer(row, 0, 9);
    details->time_zone = text_at(plan, row, 10);
    details->currency = text_at(plan, row, 11);
    details->hold_ttl_ms = (int32_t)pg_integer(row, 0, 12);
    details->seats_per_buyer_max = (int32_t)pg_integer(row, 0, 13);
    time_format_local(details->starts_at, details->time_zone, plan->starts_at_local);
    if (!plan_read(plan, PQgetvalue(row, 0, 14), (size_t)PQgetlength(row, 0, 14))) {
        plan_release(plan);
        return NULL;
    }
    return plan;
}

enum catalog_result catalog_plan_query(struct pg *pg, const struct uuid *show_id,
                                       struct show_plan **plan) {
    struct error error;
    PGresult *row = PG_QUERY(pg, &error,
                             "SELECT owner_id, title, type, description, venue, city, region,"
                             " country, starts_at, ends_at, time_zone, currency, hold_ttl_ms,"
                             " seats_per_buyer_max, plan FROM catalog.show WHERE show_id = $1",
                             PG_UUID(show_id));
    if (row == NULL) {
        return query_failed(&error, show_id);
    }
    enum catalog_result result = CATALOG_UNKNOWN;
    if (PQntuples(row) > 0) {
        *plan = plan_from_row(show_id, row);
        result = *plan != NULL ? CATALOG_FOUND : CATALOG_UNAVAILABLE;
        if (*plan == NULL) {
            log_error("a seat plan in the catalog cannot be read", LOG_UUID("show_id", show_id));
        }
    }
    PQclear(row);
    return result;
}

/* "{1,2,3}": the next number, or false at the end. */
static bool array_next(const char **at, int32_t *out) {
    while (**at == '{' || **at == ',') {
        (*at)++;
    }
    char *end;
    long value = strtol(*at, &end, 10);
    if (end == *at) {
        return false;
    }
    *at = end;
    *out = (int32_t)value;
    return true;
}

static size_t array_count(const char *array) {
    size_t count = array[0] == '{' && array[1] != '}' ? 1 : 0;
    for (; *array != '\0'; array++) {
        count += *array == ',';
    }
    return count;
}

struct integers catalog_integers_parse(struct arena *arena, const char *array) {
    size_t count = array_count(array);
    int32_t *items = arena_allocate_array(arena, count, sizeof *items);
    size_t filled = 0;
    while (filled < count && array_next(&array, &items[filled])) {
        filled++;
    }
    return (struct integers){.items = items, .count = filled};
}

static int32_t *counts_read(const char *array, size_t count) {
    int32_t *items = allocate_zeroed(count + 1, sizeof *items);
    for (size_t i = 0; i < count && array_next(&array, &items[i]); i++) {
    }
    return items;
}

enum catalog_result catalog_map_query(struct pg *pg, const struct uuid *show_id, int64_t seq_known,
                                      struct catalog_map *out) {
    struct error error;
    out->row = PG_QUERY(pg, &error,
                        "SELECT m.seq, m.version, m.states, m.general_held, m.general_sold,"
                        " s.status, s.cancel_reason"
                        " FROM catalog.seat_map m JOIN catalog.show s USING (show_id)"
                        " WHERE m.show_id = $1 AND m.seq <> $2",
                        PG_UUID(show_id), PG_INTEGER(seq_known));
    if (out->row == NULL) {
        return query_failed(&error, show_id);
    }
    if (PQntuples(out->row) == 0) {
        return CATALOG_UNKNOWN;
    }
    const PGresult *row = out->row;
    out->states = pg_octets(row, 0, 2, &out->seats.state_count);
    out->seats.section_count = array_count(pg_text(row, 0, 3));
    out->general_held = counts_read(pg_text(row, 0, 3), out->seats.section_count);
    out->general_sold = counts_read(pg_text(row, 0, 4), out->seats.section_count);
    out->seats.seq = pg_integer(row, 0, 0);
    out->seats.version = pg_integer(row, 0, 1);
    out->seats.states = out->states;
    out->seats.general_held = out->general_held;
    out->seats.general_sold = out->general_sold;
    out->seats.status = (int)pg_integer(row, 0, 5);
    out->seats.cancel_reason = pg_text(row, 0, 6);
    return CATALOG_FOUND;
}

void catalog_map_deinit(struct catalog_map *map) {
    PQclear(map->row);
    free(map->states);
    free(map->general_held);
    free(map->general_sold);
}
