/* SPDX-License-Identifier: Apache-2.0 */
/* A show's details packed into one block, measured first and then written, and unpacked again. */
#include "reservation/core/plan/plan.h"

#include <string.h>

#include "reservation/core/equal.h"

/* How many rows back a row may share its seats' labels with. */
#define LABELS_KEPT 8

/* Writes the block, or with base NULL only measures it. */
struct packer {
    uint8_t *base;
    size_t used;
};

static void *pack_room(struct packer *packer, size_t octets, size_t alignment) {
    RESERVATION_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0);
    packer->used = (packer->used + alignment - 1) / alignment * alignment;
    RESERVATION_ASSERT(((uintptr_t)packer->base + packer->used) % alignment == 0);
    void *room = packer->base == NULL ? NULL : packer->base + packer->used;
    packer->used += octets;
    return room;
}

static uint32_t pack_octets(struct packer *texts, const char *data, size_t octets) {
    RESERVATION_ASSERT(texts->used + octets <= UINT32_MAX);
    uint32_t offset = (uint32_t)texts->used;
    char *room = pack_room(texts, octets, 1);
    if (room != NULL && octets > 0) {
        memcpy(room, data, octets);
    }
    return offset;
}

static struct plan_text pack_text(struct packer *texts, struct text text) {
    RESERVATION_ASSERT(text.size <= UINT16_MAX);
    return (struct plan_text){.offset = pack_octets(texts, text.data, text.size),
                              .octets = (uint16_t)text.size};
}

/* The rows whose seats' labels were packed last. */
struct labels_cache {
    const struct row *rows[LABELS_KEPT];
    uint32_t offsets[LABELS_KEPT];
    unsigned count;
};

static bool labels_are_same(const struct row *a, const struct row *b) {
    RESERVATION_ASSERT(a->seats.count >= 1 && a->seats.count <= PLAN_SEATS_PER_ROW_MAX);
    if (a->seats.count != b->seats.count) {
        return false;
    }
    for (size_t i = 0; i < a->seats.count; i++) {
        if (!text_equal(a->seats.items[i], b->seats.items[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t pack_labels(struct packer *texts, const struct row *row,
                            struct labels_cache *cache) {
    unsigned kept = cache->count < LABELS_KEPT ? cache->count : LABELS_KEPT;
    for (unsigned i = 0; i < kept; i++) {
        if (labels_are_same(cache->rows[i], row)) {
            return cache->offsets[i];
        }
    }
    uint32_t offset = (uint32_t)texts->used;
    for (size_t i = 0; i < row->seats.count; i++) {
        RESERVATION_ASSERT(row->seats.items[i].size <= UINT8_MAX);
        char octets = (char)row->seats.items[i].size;
        pack_octets(texts, &octets, 1);
        pack_octets(texts, row->seats.items[i].data, row->seats.items[i].size);
    }
    cache->rows[cache->count % LABELS_KEPT] = row;
    cache->offsets[cache->count % LABELS_KEPT] = offset;
    cache->count++;
    RESERVATION_ASSERT(texts->used >= offset + row->seats.count);
    return offset;
}

static void count_rows_and_seats(const struct show_details *details, size_t *rows, size_t *seats) {
    *rows = 0;
    *seats = 0;
    for (size_t i = 0; i < details->sections.count; i++) {
        const struct row_list *list = &details->sections.items[i].rows;
        *rows += list->count;
        for (size_t j = 0; j < list->count; j++) {
            *seats += list->items[j].seats.count;
        }
    }
    RESERVATION_ASSERT(*rows <= PLAN_ROWS_MAX);
    RESERVATION_ASSERT(*seats <= RESERVATION_PLACES_PER_SHOW_MAX);
}

static void pack_rows(struct packer *texts, const struct section *section, struct plan_row *rows,
                      uint32_t *row, uint32_t *seat, struct labels_cache *cache) {
    for (size_t i = 0; i < section->rows.count; i++, (*row)++) {
        const struct row *from = &section->rows.items[i];
        RESERVATION_ASSERT(*seat + from->seats.count <= RESERVATION_PLACES_PER_SHOW_MAX);
        RESERVATION_ASSERT(from->label.size <= UINT8_MAX);
        struct plan_row packed = {.seats_first = (uint16_t)*seat,
                                  .seats_count = (uint16_t)from->seats.count,
                                  .label_octets = (uint8_t)from->label.size};
        packed.label_offset = pack_octets(texts, from->label.data, from->label.size);
        packed.labels_offset = pack_labels(texts, from, cache);
        *seat += (uint32_t)from->seats.count;
        if (rows != NULL) {
            rows[*row] = packed;
        }
    }
    RESERVATION_ASSERT(*row <= PLAN_ROWS_MAX);
}

static void pack_sections(struct packer *texts, const struct show_details *details,
                          struct plan_section *sections, struct plan_row *rows) {
    struct labels_cache cache = {.count = 0};
    uint32_t row = 0;
    uint32_t seat = 0;
    for (size_t i = 0; i < details->sections.count; i++) {
        const struct section *from = &details->sections.items[i];
        struct plan_section packed = {.name = pack_text(texts, from->name),
                                      .seats_first = seat,
                                      .rows_first = (uint16_t)row,
                                      .rows_count = (uint16_t)from->rows.count,
                                      .capacity = (uint16_t)from->capacity,
                                      .category = (uint8_t)from->category,
                                      .kind = (uint8_t)from->kind};
        pack_rows(texts, from, rows, &row, &seat, &cache);
        packed.seats_count = seat - packed.seats_first;
        RESERVATION_ASSERT((packed.seats_count > 0) == (from->kind == SECTION_KIND_SEATED));
        RESERVATION_ASSERT(row == packed.rows_first + (uint32_t)packed.rows_count);
        if (sections != NULL) {
            sections[i] = packed;
        }
    }
}

static void pack_header(struct reservation_plan *plan, const struct show_details *details) {
    RESERVATION_ASSERT(details->currency.size == sizeof(plan->currency));
    RESERVATION_ASSERT(details->country.size == sizeof(plan->country));
    plan->starts_at = details->starts_at;
    plan->ends_at = details->ends_at;
    plan->hold_ttl_ms = details->hold_ttl_ms;
    plan->seats_per_buyer_max = details->seats_per_buyer_max;
    plan->sections_count = (uint16_t)details->sections.count;
    plan->categories_count = (uint8_t)details->categories.count;
    plan->type = (uint8_t)details->type;
    memcpy(plan->currency, details->currency.data, sizeof(plan->currency));
    memcpy(plan->country, details->country.data, sizeof(plan->country));
}

static void pack_categories(struct packer *texts, const struct category_list *from,
                            struct plan_category *categories) {
    RESERVATION_ASSERT((categories == NULL) == (texts->base == NULL));
    RESERVATION_ASSERT(from->count <= PLAN_CATEGORIES_MAX);
    for (size_t i = 0; i < from->count; i++) {
        struct plan_category packed = {.price_minor = from->items[i].price_minor,
                                       .name = pack_text(texts, from->items[i].name)};
        if (categories != NULL) {
            categories[i] = packed;
        }
    }
}

/* The bits beyond the last seat stay clear. */
static void seats_free_all(uint64_t *free, size_t seats_count) {
    size_t words = seats_count / RESERVATION_SEATS_PER_WORD;
    size_t rest = seats_count % RESERVATION_SEATS_PER_WORD;
    memset(free, 0xff, words * sizeof(*free));
    if (rest > 0) {
        free[words] = ((uint64_t)1 << rest) - 1;
        RESERVATION_ASSERT((free[words] >> (rest - 1)) == 1);
    }
    RESERVATION_ASSERT(words == 0 || free[words - 1] == UINT64_MAX);
}

/* The size of the block; with base not NULL, writes it there. */
static size_t plan_pack(const struct show_details *details, void *base) {
    size_t rows_count;
    size_t seats_count;
    count_rows_and_seats(details, &rows_count, &seats_count);
    size_t words = (seats_count + RESERVATION_SEATS_PER_WORD - 1) / RESERVATION_SEATS_PER_WORD;
    struct packer packer = {.base = base};
    struct reservation_plan *plan = pack_room(&packer, sizeof(*plan), 8);
    uint64_t *free = pack_room(&packer, words * sizeof(*free), 8);
    struct plan_category *categories =
        pack_room(&packer, details->categories.count * sizeof(*categories), 8);
    struct plan_section *sections =
        pack_room(&packer, details->sections.count * sizeof(*sections), 4);
    struct plan_row *rows = pack_room(&packer, rows_count * sizeof(*rows), 4);
    struct packer texts = {.base = base == NULL ? NULL : packer.base + packer.used};
    struct reservation_plan header = {.categories = categories,
                                      .sections = sections,
                                      .rows = rows,
                                      .free = free,
                                      .texts = (const char *)texts.base,
                                      .seats_count = (uint16_t)seats_count,
                                      .rows_count = (uint16_t)rows_count};
    header.title = pack_text(&texts, details->title);
    header.venue = pack_text(&texts, details->venue);
    header.city = pack_text(&texts, details->city);
    header.time_zone = pack_text(&texts, details->time_zone);
    header.region = pack_text(&texts, details->region);
    pack_categories(&texts, &details->categories, categories);
    pack_sections(&texts, details, sections, rows);
    header.description = pack_text(&texts, details->description);
    size_t octets = packer.used + texts.used;
    RESERVATION_ASSERT(octets <= UINT32_MAX);
    RESERVATION_ASSERT((plan == NULL) == (base == NULL));
    if (plan != NULL) {
        header.octets = (uint32_t)octets;
        pack_header(&header, details);
        *plan = header;
        seats_free_all(free, seats_count);
    }
    return octets;
}

struct reservation_plan *reservation_plan_make(struct reservation_memory *memory,
                                               const struct show_details *details) {
    size_t octets = plan_pack(details, NULL);
    void *block = reservation_memory_allocate(memory, octets);
    size_t written = plan_pack(details, block);
    RESERVATION_ASSERT(written == octets);
    RESERVATION_ASSERT(((struct reservation_plan *)block)->octets == octets);
    return block;
}

void reservation_plan_free(struct reservation_memory *memory, struct reservation_plan *plan) {
    if (plan != NULL) {
        RESERVATION_ASSERT(plan->octets > sizeof(*plan));
        RESERVATION_ASSERT((const char *)plan + plan->octets >= plan->texts);
        reservation_memory_release(memory, plan, plan->octets);
    }
}

static struct text plan_text(const struct reservation_plan *plan, struct plan_text text) {
    RESERVATION_ASSERT((size_t)(plan->texts - (const char *)plan) + text.offset + text.octets <=
                       plan->octets);
    return (struct text){.data = plan->texts + text.offset, .size = text.octets};
}

struct text reservation_plan_currency(const struct reservation_plan *plan) {
    return (struct text){.data = plan->currency, .size = sizeof(plan->currency)};
}

struct show_summary reservation_plan_summary(const struct reservation_plan *plan) {
    RESERVATION_ASSERT(plan->title.octets >= 1);
    RESERVATION_ASSERT(plan->starts_at < plan->ends_at);
    return (struct show_summary){.title = plan_text(plan, plan->title),
                                 .venue = plan_text(plan, plan->venue),
                                 .city = plan_text(plan, plan->city),
                                 .starts_at = plan->starts_at,
                                 .ends_at = plan->ends_at,
                                 .time_zone = plan_text(plan, plan->time_zone)};
}

static struct row row_unpack(const struct reservation_plan *plan, const struct plan_row *row,
                             struct text *labels) {
    const char *packed = plan->texts + row->labels_offset;
    for (uint32_t i = 0; i < row->seats_count; i++) {
        size_t octets = (uint8_t)*packed++;
        labels[i] = (struct text){.data = packed, .size = octets};
        packed += octets;
        RESERVATION_ASSERT(octets <= PLAN_LABEL_OCTETS_MAX);
    }
    RESERVATION_ASSERT(packed <= (const char *)plan + plan->octets);
    return (struct row){
        .label = {.data = plan->texts + row->label_offset, .size = row->label_octets},
        .seats = {.items = labels, .count = row->seats_count}};
}

static struct section section_unpack(const struct reservation_plan *plan,
                                     const struct plan_section *section,
                                     struct reservation_scratch *scratch) {
    RESERVATION_ASSERT(section->rows_first + section->rows_count <= plan->rows_count);
    uint32_t seats_count = 0;
    struct row *rows =
        reservation_scratch_allocate(scratch, section->rows_count * sizeof(struct row));
    for (uint32_t i = 0; i < section->rows_count; i++) {
        const struct plan_row *row = &plan->rows[section->rows_first + i];
        struct text *labels =
            reservation_scratch_allocate(scratch, row->seats_count * sizeof(struct text));
        rows[i] = row_unpack(plan, row, labels);
        seats_count += row->seats_count;
    }
    RESERVATION_ASSERT(seats_count == section->seats_count);
    return (struct section){.name = plan_text(plan, section->name),
                            .category = section->category,
                            .kind = (enum section_kind)section->kind,
                            .rows = {.items = rows, .count = section->rows_count},
                            .capacity = section->capacity};
}

struct show_details reservation_plan_details(const struct reservation_plan *plan,
                                             struct reservation_scratch *scratch) {
    RESERVATION_ASSERT(plan->categories_count >= 1 && plan->sections_count >= 1);
    RESERVATION_ASSERT(plan->rows_count <= PLAN_ROWS_MAX);
    struct category *categories =
        reservation_scratch_allocate(scratch, plan->categories_count * sizeof(struct category));
    for (uint32_t i = 0; i < plan->categories_count; i++) {
        categories[i] = (struct category){.name = plan_text(plan, plan->categories[i].name),
                                          .price_minor = plan->categories[i].price_minor};
    }
    struct section *sections =
        reservation_scratch_allocate(scratch, plan->sections_count * sizeof(struct section));
    for (uint32_t i = 0; i < plan->sections_count; i++) {
        sections[i] = section_unpack(plan, &plan->sections[i], scratch);
    }
    return (struct show_details){
        .title = plan_text(plan, plan->title),
        .type = (enum show_type)plan->type,
        .description = plan_text(plan, plan->description),
        .venue = plan_text(plan, plan->venue),
        .city = plan_text(plan, plan->city),
        .region = plan_text(plan, plan->region),
        .country = {.data = plan->country, .size = sizeof(plan->country)},
        .starts_at = plan->starts_at,
        .ends_at = plan->ends_at,
        .time_zone = plan_text(plan, plan->time_zone),
        .currency = reservation_plan_currency(plan),
        .hold_ttl_ms = plan->hold_ttl_ms,
        .seats_per_buyer_max = plan->seats_per_buyer_max,
        .categories = {.items = categories, .count = plan->categories_count},
        .sections = {.items = sections, .count = plan->sections_count}};
}

static const struct plan_row *plan_row_of(const struct reservation_plan *plan,
                                          const struct plan_section *section, uint32_t seat) {
    RESERVATION_ASSERT(section->rows_count >= 1);
    RESERVATION_ASSERT(seat - section->seats_first < section->seats_count);
    uint32_t low = section->rows_first;
    uint32_t high = low + section->rows_count - 1U;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (plan->rows[middle].seats_first <= seat) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    RESERVATION_ASSERT(seat - plan->rows[low].seats_first < plan->rows[low].seats_count);
    return &plan->rows[low];
}

struct place reservation_plan_place(const struct reservation_plan *plan, int32_t seat,
                                    uint32_t section) {
    RESERVATION_ASSERT(section < plan->sections_count);
    const struct plan_section *of = &plan->sections[section];
    const struct plan_category *category = &plan->categories[of->category];
    struct place place = {.seat = seat,
                          .section_index = (int32_t)section,
                          .section = plan_text(plan, of->name),
                          .category = plan_text(plan, category->name),
                          .price_minor = category->price_minor};
    RESERVATION_ASSERT((seat < 0) == (of->kind == SECTION_KIND_GENERAL));
    if (seat < 0) {
        return place;
    }
    const struct plan_row *row = plan_row_of(plan, of, (uint32_t)seat);
    place.row = (struct text){.data = plan->texts + row->label_offset, .size = row->label_octets};
    const char *packed = plan->texts + row->labels_offset;
    for (uint32_t i = (uint32_t)seat - row->seats_first; i > 0; i--) {
        packed += 1 + (uint8_t)*packed;
    }
    place.label = (struct text){.data = packed + 1, .size = (uint8_t)*packed};
    RESERVATION_ASSERT(place.label.size >= 1 && place.label.size <= PLAN_LABEL_OCTETS_MAX);
    return place;
}

static bool sections_are_same(const struct section_list *a, const struct section_list *b) {
    RESERVATION_ASSERT(a->count >= 1 && a->count <= PLAN_SECTIONS_MAX);
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct section *x = &a->items[i];
        const struct section *y = &b->items[i];
        if (!text_equal(x->name, y->name) || x->category != y->category || x->kind != y->kind ||
            x->capacity != y->capacity || x->rows.count != y->rows.count) {
            return false;
        }
        for (size_t j = 0; j < x->rows.count; j++) {
            const struct row *r = &x->rows.items[j];
            const struct row *s = &y->rows.items[j];
            if (!text_equal(r->label, s->label) || !labels_are_same(r, s)) {
                return false;
            }
        }
    }
    return true;
}

static bool categories_are_same(const struct category_list *a, const struct category_list *b) {
    RESERVATION_ASSERT(a->count >= 1 && a->count <= PLAN_CATEGORIES_MAX);
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->items[i].name, b->items[i].name) ||
            a->items[i].price_minor != b->items[i].price_minor) {
            return false;
        }
    }
    return true;
}

bool reservation_plan_is_same(const struct reservation_plan *plan,
                              const struct show_details *details,
                              struct reservation_scratch *scratch) {
    struct show_details own = reservation_plan_details(plan, scratch);
    RESERVATION_ASSERT(own.sections.count == plan->sections_count);
    RESERVATION_ASSERT(own.categories.count == plan->categories_count);
    return text_equal(own.title, details->title) && own.type == details->type &&
           text_equal(own.description, details->description) &&
           text_equal(own.venue, details->venue) && text_equal(own.city, details->city) &&
           text_equal(own.region, details->region) && text_equal(own.country, details->country) &&
           own.starts_at == details->starts_at && own.ends_at == details->ends_at &&
           text_equal(own.time_zone, details->time_zone) &&
           text_equal(own.currency, details->currency) && own.hold_ttl_ms == details->hold_ttl_ms &&
           own.seats_per_buyer_max == details->seats_per_buyer_max &&
           categories_are_same(&own.categories, &details->categories) &&
           sections_are_same(&own.sections, &details->sections);
}
