/* SPDX-License-Identifier: Apache-2.0 */
/* A show as JSON, written by hand. */
#include "ingest-api/catalog/show_json.h"

#include "runtime/base/error.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const seat_state_names[] = {
    [SEAT_FREE] = "free", [SEAT_HELD] = "held", [SEAT_SOLD] = "sold"};
_Static_assert(sizeof seat_state_names / sizeof seat_state_names[0] == SEAT_STATE_COUNT,
               "a name for each");

const char *show_status_name(int status) {
    static const char *const names[] = {"on_sale", "cancelled", "closed"};
    return status >= 0 && status <= 2 ? names[status] : "closed";
}

const char *name_lower(const char *name, char *out, size_t size) {
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < size; i++) {
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i]);
    }
    out[i] = '\0';
    return out;
}

/* A JSON string with its quotes. */
static void json_text_append(struct buffer *out, struct text text) {
    buffer_append(out, "\"", 1);
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        if (octet >= 0x20 && octet != '"' && octet != '\\') {
            continue;
        }
        buffer_append(out, text.data + start, i - start);
        start = i + 1;
        if (octet == '"' || octet == '\\') {
            buffer_append(out, octet == '"' ? "\\\"" : "\\\\", 2);
        } else {
            buffer_append_format(out, "\\u%04x", octet);
        }
    }
    buffer_append(out, text.data + start, text.size - start);
    buffer_append(out, "\"", 1);
}

static void member_text(struct buffer *out, const char *name, struct text text) {
    buffer_append_format(out, "\"%s\":", name);
    json_text_append(out, text);
    buffer_append(out, ",", 1);
}

static void member_time(struct buffer *out, const char *name, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    buffer_append_format(out, "\"%s\":\"%s\",", name, time_format(at_ms, text));
}

static enum seat_state seat_state_of(const struct seat_map *map, int32_t seat) {
    uint8_t state = (size_t)seat < map->state_count ? map->states[seat] : SEAT_FREE;
    return state <= SEAT_SOLD ? (enum seat_state)state : SEAT_SOLD;
}

/* The first seat of a section: those before it are all in sections before it. */
static int32_t section_seat_first(const struct show_plan *plan, size_t section) {
    int32_t seat = 0;
    for (size_t i = 0; i < section; i++) {
        const struct row_list *rows = &plan->details.sections.items[i].rows;
        for (size_t j = 0; j < rows->count; j++) {
            seat += (int32_t)rows->items[j].seats.count;
        }
    }
    return seat;
}

void show_section_count(const struct show_plan *plan, const struct seat_map *map, size_t section,
                        struct section_count *out) {
    const struct section *found = &plan->details.sections.items[section];
    *out = (struct section_count){0};
    if (found->kind == SECTION_KIND_GENERAL) {
        out->capacity = found->capacity;
        if (section < map->section_count) {
            out->held = map->general_held[section];
            out->sold = map->general_sold[section];
        }
        return;
    }
    int32_t seat = section_seat_first(plan, section);
    for (size_t j = 0; j < found->rows.count; j++) {
        for (size_t k = 0; k < found->rows.items[j].seats.count; k++, seat++) {
            enum seat_state state = seat_state_of(map, seat);
            out->held += state == SEAT_HELD;
            out->sold += state == SEAT_SOLD;
            out->capacity++;
        }
    }
}

static int32_t count_free(const struct section_count *count) {
    return count->capacity - count->held - count->sold;
}

static void details_append(struct buffer *out, const struct show_plan *plan,
                           const struct seat_map *map) {
    const struct show_details *show = &plan->details;
    char id[UUID_TEXT_SIZE];
    char type[NAME_LOWER_SIZE];
    buffer_append_format(out, "\"event_id\":\"%s\",", uuid_format(&plan->show_id, id));
    buffer_append_format(out, "\"owner_id\":\"%s\",", uuid_format(&plan->owner_id, id));
    member_text(out, "title", show->title);
    buffer_append_format(out, "\"type\":\"%s\",",
                         name_lower(show_type_name(show->type), type, sizeof type));
    member_text(out, "description", show->description);
    member_text(out, "venue", show->venue);
    member_text(out, "city", show->city);
    member_text(out, "region", show->region);
    member_text(out, "country", show->country);
    member_time(out, "starts_at", show->starts_at);
    member_time(out, "ends_at", show->ends_at);
    buffer_append_format(out, "\"starts_at_local\":\"%s\",", plan->starts_at_local);
    member_text(out, "time_zone", show->time_zone);
    member_text(out, "currency", show->currency);
    buffer_append_format(out, "\"status\":\"%s\",", show_status_name(map->status));
    if (map->status == 1 && map->cancel_reason != NULL) {
        member_text(out, "cancel_reason",
                    (struct text){.data = map->cancel_reason, .size = strlen(map->cancel_reason)});
    }
    buffer_append_format(out,
                         "\"hold_seconds\":%d,\"seats_per_buyer_max\":%d,\"version\":%" PRId64 ",",
                         show->hold_ttl_ms / 1000, show->seats_per_buyer_max, map->version);
}

static void categories_append(struct buffer *out, const struct show_plan *plan,
                              const struct section_count *counts) {
    const struct show_details *show = &plan->details;
    int32_t available = 0;
    for (size_t i = 0; i < show->sections.count; i++) {
        available += count_free(&counts[i]);
    }
    buffer_append_format(out, "\"available\":%d,\"categories\":[", available);
    for (size_t c = 0; c < show->categories.count; c++) {
        int32_t of_category = 0;
        for (size_t i = 0; i < show->sections.count; i++) {
            if (show->sections.items[i].category == (int32_t)c) {
                of_category += count_free(&counts[i]);
            }
        }
        buffer_append_text(out, c > 0 ? ",{" : "{");
        member_text(out, "name", show->categories.items[c].name);
        buffer_append_format(out, "\"price_minor\":%" PRId64 ",\"available\":%d}",
                             show->categories.items[c].price_minor, of_category);
    }
    buffer_append_text(out, "],");
}

static void sections_append(struct buffer *out, const struct show_plan *plan,
                            const struct section_count *counts) {
    const struct show_details *show = &plan->details;
    buffer_append_text(out, "\"sections\":[");
    for (size_t i = 0; i < show->sections.count; i++) {
        const struct section *section = &show->sections.items[i];
        const struct category *category = &show->categories.items[section->category];
        buffer_append_text(out, i > 0 ? ",{" : "{");
        member_text(out, "name", section->name);
        buffer_append_format(out, "\"kind\":\"%s\",",
                             section->kind == SECTION_KIND_GENERAL ? "general" : "seated");
        member_text(out, "category", category->name);
        buffer_append_format(out, "\"price_minor\":%" PRId64 ",\"capacity\":%d,\"available\":%d}",
                             category->price_minor, counts[i].capacity, count_free(&counts[i]));
    }
    buffer_append_text(out, "],");
}

/* What all seats of a row have in common is written once and copied. */
static void seats_append(struct buffer *out, const struct show_plan *plan,
                         const struct seat_map *map) {
    struct buffer common = {0};
    buffer_append_text(out, "\"tickets\":[");
    for (size_t i = 0; i < plan->row_count; i++) {
        const struct plan_row *row = &plan->rows[i];
        const struct category *category = &plan->details.categories.items[row->section->category];
        buffer_reset(&common);
        member_text(&common, "section", row->section->name);
        member_text(&common, "row", row->row->label);
        member_text(&common, "category", category->name);
        buffer_append_format(&common,
                             "\"price_minor\":%" PRId64 ",\"seat\":", category->price_minor);
        for (size_t j = 0; j < row->row->seats.count; j++) {
            int32_t seat = row->seat_first + (int32_t)j;
            buffer_append_format(out, "%s{\"id\":\"%d\",", seat > 0 ? "," : "", seat);
            buffer_append(out, common.data, common.size);
            json_text_append(out, row->row->seats.items[j]);
            buffer_append_text(out, ",\"state\":\"");
            buffer_append_text(out, seat_state_names[seat_state_of(map, seat)]);
            buffer_append_text(out, "\"}");
        }
    }
    buffer_append_text(out, "]");
    buffer_deinit(&common);
}

void show_json_append(struct buffer *out, const struct show_plan *plan,
                      const struct seat_map *map) {
    size_t section_count = plan->details.sections.count;
    struct section_count *counts = allocate_zeroed(section_count + 1, sizeof *counts);
    for (size_t i = 0; i < section_count; i++) {
        show_section_count(plan, map, i, &counts[i]);
    }
    buffer_append_text(out, "{");
    details_append(out, plan, map);
    categories_append(out, plan, counts);
    sections_append(out, plan, counts);
    seats_append(out, plan, map);
    buffer_append_text(out, "}\n");
    free(counts);
}
