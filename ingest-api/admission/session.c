/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions remembered, and forgotten when PostgreSQL says so. */
#include "ingest-api/admission/session.h"

#include "runtime/base/log.h"
#include "runtime/base/metrics.h"
#include "runtime/base/time.h"
#include "runtime/base/uuid.h"
#include "runtime/loop/daemon.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES 32
#define MEMORY_SETS 16384 /* a power of two */
#define MEMORY_WAYS 4
#define LISTEN_PING_MS 500
#define LISTEN_ANSWER_MS 3000
#define LISTEN_TRUSTED_MS 1000 /* silence for longer: what is remembered may have been revoked */
#define EXPIRED_SWEEP_MS (10 * 60 * 1000)

struct remembered {
    struct hash hash;
    struct session session;
    int64_t until_ms; /* monotonic; 0: free */
};

struct session_store {
    pthread_mutex_t mutex;
    struct remembered (*memory)[MEMORY_WAYS];
    uint64_t revocations; /* counts what was forgotten, so that nothing older is remembered after */
    atomic_int_least64_t heard_ms;
    atomic_bool silent; /* PostgreSQL keeps its connections and does not answer */
    atomic_bool away;   /* the last try to listen has failed */
    atomic_bool ending;
    pthread_t thread;
    struct pg *pg;
    struct metric *hits_metric;
    struct metric *misses_metric;
};

static const struct {
    const char *name;
    unsigned role;
} role_names[] = {{"buyer", ROLE_BUYER},
                  {"organizer", ROLE_ORGANIZER},
                  {"partner", ROLE_PARTNER},
                  {"gate", ROLE_GATE},
                  {"operator", ROLE_OPERATOR}};
#define ROLE_COUNT (sizeof role_names / sizeof role_names[0])

bool session_role_parse(const char *name, unsigned *role) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strcmp(role_names[i].name, name) == 0) {
            *role = role_names[i].role;
            return true;
        }
    }
    return false;
}

const char *session_role_name(unsigned role) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (role_names[i].role == role) {
            return role_names[i].name;
        }
    }
    return NULL;
}

unsigned session_roles_parse(const char *array) {
    unsigned roles = 0;
    while (array != NULL && *array != '\0') {
        size_t size = strcspn(array, "{},\"");
        for (size_t i = 0; i < ROLE_COUNT && size > 0; i++) {
            if (strlen(role_names[i].name) == size &&
                strncmp(role_names[i].name, array, size) == 0) {
                roles |= role_names[i].role;
            }
        }
        array += size;
        array += *array != '\0';
    }
    return roles;
}

void session_token_new(char text[SESSION_TOKEN_SIZE], struct hash *hash) {
    unsigned char octets[TOKEN_BYTES];
    randombytes_buf(octets, sizeof octets);
    sodium_bin2base64(text, SESSION_TOKEN_SIZE, octets, sizeof octets,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(octets, sizeof octets);
    session_token_hash(text, hash);
}

bool session_token_hash(const char *text, struct hash *hash) {
    unsigned char octets[TOKEN_BYTES];
    size_t size = 0;
    if (strlen(text) != SESSION_TOKEN_SIZE - 1 ||
        sodium_base642bin(octets, sizeof octets, text, SESSION_TOKEN_SIZE - 1, NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size != sizeof octets) {
        return false;
    }
    crypto_generichash(hash->octets, sizeof hash->octets, octets, sizeof octets, NULL, 0);
    return true;
}

/* Hashes of random tokens: any bytes of them spread evenly. */
static struct remembered *memory_set(struct session_store *store, const struct hash *hash) {
    uint32_t index;
    memcpy(&index, hash->octets, sizeof index);
    return store->memory[index & (MEMORY_SETS - 1)];
}

static struct remembered *memory_find(struct session_store *store, const struct hash *hash) {
    struct remembered *set = memory_set(store, hash);
    for (int i = 0; i < MEMORY_WAYS; i++) {
        if (set[i].until_ms > clock_monotonic_ms() &&
            memcmp(set[i].hash.octets, hash->octets, sizeof hash->octets) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static void memory_add(struct session_store *store, const struct hash *hash,
                       const struct session *session, int64_t until_ms) {
    struct remembered *set = memory_set(store, hash);
    struct remembered *place = &set[0];
    for (int i = 0; i < MEMORY_WAYS; i++) {
        if (memcmp(set[i].hash.octets, hash->octets, sizeof hash->octets) == 0) {
            place = &set[i];
            break;
        }
        if (set[i].until_ms < place->until_ms) {
            place = &set[i];
        }
    }
    *place = (struct remembered){.hash = *hash, .session = *session, .until_ms = until_ms};
}

static bool memory_get(struct session_store *store, const struct hash *hash, struct session *out) {
    pthread_mutex_lock(&store->mutex);
    struct remembered *found = memory_find(store, hash);
    if (found != NULL) {
        *out = found->session;
    }
    pthread_mutex_unlock(&store->mutex);
    return found != NULL;
}

static bool heard_lately(struct session_store *store) {
    return clock_monotonic_ms() - atomic_load(&store->heard_ms) < LISTEN_TRUSTED_MS;
}

enum session_database session_database(struct session_store *store) {
    if (atomic_load(&store->silent) || atomic_load(&store->away)) {
        return SESSION_DATABASE_AWAY;
    }
    return heard_lately(store) ? SESSION_DATABASE_ANSWERS : SESSION_DATABASE_DOUBTFUL;
}

bool session_find(struct session_store *store, const struct hash *hash, struct session *out) {
    bool trusted = heard_lately(store);
    bool found = (trusted || atomic_load(&store->silent)) && memory_get(store, hash, out);
    metric_add(found ? store->hits_metric : store->misses_metric, 1);
    return found;
}

enum session_result session_load(struct session_store *store, struct pg *pg,
                                 const struct hash *hash, struct session *out) {
    pthread_mutex_lock(&store->mutex);
    uint64_t revocations = store->revocations;
    pthread_mutex_unlock(&store->mutex);
    struct error error;
    PGresult *result = PG_QUERY(
        pg, &error,
        "SELECT p.user_id, p.roles, extract(epoch FROM s.expires_at - now())::bigint"
        " FROM account.session s JOIN account.person p USING (user_id)"
        " WHERE s.token_hash = $1 AND s.expires_at > now()"
        " UNION ALL SELECT p.user_id, p.roles, 86400"
        " FROM account.api_key k JOIN account.person p USING (user_id) WHERE k.key_hash = $1",
        PG_OCTETS(hash->octets, sizeof hash->octets));
    if (result == NULL) {
        return memory_get(store, hash, out) ? SESSION_VALID : SESSION_UNAVAILABLE;
    }
    bool found = PQntuples(result) > 0;
    int64_t remembered_ms = SESSION_REMEMBERED_MS_MAX;
    if (found) {
        out->user_id = pg_uuid(result, 0, 0);
        out->roles = session_roles_parse(pg_text(result, 0, 1));
        int64_t left_ms = pg_integer(result, 0, 2) * 1000;
        remembered_ms = left_ms < remembered_ms ? left_ms : remembered_ms;
    }
    PQclear(result);
    pthread_mutex_lock(&store->mutex);
    if (found && revocations == store->revocations) {
        memory_add(store, hash, out, clock_monotonic_ms() + remembered_ms);
    } else if (!found) {
        struct remembered *stale = memory_find(store, hash);
        if (stale != NULL) {
            stale->until_ms = 0;
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return found ? SESSION_VALID : SESSION_UNKNOWN;
}

void session_forget(struct session_store *store, const struct hash *hash) {
    pthread_mutex_lock(&store->mutex);
    store->revocations++;
    struct remembered *found = memory_find(store, hash);
    if (found != NULL) {
        found->until_ms = 0;
    }
    pthread_mutex_unlock(&store->mutex);
}

/* user NULL: everything. */
static void memory_forget_all(struct session_store *store, const struct uuid *user) {
    pthread_mutex_lock(&store->mutex);
    store->revocations++;
    for (size_t set = 0; set < MEMORY_SETS; set++) {
        for (int i = 0; i < MEMORY_WAYS; i++) {
            struct remembered *one = &store->memory[set][i];
            if (user == NULL || uuid_equal(&one->session.user_id, user)) {
                one->until_ms = 0;
            }
        }
    }
    pthread_mutex_unlock(&store->mutex);
}

void session_forget_user(struct session_store *store, const struct uuid *user_id) {
    memory_forget_all(store, user_id);
}

static void notification_handle(struct session_store *store, const char *text) {
    struct hash hash;
    size_t size = 0;
    struct uuid user;
    if (strncmp(text, "token ", 6) == 0 &&
        sodium_hex2bin(hash.octets, sizeof hash.octets, text + 6, strlen(text + 6), NULL, &size,
                       NULL) == 0 &&
        size == sizeof hash.octets) {
        session_forget(store, &hash);
    } else if (strncmp(text, "user ", 5) == 0 && uuid_parse(text + 5, strlen(text + 5), &user)) {
        memory_forget_all(store, &user);
    } else {
        log_warning("notification is not understood; forgetting all sessions");
        memory_forget_all(store, NULL);
    }
}

static bool listen_begin(struct session_store *store) {
    struct error error;
    bool listening = PG_EXECUTE(store->pg, &error, NULL, "LISTEN seatlog_session");
    if (listening) {
        memory_forget_all(store, NULL); /* notifications were missed while nobody listened */
        atomic_store(&store->heard_ms, clock_monotonic_ms());
    }
    return listening;
}

/*
 * What was asked since then has failed. If it was for want of an answer, nobody else need ask and
 * wait for one: what is remembered counts, as it does when PostgreSQL refuses.
 */
static void silence_note(struct session_store *store, int64_t asked_ms) {
    atomic_store(&store->silent, clock_monotonic_ms() - asked_ms >= LISTEN_ANSWER_MS);
}

/*
 * One round: waits for notifications, then makes sure that the connection is alive, and still the
 * one that listens: pg connects again by itself.
 */
static bool listen_round(struct session_store *store, uint64_t generation) {
    struct error error;
    PGconn *connection = pg_connection(store->pg, &error);
    if (connection == NULL || pg_generation(store->pg) != generation) {
        return false;
    }
    struct pollfd descriptor = {.fd = PQsocket(connection), .events = POLLIN};
    poll(&descriptor, 1, LISTEN_PING_MS);
    if (!PQconsumeInput(connection)) {
        return false;
    }
    int64_t asked_ms = clock_monotonic_ms();
    if (!PG_EXECUTE(store->pg, &error, NULL, "SELECT 1") ||
        pg_generation(store->pg) != generation) {
        silence_note(store, asked_ms);
        return false;
    }
    PGnotify *notification;
    while ((notification = PQnotifies(connection)) != NULL) {
        notification_handle(store, notification->extra);
        PQfreemem(notification);
    }
    atomic_store(&store->heard_ms, asked_ms);
    return true;
}

static void expired_sweep(struct session_store *store) {
    struct error error;
    int64_t count = 0;
    if (PG_EXECUTE(
            store->pg, &error, &count,
            "DELETE FROM account.session WHERE token_hash IN"
            " (SELECT token_hash FROM account.session WHERE expires_at < now() LIMIT 5000)") &&
        count > 0) {
        log_info("removed expired sessions", LOG_INTEGER("count", count));
    }
}

static void *listen_thread(void *context) {
    struct session_store *store = context;
    int failures = 0;
    int64_t sweep_ms = clock_monotonic_ms();
    while (!atomic_load(&store->ending)) {
        int64_t asked_ms = clock_monotonic_ms();
        if (!listen_begin(store)) {
            silence_note(store, asked_ms);
            atomic_store(&store->away, true);
            failures++;
            daemon_sleep_ms(backoff_ms(failures, 50, 1000));
            if (daemon_stopping()) {
                struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
                nanosleep(&pause, NULL);
            }
            continue;
        }
        failures = 0;
        atomic_store(&store->silent, false);
        atomic_store(&store->away, false);
        uint64_t generation = pg_generation(store->pg);
        while (!atomic_load(&store->ending) && listen_round(store, generation)) {
            if (clock_monotonic_ms() >= sweep_ms) {
                sweep_ms = clock_monotonic_ms() + EXPIRED_SWEEP_MS;
                expired_sweep(store);
            }
        }
        if (!atomic_load(&store->ending)) {
            log_warning("lost the connection that revokes sessions; asking PostgreSQL each time");
        }
    }
    return NULL;
}

struct session_store *session_store_new(const char *postgres_url) {
    struct session_store *store = allocate_zeroed(1, sizeof *store);
    pthread_mutex_init(&store->mutex, NULL);
    store->memory = allocate_zeroed(MEMORY_SETS, sizeof *store->memory);
    atomic_store(&store->heard_ms, clock_monotonic_ms() - LISTEN_TRUSTED_MS);
    store->pg = pg_new(postgres_url, "seatlog-ingest-api-sessions");
    pg_answer_ms_set(store->pg, LISTEN_ANSWER_MS);
    store->hits_metric = metrics_counter("seatlog_sessions_total", "source=\"memory\"",
                                         "Logins looked up, by where they were found");
    store->misses_metric = metrics_counter("seatlog_sessions_total", "source=\"postgresql\"",
                                           "Logins looked up, by where they were found");
    if (pthread_create(&store->thread, NULL, listen_thread, store) != 0) {
        die("cannot start the sessions' thread");
    }
    return store;
}

void session_store_free(struct session_store *store) {
    if (store == NULL) {
        return;
    }
    atomic_store(&store->ending, true);
    pthread_join(store->thread, NULL);
    pg_free(store->pg);
    pthread_mutex_destroy(&store->mutex);
    free(store->memory);
    free(store);
}
