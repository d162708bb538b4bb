/* SPDX-License-Identifier: Apache-2.0 */
/* What deciders go on from after a restart. */
#include "replay/verify/kept.h"

#include "replay/log/snapshots.h"
#include "reservation/daemon/snapshot.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"

#include <inttypes.h>
#include <string.h>

#define TICKETGEN_GROUP "ticketgen"

/* More than there is room for are not looked at. */
static void fit_add(struct replay_partition *partition, const struct replay_fit *fit) {
    if (partition->fit_count < REPLAY_FITS_MAX) {
        partition->fits[partition->fit_count++] = *fit;
    }
}

static void find(struct replay_partition *partition, const char *what) {
    partition->violated++;
    buffer_append_format(&partition->findings, "partition %d, %s\n", (int)partition->partition,
                         what);
}

static bool snapshots_read(struct replay_partition *partition) {
    struct replay_reader *reader =
        replay_reader_new(partition->log, TOPIC_SNAPSHOTS, partition->partition, &partition->error);
    if (reader == NULL) {
        return false;
    }
    struct replay_record record;
    enum replay_read read;
    while ((read = replay_reader_next(reader, &record, &partition->error)) == REPLAY_READ_RECORD) {
        reservation_latest_put(partition->snapshots, record.key, record.value);
    }
    replay_reader_free(reader);
    return read == REPLAY_READ_END;
}

/* What cannot be decoded is found by who folds them (replay/log/snapshots.h). */
static void snapshot_fit(struct replay_partition *partition) {
    static const struct octets key = {(const uint8_t *)RESERVATION_SNAPSHOT_PARTITION_KEY,
                                      sizeof RESERVATION_SNAPSHOT_PARTITION_KEY - 1};
    struct octets value = reservation_latest_get(partition->snapshots, key);
    struct replay_fit fit = {.whose = "the snapshot of the partition"};
    struct codec *codec = codec_new();
    struct arena arena;
    struct snapshot_record record;
    struct text reason;
    arena_init(&arena);
    if (value.data != NULL &&
        codec_snapshot_record_decode(codec, &arena, value, &record, &reason) &&
        record.kind == SNAPSHOT_RECORD_PARTITION_SNAPSHOT) {
        if (replay_snapshot_position(&record.as.partition_snapshot, &fit.position)) {
            fit.known =
                fit.position.term.offset == TERM_NONE ? REPLAY_FIT_CURSOR : REPLAY_FIT_WHOLE;
            fit_add(partition, &fit);
        } else {
            find(partition, "the snapshot of the partition names no place on the log");
        }
    }
    arena_deinit(&arena);
    codec_free(codec);
}

static bool committed_fit(struct replay_partition *partition) {
    struct replay_committed committed;
    struct replay_fit fit = {.whose = "the offset of " KAFKA_DECIDERS_GROUP};
    if (!replay_log_committed(partition->log, KAFKA_DECIDERS_GROUP, TOPIC_COMMANDS,
                              partition->partition, &committed, &partition->error)) {
        return false;
    }
    if (committed.offset < 0) {
        return true;
    }
    if (!term_position_parse(committed.metadata, strlen(committed.metadata), &fit.position) ||
        fit.position.cursor != committed.offset) {
        find(partition,
             "the offset of " KAFKA_DECIDERS_GROUP " does not say where on the events it is");
        return true;
    }
    fit_add(partition, &fit);
    return true;
}

/* ticketgen's group; offsets from before have no metadata. */
static bool ticketgen_fit(struct replay_partition *partition) {
    struct replay_committed committed;
    struct replay_fit fit = {.whose = "the offset of " TICKETGEN_GROUP};
    if (!replay_log_committed(partition->log, TICKETGEN_GROUP, TOPIC_EVENTS, partition->partition,
                              &committed, &partition->error)) {
        return false;
    }
    if (committed.offset < 0) {
        return true;
    }
    if (!term_position_parse(committed.metadata, strlen(committed.metadata), &fit.position) ||
        fit.position.next_offset != committed.offset) {
        fit.known = REPLAY_FIT_OFFSET;
        fit.position = (struct term_position){committed.offset, {.offset = TERM_NONE}, 0};
    }
    fit_add(partition, &fit);
    return true;
}

bool replay_kept_load(struct replay_partition *partition) {
    struct replay_committed before;
    if (!snapshots_read(partition) || !committed_fit(partition) || !ticketgen_fit(partition) ||
        !replay_log_committed(partition->log, KAFKA_DECIDERS_GROUP_BEFORE, TOPIC_COMMANDS,
                              partition->partition, &before, &partition->error)) {
        return false;
    }
    partition->committed_before = before.offset;
    replay_log_settle(partition->log, TOPIC_EVENTS, partition->partition);
    snapshot_fit(partition);
    return true;
}
