/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of the reconciler: takes its turn, gets the list, asks SQL what is known of it. */
#include "payment/daemon/reconcile.h"

#include "payment/daemon/metrics.h"
#include "payment/daemon/pg.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/loop/daemon.h"
#include "runtime/loop/ready.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 500
#define RETRY_MS 30000
#define RESPONSE_SIZE_MAX (4 * 1024 * 1024)
#define PAGES_MAX 10000

struct payment_reconciler {
    struct payment_reconciler_settings settings;
    payment_reconciler_added *added;
    void *context;
    struct pg *pg;
    struct http_client *client;
    pthread_t thread;
    atomic_bool stopping;
    struct payment_list page;
    bool page_good;
    bool page_come;
};

/* Takes the turn if it is due. Returns whether this instance has it. */
static bool turn_take(struct payment_reconciler *reconciler, struct payment_comparison *run,
                      struct error *error) {
    static const char sql[] =
        "UPDATE payment.reconciliation SET due_at = now() + $1::bigint * interval '1 millisecond' "
        "WHERE due_at <= now() RETURNING (extract(epoch FROM least(checked_to, (SELECT "
        "min(created_at) FROM payment.work WHERE kind = 'authorize' AND step <> 'done'))) "
        "* 1000)::bigint";
    PGresult *result =
        PG_QUERY(reconciler->pg, error, sql, PG_INTEGER(reconciler->settings.interval_ms));
    if (result == NULL) {
        return false;
    }
    bool ours = PQntuples(result) == 1;
    if (ours) {
        *run = payment_comparison_begin(pg_integer(result, 0, 0), reconciler->settings.overlap_ms,
                                        reconciler->settings.settle_ms, clock_now_ms());
    }
    PQclear(result);
    return ours;
}

static bool turn_end(struct payment_reconciler *reconciler, const struct payment_comparison *run,
                     bool done, struct error *error) {
    if (!done) {
        return PG_EXECUTE(reconciler->pg, error, NULL,
                          "UPDATE payment.reconciliation SET due_at = least(due_at, now() + "
                          "$1::bigint * interval '1 millisecond'), orphans = orphans + $2",
                          PG_INTEGER(RETRY_MS), PG_INTEGER(run->orphans));
    }
    return PG_EXECUTE(reconciler->pg, error, NULL,
                      "UPDATE payment.reconciliation SET checked_to = greatest(checked_to, "
                      "to_timestamp($1::bigint / 1000.0)), orphans = orphans + $2, "
                      "unexplained = $3",
                      PG_INTEGER(run->end_ms), PG_INTEGER(run->orphans),
                      PG_INTEGER(run->unexplained));
}

static void on_page(void *context, const struct http_response *response) {
    struct payment_reconciler *reconciler = context;
    reconciler->page_come = true;
    reconciler->page_good = payment_square_list_parse(response, &reconciler->page);
    if (!reconciler->page_good) {
        log_warning("cannot get the provider's list", LOG_INTEGER("status", response->status),
                    LOG_TEXT("failure", response->failure != NULL ? response->failure : ""));
    }
}

/* Gets the page the cursor names into reconciler->page. */
static bool page_get(struct payment_reconciler *reconciler, const struct payment_comparison *run,
                     const char *cursor) {
    struct payment_square_call call;
    payment_square_list_init(&call, &reconciler->settings.square, run->begin_ms, run->end_ms,
                             cursor);
    reconciler->page_come = false;
    reconciler->page_good = false;
    http_client_start(reconciler->client, &call.request, on_page, reconciler);
    payment_square_call_deinit(&call);
    while (!reconciler->page_come && !atomic_load(&reconciler->stopping)) {
        http_client_poll(reconciler->client, TICK_MS);
    }
    return reconciler->page_good;
}

/* The page's payments that bear a reservation id, as two SQL arrays; their places go to indexes. */
static size_t page_arrays(const struct payment_list *page, struct buffer *ids,
                          struct buffer *reservations, size_t indexes[PAYMENT_LIST_MAX]) {
    size_t count = 0;
    buffer_append_text(ids, "{");
    buffer_append_text(reservations, "{");
    for (size_t i = 0; i < page->count; i++) {
        const struct payment_listed *item = &page->items[i];
        struct uuid reservation;
        if (payment_listed_matters(item) &&
            uuid_parse(item->reference_id, strlen(item->reference_id), &reservation)) {
            const char *comma = count > 0 ? "," : "";
            buffer_append_format(ids, "%s%s", comma, item->payment_id);
            buffer_append_format(reservations, "%s%s", comma, item->reference_id);
            indexes[count++] = i;
        }
    }
    buffer_append_text(ids, "}");
    buffer_append_text(reservations, "}");
    return count;
}

static PGresult *knowledge_query(struct payment_reconciler *reconciler, const struct buffer *ids,
                                 const struct buffer *reservations, struct error *error) {
    static const char sql[] =
        "SELECT count(work_id) > 0, "
        "coalesce(bool_or(kind = 'authorize' AND step <> 'done'), false), "
        "coalesce(bool_or(kind = 'authorize' AND result = 'authorized' AND work.payment_id = "
        "listed.payment_id), false), "
        "coalesce(bool_or(kind = 'capture' AND work.payment_id = listed.payment_id), false), "
        "coalesce(bool_or(kind = 'void' AND work.payment_id = listed.payment_id), false), "
        "(array_agg(show_id))[1], coalesce(max(attempt) FILTER (WHERE kind = 'authorize'), 1) "
        "FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY "
        "AS listed (payment_id, reservation_id, place) "
        "LEFT JOIN payment.work ON work.reservation_id = listed.reservation_id "
        "GROUP BY place ORDER BY place";
    return PG_QUERY(reconciler->pg, error, sql, PG_TEXT(ids->data), PG_TEXT(reservations->data));
}

static struct payment_knowledge knowledge_read(const PGresult *result, int row) {
    return (struct payment_knowledge){
        .reservation = pg_boolean(result, row, 0),
        .authorizing = pg_boolean(result, row, 1),
        .authorized = pg_boolean(result, row, 2),
        .captured = pg_boolean(result, row, 3),
        .voided = pg_boolean(result, row, 4),
        .show_id = pg_uuid(result, row, 5),
        .attempt = (int32_t)pg_integer(result, row, 6),
    };
}

static bool orphan_void(struct payment_reconciler *reconciler, const struct payment_listed *item,
                        const struct payment_knowledge *knowledge, struct error *error) {
    struct uuid reservation_id;
    uuid_parse(item->reference_id, strlen(item->reference_id), &reservation_id);
    struct payment_row row = payment_orphan_row(item, &reservation_id, knowledge, clock_now_ms());
    log_warning("an authorization nobody knows is voided",
                LOG_UUID("reservation_id", &row.reservation_id),
                LOG_TEXT("payment_id", item->payment_id));
    return payment_pg_add(reconciler->pg, &row, (struct text){0}, error);
}

static bool item_judge(struct payment_reconciler *reconciler, struct payment_comparison *run,
                       const struct payment_listed *item, const struct payment_knowledge *knowledge,
                       struct error *error) {
    switch (payment_comparison_judge(run, item, knowledge)) {
    case PAYMENT_VERDICT_FOREIGN:
    case PAYMENT_VERDICT_FINE:
        return true;
    case PAYMENT_VERDICT_ORPHAN:
        return orphan_void(reconciler, item, knowledge, error);
    case PAYMENT_VERDICT_UNEXPLAINED:
        payment_metrics_alarm();
        log_error("a payment was captured that nobody asked for: look at it at the provider",
                  LOG_TEXT("reservation_id", item->reference_id),
                  LOG_TEXT("payment_id", item->payment_id));
        return true;
    }
    return true;
}

static bool page_compare(struct payment_reconciler *reconciler, struct payment_comparison *run,
                         struct error *error) {
    struct buffer ids = {0}, reservations = {0};
    size_t indexes[PAYMENT_LIST_MAX];
    size_t count = page_arrays(&reconciler->page, &ids, &reservations, indexes);
    bool good = true;
    if (count > 0) {
        PGresult *result = knowledge_query(reconciler, &ids, &reservations, error);
        good = result != NULL;
        for (size_t i = 0; good && i < count; i++) {
            struct payment_knowledge knowledge = knowledge_read(result, (int)i);
            good =
                item_judge(reconciler, run, &reconciler->page.items[indexes[i]], &knowledge, error);
        }
        PQclear(result);
    }
    buffer_deinit(&ids);
    buffer_deinit(&reservations);
    return good;
}

static bool run_compare(struct payment_reconciler *reconciler, struct payment_comparison *run,
                        struct error *error) {
    char cursor[sizeof reconciler->page.cursor] = "";
    for (int pages = 0; pages < PAGES_MAX && run->begin_ms < run->end_ms; pages++) {
        if (!page_get(reconciler, run, cursor)) {
            return error_set(error, ERROR_RETRY, "cannot get the provider's list");
        }
        if (!page_compare(reconciler, run, error)) {
            return false;
        }
        if (reconciler->page.cursor[0] == '\0') {
            return true;
        }
        memcpy(cursor, reconciler->page.cursor, sizeof cursor);
    }
    return true;
}

static void reconcile_once(struct payment_reconciler *reconciler) {
    struct payment_comparison run;
    struct error error = {0};
    if (!turn_take(reconciler, &run, &error)) {
        if (error.action == ERROR_DIE || error.action == ERROR_PARK) {
            log_error("the reconciliation cannot be begun", LOG_TEXT("reason", error.message));
        }
        return;
    }
    bool done = run_compare(reconciler, &run, &error);
    if (!done) {
        log_warning("the reconciliation was not finished", LOG_TEXT("reason", error.message));
    }
    if (run.orphans > 0) {
        reconciler->added(reconciler->context);
    }
    if (!turn_end(reconciler, &run, done, &error)) {
        log_warning("the reconciliation's end cannot be written",
                    LOG_TEXT("reason", error.message));
    } else if (done) {
        payment_metrics_reconciled(run.orphans, run.unexplained);
    }
}

/* While the work is still being read from the log, all that is missing from it would look like an
 * orphan. */
static bool log_read(void) {
    struct buffer reason = {0};
    bool ready = ready_ask(&reason);
    buffer_deinit(&reason);
    return ready;
}

static void *reconciler_run(void *context) {
    struct payment_reconciler *reconciler = context;
    while (!atomic_load(&reconciler->stopping) && !daemon_sleep_ms(TICK_MS)) {
        if (log_read()) {
            reconcile_once(reconciler);
        }
    }
    return NULL;
}

struct payment_reconciler *
payment_reconciler_start(const struct payment_reconciler_settings *settings,
                         payment_reconciler_added *added, void *context) {
    struct payment_reconciler *reconciler = allocate_zeroed(1, sizeof *reconciler);
    reconciler->settings = *settings;
    reconciler->added = added;
    reconciler->context = context;
    reconciler->pg = pg_new(settings->postgres_url, "seatlog-payment-reconciler");
    reconciler->client = http_client_new(1, settings->ca_file, RESPONSE_SIZE_MAX);
    if (pthread_create(&reconciler->thread, NULL, reconciler_run, reconciler) != 0) {
        die("the reconciler's thread cannot be started");
    }
    return reconciler;
}

void payment_reconciler_stop(struct payment_reconciler *reconciler) {
    if (reconciler == NULL) {
        return;
    }
    atomic_store(&reconciler->stopping, true);
    http_client_wake(reconciler->client);
    pthread_join(reconciler->thread, NULL);
    http_client_free(reconciler->client);
    pg_free(reconciler->pg);
    free(reconciler);
}
