/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_SEGMENT_H
#define SEATLOG_REPLAY_LOG_SEGMENT_H

#include "replay/log/record.h"
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdio.h>

/*
 * An exported partition: one file <topic>/<partition>.segment in a directory. It begins with the
 * line "seatlog segment 2\n"; then each record:
 *
 *   u64 offset, i64 timestamp_ms, u32 key size, u32 value size, u32 label size (0xffffffff: none),
 *   key, value, label, 32 bytes BLAKE2b-256 of all of the record before
 *
 * all integers most significant byte first; and last a record with offset 2^64-1, no key, no value,
 * no label and as timestamp the end offset of the partition, so that a file cut short is noticed.
 *
 * Version 1 has no label. It is read, and never written: what it tells of seatlog.events ends where
 * the first claim begins.
 */

/* Path of a partition's file, in memory the caller frees. */
char *segment_path(const char *directory, const char *topic, int32_t partition);

bool segment_begin(FILE *file, struct error *error);
bool segment_append(FILE *file, const struct replay_record *record, struct error *error);
bool segment_end(FILE *file, int64_t end_offset, struct error *error);

/* Reads the next record into *buffer (grown as needed; the caller frees its data). FAILED where it
 * is damaged. */
struct segment_buffer {
    uint8_t *data;
    size_t capacity;
    int version; /* 1 or 2, once segment_open has returned */
};
bool segment_open(FILE *file, struct segment_buffer *buffer, struct error *error);
enum replay_read segment_next(FILE *file, struct segment_buffer *buffer,
                              struct replay_record *record, int64_t *end_offset,
                              struct error *error);

#endif
