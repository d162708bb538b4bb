/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_REPLAY_LOG_LOG_H
#define SEATLOG_REPLAY_LOG_LOG_H

#include "replay/log/record.h"
#include "runtime/base/config.h"
#include "runtime/base/error.h"
#include "runtime/term/label.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The log as an auditor reads it: from Kafka, or from a directory of exported segments
 * (replay/log/segment.h). Read only. Records of aborted transactions are not seen.
 */
struct replay_log;

/* bootstrap and all else from the kafka.* keys of the configuration. */
struct replay_log *replay_log_open_kafka(const struct config *config, struct error *error);
struct replay_log *replay_log_open_directory(const char *path, struct error *error);
void replay_log_close(struct replay_log *log);

/* How many partitions a topic has; -1 and *error when it cannot be known. */
int32_t replay_log_partitions(struct replay_log *log, const char *topic, struct error *error);

/*
 * The group's committed offset for a partition of a topic, and its metadata; what is pending is
 * waited for. false: *error.
 */
struct replay_committed {
    int64_t offset;                         /* -1: there is none, or the log is a directory */
    char metadata[TERM_POSITION_TEXT_SIZE]; /* cut off where it is no position anyway */
};
bool replay_log_committed(struct replay_log *log, const char *group, const char *topic,
                          int32_t partition, struct replay_committed *out, struct error *error);

/*
 * Waits, for some seconds, until every transaction is over that is on the partition now: what was
 * read of others before may speak of its records, and readers see them only then.
 */
void replay_log_settle(struct replay_log *log, const char *topic, int32_t partition);

/*
 * One partition from its beginning to where it ended when the reader was made. Readers of one log
 * may be used by different threads, each by one.
 */
struct replay_reader;

struct replay_reader *replay_reader_new(struct replay_log *log, const char *topic,
                                        int32_t partition, struct error *error);
void replay_reader_free(struct replay_reader *reader);

/* FAILED also for what a segment of version 1 has from its first claim on. */
enum replay_read replay_reader_next(struct replay_reader *reader, struct replay_record *record,
                                    struct error *error);

/* First offset not read: where the partition ended when the reader was made. */
int64_t replay_reader_end(const struct replay_reader *reader);

/* Marks the place behind the last record read, the beginning if there was none; and goes back to
 * the last mark. false: *error. */
void replay_reader_mark(struct replay_reader *reader);
bool replay_reader_return(struct replay_reader *reader, struct error *error);

#endif
