/* SPDX-License-Identifier: Apache-2.0 */
/* rebuild: the catalog made again from the log. */

#include "replay/commands/rebuild.h"

#include "indexer/daemon/pg_load.h"
#include "indexer/daemon/pg_store.h"
#include "replay/log/counted.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_RECORDS 2000

/*
 * The catalog made again by the indexer's own fold, all in one PostgreSQL transaction: readers see
 * the old rows until it commits. The indexer waits on its offsets' rows meanwhile, finds them
 * moved, and goes on from there.
 */
struct rebuild {
    const struct replay_context *context;
    struct pg *pg;
    struct codec *codec;
    struct indexer_batch batch;
    struct arena arena; /* the records of the batch under way */
    size_t gathered;
    uint64_t records;
};

static bool begin(struct rebuild *rebuild, struct error *error) {
    return pg_begin(rebuild->pg, error) &&
           PG_EXECUTE(rebuild->pg, error, NULL,
                      "SELECT 1 FROM public.sink_offset WHERE sink = 'indexer' FOR UPDATE") &&
           PG_EXECUTE(rebuild->pg, error, NULL,
                      "WITH a AS (DELETE FROM catalog.reservation), b AS (DELETE FROM"
                      " catalog.seat_map), c AS (DELETE FROM catalog.order_tickets), d AS (DELETE"
                      " FROM catalog.refusal), e AS (DELETE FROM catalog.cursor), f AS (DELETE FROM"
                      " catalog.word), g AS (DELETE FROM catalog.city), h AS (DELETE FROM"
                      " catalog.noted_reserve)"
                      " DELETE FROM catalog.show");
}

static bool batch_store(struct rebuild *rebuild, struct error *error) {
    struct indexer_batch *batch = &rebuild->batch;
    indexer_batch_prepare(batch);
    bool stored = indexer_pg_load(rebuild->pg, batch, error);
    if (stored && indexer_batch_fold(batch) > 0) {
        stored = error_set(error, ERROR_DIE, "events of a show are missing on the log");
    }
    stored = stored && indexer_pg_store(rebuild->pg, batch, error);
    indexer_batch_reset(batch);
    arena_reset(&rebuild->arena);
    rebuild->gathered = 0;
    return stored;
}

static bool record_add(struct rebuild *rebuild, const char *topic,
                       const struct replay_record *record, struct error *error) {
    struct text reason;
    struct octets value = arena_octets_copy(&rebuild->arena, record->value);
    struct sink_record *sink = arena_allocate(&rebuild->arena, sizeof *sink);
    *sink = (struct sink_record){.topic = topic,
                                 .partition = record->partition,
                                 .offset = record->offset,
                                 .timestamp_ms = record->timestamp_ms,
                                 .value = value,
                                 .traceparent = ""};
    rebuild->records++;
    if (strcmp(topic, TOPIC_EVENTS) == 0) {
        struct event *event = arena_allocate(&rebuild->arena, sizeof *event);
        if (!codec_event_decode(rebuild->codec, &rebuild->arena, value, event, &reason)) {
            return true; /* a dead letter, to the indexer too */
        }
        sink->event = event;
    } else {
        struct ticket_record *tickets = arena_allocate(&rebuild->arena, sizeof *tickets);
        if (!codec_ticket_record_decode(rebuild->codec, &rebuild->arena, value, tickets, &reason)) {
            return true;
        }
        sink->tickets = tickets;
    }
    indexer_batch_add(&rebuild->batch, sink);
    return ++rebuild->gathered < BATCH_RECORDS || batch_store(rebuild, error);
}

static bool row_set(struct rebuild *rebuild, const char *topic, int32_t partition, int64_t next,
                    struct error *error) {
    return PG_EXECUTE(rebuild->pg, error, NULL,
                      "INSERT INTO public.sink_offset (sink, topic, partition, next_offset)"
                      " VALUES ('indexer', $1, $2, $3) ON CONFLICT (sink, topic, partition)"
                      " DO UPDATE SET next_offset = excluded.next_offset",
                      PG_TEXT(topic), PG_INTEGER(partition), PG_INTEGER(next));
}

/* What counts of the events: a row never stands inside a command. */
static bool events_rebuild(struct rebuild *rebuild, int32_t partition, struct error *error) {
    const struct term_position beginning = term_position_of_beginning();
    struct replay_counted *counted =
        replay_counted_new(rebuild->context->log, partition, &beginning, NULL, error);
    if (counted == NULL) {
        return false;
    }
    struct replay_record record;
    enum replay_read read;
    bool added = true;
    while (added && (read = replay_counted_next(counted, &record, error)) == REPLAY_READ_RECORD) {
        added = record_add(rebuild, TOPIC_EVENTS, &record, error);
    }
    const struct term_position position = replay_counted_rule(counted)->position;
    replay_counted_free(counted);
    return added && read == REPLAY_READ_END && batch_store(rebuild, error) &&
           row_set(rebuild, TOPIC_EVENTS, partition, position.next_offset, error);
}

static bool tickets_rebuild(struct rebuild *rebuild, int32_t partition, struct error *error) {
    struct replay_reader *reader =
        replay_reader_new(rebuild->context->log, TOPIC_TICKETS, partition, error);
    if (reader == NULL) {
        return false;
    }
    struct replay_record record;
    enum replay_read read;
    bool added = true;
    int64_t next = 0;
    while (added && (read = replay_reader_next(reader, &record, error)) == REPLAY_READ_RECORD) {
        added = record_add(rebuild, TOPIC_TICKETS, &record, error);
        next = record.offset + 1;
    }
    replay_reader_free(reader);
    return added && read == REPLAY_READ_END && batch_store(rebuild, error) &&
           row_set(rebuild, TOPIC_TICKETS, partition, next, error);
}

/* What was set aside and could not be folded late is in the catalog by now. */
static bool letters_settle(struct rebuild *rebuild, struct error *error) {
    return PG_EXECUTE(
        rebuild->pg, error, NULL,
        "UPDATE public.dead_letter_retry SET state = 'settled', ended_at = now(),"
        " reason = 'the catalog was made again from the log', key = NULL, value = NULL"
        " WHERE daemon = 'indexer' AND state <> 'settled'"
        " AND coalesce(reason, '') NOT LIKE 'undecodable%'");
}

static bool topic_rebuild(struct rebuild *rebuild, const char *topic,
                          bool (*partition_rebuild)(struct rebuild *rebuild, int32_t partition,
                                                    struct error *error),
                          struct error *error) {
    int32_t count = replay_log_partitions(rebuild->context->log, topic, error);
    bool done = count >= 0;
    for (int32_t i = 0; done && i < count; i++) {
        done = partition_rebuild(rebuild, i, error);
    }
    return done;
}

int replay_rebuild(const struct replay_context *context) {
    struct error error;
    struct rebuild rebuild = {.context = context, .codec = codec_new()};
    rebuild.pg = replay_pg_new(context);
    indexer_batch_init(&rebuild.batch);
    int64_t started_ms = clock_monotonic_ms();
    bool done = begin(&rebuild, &error) &&
                topic_rebuild(&rebuild, TOPIC_EVENTS, events_rebuild, &error) &&
                topic_rebuild(&rebuild, TOPIC_TICKETS, tickets_rebuild, &error) &&
                letters_settle(&rebuild, &error) && pg_commit(rebuild.pg, &error);
    if (done) {
        printf("rebuild: ok, records %" PRIu64 ", %.1f s\n", rebuild.records,
               (double)(clock_monotonic_ms() - started_ms) / 1000.0);
    } else {
        pg_rollback(rebuild.pg);
        printf("rebuild: failed, nothing was changed: %s\n", error.message);
    }
    indexer_batch_deinit(&rebuild.batch);
    arena_deinit(&rebuild.arena);
    codec_free(rebuild.codec);
    pg_free(rebuild.pg);
    return done ? 0 : 2;
}
