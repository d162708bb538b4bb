/* SPDX-License-Identifier: Apache-2.0 */
/* Shows remembered by their last look, and asked of PostgreSQL by one worker at a time. */
#include "ingest-api/catalog/catalog.h"

#include "ingest-api/catalog/rows.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 8192 /* a power of two */
#define CHECKED_MS_MAX                                                                             \
    1000 /* PostgreSQL is asked for changes at least that often while looked at */
#define FAILED_MS_MAX 2000
#define RELOADED_MS_MIN 100 /* and no more often than that, however fast seats change */

struct catalog_entry {
    struct uuid show_id;
    struct catalog_entry *chain_next;
    struct catalog_entry *newer; /* by the last look */
    struct catalog_entry *older;
    struct show_plan *plan;
    struct show_page *page;
    int64_t seq_seen;   /* of the last event the tail has told of */
    int64_t checked_ms; /* monotonic */
    int users;          /* workers at it: not to be evicted */
    bool loading;
    size_t octets;
};

struct catalog {
    pthread_mutex_t mutex;
    pthread_cond_t loaded;
    struct catalog_entry *table[TABLE_SIZE];
    struct catalog_entry *newest;
    struct catalog_entry *oldest;
    size_t octets;
    size_t octets_max;
    atomic_int_least64_t failed_ms; /* monotonic */
    struct metric *octets_metric;
    struct metric *served_metric;
    struct metric *rendered_metric;
};

struct catalog *catalog_new(size_t octets_max) {
    struct catalog *catalog = allocate_zeroed(1, sizeof *catalog);
    pthread_mutex_init(&catalog->mutex, NULL);
    pthread_cond_init(&catalog->loaded, NULL);
    catalog->octets_max = octets_max;
    catalog->octets_metric =
        metrics_gauge("seatlog_catalog_memory_bytes", NULL, "Shows remembered, in octets");
    catalog->served_metric = metrics_counter("seatlog_catalog_pages_total", "source=\"memory\"",
                                             "Shows served, by where they came from");
    catalog->rendered_metric =
        metrics_counter("seatlog_catalog_pages_total", "source=\"postgresql\"",
                        "Shows served, by where they came from");
    return catalog;
}

void page_release(void *memory) {
    struct show_page *page = memory;
    if (page != NULL && atomic_fetch_sub(&page->references, 1) == 1) {
        buffer_deinit(&page->body);
        free(page);
    }
}

static struct show_page *page_retain(struct show_page *page) {
    atomic_fetch_add(&page->references, 1);
    return page;
}

/* ---- entries; with the mutex held ---- */

static struct catalog_entry **entry_link(struct catalog *catalog, const struct uuid *show_id) {
    uint32_t index;
    memcpy(&index, show_id->octets, sizeof index);
    struct catalog_entry **link = &catalog->table[index & (TABLE_SIZE - 1)];
    while (*link != NULL && !uuid_equal(&(*link)->show_id, show_id)) {
        link = &(*link)->chain_next;
    }
    return link;
}

static void order_remove(struct catalog *catalog, struct catalog_entry *entry) {
    *(entry->newer != NULL ? &entry->newer->older : &catalog->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &catalog->oldest) = entry->newer;
    entry->newer = NULL;
    entry->older = NULL;
}

static void order_add(struct catalog *catalog, struct catalog_entry *entry) {
    entry->older = catalog->newest;
    *(catalog->newest != NULL ? &catalog->newest->newer : &catalog->oldest) = entry;
    catalog->newest = entry;
}

static void entry_free(struct catalog_entry *entry) {
    plan_release(entry->plan);
    page_release(entry->page);
    free(entry);
}

static void entry_remove(struct catalog *catalog, struct catalog_entry *entry) {
    *entry_link(catalog, &entry->show_id) = entry->chain_next;
    order_remove(catalog, entry);
    catalog->octets -= entry->octets;
    entry_free(entry);
}

static void entry_measure(struct catalog *catalog, struct catalog_entry *entry) {
    size_t octets = sizeof *entry;
    octets += entry->plan != NULL ? sizeof *entry->plan + entry->plan->arena.allocated : 0;
    octets += entry->page != NULL ? sizeof *entry->page + entry->page->body.capacity : 0;
    catalog->octets += octets - entry->octets;
    entry->octets = octets;
    struct catalog_entry *old = catalog->oldest;
    while (catalog->octets > catalog->octets_max && old != NULL) {
        struct catalog_entry *newer = old->newer;
        if (old->users == 0) {
            entry_remove(catalog, old);
        }
        old = newer;
    }
    metric_set(catalog->octets_metric, (int64_t)catalog->octets);
}

static struct catalog_entry *entry_take(struct catalog *catalog, const struct uuid *show_id) {
    struct catalog_entry **link = entry_link(catalog, show_id);
    struct catalog_entry *entry = *link;
    if (entry == NULL) {
        entry = allocate_zeroed(1, sizeof *entry);
        entry->show_id = *show_id;
        *link = entry;
    } else {
        order_remove(catalog, entry);
    }
    order_add(catalog, entry);
    entry->users++;
    return entry;
}

static void entry_give(struct catalog *catalog, struct catalog_entry *entry) {
    entry->users--;
    if (entry->users == 0 && entry->plan == NULL) {
        entry_remove(catalog, entry); /* there is no such show, or PostgreSQL is away */
    } else {
        entry_measure(catalog, entry);
    }
}

static bool entry_fresh(const struct catalog_entry *entry, int64_t now_ms) {
    int64_t age_ms = now_ms - entry->checked_ms;
    return entry->page != NULL &&
           (age_ms < RELOADED_MS_MIN ||
            (age_ms < CHECKED_MS_MAX && entry->page->seq >= entry->seq_seen));
}

/* ---- what others call ---- */

void catalog_show_changed(struct catalog *catalog, const struct uuid *show_id, int64_t seq) {
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *entry = *entry_link(catalog, show_id);
    if (entry != NULL && seq > entry->seq_seen) {
        entry->seq_seen = seq;
    }
    pthread_mutex_unlock(&catalog->mutex);
}

struct show_page *catalog_page_find(struct catalog *catalog, const struct uuid *show_id) {
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *entry = *entry_link(catalog, show_id);
    struct show_page *page = NULL;
    if (entry != NULL && entry_fresh(entry, clock_monotonic_ms())) {
        page = page_retain(entry->page);
        order_remove(catalog, entry);
        order_add(catalog, entry);
        metric_add(catalog->served_metric, 1);
    }
    pthread_mutex_unlock(&catalog->mutex);
    return page;
}

struct show_plan *catalog_plan_find(struct catalog *catalog, const struct uuid *show_id) {
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *entry = *entry_link(catalog, show_id);
    struct show_plan *plan = entry != NULL && entry->plan != NULL ? plan_retain(entry->plan) : NULL;
    pthread_mutex_unlock(&catalog->mutex);
    return plan;
}

static void result_note(struct catalog *catalog, enum catalog_result result) {
    atomic_store(&catalog->failed_ms, result == CATALOG_UNAVAILABLE ? clock_monotonic_ms() : 0);
}

bool catalog_available(struct catalog *catalog) {
    int64_t failed_ms = atomic_load(&catalog->failed_ms);
    return failed_ms == 0 || clock_monotonic_ms() - failed_ms > FAILED_MS_MAX;
}

enum catalog_result catalog_plan_load(struct catalog *catalog, struct pg *pg,
                                      const struct uuid *show_id, struct show_plan **plan) {
    *plan = catalog_plan_find(catalog, show_id);
    if (*plan != NULL) {
        return CATALOG_FOUND;
    }
    struct show_plan *loaded = NULL;
    enum catalog_result result = catalog_plan_query(pg, show_id, &loaded);
    result_note(catalog, result);
    if (result != CATALOG_FOUND) {
        return result;
    }
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *entry = entry_take(catalog, show_id);
    if (entry->plan == NULL) {
        entry->plan = plan_retain(loaded);
    }
    entry_give(catalog, entry);
    pthread_mutex_unlock(&catalog->mutex);
    *plan = loaded;
    return CATALOG_FOUND;
}

/* Without the mutex: the plan if it is not known, and the page if it has changed. */
static enum catalog_result entry_query(struct pg *pg, const struct uuid *show_id,
                                       struct show_plan **plan, int64_t seq_known,
                                       struct show_page **page) {
    if (*plan == NULL) {
        enum catalog_result result = catalog_plan_query(pg, show_id, plan);
        if (result != CATALOG_FOUND) {
            return result;
        }
    }
    struct catalog_map map = {0};
    enum catalog_result result = catalog_map_query(pg, show_id, seq_known, &map);
    if (result == CATALOG_FOUND) {
        struct show_page *made = allocate_zeroed(1, sizeof *made);
        atomic_store(&made->references, 1);
        made->seq = map.seats.seq;
        made->status = map.seats.status;
        show_json_append(&made->body, *plan, &map.seats);
        snprintf(made->etag, sizeof made->etag, "\"%" PRId64 "%s%s\"", map.seats.version,
                 map.seats.status != 0 ? "-" : "",
                 map.seats.status != 0 ? show_status_name(map.seats.status) : "");
        *page = made;
    }
    catalog_map_deinit(&map);
    /* The plan is there, so the show is; no row says that nothing has changed. */
    return result == CATALOG_UNKNOWN && seq_known >= 0 ? CATALOG_FOUND : result;
}

/* With the mutex held, by the one who loads. */
static enum catalog_result entry_load(struct catalog *catalog, struct catalog_entry *entry,
                                      struct pg *pg) {
    struct show_plan *plan = entry->plan != NULL ? plan_retain(entry->plan) : NULL;
    struct show_page *page = NULL;
    int64_t seq_known = entry->page != NULL ? entry->page->seq : -1;
    int64_t asked_ms = clock_monotonic_ms();
    entry->loading = true;
    pthread_mutex_unlock(&catalog->mutex);
    enum catalog_result result = entry_query(pg, &entry->show_id, &plan, seq_known, &page);
    pthread_mutex_lock(&catalog->mutex);
    entry->loading = false;
    pthread_cond_broadcast(&catalog->loaded);
    if (entry->plan == NULL && plan != NULL) {
        entry->plan = plan_retain(plan);
    }
    plan_release(plan);
    if (page != NULL) {
        page_release(entry->page);
        entry->page = page;
        metric_add(catalog->rendered_metric, 1);
    }
    result_note(catalog, result);
    if (result == CATALOG_UNAVAILABLE && entry->page != NULL) {
        log_warning("PostgreSQL is away; serving a show as it was last known",
                    LOG_UUID("show_id", &entry->show_id));
        result = CATALOG_FOUND;
    }
    entry->checked_ms = asked_ms;
    return result;
}

enum catalog_result catalog_page_load(struct catalog *catalog, struct pg *pg,
                                      const struct uuid *show_id, struct show_page **page) {
    pthread_mutex_lock(&catalog->mutex);
    struct catalog_entry *entry = entry_take(catalog, show_id);
    while (entry->loading && entry->page == NULL) {
        pthread_cond_wait(&catalog->loaded, &catalog->mutex);
    }
    enum catalog_result result = CATALOG_FOUND;
    /* While another loads it, what is remembered is old by that one query. */
    if (!entry->loading && !entry_fresh(entry, clock_monotonic_ms())) {
        result = entry_load(catalog, entry, pg);
    }
    *page = entry->page != NULL && result == CATALOG_FOUND ? page_retain(entry->page) : NULL;
    if (*page == NULL && result == CATALOG_FOUND) {
        result = CATALOG_UNKNOWN; /* the show is there before its seats: not for readers yet */
    }
    entry_give(catalog, entry);
    pthread_mutex_unlock(&catalog->mutex);
    return result;
}

void catalog_free(struct catalog *catalog) {
    if (catalog == NULL) {
        return;
    }
    struct catalog_entry *newer;
    for (struct catalog_entry *entry = catalog->oldest; entry != NULL; entry = newer) {
        newer = entry->newer;
        entry_free(entry);
    }
    pthread_cond_destroy(&catalog->loaded);
    pthread_mutex_destroy(&catalog->mutex);
    free(catalog);
}
