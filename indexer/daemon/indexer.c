/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of the sink: each record is folded into what the batch has loaded. */

#include "indexer/daemon/indexer.h"

#include "indexer/daemon/pg_load.h"
#include "indexer/daemon/pg_store.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"

#include <stdlib.h>

#define REFUSALS_PURGE_INTERVAL_MS (10 * 60 * 1000)
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

const struct config_option indexer_options[] = {
    {"refusals_kept_days", CONFIG_INTEGER, "3", 1, 365,
     "how long the outcome of a refused command can be asked for"},
    {0}};

struct indexer {
    struct indexer_batch batch;
    int64_t refusals_purge_at_ms;
    struct metric *gaps;
};

bool indexer_start(struct daemon *daemon, struct error *error) {
    (void)error;
    struct indexer *indexer = allocate_zeroed(1, sizeof *indexer);
    indexer_batch_init(&indexer->batch);
    indexer->gaps = metrics_counter("seatlog_sequence_gaps_total", NULL,
                                    "Events of a show that were missing before the one folded.");
    daemon->state = indexer;
    return true;
}

static bool indexer_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                           struct error *error) {
    (void)pg;
    (void)error;
    struct indexer *indexer = daemon->state;
    indexer_batch_add(&indexer->batch, record);
    return true;
}

static bool refusals_purge(struct daemon *daemon, struct pg *pg, struct error *error) {
    struct indexer *indexer = daemon->state;
    if (clock_monotonic_ms() < indexer->refusals_purge_at_ms) {
        return true;
    }
    indexer->refusals_purge_at_ms = clock_monotonic_ms() + REFUSALS_PURGE_INTERVAL_MS;
    int64_t kept_ms = config_integer(daemon->config, "refusals_kept_days") * DAY_MS;
    return indexer_pg_refusals_purge(pg, clock_now_ms() - kept_ms, error);
}

static bool indexer_flush(struct daemon *daemon, struct pg *pg, struct error *error) {
    struct indexer *indexer = daemon->state;
    struct indexer_batch *batch = &indexer->batch;
    indexer_batch_prepare(batch);
    if (!indexer_pg_load(pg, batch, error)) {
        return false;
    }
    metric_add(indexer->gaps, (int64_t)indexer_batch_fold(batch));
    return indexer_pg_store(pg, batch, error) && refusals_purge(daemon, pg, error);
}

/*
 * A fold goes on from the last event folded: an event that comes late changes nothing, and what
 * came after a show that is missing was folded into nothing.
 */
static bool indexer_late(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                         struct error *error) {
    (void)daemon;
    if (record->event == NULL || record->event->as.head.seq == 0) {
        return true;
    }
    const struct event_head *head = &record->event->as.head;
    int64_t seq = 0;
    if (!indexer_pg_map_seq(pg, &head->show_id, &seq, error)) {
        return false;
    }
    return (seq >= 0 && seq == head->seq - 1) ||
           error_set(error, ERROR_PARK,
                     "the catalog has gone on without it: make the catalog anew from the "
                     "log (./seatlog replay rebuild)");
}

static void indexer_batch_end(struct daemon *daemon) {
    struct indexer *indexer = daemon->state;
    indexer_batch_reset(&indexer->batch);
}

static const char *const topics[] = {"seatlog.events", "seatlog.tickets", NULL};

const struct sink_spec indexer_sink = {
    .topics = topics,
    .handle = indexer_handle,
    .flush = indexer_flush,
    .late = indexer_late,
    .committed = indexer_batch_end,
    .discard = indexer_batch_end,
};

void indexer_stop(struct daemon *daemon) {
    struct indexer *indexer = daemon->state;
    indexer_batch_deinit(&indexer->batch);
    free(indexer);
}
