/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/log.h"
#include "runtime/loop/sink/internal.h"

#include <inttypes.h>

#define WATERMARK_TIMEOUT_MS 10000
#define LAG_TIMEOUT_MS 1000

static bool offset_read(struct sink *sink, const struct sink_partition *partition,
                        int64_t *next_offset, struct error *error) {
    PGresult *result = PG_QUERY(sink->pg, error,
                                "SELECT next_offset FROM public.sink_offset "
                                "WHERE sink = $1 AND topic = $2 AND partition = $3",
                                PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic),
                                PG_INTEGER(partition->partition));
    if (result == NULL) {
        return false;
    }
    bool found = PQntuples(result) == 1;
    *next_offset = found ? pg_integer(result, 0, 0) : SINK_OFFSET_UNKNOWN;
    PQclear(result);
    return found || error_set(error, ERROR_RETRY, "no offset of %s/%d in PostgreSQL",
                              partition->topic, (int)partition->partition);
}

/* A partition seen for the first time begins with its first record. */
static bool offset_read_or_begin(struct sink *sink, const struct sink_partition *partition,
                                 int64_t *next_offset, struct error *error) {
    return PG_EXECUTE(sink->pg, error, NULL,
                      "INSERT INTO public.sink_offset (sink, topic, partition, next_offset) "
                      "VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING",
                      PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic),
                      PG_INTEGER(partition->partition)) &&
           offset_read(sink, partition, next_offset, error);
}

/* The log must still hold what comes next: a gap would be a projection that lies. */
static bool offset_check(struct sink *sink, struct sink_partition *partition, int64_t next_offset,
                         struct error *error) {
    int64_t low = 0, high = 0;
    rd_kafka_resp_err_t code = kafka_watermarks_query(
        sink->consumer, partition->topic, partition->partition, &low, &high, WATERMARK_TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, ERROR_RETRY, "Kafka does not say where %s/%d ends: %s",
                         partition->topic, (int)partition->partition, rd_kafka_err2str(code));
    }
    if (next_offset < low) {
        return error_set(error, ERROR_DIE,
                         "%s/%d begins at offset %" PRId64 " but the next to handle is %" PRId64
                         ": records were deleted before they were handled",
                         partition->topic, (int)partition->partition, low, next_offset);
    }
    if (next_offset > high) {
        return error_set(error, ERROR_RETRY,
                         "%s/%d ends at offset %" PRId64 " but %" PRId64
                         " is the next to handle: is this another cluster, or did it lose records?",
                         partition->topic, (int)partition->partition, high, next_offset);
    }
    partition->next_offset = next_offset;
    partition->position = next_offset;
    partition->drained_offset = SINK_OFFSET_UNKNOWN;
    partition->end_offset = high;
    return true;
}

bool sink_offsets_load(struct sink *sink, struct error *error) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        struct sink_partition *partition = &sink->partitions[i];
        int64_t next_offset = 0;
        if (!offset_read_or_begin(sink, partition, &next_offset, error) ||
            !offset_check(sink, partition, next_offset, error)) {
            return false;
        }
    }
    sink->offsets_known = true;
    return true;
}

bool sink_offsets_reread(struct sink *sink, bool *fenced, struct error *error) {
    *fenced = false;
    for (size_t i = 0; i < sink->partition_count; i++) {
        struct sink_partition *partition = &sink->partitions[i];
        int64_t next_offset = 0;
        if (!offset_read(sink, partition, &next_offset, error)) {
            return false;
        }
        /* Ours went from next_offset to at most position; anything else is another owner's. */
        if (next_offset < partition->next_offset || next_offset > partition->position) {
            *fenced = true;
            return true;
        }
        partition->next_offset = next_offset;
    }
    return true;
}

bool sink_offset_advance(struct sink *sink, const struct sink_partition *partition,
                         int64_t next_offset, bool *fenced, struct error *error) {
    int64_t rows = 0;
    bool good =
        PG_EXECUTE(sink->pg, error, &rows,
                   "UPDATE public.sink_offset SET next_offset = $1 WHERE sink = $2 "
                   "AND topic = $3 AND partition = $4 AND next_offset = $5",
                   PG_INTEGER(next_offset), PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic),
                   PG_INTEGER(partition->partition), PG_INTEGER(partition->next_offset));
    *fenced = good && rows != 1;
    return good;
}

/* The end of the log as far as it is known without asking, or asked for. */
static int64_t partition_end(struct sink *sink, const struct sink_partition *partition, bool ask) {
    int64_t low = 0, high = RD_KAFKA_OFFSET_INVALID;
    rd_kafka_resp_err_t code =
        ask ? kafka_watermarks_query(sink->consumer, partition->topic, partition->partition, NULL,
                                     &high, LAG_TIMEOUT_MS)
            : rd_kafka_get_watermark_offsets(sink->consumer, partition->topic, partition->partition,
                                             &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < partition->end_offset) {
        return partition->end_offset;
    }
    return high;
}

void sink_lag_update(struct sink *sink, bool ask) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        struct sink_partition *partition = &sink->partitions[i];
        int64_t end = partition_end(sink, partition, ask && producer_reachable(sink->producer));
        if (partition->next_offset == SINK_OFFSET_UNKNOWN) {
            continue;
        }
        /* Transaction markers have offsets and never arrive: once drained, nothing is behind. */
        int64_t done = partition->next_offset;
        if (sink->entry_count == 0 && partition->drained_offset > done) {
            done = partition->drained_offset;
        }
        metric_set(partition->lag, end > done ? end - done : 0);
        stall_update(partition->stall, partition->next_offset, end > done ? end - done : 0);
        partition->caught_up = partition->caught_up || done >= partition->end_offset;
    }
}
