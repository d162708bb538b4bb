/* SPDX-License-Identifier: Apache-2.0 */
/* What the records of a batch have changed, until it is written. */

#include "indexer/daemon/batch.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"

#include <stdlib.h>
#include <string.h>

void indexer_batch_init(struct indexer_batch *batch) {
    *batch = (struct indexer_batch){0};
    arena_init(&batch->arena);
}

void indexer_batch_deinit(struct indexer_batch *batch) {
    free(batch->records);
    free(batch->tickets);
    arena_deinit(&batch->arena);
}

void indexer_batch_reset(struct indexer_batch *batch) {
    arena_reset(&batch->arena);
    batch->record_count = 0;
    batch->ticket_count = 0;
    batch->map_count = 0;
    batch->row_count = 0;
}

static void append(const struct sink_record ***list, size_t *count, size_t *capacity,
                   const struct sink_record *record) {
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 256;
        *list = reallocate(*list, *capacity * sizeof **list);
    }
    (*list)[(*count)++] = record;
}

void indexer_batch_add(struct indexer_batch *batch, const struct sink_record *record) {
    if (record->event) {
        append(&batch->records, &batch->record_count, &batch->record_capacity, record);
    }
    if (record->tickets) {
        append(&batch->tickets, &batch->ticket_count, &batch->ticket_capacity, record);
    }
}

static int compare_uuids(const void *left, const void *right) {
    return memcmp(left, right, sizeof(struct uuid));
}

/* Sorts and drops repetitions; returns how many are left. */
static size_t unique(struct uuid *ids, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(ids, count, sizeof *ids, compare_uuids);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (compare_uuids(&ids[i], &ids[kept - 1]) != 0) {
            ids[kept++] = ids[i];
        }
    }
    return kept;
}

static void maps_prepare(struct indexer_batch *batch) {
    struct uuid *ids = arena_allocate(&batch->arena, (batch->record_count + 1) * sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        if (batch->records[i]->event->as.head.seq > 0) {
            ids[count++] = batch->records[i]->event->as.head.show_id;
        }
    }
    batch->map_count = unique(ids, count);
    batch->maps = arena_allocate(&batch->arena, (batch->map_count + 1) * sizeof *batch->maps);
    for (size_t i = 0; i < batch->map_count; i++) {
        batch->maps[i] = arena_allocate(&batch->arena, sizeof(struct seat_map));
        *batch->maps[i] = (struct seat_map){.show_id = ids[i]};
    }
}

static void rows_prepare(struct indexer_batch *batch) {
    size_t total = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        total += reservation_ids_of(batch->records[i]->event, NULL, 0);
    }
    struct uuid *ids = arena_allocate(&batch->arena, (total + 1) * sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        count += reservation_ids_of(batch->records[i]->event, ids + count, total - count);
    }
    batch->row_count = unique(ids, count);
    batch->rows = arena_allocate(&batch->arena, (batch->row_count + 1) * sizeof *batch->rows);
    for (size_t i = 0; i < batch->row_count; i++) {
        batch->rows[i] = arena_allocate(&batch->arena, sizeof(struct reservation_row));
        *batch->rows[i] =
            (struct reservation_row){.reservation_id = ids[i], .reason = "", .void_reason = ""};
    }
}

void indexer_batch_prepare(struct indexer_batch *batch) {
    maps_prepare(batch);
    rows_prepare(batch);
}

static int compare_map(const void *id, const void *entry) {
    return memcmp(id, &(*(struct seat_map *const *)entry)->show_id, sizeof(struct uuid));
}

static int compare_row(const void *id, const void *entry) {
    return memcmp(id, &(*(struct reservation_row *const *)entry)->reservation_id,
                  sizeof(struct uuid));
}

struct seat_map *indexer_batch_map(struct indexer_batch *batch, const struct uuid *show_id) {
    struct seat_map **found =
        bsearch(show_id, batch->maps, batch->map_count, sizeof *batch->maps, compare_map);
    return found ? *found : NULL;
}

struct reservation_row *indexer_batch_row(struct indexer_batch *batch,
                                          const struct uuid *reservation_id) {
    struct reservation_row **found =
        bsearch(reservation_id, batch->rows, batch->row_count, sizeof *batch->rows, compare_row);
    return found ? *found : NULL;
}

static enum fold_result map_fold(struct indexer_batch *batch, const struct event *event) {
    struct seat_map *map = indexer_batch_map(batch, &event->as.head.show_id);
    if (event->kind != EVENT_SHOW_CREATED) {
        return seat_map_fold(map, event);
    }
    if (map->seq >= event->as.head.seq) {
        return FOLD_SEEN;
    }
    *map = *seat_map_new(&batch->arena, &event->as.show_created);
    return FOLD_APPLIED;
}

static void rows_fold(struct indexer_batch *batch, const struct event *event) {
    size_t count = reservation_ids_of(event, NULL, 0);
    struct uuid *ids = arena_allocate(&batch->arena, (count + 1) * sizeof *ids);
    reservation_ids_of(event, ids, count);
    for (size_t i = 0; i < count; i++) {
        reservation_row_fold(&batch->arena, indexer_batch_row(batch, &ids[i]), event);
    }
}

size_t indexer_batch_fold(struct indexer_batch *batch) {
    size_t gaps = 0;
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct event *event = batch->records[i]->event;
        if (event->as.head.seq == 0) {
            continue;
        }
        if (map_fold(batch, event) == FOLD_GAP) {
            gaps++;
            log_error("events of a show are missing before this one",
                      LOG_UUID("show_id", &event->as.head.show_id),
                      LOG_INTEGER("seq", event->as.head.seq),
                      LOG_INTEGER("partition", batch->records[i]->partition),
                      LOG_INTEGER("offset", batch->records[i]->offset));
        }
        rows_fold(batch, event);
    }
    return gaps;
}
