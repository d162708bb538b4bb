/* SPDX-License-Identifier: Apache-2.0 */
/* Where the sink stands: its rows in PostgreSQL, the ends of the log, and the lag between. */
#include "runtime/loop/sink/offset.h"

#define WATERMARK_TIMEOUT_MS 10000
#define LAG_TIMEOUT_MS 1000

/* A partition seen for the first time begins with its first record. */
static bool offset_begin(struct sink *sink, const struct sink_partition *partition,
                         struct error *error) {
    return PG_EXECUTE(sink->pg, error, NULL,
                      "INSERT INTO public.sink_offset (sink, topic, partition, next_offset) "
                      "VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING",
                      PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic),
                      PG_INTEGER(partition->partition));
}

/*
 * term and cursor count where they belong to next_offset: a sink from before moves that alone. At
 * the beginning of a log nothing needs to be kept.
 */
static void place_read(const PGresult *result, struct sink_offset *out) {
    struct term_position place = {.next_offset = out->next_offset,
                                  .cursor = pg_integer(result, 0, 2)};
    const char *term = pg_text(result, 0, 1);
    if (out->next_offset == 0) {
        out->place = term_position_of_beginning();
        out->placed = true;
    } else if (term != NULL && pg_integer(result, 0, 3) == out->next_offset && place.cursor >= 0 &&
               term_parse(term, strlen(term), &place.term) &&
               place.term.offset < out->next_offset) {
        out->place = place;
        out->placed = true;
    }
}

bool sink_offset_read(struct sink *sink, const struct sink_partition *partition, bool begin,
                      struct sink_offset *out, struct error *error) {
    *out = (struct sink_offset){.next_offset = SINK_OFFSET_UNKNOWN};
    if (begin && !offset_begin(sink, partition, error)) {
        return false;
    }
    PGresult *result = PG_QUERY(
        sink->pg, error,
        "SELECT next_offset, term, coalesce(cursor, -1), coalesce(term_offset, -1) "
        "FROM public.sink_offset WHERE sink = $1 AND topic = $2 AND partition = $3",
        PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic), PG_INTEGER(partition->partition));
    if (result == NULL) {
        return false;
    }
    bool found = PQntuples(result) == 1;
    if (found) {
        out->next_offset = pg_integer(result, 0, 0);
        place_read(result, out);
    }
    PQclear(result);
    return found || error_set(error, ERROR_RETRY, "no offset of %s/%d in PostgreSQL",
                              partition->topic, (int)partition->partition);
}

bool sink_log_bounds(struct sink *sink, const struct sink_partition *partition, int64_t *low,
                     int64_t *high, struct error *error) {
    rd_kafka_resp_err_t code = kafka_watermarks_query(
        sink->consumer, partition->topic, partition->partition, low, high, WATERMARK_TIMEOUT_MS);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, ERROR_RETRY, "Kafka does not say where %s/%d ends: %s",
                     partition->topic, (int)partition->partition, rd_kafka_err2str(code));
}

static bool offset_move(struct sink *sink, const struct sink_partition *partition, int64_t expected,
                        int64_t next_offset, bool *fenced, struct error *error) {
    int64_t rows = 0;
    bool good =
        PG_EXECUTE(sink->pg, error, &rows,
                   "UPDATE public.sink_offset SET next_offset = $1 WHERE sink = $2 "
                   "AND topic = $3 AND partition = $4 AND next_offset = $5",
                   PG_INTEGER(next_offset), PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic),
                   PG_INTEGER(partition->partition), PG_INTEGER(expected));
    *fenced = good && rows != 1;
    return good;
}

bool sink_offset_advance(struct sink *sink, const struct sink_partition *partition,
                         int64_t expected, const struct term_position *to, bool *fenced,
                         struct error *error) {
    char term[TERM_TEXT_SIZE];
    int64_t rows = 0;
    if (!partition->ruled) {
        return offset_move(sink, partition, expected, to->next_offset, fenced, error);
    }
    term_format(&to->term, term);
    bool good = PG_EXECUTE(
        sink->pg, error, &rows,
        "UPDATE public.sink_offset SET next_offset = $1, term = $2, cursor = $3, term_offset = $1 "
        "WHERE sink = $4 AND topic = $5 AND partition = $6 AND next_offset = $7",
        PG_INTEGER(to->next_offset), PG_TEXT(term), PG_INTEGER(to->cursor),
        PG_TEXT(sink->daemon->name), PG_TEXT(partition->topic), PG_INTEGER(partition->partition),
        PG_INTEGER(expected));
    *fenced = good && rows != 1;
    return good;
}

bool sink_offset_lock(struct sink *sink, const struct sink_partition *partition, int64_t expected,
                      bool *fenced, struct error *error) {
    return offset_move(sink, partition, expected, expected, fenced, error);
}

/* The end of the log as far as it is known without asking, or asked for. */
static int64_t partition_end(struct sink *sink, size_t index, bool ask) {
    const struct sink_partition *partition = &sink->partitions[index];
    int64_t known = sink->core.partitions[index].end_offset;
    int64_t low = 0, high = RD_KAFKA_OFFSET_INVALID;
    rd_kafka_resp_err_t code =
        ask ? kafka_watermarks_query(sink->consumer, partition->topic, partition->partition, NULL,
                                     &high, LAG_TIMEOUT_MS)
            : rd_kafka_get_watermark_offsets(sink->consumer, partition->topic, partition->partition,
                                             &low, &high);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR || high < known ? known : high;
}

void sink_lag_update(struct sink *sink, bool ask) {
    for (size_t i = 0; i < sink->partition_count; i++) {
        int64_t end = partition_end(sink, i, ask && producer_reachable(sink->producer));
        int64_t lag = sink_core_lag(&sink->core, i, end);
        if (lag >= 0) {
            metric_set(sink->partitions[i].lag, lag);
            stall_update(sink->partitions[i].stall, sink->core.partitions[i].next_offset, lag);
        }
    }
}
