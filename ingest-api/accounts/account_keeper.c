/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that keeps accounts in order. */
#include "ingest-api/accounts/account_keeper.h"

#include "ingest-api/accounts/credential.h"
#include "ingest-api/accounts/login_limit.h"
#include "ingest-api/admission/idempotency.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/loop/daemon.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_ROWS 2000
#define LOCK_NORMALIZE 7328545 /* of PostgreSQL's advisory locks; migrate has 7328544 */
#define ROUND_MS 200
#define LOOK_MS 5000
#define SWEEP_MS (60 * 1000)
#define KEYS_SWEEP_MS (10 * 60 * 1000)
#define ANSWER_MS 30000

struct account_keeper {
    pthread_t thread;
    atomic_bool ending;
    struct pg *pg;
};

static json_t *normal_forms(const PGresult *rows) {
    json_t *list = json_array();
    for (int row = 0; row < PQntuples(rows); row++) {
        const char *spelled = pg_text(rows, row, 1);
        struct username username;
        bool good = username_read((struct text){spelled, strlen(spelled)}, &username) &&
                    username.fault == ADDRESS_GOOD;
        json_array_append_new(list, json_pack("{s:s, s:s?}", "user_id", pg_text(rows, row, 0),
                                              "normal", good ? username.address.normal : NULL));
    }
    return list;
}

/* In the order of age: whoever has the normal form already and is younger gives it up. */
static bool normal_forms_store(struct pg *pg, const char *list, struct error *error) {
    return PG_EXECUTE(pg, error, NULL,
                      "WITH given AS (SELECT p.created_at, p.user_id, g.normal"
                      "  FROM jsonb_to_recordset($1::jsonb) AS g(user_id uuid, normal text)"
                      "  JOIN account.person p USING (user_id))"
                      " UPDATE account.person o SET username_normal = NULL FROM given g"
                      " WHERE o.username_normal = g.normal"
                      " AND (o.created_at, o.user_id) > (g.created_at, g.user_id)",
                      PG_TEXT(list)) &&
           PG_EXECUTE(pg, error, NULL,
                      "WITH given AS (SELECT p.user_id, g.normal, row_number() OVER"
                      "  (PARTITION BY g.normal ORDER BY p.created_at, p.user_id) AS place"
                      "  FROM jsonb_to_recordset($1::jsonb) AS g(user_id uuid, normal text)"
                      "  JOIN account.person p USING (user_id))"
                      " UPDATE account.person p SET username_rule = 1, username_normal ="
                      "  CASE WHEN g.place = 1 AND NOT EXISTS (SELECT FROM account.person o"
                      "    WHERE o.username_normal = g.normal AND o.user_id <> g.user_id)"
                      "  THEN g.normal END"
                      " FROM given g WHERE p.user_id = g.user_id",
                      PG_TEXT(list));
}

static bool batch_work(struct pg *pg, int64_t *count, struct error *error) {
    PGresult *lock =
        PG_QUERY(pg, error, "SELECT pg_advisory_xact_lock($1::bigint)", PG_INTEGER(LOCK_NORMALIZE));
    if (lock == NULL) {
        return false;
    }
    PQclear(lock);
    PGresult *rows = PG_QUERY(pg, error,
                              "SELECT user_id, username FROM account.person WHERE username_rule = 0"
                              " ORDER BY created_at, user_id LIMIT $1::bigint FOR UPDATE",
                              PG_INTEGER(BATCH_ROWS));
    if (rows == NULL) {
        return false;
    }
    *count = PQntuples(rows);
    json_t *list = normal_forms(rows);
    PQclear(rows);
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    bool stored = *count == 0 || normal_forms_store(pg, text, error);
    free(text);
    return stored;
}

bool account_normalize_batch(struct pg *pg, int64_t *count, struct error *error) {
    *count = 0;
    if (!pg_begin(pg, error)) {
        return false;
    }
    if (!batch_work(pg, count, error)) {
        pg_rollback(pg);
        return false;
    }
    return pg_commit(pg, error);
}

/* Whether there may be work, without a lock. */
static bool pending_look(struct pg *pg, bool *pending, struct error *error) {
    PGresult *rows =
        PG_QUERY(pg, error, "SELECT 1 FROM account.person WHERE username_rule = 0 LIMIT 1");
    *pending = rows != NULL && PQntuples(rows) > 0;
    PQclear(rows);
    return rows != NULL;
}

static bool normalize_all(struct account_keeper *keeper, struct error *error) {
    int64_t total = 0;
    bool pending = false;
    bool good = pending_look(keeper->pg, &pending, error);
    while (good && pending && !atomic_load(&keeper->ending) && !daemon_stopping()) {
        int64_t count = 0;
        good = account_normalize_batch(keeper->pg, &count, error);
        total += count;
        pending = count > 0;
    }
    if (total > 0) {
        log_info("usernames have their normal forms", LOG_INTEGER("count", total));
    }
    return good;
}

static bool expired_sweep(struct pg *pg, struct error *error) {
    return login_limit_sweep(pg, error) &&
           PG_EXECUTE(pg, error, NULL,
                      "UPDATE account.api_key SET secret_salt = NULL"
                      " WHERE secret_salt IS NOT NULL AND created_at < now() - interval '1 day'");
}

static void pause_ms(struct account_keeper *keeper, int duration_ms) {
    int64_t until_ms = clock_monotonic_ms() + duration_ms;
    while (!atomic_load(&keeper->ending) && clock_monotonic_ms() < until_ms) {
        struct timespec round = {.tv_nsec = ROUND_MS * 1000 * 1000};
        nanosleep(&round, NULL);
    }
}

static void *keeper_thread(void *context) {
    struct account_keeper *keeper = context;
    int64_t sweep_ms = clock_monotonic_ms();
    int64_t keys_ms = sweep_ms;
    int failures = 0;
    while (!atomic_load(&keeper->ending)) {
        struct error error;
        bool good = normalize_all(keeper, &error);
        if (good && clock_monotonic_ms() >= sweep_ms) {
            sweep_ms = clock_monotonic_ms() + SWEEP_MS;
            good = expired_sweep(keeper->pg, &error);
        }
        if (good && clock_monotonic_ms() >= keys_ms) {
            keys_ms = clock_monotonic_ms() + KEYS_SWEEP_MS;
            idempotency_sweep(keeper->pg);
        }
        failures = good ? 0 : failures + 1;
        if (failures == 1) {
            log_warning("accounts cannot be kept in order", LOG_TEXT("reason", error.message));
        }
        pause_ms(keeper, good ? LOOK_MS : backoff_ms(failures, ROUND_MS, LOOK_MS));
    }
    return NULL;
}

struct account_keeper *account_keeper_new(const char *postgres_url) {
    struct account_keeper *keeper = allocate_zeroed(1, sizeof *keeper);
    keeper->pg = pg_new(postgres_url, "seatlog-ingest-api-accounts");
    pg_answer_ms_set(keeper->pg, ANSWER_MS);
    if (pthread_create(&keeper->thread, NULL, keeper_thread, keeper) != 0) {
        die("cannot start the thread that keeps accounts");
    }
    return keeper;
}

void account_keeper_free(struct account_keeper *keeper) {
    if (keeper == NULL) {
        return;
    }
    atomic_store(&keeper->ending, true);
    pthread_join(keeper->thread, NULL);
    pg_free(keeper->pg);
    free(keeper);
}
