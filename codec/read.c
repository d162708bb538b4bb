/* SPDX-License-Identifier: Apache-2.0 */
/* Avro binary into structs: every check that outside bytes need, in the pass that reads them. */
#include <assert.h>
#include <string.h>

#include "codec/read.h"
#include "codec/utf8.h"

struct reading {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct arena *arena;
    size_t items; /* of all arrays so far */
    struct codec_fault *fault;
};

/* How every generated list looks: see codec/value.h. */
struct list {
    const void *items;
    size_t count;
};
static_assert(sizeof(struct list) == sizeof(struct integers), "lists look alike");
static_assert(sizeof(enum codec_kind) == sizeof(int32_t), "enums are of 32 bits");

/* Reads into out, or over the value where out is NULL. */
static bool read_value(struct reading *reading, const struct codec_type *type, void *out);

static size_t left(const struct reading *reading) { return (size_t)(reading->end - reading->at); }

static bool refuse_at(struct reading *reading, const uint8_t *at, const char *what) {
    reading->fault->what = what;
    reading->fault->offset = (size_t)(at - reading->start);
    return false;
}

static bool refuse(struct reading *reading, const char *what) {
    return refuse_at(reading, reading->at, what);
}

/* A zigzag varint of at most 64 bits. Longer forms of a number than needed are legal Avro. */
static bool read_varint_long(struct reading *reading, int64_t *out) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (reading->at == reading->end) {
            return refuse(reading, "ends within a number");
        }
        uint8_t octet = *reading->at;
        if (shift == 63 && octet > 1) {
            return refuse(reading, "number of more than 64 bits");
        }
        reading->at++;
        number |= (uint64_t)(octet & 0x7F) << shift;
        if ((octet & 0x80) == 0) {
            *out = (int64_t)((number >> 1) ^ (~(number & 1) + 1));
            return true;
        }
    }
    return refuse(reading, "number of more than 64 bits");
}

static inline bool read_varint(struct reading *reading, int64_t *out) {
    if (reading->at != reading->end && (*reading->at & 0x80) == 0) {
        uint8_t number = *reading->at++;
        *out = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
        return true;
    }
    return read_varint_long(reading, out);
}

static inline bool read_range(struct reading *reading, int64_t minimum, int64_t maximum,
                              const char *what, int64_t *out) {
    const uint8_t *start = reading->at;
    if (!read_varint(reading, out)) {
        return false;
    }
    return (*out >= minimum && *out <= maximum) || refuse_at(reading, start, what);
}

static bool read_int(struct reading *reading, int32_t *out) {
    int64_t number = 0;
    if (!read_range(reading, INT32_MIN, INT32_MAX, "number of more than 32 bits", &number)) {
        return false;
    }
    if (out != NULL) {
        *out = (int32_t)number;
    }
    return true;
}

static bool read_long(struct reading *reading, int64_t *out) {
    int64_t number = 0;
    if (!read_varint(reading, &number)) {
        return false;
    }
    if (out != NULL) {
        *out = number;
    }
    return true;
}

static bool read_boolean(struct reading *reading, bool *out) {
    if (reading->at == reading->end) {
        return refuse(reading, "ends before a boolean");
    }
    if (*reading->at > 1) {
        return refuse(reading, "boolean that is neither 0 nor 1");
    }
    if (out != NULL) {
        *out = *reading->at != 0;
    }
    reading->at++;
    return true;
}

static bool read_enum(struct reading *reading, const struct codec_type *type, void *out) {
    int64_t number = 0;
    if (!read_range(reading, 0, (int64_t)type->size - 1, "unknown enum symbol", &number)) {
        return false;
    }
    if (out != NULL) {
        int32_t constant = type->symbols != NULL ? type->symbols[number] : (int32_t)number;
        memcpy(out, &constant, sizeof constant);
    }
    return true;
}

static bool read_fixed(struct reading *reading, const struct codec_type *type, void *out) {
    if (left(reading) < type->size) {
        return refuse(reading, "ends within fixed octets");
    }
    if (out != NULL) {
        memcpy(out, reading->at, type->size);
    }
    reading->at += type->size;
    return true;
}

/* The bytes of a string or of bytes, where they stand. */
static bool read_run(struct reading *reading, const uint8_t **data, size_t *size) {
    int64_t length = 0;
    const uint8_t *start = reading->at;
    if (!read_varint(reading, &length)) {
        return false;
    }
    if (length < 0 || (uint64_t)length > left(reading)) {
        return refuse_at(reading, start, "length beyond the end");
    }
    *data = reading->at;
    *size = (size_t)length;
    return true;
}

static bool read_text(struct reading *reading, struct text *out) {
    const uint8_t *data = NULL;
    size_t size = 0;
    if (!read_run(reading, &data, &size)) {
        return false;
    }
    struct text text = {.data = (const char *)data, .size = size};
    if (!text_is_valid(text)) {
        return refuse(reading, "text that is not UTF-8");
    }
    if (out != NULL) {
        *out = arena_text_copy(reading->arena, text);
    }
    reading->at += size;
    return true;
}

static bool read_octets(struct reading *reading, struct octets *out) {
    struct octets octets = {0};
    if (!read_run(reading, &octets.data, &octets.size)) {
        return false;
    }
    if (out != NULL) {
        *out = arena_octets_copy(reading->arena, octets);
    }
    reading->at += octets.size;
    return true;
}

/* The count of a block; a negative one is followed by the block's size in bytes, which must then be
 * right: *end is where the block must end, or NULL. */
static bool read_block(struct reading *reading, const struct codec_type *item, size_t *count,
                       const uint8_t **end) {
    int64_t number = 0;
    int64_t size = 0;
    const uint8_t *start = reading->at;
    *end = NULL;
    if (!read_varint(reading, &number)) {
        return false;
    }
    if (number < 0) {
        if (!read_varint(reading, &size)) {
            return false;
        }
        if (number == INT64_MIN || size < 0 || (uint64_t)size > left(reading)) {
            return refuse_at(reading, start, "array block beyond the end");
        }
        number = -number;
        *end = reading->at + size;
    }
    if ((uint64_t)number > left(reading) / item->size_min) {
        return refuse_at(reading, start, "array longer than what is left");
    }
    *count = (size_t)number;
    return true;
}

/* Room for more items behind those that the blocks so far had. */
static uint8_t *list_grow(struct reading *reading, const struct list *list, size_t stride,
                          size_t more) {
    uint8_t *items = arena_allocate_array(reading->arena, list->count + more, stride);
    if (list->count > 0) {
        memcpy(items, list->items, list->count * stride);
    }
    return items;
}

static bool read_items(struct reading *reading, const struct codec_type *item, size_t count,
                       uint8_t *items) {
    size_t stride = items != NULL ? item->stride : 0;
    for (size_t i = 0; i < count; i++) {
        if (!read_value(reading, item, items != NULL ? items + i * stride : NULL)) {
            return false;
        }
    }
    return true;
}

static bool read_array(struct reading *reading, const struct codec_type *item, void *out) {
    struct list list = {0};
    for (;;) {
        size_t count = 0;
        const uint8_t *end = NULL;
        if (!read_block(reading, item, &count, &end)) {
            return false;
        }
        if (count == 0) {
            break;
        }
        if (count > CODEC_ITEMS_MAX - reading->items) {
            return refuse(reading, "too many items");
        }
        reading->items += count;
        uint8_t *items = NULL;
        if (out != NULL) {
            items = list_grow(reading, &list, item->stride, count);
            list.items = items;
            items += list.count * item->stride;
        }
        if (!read_items(reading, item, count, items)) {
            return false;
        }
        list.count += count;
        if (end != NULL && reading->at != end) {
            return refuse(reading, "array block of another size than it says");
        }
    }
    if (out != NULL) {
        memcpy(out, &list, sizeof list);
    }
    return true;
}

static bool read_record(struct reading *reading, const struct codec_type *type, uint8_t *out) {
    for (size_t i = 0; i < type->size; i++) {
        const struct codec_field *field = &type->fields[i];
        bool kept = out != NULL && field->offset != CODEC_DROPPED;
        if (!read_value(reading, field->type, kept ? out + field->offset : NULL)) {
            struct codec_fault *fault = reading->fault;
            if (fault->depth < CODEC_DEPTH_MAX) {
                fault->path[fault->depth++] = field->name;
            }
            return false;
        }
    }
    if (out != NULL) {
        for (size_t i = 0; i < type->defaults_count; i++) {
            const struct codec_default *lacking = &type->defaults[i];
            memcpy(out + lacking->offset, lacking->value, lacking->size);
        }
    }
    return true;
}

static bool read_value(struct reading *reading, const struct codec_type *type, void *out) {
    switch (type->kind) {
    case CODEC_INT:
        return read_int(reading, out);
    case CODEC_LONG:
        return read_long(reading, out);
    case CODEC_BOOLEAN:
        return read_boolean(reading, out);
    case CODEC_STRING:
        return read_text(reading, out);
    case CODEC_BYTES:
        return read_octets(reading, out);
    case CODEC_ENUM:
        return read_enum(reading, type, out);
    case CODEC_FIXED:
        return read_fixed(reading, type, out);
    case CODEC_ARRAY:
        return read_array(reading, type->item, out);
    case CODEC_RECORD:
        return read_record(reading, type, out);
    }
    assert(!"a type of no kind");
    return false;
}

bool codec_walk_read(const struct codec_type *type, struct octets binary, struct arena *arena,
                     void *out, struct codec_fault *fault) {
    assert(type != NULL && (out == NULL || type->stride > 0));
    fault->depth = 0;
    struct reading reading = {.start = binary.data,
                              .at = binary.data,
                              .end = binary.data + binary.size,
                              .arena = arena,
                              .fault = fault};
    if (!read_value(&reading, type, out)) {
        return false;
    }
    return left(&reading) == 0 || refuse(&reading, "octets after the end");
}

bool codec_walk_read_first(const struct codec_type *type, struct octets binary, void *out,
                           struct codec_fault *fault) {
    assert(type != NULL && type->kind == CODEC_RECORD && type->size > 0);
    const struct codec_type *first = type->fields[0].type;
    assert(first->kind == CODEC_RECORD && first->stride > 0);
    for (size_t i = 0; i < first->size; i++) {
        enum codec_kind kind = first->fields[i].type->kind;
        assert(kind != CODEC_STRING && kind != CODEC_BYTES && kind != CODEC_ARRAY); /* no arena */
        (void)kind;
    }
    fault->depth = 0;
    struct reading reading = {
        .start = binary.data, .at = binary.data, .end = binary.data + binary.size, .fault = fault};
    return read_value(&reading, first, out);
}
