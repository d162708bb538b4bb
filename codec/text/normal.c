/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a text is in Unicode's form NFC. */
#include "codec/text/normal.h"

#include "codec/text/normal_15_0_0.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

#define CLASS_MASK 0xFFu
#define MAY_COMPOSE 0x100u
#define NEVER_NORMAL 0x200u

/* Hangul syllables are composed by arithmetic (Unicode, 3.12). */
#define HANGUL_S 0xAC00u
#define HANGUL_L 0x1100u
#define HANGUL_V 0x1161u
#define HANGUL_T 0x11A7u
#define HANGUL_L_COUNT 19u
#define HANGUL_V_COUNT 21u
#define HANGUL_T_COUNT 28u
#define HANGUL_S_COUNT (HANGUL_L_COUNT * HANGUL_V_COUNT * HANGUL_T_COUNT)

/* Every character gives four at most. */
#define DECOMPOSED_MAX (4 * (TEXT_NORMAL_MARKS_MAX + 2))

struct decomposed {
    uint32_t points[DECOMPOSED_MAX];
    size_t count;
};

static uint32_t what_of(uint32_t point) {
    size_t first = 0;
    size_t end = COUNT_OF(normal_classes);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (point < normal_classes[middle].first) {
            end = middle;
        } else if (point > normal_classes[middle].last) {
            first = middle + 1;
        } else {
            return normal_classes[middle].what;
        }
    }
    return 0;
}

static uint32_t class_of(uint32_t point) { return what_of(point) & CLASS_MASK; }

static void decompose(struct decomposed *out, uint32_t point) {
    if (point - HANGUL_S < HANGUL_S_COUNT) {
        uint32_t index = point - HANGUL_S;
        out->points[out->count++] = HANGUL_L + index / (HANGUL_V_COUNT * HANGUL_T_COUNT);
        out->points[out->count++] = HANGUL_V + index / HANGUL_T_COUNT % HANGUL_V_COUNT;
        if (index % HANGUL_T_COUNT != 0) {
            out->points[out->count++] = HANGUL_T + index % HANGUL_T_COUNT;
        }
        return;
    }
    size_t first = 0;
    size_t end = COUNT_OF(normal_decompositions);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (normal_decompositions[middle].composed == point) {
            const uint32_t *parts = normal_decompositions[middle].parts;
            for (size_t i = 0; i < 4 && parts[i] != 0; i++) {
                out->points[out->count++] = parts[i];
            }
            return;
        }
        if (normal_decompositions[middle].composed < point) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    out->points[out->count++] = point;
}

/* Marks by their classes, those of one class as they came; nothing passes a starter. */
static void order(struct decomposed *text) {
    for (size_t i = 1; i < text->count; i++) {
        uint32_t point = text->points[i];
        uint32_t class = class_of(point);
        size_t place = i;
        for (; class != 0 && place > 0 && class_of(text->points[place - 1]) > class; place--) {
            text->points[place] = text->points[place - 1];
        }
        text->points[place] = point;
    }
}

/* 0: the two do not compose. */
static uint32_t composed_of(uint32_t left, uint32_t right) {
    if (left - HANGUL_L < HANGUL_L_COUNT && right - HANGUL_V < HANGUL_V_COUNT) {
        return HANGUL_S +
               ((left - HANGUL_L) * HANGUL_V_COUNT + (right - HANGUL_V)) * HANGUL_T_COUNT;
    }
    if (left - HANGUL_S < HANGUL_S_COUNT && (left - HANGUL_S) % HANGUL_T_COUNT == 0 &&
        right - HANGUL_T - 1 < HANGUL_T_COUNT - 1) {
        return left + (right - HANGUL_T);
    }
    size_t first = 0;
    size_t end = COUNT_OF(normal_compositions);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        uint64_t here =
            (uint64_t)normal_compositions[middle].first << 32 | normal_compositions[middle].second;
        uint64_t wanted = (uint64_t)left << 32 | right;
        if (here == wanted) {
            return normal_compositions[middle].composed;
        }
        if (here < wanted) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return 0;
}

/* Each with the last starter before it, unless a mark of the same class or a higher one is between.
 */
static void compose(struct decomposed *text) {
    size_t kept = 0;
    size_t starter = DECOMPOSED_MAX; /* none */
    uint32_t class_before = 0;
    for (size_t i = 0; i < text->count; i++) {
        uint32_t point = text->points[i];
        uint32_t class = class_of(point);
        if (starter != DECOMPOSED_MAX) {
            bool adjacent = starter == kept - 1;
            uint32_t composed =
                adjacent || class_before < class ? composed_of(text->points[starter], point) : 0;
            if (composed != 0) {
                text->points[starter] = composed;
                continue;
            }
        }
        if (class == 0) {
            starter = kept;
        }
        class_before = class;
        text->points[kept++] = point;
    }
    text->count = kept;
}

static enum text_normal_result judge(const struct text_normal *normal) {
    struct decomposed again = {.count = 0};
    bool plain = true;
    for (size_t i = 0; i < normal->count; i++) {
        uint32_t what = what_of(normal->points[i]);
        if ((what & NEVER_NORMAL) != 0) {
            return TEXT_NORMAL_IS_NOT;
        }
        plain = plain && what == 0;
    }
    if (plain) {
        return TEXT_NORMAL_IS;
    }
    for (size_t i = 0; i < normal->count; i++) {
        decompose(&again, normal->points[i]);
    }
    order(&again);
    compose(&again);
    if (again.count != normal->count) {
        return TEXT_NORMAL_IS_NOT;
    }
    for (size_t i = 0; i < again.count; i++) {
        if (again.points[i] != normal->points[i]) {
            return TEXT_NORMAL_IS_NOT;
        }
    }
    return TEXT_NORMAL_IS;
}

enum text_normal_result text_normal_take(struct text_normal *normal, uint32_t code_point) {
    enum text_normal_result result = TEXT_NORMAL_IS;
    if ((what_of(code_point) & (CLASS_MASK | MAY_COMPOSE)) == 0) {
        result = judge(normal);
        normal->count = 0;
    } else if (normal->count == sizeof(normal->points) / sizeof(*normal->points)) {
        return TEXT_NORMAL_TOO_MANY_MARKS;
    }
    normal->points[normal->count++] = code_point;
    return result;
}

enum text_normal_result text_normal_end(const struct text_normal *normal) { return judge(normal); }
