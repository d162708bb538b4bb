/* SPDX-License-Identifier: Apache-2.0 */
/* The header that fences the log, and positions on it, as text. */
#include "runtime/term/label.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NONCE_DIGITS (2 * TERM_NONCE_OCTETS)
#define CLAIM_PREFIX "claim "
#define CLAIM_PREFIX_SIZE (sizeof CLAIM_PREFIX - 1)
#define INDEX_MAX 1000000

/* What is left of a text that is read from its front. */
struct rest {
    const char *text;
    size_t size;
};

static bool character_take(struct rest *rest, char wanted) {
    if (rest->size == 0 || rest->text[0] != wanted) {
        return false;
    }
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
    rest->text += digits;
    rest->size -= digits;
    *out = value;
    return true;
}

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool nonce_take(struct rest *rest, uint64_t *out) {
    if (rest->size < NONCE_DIGITS) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < NONCE_DIGITS; i++) {
        int digit = digit_value(rest->text[i]);
        if (digit < 0) {
            return false;
        }
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
    *out = (struct term){.offset = TERM_NONE};
    return character_take(rest, '-') || term_take(rest, out);
}

static bool flag_take(struct rest *rest, bool *out) {
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
            return label;
        }
    } else if (event_take(&rest, &label)) {
        return label;
    }
    return (struct term_label){.kind = TERM_LABEL_MALFORMED};
}

size_t term_label_format(const struct term_label *label, char out[TERM_LABEL_TEXT_SIZE]) {
    assert(label->kind == TERM_LABEL_EVENT || label->kind == TERM_LABEL_CLAIM);
    int size;
    if (label->kind == TERM_LABEL_CLAIM) {
        size = snprintf(out, TERM_LABEL_TEXT_SIZE, CLAIM_PREFIX "%016" PRIx64, label->term.nonce);
    } else {
        assert(label->term.offset >= 0 && label->prev >= 0 && label->next > label->prev);
        size = snprintf(out, TERM_LABEL_TEXT_SIZE,
                        "%" PRId64 "-%016" PRIx64 " %" PRId64 " %" PRId64 " %" PRIu32 " %d",
                        label->term.offset, label->term.nonce, label->prev, label->next,
                        label->index, label->last ? 1 : 0);
    }
    assert(size > 0 && size < TERM_LABEL_TEXT_SIZE);
    return (size_t)size;
}

size_t term_format(const struct term *term, char out[TERM_TEXT_SIZE]) {
    int size = term->offset == TERM_NONE ? snprintf(out, TERM_TEXT_SIZE, "-")
                                         : snprintf(out, TERM_TEXT_SIZE, "%" PRId64 "-%016" PRIx64,
                                                    term->offset, term->nonce);
    assert(term->offset >= TERM_NONE);
    assert(size > 0 && size < TERM_TEXT_SIZE);
    return (size_t)size;
}

bool term_parse(const char *text, size_t size, struct term *out) {
    assert(text != NULL || size == 0);
    struct rest rest = {text, size};
    return term_or_none_take(&rest, out) && rest.size == 0;
}

size_t term_position_format(const struct term_position *position,
                            char out[TERM_POSITION_TEXT_SIZE]) {
    char term[TERM_TEXT_SIZE];
    term_format(&position->term, term);
    assert(position->next_offset >= 0 && position->cursor >= 0);
    int size = snprintf(out, TERM_POSITION_TEXT_SIZE, "%" PRId64 " %s %" PRId64,
                        position->next_offset, term, position->cursor);
    assert(size > 0 && size < TERM_POSITION_TEXT_SIZE);
    return (size_t)size;
}

bool term_position_parse(const char *text, size_t size, struct term_position *out) {
    assert(text != NULL || size == 0);
    struct rest rest = {text, size};
    return number_take(&rest, &out->next_offset) && character_take(&rest, ' ') &&
           term_or_none_take(&rest, &out->term) && character_take(&rest, ' ') &&
           number_take(&rest, &out->cursor) && rest.size == 0 &&
           out->term.offset < out->next_offset;
}
