/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: split, then the local part, then the domain label by label, then the three forms. */
#include "runtime/base/address.h"

#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define LABEL_SIZE_MAX 63
#define BRAILLE_BLANK 0x2800

static const struct {
    const char *name;
    const char *words;
} faults[ADDRESS_FAULT_COUNT] = {
    [ADDRESS_GOOD] = {"good", "The address is good."},
    [ADDRESS_EMPTY] = {"empty", "The email address is empty."},
    [ADDRESS_TOO_LONG] = {"too-long", "An email address has at most 254 bytes."},
    [ADDRESS_NOT_UTF8] = {"not-utf8", "The email address is not valid UTF-8."},
    [ADDRESS_BLANK_AROUND] = {"blank-around",
                              "There is a space before or after the email address."},
    [ADDRESS_INVISIBLE] = {"invisible",
                           "The email address contains a character that cannot be seen, such as a "
                           "zero-width space. Please type it instead of pasting it."},
    [ADDRESS_NO_AT] = {"no-at", "An email address has an @ between a name and a domain."},
    [ADDRESS_SECOND_AT] = {"second-at", "An email address has only one @."},
    [ADDRESS_LIST] = {"list", "Only one email address is taken here, not a list."},
    [ADDRESS_BRACKETS] = {"brackets",
                          "Only the address itself is taken here, without a name or < and >."},
    [ADDRESS_COMMENT] = {"comment", "An email address cannot contain a comment in parentheses."},
    [ADDRESS_LOCAL_EMPTY] = {"local-empty", "There is nothing before the @."},
    [ADDRESS_LOCAL_TOO_LONG] = {"local-too-long", "The part before the @ has at most 64 bytes."},
    [ADDRESS_LOCAL_DOT] = {"local-dot", "The part before the @ cannot begin or end with a dot, or "
                                        "have two dots in a row."},
    [ADDRESS_LOCAL_CHARACTER] = {"local-character",
                                 "The part before the @ contains a space or a character that is "
                                 "not allowed there without quotes."},
    [ADDRESS_QUOTE] = {"quote", "A quoted part before the @ must end with a quote right before "
                                "the @."},
    [ADDRESS_DOMAIN_EMPTY] = {"domain-empty", "There is nothing after the @."},
    [ADDRESS_DOMAIN_TOO_LONG] = {"domain-too-long", "The domain has at most 253 bytes."},
    [ADDRESS_DOMAIN_LITERAL] = {"domain-literal",
                                "The part after the @ must be a domain, not an IP address."},
    [ADDRESS_DOMAIN_SINGLE] = {"domain-single", "The domain needs a dot, as in example.com."},
    [ADDRESS_DOMAIN_DOT] = {"domain-dot", "The domain cannot begin or end with a dot, or have two "
                                          "dots in a row."},
    [ADDRESS_LABEL_TOO_LONG] = {"label-too-long",
                                "Each part of the domain between dots has at most 63 bytes."},
    [ADDRESS_LABEL_HYPHEN] = {"label-hyphen",
                              "No part of the domain can begin or end with a hyphen."},
    [ADDRESS_LABEL_RESERVED] = {"label-reserved",
                                "A part of the domain has two hyphens in its third and fourth "
                                "place, but is not the name of an international domain."},
    [ADDRESS_LABEL_CHARACTER] = {"label-character",
                                 "The domain contains a character that no domain has."},
    [ADDRESS_TOP_NUMERIC] = {"top-numeric", "A domain cannot end with a number."},
    [ADDRESS_TOP_SHORT] = {"top-short", "No domain ends with a single letter after the last dot."},
};

const char *address_fault_words(enum address_fault fault) { return faults[fault].words; }

const char *address_fault_name(enum address_fault fault) { return faults[fault].name; }

/* ---- characters ---- */

static bool is_invisible(ucs4_t character) {
    return uc_is_general_category_withtable(character, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Zl |
                                                           UC_CATEGORY_MASK_Zp) ||
           (character != ' ' && uc_is_general_category_withtable(character, UC_CATEGORY_MASK_Zs)) ||
           uc_is_property_default_ignorable_code_point(character) || character == BRAILLE_BLANK;
}

static bool has_invisible(const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        ucs4_t character;
        int length = u8_mbtouc(&character, (const uint8_t *)text + at, size - at);
        if (is_invisible(character)) {
            return true;
        }
        at += (size_t)length;
    }
    return false;
}

/* A mark with nothing to stand on. */
static bool begins_with_mark(const char *text, size_t size) {
    ucs4_t character = 0;
    return size > 0 && u8_mbtouc(&character, (const uint8_t *)text, size) > 0 &&
           uc_is_general_category_withtable(character, UC_CATEGORY_MASK_M);
}

static bool is_ascii(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool is_letter_or_digit(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

/* atext of RFC 5322, and the bytes of UTF-8 (RFC 6531 §3.3). */
static bool is_atext(char byte) {
    return (unsigned char)byte >= 0x80 || is_letter_or_digit(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

/*
 * Simple case folding (CaseFolding.txt, statuses C and S). libunistring has the full one; where
 * that gives several characters, the simple one is the small letter, but for U+0130, which has
 * none.
 */
static ucs4_t fold_simply(ucs4_t character) {
    ucs4_t folded[8];
    size_t count = sizeof folded / sizeof folded[0];
    uint32_t source = character;
    uint32_t *result = u32_casefold(&source, 1, NULL, NULL, folded, &count);
    ucs4_t simple = result != NULL && count == 1 ? result[0]
                    : character == 0x130         ? character
                                                 : uc_tolower(character);
    if (result != folded) {
        free(result);
    }
    return simple;
}

/* The small letter, where it is the same letter to fold_simply. */
static ucs4_t lower_safely(ucs4_t character) {
    ucs4_t lower = uc_tolower(character);
    return fold_simply(lower) == fold_simply(character) ? lower : character;
}

/*
 * Maps every character of text and puts the result into NFC. Returns its size, or 0 where it does
 * not fit into out with a NUL.
 */
static size_t map_text(const char *text, size_t size, ucs4_t (*map)(ucs4_t), char *out,
                       size_t out_size) {
    uint8_t mapped[ADDRESS_INPUT_SIZE_MAX * 3];
    size_t mapped_size = 0;
    for (size_t at = 0; at < size;) {
        ucs4_t character;
        at += (size_t)u8_mbtouc(&character, (const uint8_t *)text + at, size - at);
        int length = u8_uctomb(mapped + mapped_size, map(character),
                               (ptrdiff_t)(sizeof mapped - mapped_size));
        if (length <= 0) {
            return 0;
        }
        mapped_size += (size_t)length;
    }
    size_t normal_size = out_size - 1;
    uint8_t *normal = u8_normalize(UNINORM_NFC, mapped, mapped_size, (uint8_t *)out, &normal_size);
    bool fits = normal != NULL && normal == (uint8_t *)out;
    if (!fits) {
        free(normal);
        return 0;
    }
    out[normal_size] = '\0';
    return normal_size;
}

static ucs4_t leave(ucs4_t character) { return character; }

/* ---- before the @ ---- */

static bool is_dot_string(const char *text, size_t size) {
    bool dot = true; /* none may come now */
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.' ? dot : !is_atext(text[i])) {
            return false;
        }
        dot = text[i] == '.';
    }
    return !dot;
}

/* The fault of a local part that begins with no quote. */
static enum address_fault dot_string_fault(const char *text, size_t size) {
    if (size == 0) {
        return ADDRESS_LOCAL_EMPTY;
    }
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case ',':
        case ';':
            return ADDRESS_LIST;
        case '<':
        case '>':
            return ADDRESS_BRACKETS;
        case '(':
        case ')':
            return ADDRESS_COMMENT;
        case '.':
            break;
        default:
            if (!is_atext(text[i])) {
                return ADDRESS_LOCAL_CHARACTER;
            }
        }
    }
    return is_dot_string(text, size) ? ADDRESS_GOOD : ADDRESS_LOCAL_DOT;
}

/* The content between quotes, without its backslashes; *size is what there is and what comes. */
static enum address_fault unquote(const char *text, size_t *size, char *content) {
    size_t used = 0;
    for (size_t i = 1; i + 1 < *size; i++) {
        if (text[i] == '"') {
            return ADDRESS_QUOTE;
        }
        if (text[i] == '\\') {
            i++;
            if (i + 1 >= *size || (unsigned char)text[i] >= 0x80) {
                return ADDRESS_QUOTE;
            }
        }
        content[used++] = text[i];
    }
    content[used] = '\0';
    *size = used;
    return ADDRESS_GOOD;
}

/* Writes the local part with as few quotes as it needs. Returns its size, at most twice and 2. */
static size_t quote(const char *content, size_t size, char *out) {
    if (is_dot_string(content, size)) {
        memcpy(out, content, size + 1);
        return size;
    }
    size_t used = 0;
    out[used++] = '"';
    for (size_t i = 0; i < size; i++) {
        if (content[i] == '"' || content[i] == '\\') {
            out[used++] = '\\';
        }
        out[used++] = content[i];
    }
    out[used++] = '"';
    out[used] = '\0';
    return used;
}

struct local {
    char text[ADDRESS_LOCAL_SIZE_MAX * 2 + 3];
    char folded[ADDRESS_LOCAL_SIZE_MAX * 6 + 3];
};

static enum address_fault local_read(const char *text, size_t size, struct local *out) {
    char content[ADDRESS_LOCAL_SIZE_MAX + 1];
    enum address_fault fault = ADDRESS_GOOD;
    bool quoted = size > 0 && text[0] == '"';
    if (!quoted) {
        fault = dot_string_fault(text, size);
    }
    if (fault == ADDRESS_GOOD && has_invisible(text, size)) {
        fault = ADDRESS_INVISIBLE;
    }
    if (fault == ADDRESS_GOOD && size > ADDRESS_LOCAL_SIZE_MAX) {
        fault = ADDRESS_LOCAL_TOO_LONG;
    }
    if (fault != ADDRESS_GOOD) {
        return fault;
    }
    if (quoted) {
        fault = unquote(text, &size, content);
    } else {
        memcpy(content, text, size);
    }
    if (fault == ADDRESS_GOOD && begins_with_mark(content, size)) {
        fault = ADDRESS_LOCAL_CHARACTER;
    }
    if (fault != ADDRESS_GOOD) {
        return fault;
    }
    char lower[ADDRESS_LOCAL_SIZE_MAX + 1];
    char folded[ADDRESS_LOCAL_SIZE_MAX * 3 + 1];
    size_t lower_size = map_text(content, size, lower_safely, lower, sizeof lower);
    size_t folded_size = map_text(content, size, fold_simply, folded, sizeof folded);
    if (size > 0 && (lower_size == 0 || folded_size == 0)) {
        return ADDRESS_LOCAL_TOO_LONG;
    }
    lower[lower_size] = folded[folded_size] = '\0';
    quote(folded, folded_size, out->folded);
    return quote(lower, lower_size, out->text) <= ADDRESS_LOCAL_SIZE_MAX ? ADDRESS_GOOD
                                                                         : ADDRESS_LOCAL_TOO_LONG;
}

/* ---- after the @ ---- */

/*
 * Labels are checked as those who register them must (RFC 5891 section 4), with the rules in
 * context that a look-up leaves out.
 */

/* An A-label stands for one U-label, and that one for it. The U-label goes to *unicode. */
static bool a_label_is_good(const char *label, char **unicode) {
    uint8_t *again = NULL;
    bool good = idn2_to_unicode_8z8z(label, unicode, IDN2_NO_TR46) == IDN2_OK &&
                !is_ascii(*unicode, strlen(*unicode)) &&
                idn2_register_u8((const uint8_t *)*unicode, NULL, &again, 0) == IDN2_OK &&
                strcmp((const char *)again, label) == 0;
    idn2_free(again);
    return good;
}

static enum address_fault ascii_label_fault(const char *label, size_t size) {
    if (size > LABEL_SIZE_MAX) {
        return ADDRESS_LABEL_TOO_LONG;
    }
    bool tagged = size > 4 && label[2] == '-' && label[3] == '-';
    return tagged && strncmp(label, "xn", 2) != 0 ? ADDRESS_LABEL_RESERVED : ADDRESS_GOOD;
}

/* What is wrong with a label by its ASCII characters. */
static enum address_fault label_shape_fault(const char *label, size_t size) {
    if (size == 0) {
        return ADDRESS_DOMAIN_DOT;
    }
    for (size_t i = 0; i < size; i++) {
        switch (label[i]) {
        case '@':
            return ADDRESS_SECOND_AT;
        case ',':
        case ';':
            return ADDRESS_LIST;
        case '(':
        case ')':
            return ADDRESS_COMMENT;
        case '<':
        case '>':
            return ADDRESS_BRACKETS;
        default:
            if ((unsigned char)label[i] < 0x80 && !is_letter_or_digit(label[i]) &&
                label[i] != '-') {
                return ADDRESS_LABEL_CHARACTER;
            }
        }
    }
    return label[0] == '-' || label[size - 1] == '-' ? ADDRESS_LABEL_HYPHEN : ADDRESS_GOOD;
}

struct domain {
    char unicode[ADDRESS_INPUT_SIZE_MAX * 3 + 1];
    size_t unicode_size;
    char ascii[ADDRESS_DOMAIN_SIZE_MAX + 1];
    size_t ascii_size;
    size_t label_count;
    const char *last; /* label, within ascii */
};

static bool append(char *out, size_t out_size, size_t *used, const char *text) {
    size_t size = strlen(text);
    if (*used + size + 1 > out_size) {
        return false;
    }
    memcpy(out + *used, text, size + 1);
    *used += size;
    return true;
}

static enum address_fault domain_append(struct domain *domain, const char *unicode,
                                        const char *ascii) {
    bool first = domain->label_count == 0;
    domain->label_count++;
    bool fits =
        (first || (append(domain->unicode, sizeof domain->unicode, &domain->unicode_size, ".") &&
                   append(domain->ascii, sizeof domain->ascii, &domain->ascii_size, "."))) &&
        append(domain->unicode, sizeof domain->unicode, &domain->unicode_size, unicode);
    domain->last = domain->ascii + domain->ascii_size;
    return fits && append(domain->ascii, sizeof domain->ascii, &domain->ascii_size, ascii)
               ? ADDRESS_GOOD
               : ADDRESS_DOMAIN_TOO_LONG;
}

/* An A-label or any other of ASCII, in small letters. */
static enum address_fault ascii_label_read(const char *label, struct domain *domain) {
    size_t size = strlen(label);
    char *unicode = NULL;
    enum address_fault fault = ascii_label_fault(label, size);
    if (fault == ADDRESS_GOOD && size >= 4 && strncmp(label, "xn--", 4) == 0) {
        fault = a_label_is_good(label, &unicode) ? ADDRESS_GOOD : ADDRESS_LABEL_CHARACTER;
    }
    if (fault == ADDRESS_GOOD) {
        fault = domain_append(domain, unicode != NULL ? unicode : label, label);
    }
    idn2_free(unicode);
    return fault;
}

static enum address_fault unicode_label_read(const char *label, struct domain *domain) {
    uint8_t *ascii = NULL;
    enum address_fault fault = ADDRESS_GOOD;
    int result = idn2_register_u8((const uint8_t *)label, NULL, &ascii, 0);
    if (result == IDN2_OK) {
        fault = domain_append(domain, label, (const char *)ascii);
    } else if (has_invisible(label, strlen(label))) {
        fault = ADDRESS_INVISIBLE;
    } else {
        fault = result == IDN2_TOO_BIG_LABEL || result == IDN2_TOO_BIG_DOMAIN ||
                        result == IDN2_PUNYCODE_BIG_OUTPUT
                    ? ADDRESS_LABEL_TOO_LONG
                    : ADDRESS_LABEL_CHARACTER;
    }
    idn2_free(ascii);
    return fault;
}

/*
 * label is in NFC. Small letters are tried only where it is no U-label already: the capitals of
 * Cherokee are what its labels are written in.
 */
static enum address_fault label_read(const char *label, size_t size, struct domain *domain) {
    uint8_t copy[ADDRESS_INPUT_SIZE_MAX * 3 + 1];
    memcpy(copy, label, size);
    copy[size] = '\0';
    bool unicode = !is_ascii(label, size);
    if (unicode && unicode_label_read((const char *)copy, domain) == ADDRESS_GOOD) {
        return ADDRESS_GOOD;
    }
    uint8_t lower[ADDRESS_INPUT_SIZE_MAX * 3];
    size_t lower_size = sizeof lower - 1;
    uint8_t *lowered =
        u8_tolower((const uint8_t *)label, size, NULL, UNINORM_NFC, lower, &lower_size);
    if (lowered != lower) {
        free(lowered);
        return ADDRESS_LABEL_TOO_LONG;
    }
    lower[lower_size] = '\0';
    return unicode ? unicode_label_read((const char *)lower, domain)
                   : ascii_label_read((const char *)lower, domain);
}

static enum address_fault top_fault(const struct domain *domain) {
    size_t size = strlen(domain->last);
    if (domain->label_count < 2) {
        return ADDRESS_DOMAIN_SINGLE;
    }
    if (strspn(domain->last, "0123456789") == size) {
        return ADDRESS_TOP_NUMERIC;
    }
    return size == 1 ? ADDRESS_TOP_SHORT : ADDRESS_GOOD;
}

static enum address_fault domain_read(const char *text, size_t size, struct domain *domain) {
    *domain = (struct domain){.last = domain->ascii};
    if (size == 0) {
        return ADDRESS_DOMAIN_EMPTY;
    }
    if (text[0] == '[') {
        return ADDRESS_DOMAIN_LITERAL;
    }
    for (size_t at = 0; at <= size;) {
        const char *dot = memchr(text + at, '.', size - at);
        size_t label_size = dot != NULL ? (size_t)(dot - text) - at : size - at;
        enum address_fault fault = label_shape_fault(text + at, label_size);
        if (fault != ADDRESS_GOOD) {
            return fault;
        }
        fault = label_read(text + at, label_size, domain);
        if (fault != ADDRESS_GOOD) {
            return fault;
        }
        at += label_size + 1;
    }
    return top_fault(domain);
}

/* ---- the whole ---- */

/* Where the @ is that ends the local part; size where there is none. */
static enum address_fault at_find(const char *text, size_t size, size_t *at) {
    if (text[0] != '"') {
        const char *found = memchr(text, '@', size);
        *at = found != NULL ? (size_t)(found - text) : size;
        if (found != NULL) {
            return ADDRESS_GOOD;
        }
        enum address_fault fault = dot_string_fault(text, size);
        return fault == ADDRESS_GOOD || fault == ADDRESS_LOCAL_DOT ? ADDRESS_NO_AT : fault;
    }
    size_t i = 1;
    while (i < size && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
    }
    *at = i + 1;
    if (i >= size) {
        return ADDRESS_QUOTE;
    }
    if (i + 1 == size) {
        return ADDRESS_NO_AT;
    }
    return text[i + 1] == '@' ? ADDRESS_GOOD : ADDRESS_QUOTE;
}

static bool is_blank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

static enum address_fault split_read(const char *text, size_t size, struct address *out) {
    struct local local;
    struct domain domain;
    size_t at = 0;
    enum address_fault fault = at_find(text, size, &at);
    if (fault == ADDRESS_GOOD) {
        fault = local_read(text, at, &local);
    }
    if (fault == ADDRESS_GOOD) {
        fault = domain_read(text + at + 1, size - at - 1, &domain);
    }
    if (fault != ADDRESS_GOOD) {
        return fault;
    }
    size_t local_size = strlen(local.text);
    if (local_size + 1 + domain.ascii_size > ADDRESS_SIZE_MAX) {
        return ADDRESS_TOO_LONG;
    }
    size_t used = 0;
    append(out->wire, sizeof out->wire, &used, local.text);
    append(out->wire, sizeof out->wire, &used, "@");
    append(out->wire, sizeof out->wire, &used, domain.ascii);
    used = 0;
    append(out->normal, sizeof out->normal, &used, local.folded);
    append(out->normal, sizeof out->normal, &used, "@");
    append(out->normal, sizeof out->normal, &used, domain.ascii);
    used = 0;
    append(out->text, sizeof out->text, &used, local.text);
    append(out->text, sizeof out->text, &used, "@");
    out->needs_smtputf8 = !is_ascii(local.text, local_size);
    return append(out->text, sizeof out->text, &used, domain.unicode) ? ADDRESS_GOOD
                                                                      : ADDRESS_TOO_LONG;
}

enum address_fault address_parse(const char *text, size_t size, struct address *out) {
    *out = (struct address){.needs_smtputf8 = false};
    if (size == 0) {
        return ADDRESS_EMPTY;
    }
    if (size > ADDRESS_INPUT_SIZE_MAX) {
        return ADDRESS_TOO_LONG;
    }
    if (u8_check((const uint8_t *)text, size) != NULL) {
        return ADDRESS_NOT_UTF8;
    }
    if (is_blank(text[0]) || is_blank(text[size - 1])) {
        return ADDRESS_BLANK_AROUND;
    }
    char composed[ADDRESS_INPUT_SIZE_MAX * 3];
    size_t composed_size = map_text(text, size, leave, composed, sizeof composed);
    if (composed_size == 0) {
        return ADDRESS_TOO_LONG;
    }
    return split_read(composed, composed_size, out);
}
