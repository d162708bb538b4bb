/* SPDX-License-Identifier: Apache-2.0 */
/* One exported partition as a file. */
#include "replay/log/segment.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/chain.h"

#define HEAD_SIZE 24
#define HASH_SIZE 32
#define NONE UINT32_MAX
#define END_MARK UINT64_MAX
#define PART_SIZE_MAX (64u * 1024 * 1024)

char *segment_path(const char *directory, const char *topic, int32_t partition) {
    size_t size = strlen(directory) + strlen(topic) + 32;
    char *path = allocate(size);
    snprintf(path, size, "%s/%s/%d.segment", directory, topic, (int)partition);
    return path;
}

static bool write_all(FILE *file, const void *data, size_t size, struct error *error) {
    if (size > 0 && fwrite(data, 1, size, file) != size) {
        return error_set(error, ERROR_DIE, "writing a segment: %s", strerror(errno));
    }
    return true;
}

bool segment_begin(FILE *file, struct error *error) {
    return write_all(file, SEGMENT_MAGIC, strlen(SEGMENT_MAGIC), error);
}

static uint32_t part_size(struct octets part) {
    return part.data != NULL ? (uint32_t)part.size : NONE;
}

static void part_put(uint8_t **cursor, struct octets part) {
    if (part.data != NULL && part.size > 0) {
        memcpy(*cursor, part.data, part.size);
        *cursor += part.size;
    }
}

static bool frame_write(FILE *file, uint64_t offset, int64_t timestamp_ms, struct octets key,
                        struct octets value, struct error *error) {
    size_t key_size = key.data != NULL ? key.size : 0;
    size_t value_size = value.data != NULL ? value.size : 0;
    size_t size = HEAD_SIZE + key_size + value_size;
    uint8_t *frame = allocate(size + HASH_SIZE);
    const uint64_t offset_big = htobe64(offset);
    const uint64_t timestamp_big = htobe64((uint64_t)timestamp_ms);
    const uint32_t sizes_big[2] = {htobe32(part_size(key)), htobe32(part_size(value))};
    memcpy(frame, &offset_big, 8);
    memcpy(frame + 8, &timestamp_big, 8);
    memcpy(frame + 16, sizes_big, 8);
    uint8_t *cursor = frame + HEAD_SIZE;
    part_put(&cursor, key);
    part_put(&cursor, value);
    struct hash hash;
    octets_hash((struct octets){frame, size}, &hash);
    memcpy(frame + size, hash.octets, HASH_SIZE);
    bool written = write_all(file, frame, size + HASH_SIZE, error);
    free(frame);
    return written;
}

bool segment_append(FILE *file, const struct replay_record *record, struct error *error) {
    return frame_write(file, (uint64_t)record->offset, record->timestamp_ms, record->key,
                       record->value, error);
}

bool segment_end(FILE *file, int64_t end_offset, struct error *error) {
    const struct octets none = {0};
    return frame_write(file, END_MARK, end_offset, none, none, error);
}

bool segment_open(FILE *file, struct error *error) {
    char magic[sizeof SEGMENT_MAGIC - 1];
    if (fread(magic, 1, sizeof magic, file) != sizeof magic ||
        memcmp(magic, SEGMENT_MAGIC, sizeof magic) != 0) {
        return error_set(error, ERROR_DIE, "this is no segment file of version 1");
    }
    return true;
}

static enum replay_read damaged(FILE *file, const char *how, struct error *error) {
    error_set(error, ERROR_DIE, "a segment file is damaged near byte %ld: %s", ftell(file), how);
    return REPLAY_READ_FAILED;
}

static uint32_t size_of(uint32_t stored) { return stored == NONE ? 0 : stored; }

enum replay_read segment_next(FILE *file, struct segment_buffer *buffer,
                              struct replay_record *record, int64_t *end_offset,
                              struct error *error) {
    uint8_t head[HEAD_SIZE];
    if (fread(head, 1, HEAD_SIZE, file) != HEAD_SIZE) {
        return damaged(file, "it ends before its end mark", error);
    }
    uint64_t offset;
    uint64_t timestamp;
    uint32_t sizes[2];
    memcpy(&offset, head, 8);
    memcpy(&timestamp, head + 8, 8);
    memcpy(sizes, head + 16, 8);
    const uint32_t key_size = be32toh(sizes[0]);
    const uint32_t value_size = be32toh(sizes[1]);
    if (size_of(key_size) > PART_SIZE_MAX || size_of(value_size) > PART_SIZE_MAX) {
        return damaged(file, "a record of more than 64 MiB", error);
    }
    const size_t size = (size_t)HEAD_SIZE + size_of(key_size) + size_of(value_size);
    if (buffer->capacity < size + HASH_SIZE) {
        buffer->capacity = size + HASH_SIZE;
        buffer->data = reallocate(buffer->data, buffer->capacity);
    }
    memcpy(buffer->data, head, HEAD_SIZE);
    const size_t rest = size + HASH_SIZE - HEAD_SIZE;
    if (fread(buffer->data + HEAD_SIZE, 1, rest, file) != rest) {
        return damaged(file, "it ends within a record", error);
    }
    struct hash hash;
    octets_hash((struct octets){buffer->data, size}, &hash);
    if (memcmp(hash.octets, buffer->data + size, HASH_SIZE) != 0) {
        return damaged(file, "a record's hash does not hold", error);
    }
    if (be64toh(offset) == END_MARK) {
        *end_offset = (int64_t)be64toh(timestamp);
        return REPLAY_READ_END;
    }
    const uint8_t *key = buffer->data + HEAD_SIZE;
    const uint8_t *value = key + size_of(key_size);
    record->offset = (int64_t)be64toh(offset);
    record->timestamp_ms = (int64_t)be64toh(timestamp);
    record->key = (struct octets){key_size == NONE ? NULL : key, size_of(key_size)};
    record->value = (struct octets){value_size == NONE ? NULL : value, size_of(value_size)};
    return REPLAY_READ_RECORD;
}
