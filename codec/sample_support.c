/* SPDX-License-Identifier: Apache-2.0 */
/* Values for made-up records, for tests. */
#include "codec/sample_support.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

uint64_t sample_bits(struct sample *sample) {
    sample->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t bits = sample->state;
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
    return bits ^ (bits >> 31);
}

size_t sample_index(struct sample *sample, size_t count) {
    assert(count > 0);
    return (size_t)(sample_bits(sample) % count);
}

size_t sample_count(struct sample *sample) { return sample_index(sample, sample->count_max + 1); }

int64_t sample_long(struct sample *sample) {
    uint64_t bits = sample_bits(sample);
    switch (bits & 7) {
    case 0:
        return INT64_MIN;
    case 1:
        return INT64_MAX;
    default: /* as many bits as chance has it: varints of every size */
        return (int64_t)sample_bits(sample) >> (bits >> 8) % 64;
    }
}

int32_t sample_int(struct sample *sample) {
    uint64_t bits = sample_bits(sample);
    switch (bits & 7) {
    case 0:
        return INT32_MIN;
    case 1:
        return INT32_MAX;
    default:
        return (int32_t)(uint32_t)sample_bits(sample) >> (bits >> 8) % 32;
    }
}

bool sample_boolean(struct sample *sample) { return (sample_bits(sample) & 1) != 0; }

struct text sample_text(struct sample *sample) {
    static const char *const characters[] = {
        "a",
        "Z",
        "\"",
        "\\",
        "\n",
        "\x01",
        "\x7f",
        "\xc2\x80",         /* … U+0080 */
        "\xdf\xbf",         /* U+07FF */
        "\xe0\xa0\x80",     /* U+0800 */
        "\xe5\xb9\xbd",     /* 幽 */
        "\xef\xbf\xbf",     /* U+FFFF */
        "\xf0\x90\x80\x80", /* U+10000 */
        "\xf0\x9f\x8e\x9f", /* admission tickets */
        "\xf4\x8f\xbf\xbf", /* U+10FFFF */
    };
    size_t count = sample_index(sample, sample->text_characters_max + 1);
    char *data = arena_allocate(sample->arena, count * 4 + 1);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const char *character =
            characters[sample_index(sample, sizeof characters / sizeof *characters)];
        memcpy(data + size, character, strlen(character));
        size += strlen(character);
    }
    return (struct text){.data = data, .size = size};
}

static void sample_fill(struct sample *sample, uint8_t *octets, size_t size) {
    for (size_t i = 0; i < size; i++) {
        octets[i] = (uint8_t)sample_bits(sample);
    }
}

struct octets sample_octets(struct sample *sample) {
    size_t size = sample_index(sample, sample->text_characters_max + 1);
    uint8_t *data = arena_allocate(sample->arena, size);
    sample_fill(sample, data, size);
    return (struct octets){.data = data, .size = size};
}

struct uuid sample_uuid(struct sample *sample) {
    struct uuid result;
    sample_fill(sample, result.octets, sizeof result.octets);
    return result;
}

struct hash sample_hash(struct sample *sample) {
    struct hash result;
    sample_fill(sample, result.octets, sizeof result.octets);
    return result;
}

struct nonce sample_nonce(struct sample *sample) {
    struct nonce result;
    sample_fill(sample, result.octets, sizeof result.octets);
    return result;
}

bool sample_int_equals(int32_t left, int32_t right) { return left == right; }

bool sample_long_equals(int64_t left, int64_t right) { return left == right; }

bool sample_boolean_equals(bool left, bool right) { return left == right; }

bool sample_text_equals(struct text left, struct text right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

bool sample_octets_equals(struct octets left, struct octets right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

bool sample_uuid_equals(struct uuid left, struct uuid right) {
    return memcmp(left.octets, right.octets, sizeof left.octets) == 0;
}

bool sample_hash_equals(struct hash left, struct hash right) {
    return memcmp(left.octets, right.octets, sizeof left.octets) == 0;
}

bool sample_nonce_equals(struct nonce left, struct nonce right) {
    return memcmp(left.octets, right.octets, sizeof left.octets) == 0;
}

void sample_int_print(FILE *file, int32_t value) { fprintf(file, "%" PRId32, value); }

void sample_long_print(FILE *file, int64_t value) { fprintf(file, "%" PRId64, value); }

void sample_boolean_print(FILE *file, bool value) { fputs(value ? "true" : "false", file); }

void sample_text_print(FILE *file, struct text value) {
    fputc('"', file);
    for (size_t i = 0; i < value.size; i++) {
        unsigned char octet = (unsigned char)value.data[i];
        if (octet < 0x20 || octet == '"' || octet == '\\') {
            fprintf(file, "\\u%04x", octet);
        } else {
            fputc(octet, file);
        }
    }
    fputc('"', file);
}

void sample_octets_print(FILE *file, struct octets value) {
    fputc('"', file);
    for (size_t i = 0; i < value.size; i++) {
        fprintf(file, "%02x", value.data[i]);
    }
    fputc('"', file);
}

void sample_uuid_print(FILE *file, struct uuid value) {
    sample_octets_print(file, (struct octets){.data = value.octets, .size = sizeof value.octets});
}

void sample_hash_print(FILE *file, struct hash value) {
    sample_octets_print(file, (struct octets){.data = value.octets, .size = sizeof value.octets});
}

void sample_nonce_print(FILE *file, struct nonce value) {
    sample_octets_print(file, (struct octets){.data = value.octets, .size = sizeof value.octets});
}

/* A list of each kind: made, compared and printed item by item. */
#define SAMPLE_LIST(list_name, item_type, item_name)                                               \
    struct list_name sample_##list_name(struct sample *sample) {                                   \
        size_t count = sample_count(sample);                                                       \
        item_type *items = arena_allocate_array(sample->arena, count, sizeof *items);              \
        for (size_t i = 0; i < count; i++) {                                                       \
            items[i] = sample_##item_name(sample);                                                 \
        }                                                                                          \
        return (struct list_name){.items = items, .count = count};                                 \
    }                                                                                              \
    bool sample_##list_name##_equals(struct list_name left, struct list_name right) {              \
        bool same = left.count == right.count;                                                     \
        for (size_t i = 0; same && i < left.count; i++) {                                          \
            same = sample_##item_name##_equals(left.items[i], right.items[i]);                     \
        }                                                                                          \
        return same;                                                                               \
    }                                                                                              \
    void sample_##list_name##_print(FILE *file, struct list_name value) {                          \
        fputc('[', file);                                                                          \
        for (size_t i = 0; i < value.count; i++) {                                                 \
            fputs(i > 0 ? "," : "", file);                                                         \
            sample_##item_name##_print(file, value.items[i]);                                      \
        }                                                                                          \
        fputc(']', file);                                                                          \
    }

SAMPLE_LIST(integers, int32_t, int)
SAMPLE_LIST(longs, int64_t, long)
SAMPLE_LIST(texts, struct text, text)
SAMPLE_LIST(uuids, struct uuid, uuid)
SAMPLE_LIST(hashes, struct hash, hash)
