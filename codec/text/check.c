/* SPDX-License-Identifier: Apache-2.0 */
/* The rule for texts that people see. */
#include "codec/text/check.h"

#include "codec/text/normal.h"
#include "codec/text/tables_15_0_0.h"

#define ZWJ 0x200Du
#define VS15 0xFE0Eu
#define VS16 0xFE0Fu
#define VS17 0xE0100u
#define KEYCAP 0x20E3u
#define BLACK_FLAG 0x1F3F4u
#define TAG_DIGIT_FIRST 0xE0030u
#define TAG_DIGIT_LAST 0xE0039u
#define TAG_LETTER_FIRST 0xE0061u
#define TAG_LETTER_LAST 0xE007Au
#define TAG_END 0xE007Fu
#define TAGS_MIN 3
#define TAGS_MAX 6
#define SKIN_FIRST 0x1F3FBu
#define SKIN_LAST 0x1F3FFu

#define RANGES_COUNT (sizeof(text_ranges) / sizeof(*text_ranges))
#define VARIANTS_COUNT (sizeof(text_variants) / sizeof(*text_variants))

/* A character of the text; size 0: malformed, or the end. */
struct character {
    uint32_t code_point;
    size_t size;
    enum text_class class;
    uint32_t flags;
};

struct walk {
    enum text_kind kind;
    const uint8_t *data;
    size_t size;
    size_t at;        /* the character looked at */
    size_t character; /* its number */
    size_t tags;      /* of the flag under way, which began with a black flag; 0: none yet */
    uint32_t before;  /* the code point before it, 0 at the beginning */
    uint32_t base;    /* the last one that was no selector and no skin tone */
    uint32_t base_flags;
    bool in_flag; /* tags have begun and the end is awaited */
    bool visible;
    bool ends_in_space;
};

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static struct character decode(const uint8_t *at, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    struct character none = {.size = 0};
    if (left == 0) {
        return none;
    }
    if (at[0] < 0x80) {
        return (struct character){.code_point = at[0], .size = 1};
    }
    size_t size = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || left < size) {
        return none;
    }
    uint32_t code_point = at[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return none;
        }
        code_point = code_point << 6 | (at[i] & 0x3Fu);
    }
    if (code_point < least[size] || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        return none;
    }
    return (struct character){.code_point = code_point, .size = size};
}

static void classify(struct character *character) {
    size_t first = 0;
    size_t end = RANGES_COUNT;
    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;
        if (text_ranges[middle].first <= character->code_point) {
            first = middle;
        } else {
            end = middle;
        }
    }
    character->class = (enum text_class)(text_ranges[first].what & 15u);
    character->flags = text_ranges[first].what >> 4;
}

static struct character character_at(const struct walk *walk, size_t at) {
    struct character character = decode(walk->data + at, walk->size - at);
    if (character.size > 0) {
        classify(&character);
    }
    return character;
}

static bool has(uint32_t flags, uint32_t flag) { return (flags & flag) != 0; }

static bool is_layout(uint32_t code_point) { return code_point == '\n' || code_point == '\t'; }

static bool is_space(const struct character *character) {
    return has(character->flags, TEXT_FLAG_SPACE) || is_layout(character->code_point) ||
           character->code_point == '\r';
}

static bool is_listed_variant(uint32_t base, uint32_t selector) {
    uint64_t wanted = (uint64_t)base << 32 | selector;
    size_t first = 0;
    size_t end = VARIANTS_COUNT;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (text_variants[middle] == wanted) {
            return true;
        }
        if (text_variants[middle] < wanted) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return false;
}

/* One selector, straight behind its base. */
static bool selector_belongs(const struct walk *walk, const struct character *selector) {
    uint32_t point = selector->code_point;
    if (walk->before == 0 || walk->before != walk->base) {
        return false;
    }
    if (point == VS15 || point == VS16) {
        if (!has(walk->base_flags, TEXT_FLAG_EMOJI_VARIANTS)) {
            return false;
        }
        /* A digit with a selector alone looks as without. */
        return walk->base >= 0x80 ||
               (point == VS16 &&
                character_at(walk, walk->at + selector->size).code_point == KEYCAP);
    }
    if (point >= VS17) {
        return has(walk->base_flags, TEXT_FLAG_IDEOGRAPH);
    }
    return is_listed_variant(walk->base, point);
}

static bool joiner_belongs(const struct walk *walk, const struct character *joiner) {
    struct character next = character_at(walk, walk->at + joiner->size);
    if (next.size == 0) {
        return false;
    }
    if (walk->before == walk->base && has(walk->base_flags, TEXT_FLAG_JOINS) &&
        has(next.flags, TEXT_FLAG_JOINS)) {
        return true;
    }
    return joiner->code_point == ZWJ && has(walk->base_flags, TEXT_FLAG_PICTOGRAPH) &&
           walk->before != VS15 && has(next.flags, TEXT_FLAG_PICTOGRAPH);
}

static bool tag_belongs(struct walk *walk, uint32_t tag) {
    if (tag == TAG_END) {
        bool complete = walk->in_flag && walk->tags >= TAGS_MIN;
        walk->in_flag = false;
        return complete;
    }
    if (!walk->in_flag) {
        if (walk->before != BLACK_FLAG) {
            return false;
        }
        walk->in_flag = true;
        walk->tags = 0;
    }
    walk->tags++;
    return walk->tags <= TAGS_MAX && ((tag >= TAG_DIGIT_FIRST && tag <= TAG_DIGIT_LAST) ||
                                      (tag >= TAG_LETTER_FIRST && tag <= TAG_LETTER_LAST));
}

static enum text_fault_kind control_fault(const struct walk *walk, uint32_t code_point) {
    if (code_point == '\r') {
        return TEXT_FAULT_CR;
    }
    if (!is_layout(code_point)) {
        return TEXT_FAULT_CONTROL;
    }
    if (walk->kind == TEXT_PARAGRAPH) {
        return TEXT_FAULT_NONE;
    }
    return code_point == '\n' ? TEXT_FAULT_LINE_END : TEXT_FAULT_TAB;
}

static enum text_fault_kind fault_of(struct walk *walk, const struct character *character) {
    if (walk->in_flag && character->class != TEXT_CLASS_TAG) {
        return TEXT_FAULT_TAG;
    }
    switch (character->class) {
    case TEXT_CLASS_PLAIN:
        if (has(character->flags, TEXT_FLAG_MARK) &&
            (walk->before == 0 || is_layout(walk->before))) {
            return TEXT_FAULT_MARK;
        }
        return TEXT_FAULT_NONE;
    case TEXT_CLASS_CONTROL:
        return control_fault(walk, character->code_point);
    case TEXT_CLASS_SEPARATOR:
        return TEXT_FAULT_SEPARATOR;
    case TEXT_CLASS_FORMAT:
        return TEXT_FAULT_FORMAT;
    case TEXT_CLASS_PRIVATE:
        return TEXT_FAULT_PRIVATE;
    case TEXT_CLASS_UNASSIGNED:
        return TEXT_FAULT_UNASSIGNED;
    case TEXT_CLASS_IGNORABLE:
        return TEXT_FAULT_IGNORABLE;
    case TEXT_CLASS_SELECTOR:
        return selector_belongs(walk, character) ? TEXT_FAULT_NONE : TEXT_FAULT_SELECTOR;
    case TEXT_CLASS_TAG:
        return tag_belongs(walk, character->code_point) ? TEXT_FAULT_NONE : TEXT_FAULT_TAG;
    case TEXT_CLASS_JOINER:
        return joiner_belongs(walk, character) ? TEXT_FAULT_NONE : TEXT_FAULT_JOINER;
    }
    return TEXT_FAULT_UNASSIGNED;
}

static void step(struct walk *walk, const struct character *character) {
    uint32_t point = character->code_point;
    bool skin = point >= SKIN_FIRST && point <= SKIN_LAST &&
                has(walk->base_flags, TEXT_FLAG_PICTOGRAPH) && walk->before == walk->base;
    if (character->class != TEXT_CLASS_SELECTOR && !skin) {
        walk->base = point;
        walk->base_flags = character->flags;
    }
    walk->before = point;
    walk->visible = walk->visible || has(character->flags, TEXT_FLAG_VISIBLE);
    walk->ends_in_space = is_space(character);
    walk->at += character->size;
    walk->character++;
}

static bool fault_set(struct text_fault *fault, enum text_fault_kind kind, uint32_t code_point,
                      size_t byte, size_t character) {
    if (fault != NULL) {
        *fault = (struct text_fault){
            .kind = kind, .code_point = code_point, .byte = byte, .character = character};
    }
    return kind == TEXT_FAULT_NONE;
}

/* What only the whole text tells. */
static bool end_check(const struct walk *walk, struct text_fault *fault) {
    struct character first = character_at(walk, 0);
    size_t last = walk->size;
    while (last > 0 && (walk->data[--last] & 0xC0) == 0x80) {
        continue;
    }
    if (walk->in_flag) {
        return fault_set(fault, TEXT_FAULT_TAG, walk->before, last, walk->character - 1);
    }
    if (!walk->visible) {
        return fault_set(fault, TEXT_FAULT_BLANK, first.code_point, 0, 0);
    }
    if (is_space(&first)) {
        return fault_set(fault, TEXT_FAULT_SPACE_FIRST, first.code_point, 0, 0);
    }
    if (walk->ends_in_space) {
        return fault_set(fault, TEXT_FAULT_SPACE_LAST, walk->before, last, walk->character - 1);
    }
    return fault_set(fault, TEXT_FAULT_NONE, 0, 0, 0);
}

/* Of a text that has no other fault. The character at fault is the one that stands by itself. */
static bool normal_check(const struct walk *walk, struct text_fault *fault) {
    struct text_normal normal = {.count = 0};
    size_t base = 0;
    size_t base_number = 0;
    size_t at = 0;
    for (size_t number = 0;; number++) {
        bool ends = at == walk->size;
        struct character character = decode(walk->data + at, walk->size - at);
        enum text_normal_result result =
            ends ? text_normal_end(&normal) : text_normal_take(&normal, character.code_point);
        if (result != TEXT_NORMAL_IS) {
            return fault_set(
                fault, result == TEXT_NORMAL_IS_NOT ? TEXT_FAULT_NORMALIZATION : TEXT_FAULT_MARKS,
                decode(walk->data + base, walk->size - base).code_point, base, base_number);
        }
        if (ends) {
            return fault_set(fault, TEXT_FAULT_NONE, 0, 0, 0);
        }
        if (normal.count == 1) {
            base = at;
            base_number = number;
        }
        at += character.size;
    }
}

bool text_check(enum text_kind kind, const char *data, size_t size, struct text_fault *fault) {
    struct walk walk = {.kind = kind, .data = (const uint8_t *)data, .size = size};
    if (size == 0) {
        return fault_set(fault, TEXT_FAULT_NONE, 0, 0, 0);
    }
    while (walk.at < size) {
        struct character character = character_at(&walk, walk.at);
        enum text_fault_kind found =
            character.size == 0 ? TEXT_FAULT_ENCODING : fault_of(&walk, &character);
        if (found != TEXT_FAULT_NONE) {
            return fault_set(fault, found,
                             character.size == 0 ? walk.data[walk.at] : character.code_point,
                             walk.at, walk.character);
        }
        step(&walk, &character);
    }
    return end_check(&walk, fault) && normal_check(&walk, fault);
}

size_t text_trim(const char *data, size_t size, const char **out) {
    struct walk walk = {.data = (const uint8_t *)data, .size = size};
    size_t first = 0;
    while (first < size) {
        struct character character = character_at(&walk, first);
        if (character.size == 0 || !is_space(&character)) {
            break;
        }
        first += character.size;
    }
    size_t end = size;
    while (end > first) {
        size_t last = end - 1;
        while (last > first && (walk.data[last] & 0xC0) == 0x80) {
            last--;
        }
        struct character character = character_at(&walk, last);
        if (character.size != end - last || !is_space(&character)) {
            break;
        }
        end = last;
    }
    *out = data + first;
    return end - first;
}

static const struct {
    const char *name;
    const char *words;
} faults[TEXT_FAULT_KIND_COUNT] = {
    [TEXT_FAULT_NONE] = {"NONE", "is fine"},
    [TEXT_FAULT_ENCODING] = {"ENCODING", "must be valid UTF-8"},
    [TEXT_FAULT_CONTROL] = {"CONTROL", "must not contain control characters"},
    [TEXT_FAULT_LINE_END] = {"LINE_END", "must be a single line"},
    [TEXT_FAULT_TAB] = {"TAB", "must not contain tabs"},
    [TEXT_FAULT_CR] = {"CR", "must not contain carriage returns: lines end with a line feed"},
    [TEXT_FAULT_SEPARATOR] = {"SEPARATOR", "must not contain line or paragraph separators"},
    [TEXT_FAULT_PRIVATE] = {"PRIVATE", "must not contain private-use characters"},
    [TEXT_FAULT_UNASSIGNED] = {"UNASSIGNED",
                               "must not contain code points that are not characters"},
    [TEXT_FAULT_FORMAT] = {"FORMAT", "must not contain invisible format characters"},
    [TEXT_FAULT_JOINER] = {"JOINER", "must not contain a zero-width joiner or non-joiner where "
                                     "there is nothing to join"},
    [TEXT_FAULT_SELECTOR] = {"SELECTOR", "must not contain a variation selector after a character "
                                         "that has no such variant"},
    [TEXT_FAULT_TAG] = {"TAG", "must not contain tag characters, except in a complete emoji flag"},
    [TEXT_FAULT_IGNORABLE] = {"IGNORABLE", "must not contain invisible characters"},
    [TEXT_FAULT_MARK] = {"MARK", "must not begin a line with a combining mark"},
    [TEXT_FAULT_SPACE_FIRST] = {"SPACE_FIRST", "must not begin with white space"},
    [TEXT_FAULT_SPACE_LAST] = {"SPACE_LAST", "must not end with white space"},
    [TEXT_FAULT_NORMALIZATION] = {"NORMALIZATION", "must be in Unicode normalization form C"},
    [TEXT_FAULT_MARKS] = {"MARKS", "must not pile more than 30 marks upon one character"},
    [TEXT_FAULT_BLANK] = {"BLANK", "must contain at least one visible character"},
};

const char *text_fault_name(enum text_fault_kind kind) {
    return (unsigned)kind < TEXT_FAULT_KIND_COUNT ? faults[kind].name : "?";
}

const char *text_fault_words(enum text_fault_kind kind) {
    return (unsigned)kind < TEXT_FAULT_KIND_COUNT ? faults[kind].words : "?";
}

const char *text_fault_code_point(const struct text_fault *fault,
                                  char buffer[TEXT_FAULT_CODE_POINT_SIZE]) {
    static const char digits[] = "0123456789ABCDEF";
    const char *prefix = fault->kind == TEXT_FAULT_ENCODING ? "byte 0x" : "U+";
    size_t least = fault->kind == TEXT_FAULT_ENCODING ? 2 : 4;
    size_t at = 0;
    while (prefix[at] != '\0') {
        buffer[at] = prefix[at];
        at++;
    }
    size_t wanted = least;
    while (wanted < 6 && fault->code_point >> (4 * wanted) != 0) {
        wanted++;
    }
    for (size_t i = wanted; i > 0; i--) {
        buffer[at++] = digits[fault->code_point >> (4 * (i - 1)) & 15u];
    }
    buffer[at] = '\0';
    return buffer;
}

const char *text_check_unicode_version(void) { return TEXT_TABLES_UNICODE; }
