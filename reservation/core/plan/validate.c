/* SPDX-License-Identifier: Apache-2.0 */
/* What a show may be, field by field: nothing else is ever put on sale, folded or restored. */
#include "reservation/core/plan/validate.h"

#include <string.h>

#include "codec/text/check.h"
#include "reservation/core/equal.h"

/* Twice the labels of the longest list, and a power of two. */
#define LABEL_TABLE_SIZE 8192
#define LABEL_TABLE_SIZE_MIN 16
_Static_assert(LABEL_TABLE_SIZE >= 2 * PLAN_ROWS_MAX, "the table is never full");
_Static_assert(LABEL_TABLE_SIZE >= 2 * PLAN_SEATS_PER_ROW_MAX, "the table is never full");
_Static_assert(PLAN_ROWS_MAX < UINT16_MAX && PLAN_SEATS_PER_ROW_MAX < UINT16_MAX, "fits table[]");
_Static_assert(PLAN_CATEGORIES_MAX <= INT8_MAX, "fits reservation.category");
_Static_assert(PLAN_SECTIONS_MAX <= INT16_MAX, "fits reservation.section");
_Static_assert(PLAN_LABEL_OCTETS_MAX <= UINT8_MAX, "fits plan_row.label_octets");
_Static_assert(PLAN_DESCRIPTION_OCTETS_MAX <= UINT16_MAX, "fits plan_text.octets");

static bool text_is_bounded(struct text text, size_t octets_min, size_t octets_max) {
    RESERVATION_ASSERT(octets_min <= octets_max);
    RESERVATION_ASSERT(text.size == 0 || text.data != NULL);
    return text.size >= octets_min && text.size <= octets_max;
}

/* No control characters; a free text may have line ends and tabs. */
static bool text_is_printable(struct text text, bool free_text) {
    for (size_t i = 0; i < text.size; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        bool layout = octet == '\n' || octet == '\r' || octet == '\t';
        if ((octet < 0x20 && !(free_text && layout)) || octet == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool text_is_line(struct text text, size_t octets_min, size_t octets_max) {
    return text_is_bounded(text, octets_min, octets_max) && text_is_printable(text, false);
}

static bool text_is_capitals(struct text text, size_t octets) {
    RESERVATION_ASSERT(octets >= 1);
    if (text.size != octets) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        if (text.data[i] < 'A' || text.data[i] > 'Z') {
            return false;
        }
    }
    return true;
}

/* As IANA names are: letters, digits, and a few marks. */
static bool text_is_time_zone(struct text text) {
    if (!text_is_bounded(text, 1, PLAN_TIME_ZONE_OCTETS_MAX)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '/' && c != '_' && c != '+' && c != '-') {
            return false;
        }
    }
    return true;
}

static const struct text *label_at(const struct text *labels, size_t stride, size_t index) {
    RESERVATION_ASSERT(stride >= sizeof(struct text));
    return (const void *)((const char *)labels + index * stride);
}

/* Of texts that lie `stride` bytes apart. */
static bool labels_are_unique(const struct text *labels, size_t stride, size_t count) {
    uint16_t table[LABEL_TABLE_SIZE]; /* index + 1, 0 where empty */
    uint32_t size = LABEL_TABLE_SIZE_MIN;
    while (size < 2 * count) {
        size *= 2;
    }
    RESERVATION_ASSERT(size <= LABEL_TABLE_SIZE);
    RESERVATION_ASSERT((size & (size - 1)) == 0 && size >= 2 * count);
    memset(table, 0, size * sizeof(*table));
    for (size_t i = 0; i < count; i++) {
        const struct text *label = label_at(labels, stride, i);
        uint32_t hash = 2166136261u; /* FNV-1a */
        for (size_t j = 0; j < label->size; j++) {
            hash = (hash ^ (uint8_t)label->data[j]) * 16777619u;
        }
        uint32_t entry = (hash ^ hash >> 15) & (size - 1);
        while (table[entry] != 0) {
            if (text_equal(*label_at(labels, stride, table[entry] - 1U), *label)) {
                return false;
            }
            entry = (entry + 1) & (size - 1);
        }
        table[entry] = (uint16_t)(i + 1);
        RESERVATION_ASSERT(label_at(labels, stride, table[entry] - 1U) == label);
    }
    return true;
}

static bool row_is_valid(const struct row *row) {
    if (!text_is_line(row->label, 1, PLAN_LABEL_OCTETS_MAX) || row->seats.count < 1 ||
        row->seats.count > PLAN_SEATS_PER_ROW_MAX) {
        return false;
    }
    for (size_t i = 0; i < row->seats.count; i++) {
        if (!text_is_line(row->seats.items[i], 1, PLAN_LABEL_OCTETS_MAX)) {
            return false;
        }
    }
    RESERVATION_ASSERT(2 * row->seats.count <= LABEL_TABLE_SIZE);
    return labels_are_unique(row->seats.items, sizeof(struct text), row->seats.count);
}

static bool section_is_valid(const struct section *section, size_t categories, size_t *rows,
                             size_t *places) {
    RESERVATION_ASSERT(*rows <= PLAN_ROWS_MAX);
    RESERVATION_ASSERT(categories >= 1 && categories <= PLAN_CATEGORIES_MAX);
    if (!text_is_line(section->name, 1, PLAN_NAME_OCTETS_MAX) || section->category < 0 ||
        (size_t)section->category >= categories) {
        return false;
    }
    if (section->kind == SECTION_KIND_GENERAL) {
        *places += (size_t)section->capacity;
        return section->rows.count == 0 && section->capacity >= 1 &&
               section->capacity <= RESERVATION_PLACES_PER_SHOW_MAX;
    }
    *rows += section->rows.count;
    if (section->kind != SECTION_KIND_SEATED || section->capacity != 0 ||
        section->rows.count == 0 || *rows > PLAN_ROWS_MAX) {
        return false;
    }
    for (size_t i = 0; i < section->rows.count; i++) {
        *places += section->rows.items[i].seats.count;
        if (*places > RESERVATION_PLACES_PER_SHOW_MAX || !row_is_valid(&section->rows.items[i])) {
            return false;
        }
    }
    RESERVATION_ASSERT(*places <= RESERVATION_PLACES_PER_SHOW_MAX);
    return labels_are_unique(&section->rows.items[0].label, sizeof(struct row),
                             section->rows.count);
}

static bool sections_are_valid(const struct show_details *details) {
    RESERVATION_ASSERT(details->categories.count >= 1);
    RESERVATION_ASSERT(details->categories.count <= PLAN_CATEGORIES_MAX);
    if (details->sections.count < 1 || details->sections.count > PLAN_SECTIONS_MAX) {
        return false;
    }
    size_t rows = 0;
    size_t places = 0;
    for (size_t i = 0; i < details->sections.count; i++) {
        if (!section_is_valid(&details->sections.items[i], details->categories.count, &rows,
                              &places)) {
            return false;
        }
    }
    RESERVATION_ASSERT(rows <= PLAN_ROWS_MAX);
    return places <= RESERVATION_PLACES_PER_SHOW_MAX;
}

static bool categories_are_valid(const struct category_list *categories) {
    if (categories->count < 1 || categories->count > PLAN_CATEGORIES_MAX) {
        return false;
    }
    for (size_t i = 0; i < categories->count; i++) {
        const struct category *category = &categories->items[i];
        if (!text_is_line(category->name, 1, PLAN_NAME_OCTETS_MAX) || category->price_minor < 0 ||
            category->price_minor > PLAN_PRICE_MINOR_MAX) {
            return false;
        }
    }
    return true;
}

bool reservation_plan_is_sound(const struct show_details *details) {
    return text_is_line(details->title, 1, PLAN_TITLE_OCTETS_MAX) &&
           (unsigned)details->type < SHOW_TYPE_COUNT &&
           text_is_bounded(details->description, 0, PLAN_DESCRIPTION_OCTETS_MAX) &&
           text_is_printable(details->description, true) &&
           text_is_line(details->venue, 1, PLAN_TITLE_OCTETS_MAX) &&
           text_is_line(details->city, 1, PLAN_CITY_OCTETS_MAX) &&
           text_is_line(details->region, 0, PLAN_CITY_OCTETS_MAX) &&
           text_is_capitals(details->country, RESERVATION_COUNTRY_OCTETS) &&
           text_is_capitals(details->currency, RESERVATION_CURRENCY_OCTETS) &&
           text_is_time_zone(details->time_zone) && details->starts_at >= 0 &&
           details->ends_at > details->starts_at &&
           details->ends_at - details->starts_at <= PLAN_LENGTH_MS_MAX &&
           details->hold_ttl_ms >= PLAN_HOLD_TTL_MS_MIN &&
           details->hold_ttl_ms <= PLAN_HOLD_TTL_MS_MAX && details->seats_per_buyer_max >= 1 &&
           details->seats_per_buyer_max <= PLAN_SEATS_PER_BUYER_MAX &&
           categories_are_valid(&details->categories) && sections_are_valid(details);
}

bool reservation_plan_is_valid(const struct show_details *details, int64_t now_ms) {
    return details->starts_at > now_ms && details->starts_at - now_ms <= PLAN_START_AHEAD_MS_MAX &&
           reservation_plan_is_sound(details);
}

static bool text_is_fit(enum text_kind kind, struct text text) {
    RESERVATION_ASSERT(kind == TEXT_LINE || kind == TEXT_PARAGRAPH);
    return text_check(kind, text.data, text.size, NULL);
}

static bool section_texts_are_fit(const struct section *section) {
    RESERVATION_ASSERT(section->rows.count <= PLAN_ROWS_MAX);
    if (!text_is_fit(TEXT_LINE, section->name)) {
        return false;
    }
    for (size_t i = 0; i < section->rows.count; i++) {
        const struct row *row = &section->rows.items[i];
        if (!text_is_fit(TEXT_LINE, row->label)) {
            return false;
        }
        for (size_t j = 0; j < row->seats.count; j++) {
            if (!text_is_fit(TEXT_LINE, row->seats.items[j])) {
                return false;
            }
        }
    }
    return true;
}

bool reservation_plan_texts_are_fit(const struct show_details *details) {
    RESERVATION_ASSERT(details->categories.count <= PLAN_CATEGORIES_MAX);
    RESERVATION_ASSERT(details->sections.count <= PLAN_SECTIONS_MAX);
    for (size_t i = 0; i < details->categories.count; i++) {
        if (!text_is_fit(TEXT_LINE, details->categories.items[i].name)) {
            return false;
        }
    }
    for (size_t i = 0; i < details->sections.count; i++) {
        if (!section_texts_are_fit(&details->sections.items[i])) {
            return false;
        }
    }
    return text_is_fit(TEXT_LINE, details->title) && text_is_fit(TEXT_LINE, details->venue) &&
           text_is_fit(TEXT_LINE, details->city) && text_is_fit(TEXT_LINE, details->region) &&
           text_is_fit(TEXT_PARAGRAPH, details->description);
}

static bool seats_are_sound(const struct reservation_plan *plan, struct integers seats,
                            int32_t quantity) {
    RESERVATION_ASSERT(quantity >= 1 && quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    if (seats.count != (size_t)quantity) {
        return false;
    }
    for (size_t i = 0; i < seats.count; i++) {
        if (seats.items[i] < 0 || seats.items[i] >= plan->seats_count ||
            (i > 0 && seats.items[i] <= seats.items[i - 1])) {
            return false;
        }
    }
    RESERVATION_ASSERT(quantity <= plan->seats_count);
    return true;
}

bool reservation_places_are_sound(const struct reservation_plan *plan, enum selection selection,
                                  struct integers seats, int32_t section, int32_t category,
                                  int32_t quantity) {
    RESERVATION_ASSERT(plan->sections_count >= 1 && plan->sections_count <= PLAN_SECTIONS_MAX);
    RESERVATION_ASSERT(plan->categories_count >= 1);
    if (quantity < 1 || quantity > RESERVATION_PLACES_PER_RESERVATION_MAX || section < -1 ||
        section >= plan->sections_count || category < -1 || category >= plan->categories_count) {
        return false;
    }
    if (selection != SELECTION_GENERAL) {
        return (unsigned)selection < SELECTION_COUNT && seats_are_sound(plan, seats, quantity);
    }
    return seats.count == 0 && section >= 0 && plan->sections[section].kind == SECTION_KIND_GENERAL;
}
