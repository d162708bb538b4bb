/* SPDX-License-Identifier: Apache-2.0 */
/* What the bodies of commands ask for. */
#include "ingest-api/commands/wish.h"

#include "ingest-api/http/text.h"
#include "runtime/base/identity.h"
#include "seatlog_bounds.h"

#include <string.h>

bool wish_seat_id_parse(const char *text, int32_t *seat) {
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 6 || text[size] != '\0' || (size > 1 && text[0] == '0')) {
        return false;
    }
    int32_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number * 10 + (text[i] - '0');
    }
    *seat = number;
    return true;
}

static bool show_id_read(struct reader *reader, const json_t *body, struct uuid *out) {
    struct text text;
    return reader_text(reader, NULL, body, "event_id", READER_REQUIRED,
                       (struct text_rule){.size_min = 1, .size_max = 64}, &text) &&
           (uuid_parse(text.data, text.size, out) ||
            reader_error(reader, NULL, "event_id", "must be a UUID"));
}

static void seats_read(struct reader *reader, struct arena *arena, const json_t *body,
                       struct reserve_wish *out) {
    json_t *list;
    if (!reader_array(reader, NULL, body, "ticket_ids", READER_REQUIRED, 1,
                      RESERVATION_PLACES_PER_RESERVATION_MAX, &list)) {
        return;
    }
    struct place_in place = {.name = "ticket_ids"};
    size_t count = json_array_size(list);
    int32_t *seats = arena_allocate_array(arena, count, sizeof *seats);
    for (size_t i = 0; i < count; i++) {
        struct place_in at = {.parent = &place, .index = i};
        const char *id = json_string_value(json_array_get(list, i));
        seats[i] = -1;
        if (id == NULL || !wish_seat_id_parse(id, &seats[i]) || seats[i] >= PLAN_PLACES_MAX) {
            reader_error(reader, &at, NULL, "must be the id of a seat of this event, as text");
            continue;
        }
        for (size_t j = 0; j < i; j++) {
            if (seats[j] == seats[i]) {
                reader_error(reader, &at, NULL, "repeats a seat");
                break;
            }
        }
    }
    out->seats = (struct integers){.items = seats, .count = count};
}

static void quantity_read(struct reader *reader, const struct place_in *at, const json_t *object,
                          struct reserve_wish *out) {
    int64_t quantity = 0;
    if (reader_integer(reader, at, object, "quantity", READER_REQUIRED, 1,
                       RESERVATION_PLACES_PER_RESERVATION_MAX, &quantity)) {
        out->quantity = (int32_t)quantity;
    }
}

/* Names are compared in the form that they were put on sale in. */
static const struct display_rule name_rule = {.kind = TEXT_LINE, .size_max = PLAN_NAME_OCTETS_MAX};

bool wish_reserve_read(struct reader *reader, struct arena *arena, const json_t *body,
                       struct reserve_wish *out) {
    static const char *const members[] = {"event_id", "ticket_ids", "best_available",
                                          "section",  "quantity",   NULL};
    static const char *const best_members[] = {"quantity", "section", "category", NULL};
    *out = (struct reserve_wish){0};
    reader_object(reader, NULL, body, members);
    show_id_read(reader, body, &out->show_id);
    const json_t *best = json_object_get(body, "best_available");
    bool named = json_object_get(body, "ticket_ids") != NULL;
    bool general =
        json_object_get(body, "section") != NULL || json_object_get(body, "quantity") != NULL;
    if (named + (best != NULL) + general > 1) {
        return reader_error(reader, NULL, best != NULL ? "best_available" : "ticket_ids",
                            "excludes the others: choose one of ticket_ids, best_available, or "
                            "section with quantity");
    }
    if (best != NULL) {
        struct place_in at = {.name = "best_available"};
        out->selection = SELECTION_BEST_AVAILABLE;
        if (reader_object(reader, &at, best, best_members)) {
            quantity_read(reader, &at, best, out);
            display_text_read(reader, arena, &at, best, "section", READER_OPTIONAL, name_rule,
                              &out->section);
            display_text_read(reader, arena, &at, best, "category", READER_OPTIONAL, name_rule,
                              &out->category);
        }
    } else if (general) {
        out->selection = SELECTION_GENERAL;
        display_text_read(reader, arena, NULL, body, "section", READER_REQUIRED, name_rule,
                          &out->section);
        quantity_read(reader, NULL, body, out);
    } else if (!named) {
        return reader_error(reader, NULL, "ticket_ids",
                            "Choose the places: name seats in ticket_ids, or ask for "
                            "best_available, or for a section with a quantity.");
    } else {
        out->selection = SELECTION_NAMED;
        seats_read(reader, arena, body, out);
    }
    return !reader_failed(reader);
}

bool wish_book_read(struct reader *reader, const json_t *body, struct book_wish *out) {
    static const char *const members[] = {"reservation_id", "source_id", NULL};
    *out = (struct book_wish){.source_id = TEXT_LITERAL("")};
    reader_object(reader, NULL, body, members);
    struct uuid show_id;
    struct uuid reservation_id;
    if (reader_text(reader, NULL, body, "reservation_id", READER_REQUIRED,
                    (struct text_rule){.size_min = 1, .size_max = 64}, &out->reservation_id) &&
        !public_order_id_parse(out->reservation_id.data, out->reservation_id.size, &show_id,
                               &reservation_id) &&
        !uuid_parse(out->reservation_id.data, out->reservation_id.size, &reservation_id)) {
        reader_error(reader, NULL, "reservation_id", "must be the id that POST /reserve gave");
    }
    if (reader_text(reader, NULL, body, "source_id", READER_OPTIONAL,
                    (struct text_rule){.size_min = 1, .size_max = RESERVATION_SOURCE_ID_OCTETS_MAX},
                    &out->source_id)) {
        bool visible = true;
        for (size_t i = 0; i < out->source_id.size; i++) {
            visible = visible && out->source_id.data[i] > ' ' && out->source_id.data[i] <= '~';
        }
        if (!visible) {
            reader_error(reader, NULL, "source_id",
                         "must be visible ASCII characters without blanks");
        } else if (strncmp(out->source_id.data, "ccof:", 5) == 0) {
            reader_error(reader, NULL, "source_id",
                         "must be a single-use token; stored cards (ccof:) are not taken");
        }
    }
    return !reader_failed(reader);
}

bool wish_cancel_show_read(struct reader *reader, struct arena *arena, const json_t *body,
                           struct text *reason) {
    static const char *const members[] = {"reason", NULL};
    *reason = TEXT_LITERAL("");
    if (body != NULL) {
        reader_object(reader, NULL, body, members);
        display_text_read(reader, arena, NULL, body, "reason", READER_OPTIONAL,
                          (struct display_rule){.kind = TEXT_PARAGRAPH,
                                                .may_be_empty = true,
                                                .size_max = PLAN_REASON_OCTETS_MAX},
                          reason);
    }
    return !reader_failed(reader);
}
