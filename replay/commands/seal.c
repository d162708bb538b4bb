/* SPDX-License-Identifier: Apache-2.0 */
/* seal FOLDER: signs how far the log goes and what it sums to. */
#include "replay/commands/seal.h"

#include "replay/log/seal.h"
#include "runtime/base/buffer.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool topic_sum(const struct replay_context *context, const char *topic, int32_t partition,
                      int64_t *end, struct hash *hash, struct error *error) {
    struct replay_reader *reader = replay_reader_new(context->log, topic, partition, error);
    if (reader == NULL) {
        return false;
    }
    struct replay_sum sum;
    struct replay_record record;
    enum replay_read read;
    replay_sum_init(&sum, SEAL_VERSION);
    *end = 0;
    while ((read = replay_reader_next(reader, &record, error)) == REPLAY_READ_RECORD) {
        replay_sum_take(&sum, &record);
        *end = record.offset + 1;
    }
    *hash = replay_sum_get(&sum);
    replay_reader_free(reader);
    return read == REPLAY_READ_END;
}

static bool partitions_sum(const struct replay_context *context, struct seal *seal,
                           struct error *error) {
    for (int32_t i = 0; i < seal->count; i++) {
        struct seal_partition *partition = &seal->partitions[i];
        if (!topic_sum(context, TOPIC_EVENTS, i, &partition->events_end, &partition->events,
                       error) ||
            !topic_sum(context, TOPIC_COMMANDS, i, &partition->commands_end, &partition->commands,
                       error)) {
            return false;
        }
    }
    return true;
}

int replay_seal(const struct replay_context *context) {
    const char *folder = context->argument;
    const char *key_file = config_text(context->config, "seal_key_file");
    if (folder == NULL || *key_file == '\0') {
        fputs("usage: seatlog-replay seal FOLDER --seal_key_file=FILE\n", stderr);
        return 2;
    }
    struct error error;
    struct seal seal = {.count = replay_log_partitions(context->log, TOPIC_EVENTS, &error)};
    int status = 2;
    struct buffer path = {0};
    if (seal.count >= 0) {
        time_format_seconds(clock_now_ms(), seal.at);
        seal.partitions = allocate_zeroed((unsigned long)seal.count, sizeof *seal.partitions);
        buffer_append_format(&path, "%s/%s.seal", folder, seal.at);
        if (partitions_sum(context, &seal, &error) &&
            seal_write(path.data, key_file, &seal, &error)) {
            printf("seal: %s, partitions %d\n", path.data, (int)seal.count);
            status = 0;
        }
    }
    if (status != 0) {
        fprintf(stderr, "%s\n", error.message);
    }
    buffer_deinit(&path);
    seal_deinit(&seal);
    return status;
}
