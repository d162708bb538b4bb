/* SPDX-License-Identifier: Apache-2.0 */
/* The header that fences the log, and positions on it, as text. */
#include "runtime/term/label.h"

#include <assert.h>
#include <string.h>

#define NONCE_DIGITS (2 * TERM_NONCE_OCTETS)
#define CLAIM_PREFIX "claim "
#define CLAIM_PREFIX_SIZE (sizeof CLAIM_PREFIX - 1)
#define INDEX_MAX 1000000
#define NUMBER_DIGITS_MAX 19

/* What is left of a text that is read from its front. */
struct rest {
    const char *text;
    size_t size;
};

static bool character_take(struct rest *rest, char wanted) {
    assert(wanted != '\0');
    if (rest->size == 0 || rest->text[0] != wanted) {
        return false;
    }
    assert(rest->text != NULL);
    rest->text++;
    rest->size--;
    return true;
}

static bool number_take(struct rest *rest, int64_t *out) {
    int64_t value = 0;
    size_t digits = 0;
    while (digits < rest->size && rest->text[digits] >= '0' && rest->text[digits] <= '9') {
        int64_t digit = rest->text[digits] - '0';
        if (value > (INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        digits++;
    }
    if (digits == 0 || (digits > 1 && rest->text[0] == '0')) {
        return false;
    }
    assert(digits <= rest->size && digits <= NUMBER_DIGITS_MAX);
    rest->text += digits;
    rest->size -= digits;
    *out = value;
    assert(*out >= 0);
    return true;
}

static int digit_value(char digit) {
    static_assert('9' - '0' == 9 && 'f' - 'a' == 5, "digits stand in a row");
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool nonce_take(struct rest *rest, uint64_t *out) {
    if (rest->size < NONCE_DIGITS) {
        return false;
    }
    static_assert(NONCE_DIGITS * 4 == 8 * sizeof *out, "four bits a digit");
    uint64_t value = 0;
    for (size_t i = 0; i < NONCE_DIGITS; i++) {
        int digit = digit_value(rest->text[i]);
        if (digit < 0) {
            return false;
        }
        assert(digit < 16);
        value = value << 4 | (uint64_t)digit;
    }
    rest->text += NONCE_DIGITS;
    rest->size -= NONCE_DIGITS;
    *out = value;
    return true;
}

static bool term_take(struct rest *rest, struct term *out) {
    return number_take(rest, &out->offset) && character_take(rest, '-') &&
           nonce_take(rest, &out->nonce);
}

static bool term_or_none_take(struct rest *rest, struct term *out) {
    static_assert(TERM_NONE < 0, "no offset says that there is no term");
    *out = (struct term){.offset = TERM_NONE};
    assert(out->nonce == 0);
    return character_take(rest, '-') || term_take(rest, out);
}

static bool flag_take(struct rest *rest, bool *out) {
    assert(rest->text != NULL || rest->size == 0);
    *out = rest->size > 0 && rest->text[0] == '1';
    return character_take(rest, *out ? '1' : '0');
}

static bool event_take(struct rest *rest, struct term_label *label) {
    int64_t index = 0;
    bool good = term_take(rest, &label->term) && character_take(rest, ' ') &&
                number_take(rest, &label->prev) && character_take(rest, ' ') &&
                number_take(rest, &label->next) && character_take(rest, ' ') &&
                number_take(rest, &index) && character_take(rest, ' ') &&
                flag_take(rest, &label->last) && rest->size == 0;
    if (!good || label->next <= label->prev || index > INDEX_MAX) {
        return false;
    }
    assert(label->term.offset >= 0 && label->prev >= 0);
    assert(index >= 0);
    static_assert(INDEX_MAX <= INT32_MAX, "a place fits");
    label->index = (uint32_t)index;
    return true;
}

struct term_label term_label_parse(const char *text, size_t size) {
    assert(text != NULL || size == 0);
    struct term_label label = {.kind = TERM_LABEL_EVENT};
    struct rest rest = {text, size};
    if (size > CLAIM_PREFIX_SIZE && memcmp(text, CLAIM_PREFIX, CLAIM_PREFIX_SIZE) == 0) {
        rest = (struct rest){text + CLAIM_PREFIX_SIZE, size - CLAIM_PREFIX_SIZE};
        label.kind = TERM_LABEL_CLAIM;
        label.term.offset = TERM_NONE;
        if (nonce_take(&rest, &label.term.nonce) && rest.size == 0) {
            assert(size == CLAIM_PREFIX_SIZE + NONCE_DIGITS);
            return label;
        }
    } else if (event_take(&rest, &label)) {
        assert(label.next > label.prev && size < TERM_LABEL_TEXT_SIZE);
        return label;
    }
    return (struct term_label){.kind = TERM_LABEL_MALFORMED};
}

/* Each _put writes at `out` and returns where it ended: by hand, for printf takes half a microsecond
 * for a label. */
static char *number_put(char *out, int64_t value) {
    assert(value >= 0);
    char digits[NUMBER_DIGITS_MAX];
    size_t at = sizeof digits;
    do {
        assert(at > 0);
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    assert(at < sizeof digits);
    memcpy(out, digits + at, sizeof digits - at);
    return out + (sizeof digits - at);
}

static char *nonce_put(char *out, uint64_t nonce) {
    static const char digits[] = "0123456789abcdef";
    static_assert(sizeof nonce == TERM_NONCE_OCTETS, "a nonce is its octets");
    for (size_t i = NONCE_DIGITS; i-- > 0; nonce >>= 4) {
        out[i] = digits[nonce & 15];
    }
    assert(nonce == 0);
    return out + NONCE_DIGITS;
}

static char *term_put(char *out, const struct term *term) {
    assert(term->offset >= TERM_NONE);
    if (term->offset == TERM_NONE) {
        *out = '-';
        return out + 1;
    }
    out = number_put(out, term->offset);
    *out++ = '-';
    return nonce_put(out, term->nonce);
}

/* The size of a text that ends before `end`, where its NUL goes. */
static size_t text_end(const char *text, char *end) {
    assert(text != NULL);
    assert(end > text);
    *end = '\0';
    return (size_t)(end - text);
}

static char *event_put(char *out, const struct term_label *label) {
    assert(label->term.offset >= 0);
    assert(label->next > label->prev && label->index <= INDEX_MAX);
    out = term_put(out, &label->term);
    *out++ = ' ';
    out = number_put(out, label->prev);
    *out++ = ' ';
    out = number_put(out, label->next);
    *out++ = ' ';
    out = number_put(out, label->index);
    *out++ = ' ';
    *out++ = label->last ? '1' : '0';
    assert(out[-2] == ' ');
    return out;
}

size_t term_label_format(const struct term_label *label, char out[TERM_LABEL_TEXT_SIZE]) {
    assert(label->kind == TERM_LABEL_EVENT || label->kind == TERM_LABEL_CLAIM);
    static_assert(TERM_LABEL_TEXT_SIZE > 4 * NUMBER_DIGITS_MAX + NONCE_DIGITS + 6,
                  "the longest label fits");
    if (label->kind == TERM_LABEL_EVENT) {
        return text_end(out, event_put(out, label));
    }
    memcpy(out, CLAIM_PREFIX, CLAIM_PREFIX_SIZE);
    return text_end(out, nonce_put(out + CLAIM_PREFIX_SIZE, label->term.nonce));
}

size_t term_format(const struct term *term, char out[TERM_TEXT_SIZE]) {
    assert(term != NULL && out != NULL);
    static_assert(TERM_TEXT_SIZE > NUMBER_DIGITS_MAX + NONCE_DIGITS + 1, "the longest term fits");
    return text_end(out, term_put(out, term));
}

bool term_parse(const char *text, size_t size, struct term *out) {
    assert(text != NULL || size == 0);
    assert(out != NULL);
    struct rest rest = {text, size};
    return term_or_none_take(&rest, out) && rest.size == 0;
}

size_t term_position_format(const struct term_position *position,
                            char out[TERM_POSITION_TEXT_SIZE]) {
    static_assert(TERM_POSITION_TEXT_SIZE > 3 * NUMBER_DIGITS_MAX + NONCE_DIGITS + 3,
                  "the longest position fits");
    assert(position->term.offset < position->next_offset);
    assert(position->cursor >= 0);
    char *end = number_put(out, position->next_offset);
    *end++ = ' ';
    end = term_put(end, &position->term);
    *end++ = ' ';
    return text_end(out, number_put(end, position->cursor));
}

bool term_position_parse(const char *text, size_t size, struct term_position *out) {
    assert(text != NULL || size == 0);
    assert(out != NULL);
    struct rest rest = {text, size};
    return number_take(&rest, &out->next_offset) && character_take(&rest, ' ') &&
           term_or_none_take(&rest, &out->term) && character_take(&rest, ' ') &&
           number_take(&rest, &out->cursor) && rest.size == 0 &&
           out->term.offset < out->next_offset;
}
