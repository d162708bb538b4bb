/* SPDX-License-Identifier: Apache-2.0 */
/* A codec's life, the wire format around the walker, and the registry. */
#include "codec/support.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seatlog_codec.h"

struct codec {
    struct codec_buffer buffer; /* the last encoded record */
};

static _Noreturn void die(const char *what) {
    (void)fprintf(stderr, "codec: out of memory (%s)\n", what);
    abort();
}

struct codec *codec_new(void) {
    struct codec *codec = calloc(1, sizeof *codec);
    if (codec == NULL || sodium_init() < 0) {
        die("codec");
    }
    return codec;
}

void codec_free(struct codec *codec) {
    if (codec != NULL) {
        free(codec->buffer.data);
        free(codec);
    }
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
                                const struct codec_fault *fault) {
    char path[256] = "";
    size_t size = 0;
    for (size_t i = fault->depth; i > 0; i--) {
        int written = snprintf(path + size, sizeof path - size, "%s%s", size > 0 ? "." : "",
                               fault->path[i - 1]);
        if (written < 0 || (size_t)written >= sizeof path - size) {
            break;
        }
        size += (size_t)written;
    }
    return arena_text_format(arena, "%s v%d: octet %zu%s%s: %s", schema->record, schema->version,
                             CODEC_PREFIX_SIZE + fault->offset, size > 0 ? ", " : "", path,
                             fault->what);
}

static bool has_prefix(struct octets wire) {
    return wire.size >= CODEC_PREFIX_SIZE && wire.data[0] == 0;
}

static uint32_t schema_id_of(struct octets wire) {
    return (uint32_t)wire.data[1] << 24 | (uint32_t)wire.data[2] << 16 |
           (uint32_t)wire.data[3] << 8 | (uint32_t)wire.data[4];
}

static struct octets binary_of(struct octets wire) {
    return (struct octets){.data = wire.data + CODEC_PREFIX_SIZE,
                           .size = wire.size - CODEC_PREFIX_SIZE};
}

bool codec_read_head(struct octets wire, size_t topic, void *out, size_t *entry) {
    struct codec_fault fault;
    return has_prefix(wire) && codec_entry_by_id(schema_id_of(wire), entry) &&
           codec_entries[*entry].topic == topic &&
           codec_walk_read_first(codec_entries[*entry].type, binary_of(wire), out, &fault);
}

bool codec_read(struct arena *arena, struct octets wire, size_t topic, void *out, size_t *entry,
                struct text *reason) {
    if (!has_prefix(wire)) {
        *reason = TEXT_LITERAL("not in the wire format: no zero octet and schema id");
        return false;
    }
    uint32_t id = schema_id_of(wire);
    if (!codec_entry_by_id(id, entry)) {
        *reason = arena_text_format(arena, "unknown schema id %lu", (unsigned long)id);
        return false;
    }
    if (codec_entries[*entry].topic != topic) {
        *reason = arena_text_format(arena, "%s does not belong on %s",
                                    codec_schema_at(*entry)->record, codec_topics[topic]);
        return false;
    }
    struct codec_fault fault;
    if (!codec_walk_read(codec_entries[*entry].type, binary_of(wire), arena, out, &fault)) {
        *reason = codec_reason(arena, codec_schema_at(*entry), &fault);
        return false;
    }
    return true;
}

struct octets codec_write(struct codec *codec, size_t entry, const void *in) {
    assert(entry < codec_entries_count);
    uint32_t id = codec_entries[entry].id;
    uint8_t prefix[CODEC_PREFIX_SIZE] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
                                         (uint8_t)(id >> 8), (uint8_t)id};
    struct codec_buffer *buffer = &codec->buffer;
    buffer->size = 0;
    codec_buffer_append(buffer, prefix, sizeof prefix);
    codec_walk_write(codec_entries[entry].type, in, buffer);
    return (struct octets){.data = buffer->data, .size = buffer->size};
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
