/* SPDX-License-Identifier: Apache-2.0 */
#include "schemas/codec_support.h"

#include "schemas/utf8.h"

struct scan {
    const uint8_t *octets;
    size_t size;
    size_t offset;
    size_t items; /* of all arrays so far */
    struct codec_scan_error *error;
};

static bool scan_value(struct scan *scan, const struct codec_shape *shape);

static size_t scan_left(const struct scan *scan) { return scan->size - scan->offset; }

static bool scan_refuse(struct scan *scan, const char *what) {
    scan->error->what = what;
    scan->error->offset = scan->offset;
    return false;
}

/* A zigzag varint of at most 64 bits. Longer forms of a number than needed are legal Avro. */
static bool scan_long(struct scan *scan, int64_t *out) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (scan_left(scan) == 0) {
            return scan_refuse(scan, "ends within a number");
        }
        uint8_t octet = scan->octets[scan->offset];
        if (shift == 63 && octet > 1) {
            return scan_refuse(scan, "number of more than 64 bits");
        }
        scan->offset++;
        number |= (uint64_t)(octet & 0x7F) << shift;
        if ((octet & 0x80) == 0) {
            *out = (int64_t)((number >> 1) ^ (~(number & 1) + 1));
            return true;
        }
    }
    return scan_refuse(scan, "number of more than 64 bits");
}

static bool scan_range(struct scan *scan, int64_t minimum, int64_t maximum, const char *what) {
    int64_t number = 0;
    size_t start = scan->offset;
    if (!scan_long(scan, &number)) {
        return false;
    }
    if (number < minimum || number > maximum) {
        scan->offset = start;
        return scan_refuse(scan, what);
    }
    return true;
}

static bool scan_skip(struct scan *scan, size_t size) {
    if (scan_left(scan) < size) {
        return scan_refuse(scan, "ends within fixed octets");
    }
    scan->offset += size;
    return true;
}

static bool scan_boolean(struct scan *scan) {
    if (scan_left(scan) == 0) {
        return scan_refuse(scan, "ends before a boolean");
    }
    if (scan->octets[scan->offset] > 1) {
        return scan_refuse(scan, "boolean that is neither 0 nor 1");
    }
    scan->offset++;
    return true;
}

static bool scan_octets(struct scan *scan, bool is_text) {
    int64_t size = 0;
    size_t start = scan->offset;
    if (!scan_long(scan, &size)) {
        return false;
    }
    if (size < 0 || (uint64_t)size > scan_left(scan)) {
        scan->offset = start;
        return scan_refuse(scan, "length beyond the end");
    }
    struct text text = {.data = (const char *)scan->octets + scan->offset, .size = (size_t)size};
    if (is_text && !text_is_valid(text)) {
        return scan_refuse(scan, "text that is not UTF-8");
    }
    scan->offset += (size_t)size;
    return true;
}

/* The count of a block; a negative one is followed by the block's size in octets, which must then
 * be right: *end is where the block must end, or 0. */
static bool scan_block(struct scan *scan, const struct codec_shape *item, size_t *count,
                       size_t *end) {
    int64_t number = 0;
    int64_t size = 0;
    size_t start = scan->offset;
    *end = 0;
    if (!scan_long(scan, &number)) {
        return false;
    }
    if (number < 0) {
        if (!scan_long(scan, &size)) {
            return false;
        }
        if (number == INT64_MIN || size < 0 || (uint64_t)size > scan_left(scan)) {
            scan->offset = start;
            return scan_refuse(scan, "array block beyond the end");
        }
        number = -number;
        *end = scan->offset + (size_t)size;
    }
    if ((uint64_t)number > scan_left(scan) / item->size_min) {
        scan->offset = start;
        return scan_refuse(scan, "array longer than what is left");
    }
    *count = (size_t)number;
    return true;
}

static bool scan_array(struct scan *scan, const struct codec_shape *item) {
    for (;;) {
        size_t count = 0;
        size_t end = 0;
        if (!scan_block(scan, item, &count, &end)) {
            return false;
        }
        if (count == 0) {
            return true;
        }
        if (count > CODEC_ITEMS_MAX - scan->items) {
            return scan_refuse(scan, "too many items");
        }
        scan->items += count;
        for (size_t i = 0; i < count; i++) {
            if (!scan_value(scan, item)) {
                return false;
            }
        }
        if (end != 0 && scan->offset != end) {
            return scan_refuse(scan, "array block of another size than it says");
        }
    }
}

static bool scan_record(struct scan *scan, const struct codec_shape *shape) {
    for (size_t i = 0; i < shape->size; i++) {
        if (!scan_value(scan, shape->fields[i].shape)) {
            if (scan->error->depth < CODEC_DEPTH_MAX) {
                scan->error->path[scan->error->depth++] = shape->fields[i].name;
            }
            return false;
        }
    }
    return true;
}

static bool scan_value(struct scan *scan, const struct codec_shape *shape) {
    switch (shape->kind) {
    case CODEC_SHAPE_INT:
        return scan_range(scan, INT32_MIN, INT32_MAX, "number of more than 32 bits");
    case CODEC_SHAPE_LONG:
        return scan_range(scan, INT64_MIN, INT64_MAX, "number of more than 64 bits");
    case CODEC_SHAPE_BOOLEAN:
        return scan_boolean(scan);
    case CODEC_SHAPE_STRING:
        return scan_octets(scan, true);
    case CODEC_SHAPE_BYTES:
        return scan_octets(scan, false);
    case CODEC_SHAPE_ENUM:
        return scan_range(scan, 0, (int64_t)shape->size - 1, "unknown enum symbol");
    case CODEC_SHAPE_FIXED:
        return scan_skip(scan, shape->size);
    case CODEC_SHAPE_ARRAY:
        return scan_array(scan, shape->item);
    case CODEC_SHAPE_RECORD:
        return scan_record(scan, shape);
    }
    codec_die("shape");
}

bool codec_scan(const struct codec_shape *shape, struct octets binary,
                struct codec_scan_error *error) {
    error->depth = 0;
    struct scan scan = {.octets = binary.data, .size = binary.size, .error = error};
    if (!scan_value(&scan, shape)) {
        return false;
    }
    if (scan_left(&scan) != 0) {
        return scan_refuse(&scan, "octets after the end");
    }
    return true;
}
