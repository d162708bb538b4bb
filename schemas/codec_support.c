/* SPDX-License-Identifier: Apache-2.0 */
#include "schemas/codec_support.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seatlog_codec.h"

#define BUFFER_SIZE_MIN ((size_t)4096)

struct codec_slot {
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
};

struct codec {
    avro_reader_t reader;
    avro_writer_t writer;
    char *buffer; /* the last encoded record */
    size_t buffer_size;
    struct codec_slot slots[]; /* of each entry; schema NULL until it is used */
};

void codec_die(const char *what) {
    (void)fprintf(stderr, "codec: out of memory (%s)\n", what);
    abort();
}

struct codec *codec_new(void) {
    if (sodium_init() < 0) {
        codec_die("sodium");
    }
    struct codec *codec =
        calloc(1, sizeof *codec + codec_entries_count * sizeof(struct codec_slot));
    if (codec == NULL) {
        codec_die("codec");
    }
    codec->buffer_size = BUFFER_SIZE_MIN;
    codec->buffer = malloc(codec->buffer_size);
    codec->reader = avro_reader_memory("", 0);
    codec->writer = avro_writer_memory(codec->buffer, (int64_t)codec->buffer_size);
    if (codec->buffer == NULL || codec->reader == NULL || codec->writer == NULL) {
        codec_die("codec");
    }
    return codec;
}

void codec_free(struct codec *codec) {
    if (codec == NULL) {
        return;
    }
    for (size_t i = 0; i < codec_entries_count; i++) {
        struct codec_slot *slot = &codec->slots[i];
        if (slot->schema != NULL) {
            avro_value_decref(&slot->value);
            avro_value_iface_decref(slot->class);
            avro_schema_decref(slot->schema);
        }
    }
    avro_reader_free(codec->reader);
    avro_writer_free(codec->writer);
    free(codec->buffer);
    free(codec);
}

avro_value_t *codec_value(struct codec *codec, size_t entry) {
    assert(entry < codec_entries_count);
    struct codec_slot *slot = &codec->slots[entry];
    if (slot->schema == NULL) {
        const struct codec_schema *schema = codec_schema_by_id(codec_entries[entry].id);
        assert(schema != NULL);
        if (avro_schema_from_json_length(schema->source.data, schema->source.size, &slot->schema) !=
            0) {
            codec_die("schema");
        }
        slot->class = avro_generic_class_from_schema(slot->schema);
        if (slot->class == NULL || avro_generic_value_new(slot->class, &slot->value) != 0) {
            codec_die("value");
        }
    }
    return &slot->value;
}

bool codec_entry_by_id(uint32_t id, size_t *entry) {
    /* Ids ascend and are dense, so this is the first probe unless one was withdrawn. */
    size_t low = 0;
    size_t high = codec_entries_count;
    if (id >= codec_entries[0].id && id - codec_entries[0].id < high) {
        size_t guess = id - codec_entries[0].id;
        if (codec_entries[guess].id == id) {
            *entry = guess;
            return true;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (codec_entries[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *entry = low;
    return low < codec_entries_count && codec_entries[low].id == id;
}

static struct text codec_reason(struct arena *arena, const struct codec_schema *schema,
                                const struct codec_scan_error *error) {
    char path[256] = "";
    size_t size = 0;
    for (size_t i = error->depth; i > 0; i--) {
        int written = snprintf(path + size, sizeof path - size, "%s%s", size > 0 ? "." : "",
                               error->path[i - 1]);
        if (written < 0 || (size_t)written >= sizeof path - size) {
            break;
        }
        size += (size_t)written;
    }
    return arena_text_format(arena, "%s v%d: octet %zu%s%s: %s", schema->record, schema->version,
                             CODEC_PREFIX_SIZE + error->offset, size > 0 ? ", " : "", path,
                             error->what);
}

bool codec_read(struct codec *codec, struct arena *arena, struct octets wire, size_t topic,
                avro_value_t **value, size_t *entry, struct text *reason) {
    if (wire.size < CODEC_PREFIX_SIZE || wire.data[0] != 0) {
        *reason = TEXT_LITERAL("not in the wire format: no zero octet and schema id");
        return false;
    }
    uint32_t id = (uint32_t)wire.data[1] << 24 | (uint32_t)wire.data[2] << 16 |
                  (uint32_t)wire.data[3] << 8 | (uint32_t)wire.data[4];
    if (!codec_entry_by_id(id, entry)) {
        *reason = arena_text_format(arena, "unknown schema id %lu", (unsigned long)id);
        return false;
    }
    const struct codec_schema *schema = codec_schema_by_id(id);
    if (codec_entries[*entry].topic != topic) {
        *reason = arena_text_format(arena, "%s does not belong on %s", schema->record,
                                    codec_topics[topic]);
        return false;
    }
    struct octets binary = {.data = wire.data + CODEC_PREFIX_SIZE,
                            .size = wire.size - CODEC_PREFIX_SIZE};
    struct codec_scan_error error;
    if (!codec_scan(codec_entries[*entry].shape, binary, &error)) {
        *reason = codec_reason(arena, schema, &error);
        return false;
    }
    *value = codec_value(codec, *entry);
    avro_reader_memory_set_source(codec->reader, (const char *)binary.data, (int64_t)binary.size);
    int result = avro_value_read(codec->reader, *value);
    if (result == ENOMEM) {
        codec_die("read");
    }
    if (result != 0) {
        *reason =
            arena_text_format(arena, "%s v%d: avro-c refuses it", schema->record, schema->version);
        return false;
    }
    return true;
}

struct octets codec_write(struct codec *codec, size_t entry, size_t bound) {
    if (bound > codec->buffer_size - CODEC_PREFIX_SIZE) {
        size_t size = (bound + CODEC_PREFIX_SIZE) * 2;
        free(codec->buffer);
        codec->buffer = malloc(size);
        if (codec->buffer == NULL) {
            codec_die("buffer");
        }
        codec->buffer_size = size;
    }
    uint32_t id = codec_entries[entry].id;
    uint8_t prefix[CODEC_PREFIX_SIZE] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
                                         (uint8_t)(id >> 8), (uint8_t)id};
    memcpy(codec->buffer, prefix, sizeof prefix);
    avro_writer_memory_set_dest(codec->writer, codec->buffer + CODEC_PREFIX_SIZE,
                                (int64_t)(codec->buffer_size - CODEC_PREFIX_SIZE));
    int result = avro_value_write(codec->writer, &codec->slots[entry].value);
    /* The bound was computed from the very same values. */
    assert(result == 0);
    return (struct octets){.data = (const uint8_t *)codec->buffer,
                           .size = CODEC_PREFIX_SIZE + (size_t)avro_writer_tell(codec->writer)};
}

/* ---- registry ---------------------------------------------------------------------------- */

const struct codec_schema *codec_schema_by_id(uint32_t id) {
    size_t entry = 0;
    return codec_entry_by_id(id, &entry) ? codec_schema_at(entry) : NULL;
}

static bool codec_text_equals(struct text left, struct text right) {
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

const struct codec_schema *codec_schema_by_version(struct text subject, int32_t version) {
    for (size_t i = 0; i < codec_schema_count(); i++) {
        const struct codec_schema *schema = codec_schema_at(i);
        if (schema->version == version && codec_text_equals(schema->subject, subject)) {
            return schema;
        }
    }
    return NULL;
}

const struct codec_schema *codec_schema_latest(struct text subject) {
    const struct codec_schema *latest = NULL;
    for (size_t i = 0; i < codec_schema_count(); i++) {
        const struct codec_schema *schema = codec_schema_at(i);
        if (codec_text_equals(schema->subject, subject) &&
            (latest == NULL || schema->version > latest->version)) {
            latest = schema;
        }
    }
    return latest;
}

/* ---- values ------------------------------------------------------------------------------ */

void codec_get_fixed(avro_value_t value, uint8_t *octets, size_t size) {
    const void *data = NULL;
    size_t found = 0;
    if (avro_value_get_fixed(&value, &data, &found) != 0) {
        codec_die("fixed");
    }
    assert(found == size);
    memcpy(octets, data, size);
}

#define CODEC_GET_LIST(list_type, item_type, function, get)                                        \
    struct list_type function(struct arena *arena, avro_value_t list) {                            \
        size_t count = codec_get_count(&list);                                                     \
        item_type *items = arena_allocate_array(arena, count, sizeof *items);                      \
        for (size_t i = 0; i < count; i++) {                                                       \
            items[i] = get;                                                                        \
        }                                                                                          \
        return (struct list_type){.items = items, .count = count};                                 \
    }

CODEC_GET_LIST(integers, int32_t, codec_get_integers, codec_get_int(codec_at(&list, i)))
CODEC_GET_LIST(longs, int64_t, codec_get_longs, codec_get_long(codec_at(&list, i)))
CODEC_GET_LIST(texts, struct text, codec_get_texts, codec_get_text(arena, codec_at(&list, i)))
CODEC_GET_LIST(uuids, struct uuid, codec_get_uuids, codec_get_uuid(codec_at(&list, i)))
CODEC_GET_LIST(hashes, struct hash, codec_get_hashes, codec_get_hash(codec_at(&list, i)))

size_t codec_set_text(avro_value_t value, struct text text) {
    /* Lent, not copied. avro-c counts the NUL of a string but never looks at it when writing. */
    avro_wrapped_buffer_t buffer;
    avro_wrapped_buffer_new(&buffer, text.data != NULL ? text.data : "", text.size + 1);
    codec_check(avro_value_give_string_len(&value, &buffer));
    return CODEC_LONG_SIZE_MAX + text.size;
}

size_t codec_set_octets(avro_value_t value, struct octets octets) {
    avro_wrapped_buffer_t buffer;
    avro_wrapped_buffer_new(&buffer, octets.data != NULL ? (const void *)octets.data : "",
                            octets.size);
    codec_check(avro_value_give_bytes(&value, &buffer));
    return CODEC_LONG_SIZE_MAX + octets.size;
}

size_t codec_set_fixed(avro_value_t value, const uint8_t *octets, size_t size) {
    /* avro-c only reads it; its signature lacks the const. */
    codec_check(avro_value_set_fixed(&value, (void *)octets, size));
    return size;
}

#define CODEC_SET_LIST(list_type, function, set)                                                   \
    size_t function(avro_value_t list, struct list_type values) {                                  \
        size_t bound = codec_set_empty(&list);                                                     \
        for (size_t i = 0; i < values.count; i++) {                                                \
            bound += set;                                                                          \
        }                                                                                          \
        return bound;                                                                              \
    }

CODEC_SET_LIST(integers, codec_set_integers, codec_set_int(codec_append(&list), values.items[i]))
CODEC_SET_LIST(longs, codec_set_longs, codec_set_long(codec_append(&list), values.items[i]))
CODEC_SET_LIST(texts, codec_set_texts, codec_set_text(codec_append(&list), values.items[i]))
CODEC_SET_LIST(uuids, codec_set_uuids, codec_set_uuid(codec_append(&list), &values.items[i]))
CODEC_SET_LIST(hashes, codec_set_hashes, codec_set_hash(codec_append(&list), &values.items[i]))
