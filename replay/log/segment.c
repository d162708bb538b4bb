/* SPDX-License-Identifier: Apache-2.0 */
/* One exported partition as a file. */
#include "replay/log/segment.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/chain.h"

#define MAGIC "seatlog segment "
#define MAGIC_SIZE (sizeof MAGIC - 1)
#define SIZES_AT 16
#define PARTS_MAX 3 /* key, value, label */
#define HEAD_SIZE_MAX (SIZES_AT + 4 * PARTS_MAX)
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
    static const char line[] = MAGIC "2\n";
    return write_all(file, line, sizeof line - 1, error);
}

static uint32_t stored_size(struct octets part) {
    return part.data != NULL ? (uint32_t)part.size : NONE;
}

static size_t size_of(uint32_t stored) { return stored == NONE ? 0 : stored; }

static bool frame_write(FILE *file, uint64_t offset, int64_t timestamp_ms,
                        const struct octets parts[PARTS_MAX], struct error *error) {
    const uint64_t offset_big = htobe64(offset);
    const uint64_t timestamp_big = htobe64((uint64_t)timestamp_ms);
    size_t size = HEAD_SIZE_MAX;
    for (size_t i = 0; i < PARTS_MAX; i++) {
        size += size_of(stored_size(parts[i]));
    }
    uint8_t *frame = allocate(size + HASH_SIZE);
    uint8_t *cursor = frame + HEAD_SIZE_MAX;
    memcpy(frame, &offset_big, 8);
    memcpy(frame + 8, &timestamp_big, 8);
    for (size_t i = 0; i < PARTS_MAX; i++) {
        const uint32_t size_big = htobe32(stored_size(parts[i]));
        memcpy(frame + SIZES_AT + 4 * i, &size_big, 4);
        if (parts[i].data != NULL && parts[i].size > 0) {
            memcpy(cursor, parts[i].data, parts[i].size);
            cursor += parts[i].size;
        }
    }
    struct hash hash;
    octets_hash((struct octets){frame, size}, &hash);
    memcpy(cursor, hash.octets, HASH_SIZE);
    bool written = write_all(file, frame, size + HASH_SIZE, error);
    free(frame);
    return written;
}

bool segment_append(FILE *file, const struct replay_record *record, struct error *error) {
    const struct octets parts[PARTS_MAX] = {record->key, record->value, record->label};
    return frame_write(file, (uint64_t)record->offset, record->timestamp_ms, parts, error);
}

bool segment_end(FILE *file, int64_t end_offset, struct error *error) {
    const struct octets none[PARTS_MAX] = {{0}};
    return frame_write(file, END_MARK, end_offset, none, error);
}

bool segment_open(FILE *file, struct segment_buffer *buffer, struct error *error) {
    char line[MAGIC_SIZE + 2];
    if (fread(line, 1, sizeof line, file) != sizeof line || memcmp(line, MAGIC, MAGIC_SIZE) != 0 ||
        (line[MAGIC_SIZE] != '1' && line[MAGIC_SIZE] != '2') || line[MAGIC_SIZE + 1] != '\n') {
        return error_set(error, ERROR_DIE, "this is no segment file of version 1 or 2");
    }
    buffer->version = line[MAGIC_SIZE] - '0';
    return true;
}

static enum replay_read damaged(FILE *file, const char *how, struct error *error) {
    error_set(error, ERROR_DIE, "a segment file is damaged near byte %ld: %s", ftell(file), how);
    return REPLAY_READ_FAILED;
}

/* The octets of a part at *cursor, and on to the next. */
static struct octets part_take(const uint8_t **cursor, uint32_t stored) {
    const uint8_t *data = *cursor;
    *cursor += size_of(stored);
    return (struct octets){stored == NONE ? NULL : data, size_of(stored)};
}

enum replay_read segment_next(FILE *file, struct segment_buffer *buffer,
                              struct replay_record *record, int64_t *end_offset,
                              struct error *error) {
    uint8_t head[HEAD_SIZE_MAX];
    uint64_t offset;
    uint64_t timestamp;
    uint32_t sizes[PARTS_MAX] = {NONE, NONE, NONE};
    const size_t parts = buffer->version == 1 ? 2 : PARTS_MAX;
    const size_t head_size = SIZES_AT + 4 * parts;
    if (fread(head, 1, head_size, file) != head_size) {
        return damaged(file, "it ends before its end mark", error);
    }
    size_t size = head_size;
    for (size_t i = 0; i < parts; i++) {
        memcpy(&sizes[i], head + SIZES_AT + 4 * i, 4);
        sizes[i] = be32toh(sizes[i]);
        if (size_of(sizes[i]) > PART_SIZE_MAX) {
            return damaged(file, "a record of more than 64 MiB", error);
        }
        size += size_of(sizes[i]);
    }
    memcpy(&offset, head, 8);
    memcpy(&timestamp, head + 8, 8);
    if (buffer->capacity < size + HASH_SIZE) {
        buffer->capacity = size + HASH_SIZE;
        buffer->data = reallocate(buffer->data, buffer->capacity);
    }
    memcpy(buffer->data, head, head_size);
    const size_t rest = size + HASH_SIZE - head_size;
    if (fread(buffer->data + head_size, 1, rest, file) != rest) {
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
    const uint8_t *cursor = buffer->data + head_size;
    record->offset = (int64_t)be64toh(offset);
    record->timestamp_ms = (int64_t)be64toh(timestamp);
    record->key = part_take(&cursor, sizes[0]);
    record->value = part_take(&cursor, sizes[1]);
    record->label = part_take(&cursor, sizes[2]);
    return REPLAY_READ_RECORD;
}
