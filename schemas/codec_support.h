/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_SCHEMAS_CODEC_SUPPORT_H
#define SEATLOG_SCHEMAS_CODEC_SUPPORT_H

/*
 * What the generated codec stands on. Private to it: others include "seatlog_codec.h".
 *
 * Reading is done in two steps. First codec_scan walks the octets by the writer's shape and refuses
 * everything that does not fit: avro-c trusts lengths and counts, and reads unknown enum symbols as
 * garbage. Only then avro-c reads them into a generic value, from which the generated code fills
 * the structs. Field positions are resolved when the code is generated.
 */

#include <assert.h>
#include <avro.h>

#include "schemas/arena.h"
#include "schemas/value.h"

/* Items of all arrays of one record together. Memory taken by an item is up to some 150 octets, so
 * this bounds what a hostile record can make of its few octets. */
#define CODEC_ITEMS_MAX ((size_t)500000)

/* Wire format: a zero octet and the schema's id, 4 octets, most significant first. */
#define CODEC_PREFIX_SIZE ((size_t)5)

enum codec_shape_kind {
    CODEC_SHAPE_INT,
    CODEC_SHAPE_LONG,
    CODEC_SHAPE_BOOLEAN,
    CODEC_SHAPE_STRING,
    CODEC_SHAPE_BYTES,
    CODEC_SHAPE_ENUM,
    CODEC_SHAPE_FIXED,
    CODEC_SHAPE_ARRAY,
    CODEC_SHAPE_RECORD,
};

struct codec_shape {
    enum codec_shape_kind kind;
    size_t size;     /* enum: symbols; fixed: octets; record: fields */
    size_t size_min; /* fewest octets a value takes; at least 1 for what may be in an array */
    const struct codec_shape *item;   /* array */
    const struct codec_field *fields; /* record */
};

struct codec_field {
    const char *name;
    const struct codec_shape *shape;
};

#define CODEC_DEPTH_MAX 8

struct codec_scan_error {
    const char *what;                  /* what is wrong */
    size_t offset;                     /* octets before it */
    const char *path[CODEC_DEPTH_MAX]; /* field names, innermost first */
    size_t depth;
};

/* Whether binary is exactly one value of the shape. Fills error if not. */
bool codec_scan(const struct codec_shape *shape, struct octets binary,
                struct codec_scan_error *error);

/* One registered schema as the codec knows it: generated. */
struct codec_entry {
    uint32_t id;
    size_t topic; /* of the generated topics, in their order */
    const struct codec_shape *shape;
};

struct codec;

/* Generated. */
extern const struct codec_entry codec_entries[];
extern const size_t codec_entries_count;
extern const char *const codec_topics[];

/* The generic value of an entry's schema, made on first use. */
avro_value_t *codec_value(struct codec *codec, size_t entry);

/* Scans and reads the wire octets; a schema of another topic is refused. On true *value and *entry
 * say what was read; the value is valid until the codec's next use. */
bool codec_read(struct codec *codec, struct arena *arena, struct octets wire, size_t topic,
                avro_value_t **value, size_t *entry, struct text *reason);

/* Writes the entry's filled value as wire octets; bound is at least the size of its binary. */
struct octets codec_write(struct codec *codec, size_t entry, size_t bound);

/* Looks an entry up by the schema's id. */
bool codec_entry_by_id(uint32_t id, size_t *entry);

/* Ends the process: avro-c has refused what its own schema allows, which is lack of memory. */
_Noreturn void codec_die(const char *what);

/* ---- filling structs from a value -------------------------------------------------------- */

static inline avro_value_t codec_at(const avro_value_t *parent, size_t index) {
    avro_value_t child;
    if (avro_value_get_by_index(parent, index, &child, NULL) != 0) {
        codec_die("index");
    }
    return child;
}

static inline int32_t codec_get_int(avro_value_t value) {
    int32_t result = 0;
    avro_value_get_int(&value, &result);
    return result;
}

static inline int64_t codec_get_long(avro_value_t value) {
    int64_t result = 0;
    avro_value_get_long(&value, &result);
    return result;
}

static inline bool codec_get_boolean(avro_value_t value) {
    int result = 0;
    avro_value_get_boolean(&value, &result);
    return result != 0;
}

static inline int codec_get_enum(avro_value_t value) {
    int result = 0;
    avro_value_get_enum(&value, &result);
    return result;
}

static inline struct text codec_get_text(struct arena *arena, avro_value_t value) {
    const char *data = NULL;
    size_t size = 0; /* with the NUL */
    avro_value_get_string(&value, &data, &size);
    return arena_text_copy(arena, (struct text){.data = data, .size = size > 0 ? size - 1 : 0});
}

static inline struct octets codec_get_octets(struct arena *arena, avro_value_t value) {
    const void *data = NULL;
    size_t size = 0;
    avro_value_get_bytes(&value, &data, &size);
    return arena_octets_copy(arena, (struct octets){.data = data, .size = size});
}

void codec_get_fixed(avro_value_t value, uint8_t *octets, size_t size);

static inline struct uuid codec_get_uuid(avro_value_t value) {
    struct uuid result;
    codec_get_fixed(value, result.octets, sizeof result.octets);
    return result;
}

static inline struct hash codec_get_hash(avro_value_t value) {
    struct hash result;
    codec_get_fixed(value, result.octets, sizeof result.octets);
    return result;
}

static inline size_t codec_get_count(const avro_value_t *list) {
    size_t count = 0;
    avro_value_get_size(list, &count);
    return count;
}

struct integers codec_get_integers(struct arena *arena, avro_value_t list);
struct longs codec_get_longs(struct arena *arena, avro_value_t list);
struct texts codec_get_texts(struct arena *arena, avro_value_t list);
struct uuids codec_get_uuids(struct arena *arena, avro_value_t list);
struct hashes codec_get_hashes(struct arena *arena, avro_value_t list);

/* ---- filling a value from structs; each returns the most octets it will take -------------- */

#define CODEC_INT_SIZE_MAX ((size_t)5)
#define CODEC_LONG_SIZE_MAX ((size_t)10)

static inline void codec_check(int error) {
    if (error != 0) {
        codec_die("set");
    }
}

static inline size_t codec_set_int(avro_value_t value, int32_t number) {
    codec_check(avro_value_set_int(&value, number));
    return CODEC_INT_SIZE_MAX;
}

static inline size_t codec_set_long(avro_value_t value, int64_t number) {
    codec_check(avro_value_set_long(&value, number));
    return CODEC_LONG_SIZE_MAX;
}

static inline size_t codec_set_boolean(avro_value_t value, bool truth) {
    codec_check(avro_value_set_boolean(&value, truth));
    return 1;
}

/* An enum out of range is the caller's mistake: it would be undecodable for ever. */
static inline size_t codec_set_enum(avro_value_t value, int number, int count) {
    assert(number >= 0 && number < count);
    codec_check(avro_value_set_enum(&value, number));
    return CODEC_INT_SIZE_MAX;
}

size_t codec_set_text(avro_value_t value, struct text text);
size_t codec_set_octets(avro_value_t value, struct octets octets);
size_t codec_set_fixed(avro_value_t value, const uint8_t *octets, size_t size);

static inline size_t codec_set_uuid(avro_value_t value, const struct uuid *uuid) {
    return codec_set_fixed(value, uuid->octets, sizeof uuid->octets);
}

static inline size_t codec_set_hash(avro_value_t value, const struct hash *hash) {
    return codec_set_fixed(value, hash->octets, sizeof hash->octets);
}

/* Empties a list that the last record has left. Returns the octets of its block counts. */
static inline size_t codec_set_empty(avro_value_t *list) {
    codec_check(avro_value_reset(list));
    return CODEC_LONG_SIZE_MAX + 1;
}

static inline avro_value_t codec_append(avro_value_t *list) {
    avro_value_t child;
    codec_check(avro_value_append(list, &child, NULL));
    return child;
}

size_t codec_set_integers(avro_value_t list, struct integers integers);
size_t codec_set_longs(avro_value_t list, struct longs longs);
size_t codec_set_texts(avro_value_t list, struct texts texts);
size_t codec_set_uuids(avro_value_t list, struct uuids uuids);
size_t codec_set_hashes(avro_value_t list, struct hashes hashes);

#endif
