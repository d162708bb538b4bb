/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_PLAN_PLAN_H
#define SEATLOG_RESERVATION_CORE_PLAN_PLAN_H

/*
 * A show's details and seat plan, packed into one block that never moves: header, prices, sections,
 * rows, one bit a seat (set: free), and all texts. Rows with the same seat labels share them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reservation/core/bounds.h"
#include "reservation/core/memory.h"
#include "seatlog_types.h"

#define RESERVATION_SEATS_PER_WORD 64

/* A text of the plan: offset into its texts, octets. */
struct plan_text {
    uint32_t offset;
    uint16_t octets;
};

struct plan_category {
    int64_t price_minor;
    struct plan_text name;
};

struct plan_section {
    struct plan_text name;
    uint32_t seats_first; /* a general section: 0, 0 */
    uint32_t seats_count;
    uint16_t rows_first;
    uint16_t rows_count;
    uint16_t capacity; /* of a general section, else 0 */
    uint16_t taken;    /* of it */
    uint8_t category;
    uint8_t kind; /* enum section_kind */
};

struct plan_row {
    uint32_t labels_offset; /* of its seats' labels: each a byte count and the bytes */
    uint32_t label_offset;
    uint16_t seats_first;
    uint16_t seats_count;
    uint8_t label_octets;
};

struct reservation_plan {
    /* The first line: what nearly every command looks at. */
    uint64_t *free; /* RESERVATION_SEATS_PER_WORD in each */
    const struct plan_category *categories;
    struct plan_section *sections;
    int64_t starts_at;
    int64_t ends_at;
    int32_t hold_ttl_ms;
    int32_t seats_per_buyer_max;
    uint16_t seats_count;
    uint16_t sections_count;
    uint8_t categories_count;
    uint8_t type; /* enum show_type */
    char currency[RESERVATION_CURRENCY_OCTETS];
    char country[RESERVATION_COUNTRY_OCTETS];
    const struct plan_row *rows;
    const char *texts;
    uint32_t octets; /* of the whole block */
    uint16_t rows_count;
    struct plan_text title, description, venue, city, region, time_zone;
};

/* All seats free. The details must be sound. */
struct reservation_plan *reservation_plan_make(struct reservation_memory *memory,
                                               const struct show_details *details);
void reservation_plan_free(struct reservation_memory *memory, struct reservation_plan *plan);

/* The details back; lists in scratch, texts in the plan. */
struct show_details reservation_plan_details(const struct reservation_plan *plan,
                                             struct reservation_scratch *scratch);
/* Whether it was made of these very details. */
bool reservation_plan_is_same(const struct reservation_plan *plan,
                              const struct show_details *details,
                              struct reservation_scratch *scratch);
struct show_summary reservation_plan_summary(const struct reservation_plan *plan);
struct text reservation_plan_currency(const struct reservation_plan *plan);

/* The section of a seat, which must be one of the plan's. */
static inline uint32_t reservation_plan_section_of(const struct reservation_plan *plan,
                                                   uint32_t seat) {
    uint32_t section = 0;
    RESERVATION_ASSERT(seat < plan->seats_count);
    while (seat - plan->sections[section].seats_first >= plan->sections[section].seats_count) {
        section++;
    }
    RESERVATION_ASSERT(section < plan->sections_count);
    return section;
}

static inline int64_t reservation_plan_price_minor(const struct reservation_plan *plan,
                                                   uint32_t section) {
    RESERVATION_ASSERT(section < plan->sections_count);
    RESERVATION_ASSERT(plan->sections[section].category < plan->categories_count);
    return plan->categories[plan->sections[section].category].price_minor;
}

/* A seat, or with seat -1 a place of a general section. */
struct place reservation_plan_place(const struct reservation_plan *plan, int32_t seat,
                                    uint32_t section);

#endif
