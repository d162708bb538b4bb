/* SPDX-License-Identifier: Apache-2.0 */
/* One bit a seat: taken, given back, and searched for the best run of neighbours. */
#include "reservation/core/plan/seats.h"

#define WORD_BITS RESERVATION_SEATS_PER_WORD

void reservation_seat_take(struct reservation_plan *plan, uint32_t seat) {
    RESERVATION_ASSERT(reservation_seat_is_free(plan, seat));
    plan->free[seat / WORD_BITS] &= ~((uint64_t)1 << seat % WORD_BITS);
    RESERVATION_ASSERT(!reservation_seat_is_free(plan, seat));
}

void reservation_seat_give(struct reservation_plan *plan, uint32_t seat) {
    RESERVATION_ASSERT(!reservation_seat_is_free(plan, seat));
    plan->free[seat / WORD_BITS] |= (uint64_t)1 << seat % WORD_BITS;
    RESERVATION_ASSERT(reservation_seat_is_free(plan, seat));
}

/* The first seat from `seat` on that is free (or is not), `end` if there is none before it. */
static uint32_t seat_next(const struct reservation_plan *plan, uint32_t seat, uint32_t end,
                          bool is_free) {
    RESERVATION_ASSERT(end <= plan->seats_count);
    while (seat < end) {
        uint64_t word = plan->free[seat / WORD_BITS];
        word = (is_free ? word : ~word) >> seat % WORD_BITS;
        if (word != 0) {
            uint32_t found = seat + (uint32_t)__builtin_ctzll(word);
            RESERVATION_ASSERT(found >= end || reservation_seat_is_free(plan, found) == is_free);
            return found < end ? found : end;
        }
        seat = (seat / WORD_BITS + 1) * WORD_BITS;
    }
    return end;
}

/* A run of seats that could be sold. */
struct run {
    int32_t first;     /* -1: none */
    uint32_t distance; /* twice that of its middle from the row's */
};

static uint32_t run_distance(const struct plan_row *row, uint32_t first, uint32_t quantity) {
    RESERVATION_ASSERT(first >= row->seats_first);
    RESERVATION_ASSERT(first + quantity <= (uint32_t)row->seats_first + row->seats_count);
    uint32_t middle = 2 * (first - row->seats_first) + quantity;
    return middle > row->seats_count ? middle - row->seats_count : row->seats_count - middle;
}

static void run_better(struct run *best, const struct plan_row *row, uint32_t first,
                       uint32_t quantity) {
    uint32_t distance = run_distance(row, first, quantity);
    if (best->first < 0 || distance < best->distance) {
        *best = (struct run){.first = (int32_t)first, .distance = distance};
    }
    RESERVATION_ASSERT(best->first >= 0);
    RESERVATION_ASSERT(best->distance <= distance);
}

/*
 * Of the free seats [begin, end) of a row, tries the places for the run that can be the most
 * central: the one nearest to the middle, and, where that one would strand a seat, those beside it.
 */
static void gap_try(const struct plan_row *row, uint32_t begin, uint32_t end, uint32_t quantity,
                    bool may_strand, struct run *best) {
    RESERVATION_ASSERT(begin < end);
    RESERVATION_ASSERT(begin >= row->seats_first);
    RESERVATION_ASSERT(end <= (uint32_t)row->seats_first + row->seats_count);
    if (end - begin < quantity) {
        return;
    }
    uint32_t last = end - quantity; /* the last place where the run may begin */
    uint32_t ideal = row->seats_first;
    if (row->seats_count > quantity) {
        ideal += (row->seats_count - quantity) / 2;
    }
    ideal = ideal < begin ? begin : ideal > last ? last : ideal;
    RESERVATION_ASSERT(ideal >= begin && ideal <= last);
    uint32_t from = ideal > begin + 2 ? ideal - 2 : begin;
    uint32_t to = ideal + 2 < last ? ideal + 2 : last;
    for (uint32_t first = from; first <= to; first++) {
        bool strands = first - begin == 1 || last - first == 1;
        if (may_strand || !strands) {
            run_better(best, row, first, quantity);
        }
    }
}

static struct run row_best(const struct reservation_plan *plan, const struct plan_row *row,
                           uint32_t quantity, bool may_strand) {
    RESERVATION_ASSERT(quantity <= row->seats_count);
    struct run best = {.first = -1};
    uint32_t row_end = (uint32_t)row->seats_first + row->seats_count;
    uint32_t begin = seat_next(plan, row->seats_first, row_end, true);
    while (begin < row_end) {
        uint32_t end = seat_next(plan, begin, row_end, false);
        gap_try(row, begin, end, quantity, may_strand, &best);
        RESERVATION_ASSERT(begin < end);
        begin = seat_next(plan, end, row_end, true);
    }
    RESERVATION_ASSERT(best.first < 0 || reservation_seat_is_free(plan, (uint32_t)best.first));
    return best;
}

/* Rows by their distance from a third of the section's depth, the nearer to the stage first. */
static struct run section_best(const struct reservation_plan *plan,
                               const struct plan_section *section, uint32_t quantity,
                               bool may_strand) {
    RESERVATION_ASSERT(section->kind == SECTION_KIND_SEATED);
    RESERVATION_ASSERT(section->rows_count >= 1);
    RESERVATION_ASSERT(section->rows_first + section->rows_count <= plan->rows_count);
    const struct plan_row *rows = &plan->rows[section->rows_first];
    int32_t depth = section->rows_count - 1;
    int32_t before = depth / 3;
    int32_t behind = before + 1;
    while (before >= 0 || behind <= depth) {
        bool take_before =
            behind > depth || (before >= 0 && depth - 3 * before <= 3 * behind - depth);
        int32_t row = take_before ? before-- : behind++;
        if (rows[row].seats_count < quantity) {
            continue;
        }
        struct run best = row_best(plan, &rows[row], quantity, may_strand);
        if (best.first >= 0) {
            return best;
        }
    }
    RESERVATION_ASSERT(before < 0 && behind > depth);
    return (struct run){.first = -1};
}

/* How many bits are set: the compiler's own means may be a call that the core must not make. */
static uint32_t bits_count(uint64_t word) {
    uint32_t count = 0;
    for (; word != 0; word &= word - 1) {
        count++;
    }
    RESERVATION_ASSERT(count <= WORD_BITS);
    return count;
}

static uint32_t seats_free_between(const struct reservation_plan *plan, uint32_t seat,
                                   uint32_t end) {
    RESERVATION_ASSERT(seat <= end);
    RESERVATION_ASSERT(end <= plan->seats_count);
    uint32_t count = 0;
    while (seat < end) {
        uint32_t left = end - seat;
        uint32_t bits = WORD_BITS - seat % WORD_BITS;
        uint64_t word = plan->free[seat / WORD_BITS] >> seat % WORD_BITS;
        if (left < bits) {
            word &= ((uint64_t)1 << left) - 1;
            bits = left;
        }
        count += bits_count(word);
        seat += bits;
    }
    return count;
}

int32_t reservation_seats_best(const struct reservation_plan *plan, int32_t section,
                               int32_t category, uint32_t quantity) {
    RESERVATION_ASSERT(quantity >= 1);
    RESERVATION_ASSERT(section < plan->sections_count && category < plan->categories_count);
    for (int may_strand = 0; may_strand <= 1; may_strand++) {
        for (uint32_t i = 0; i < plan->sections_count; i++) {
            const struct plan_section *candidate = &plan->sections[i];
            if (candidate->kind != SECTION_KIND_SEATED ||
                (section >= 0 && (uint32_t)section != i) ||
                (category >= 0 && candidate->category != category)) {
                continue;
            }
            struct run best = section_best(plan, candidate, quantity, may_strand != 0);
            if (best.first >= 0) {
                RESERVATION_SLOW_ASSERT(seats_free_between(plan, (uint32_t)best.first,
                                                           (uint32_t)best.first + quantity) ==
                                        quantity);
                return best.first;
            }
        }
    }
    return -1;
}

int32_t reservation_seats_free(const struct reservation_plan *plan, int32_t section,
                               int32_t category) {
    RESERVATION_ASSERT(section >= -1 && section < plan->sections_count);
    RESERVATION_ASSERT(category >= -1 && category < plan->categories_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->sections_count; i++) {
        const struct plan_section *here = &plan->sections[i];
        if ((section == -1 || section == (int32_t)i) &&
            (category == -1 || category == here->category)) {
            count +=
                seats_free_between(plan, here->seats_first, here->seats_first + here->seats_count);
        }
    }
    RESERVATION_ASSERT(count <= plan->seats_count);
    return (int32_t)count;
}
