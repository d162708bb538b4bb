/* SPDX-License-Identifier: Apache-2.0 */
/* verify: a thread a partition, then the checks of others' books. */

#include "replay/verify/verify.h"

#include "replay/log/snapshots.h"
#include "replay/verify/check_mails.h"
#include "replay/verify/check_payments.h"
#include "replay/verify/check_projections.h"
#include "replay/verify/check_tickets.h"
#include "replay/verify/kept.h"
#include "replay/verify/partition.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_INTERVAL_US 500000

/* Partitions are taken by as many threads as there are cores. */
struct verification {
    const struct replay_context *context;
    struct replay_partition *partitions;
    struct replay_ledger *ledgers; /* one a partition */
    struct replay_observer *observers;
    struct seal *seals;
    size_t seal_count;
    int32_t count;
    _Atomic int32_t next;
    _Atomic int32_t done;
};

static void *worker(void *argument) {
    struct verification *verification = argument;
    for (;;) {
        int32_t index = atomic_fetch_add(&verification->next, 1);
        if (index >= verification->count) {
            return NULL;
        }
        struct replay_partition *partition = &verification->partitions[index];
        partition->failed = !replay_kept_load(partition);
        if (!partition->failed) {
            replay_partition_run(partition);
        }
        if (!partition->failed && !partition->stopped && partition->differing == 0) {
            partition->failed = !replay_snapshots_check(partition);
        }
        atomic_fetch_add(&verification->done, 1);
    }
}

static void progress_print(const struct verification *verification, int64_t elapsed_ms) {
    uint64_t commands = 0;
    int64_t at = 0;
    int64_t end = 0;
    for (int32_t i = 0; i < verification->count; i++) {
        const struct replay_partition *partition = &verification->partitions[i];
        commands += atomic_load(&partition->commands);
        at += atomic_load(&partition->event_offset);
        end += atomic_load(&partition->event_end);
    }
    fprintf(stderr,
            "\r%3d of %d partitions, %" PRIu64
            " commands, %.0f%% of the events known, %.0f commands/s ",
            (int)atomic_load(&verification->done), (int)verification->count, commands,
            end > 0 ? 100.0 * (double)at / (double)end : 0.0,
            elapsed_ms > 0 ? 1000.0 * (double)commands / (double)elapsed_ms : 0.0);
    fflush(stderr);
}

static void run_all(struct verification *verification) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int threads = cores < 1 ? 1 : (int)cores;
    threads = threads > verification->count ? verification->count : threads;
    pthread_t *handles = allocate_zeroed((unsigned long)threads, sizeof *handles);
    int64_t started_ms = clock_monotonic_ms();
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&handles[i], NULL, worker, verification) != 0) {
            die("no thread");
        }
    }
    bool watched = isatty(STDERR_FILENO);
    while (watched && atomic_load(&verification->done) < verification->count) {
        usleep(PROGRESS_INTERVAL_US);
        progress_print(verification, clock_monotonic_ms() - started_ms);
    }
    if (watched) {
        fputs("\r\033[K", stderr);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(handles[i], NULL);
    }
    free(handles);
}

/*
 * Deciders that know of no terms commit with the events: their offset is never ahead of what the
 * events say, and where all is decided, not behind either.
 */
static void committed_check(const struct replay_context *context,
                            struct replay_partition *partition) {
    struct replay_committed committed = {.offset = partition->committed_before};
    bool ahead = committed.offset > partition->cursor;
    bool behind = false;
    if (!ahead && partition->tally.claims == 0 && partition->cursor == partition->commands_end) {
        if (!replay_log_committed(context->log, KAFKA_DECIDERS_GROUP_BEFORE, TOPIC_COMMANDS,
                                  partition->partition, &committed, &partition->error)) {
            partition->failed = true;
            return;
        }
        behind = committed.offset >= 0 && committed.offset < partition->cursor;
    }
    if (ahead || behind) {
        partition->violated++;
        buffer_append_format(&partition->findings,
                             "partition %d: the group has committed command offset %" PRId64
                             ", and the events go as far as %" PRId64 "\n",
                             (int)partition->partition, committed.offset, partition->cursor);
    }
}

/* What can be said only at the end of a partition. */
static void partition_close(const struct replay_context *context,
                            struct replay_partition *partition) {
    if (partition->failed || partition->stopped || partition->differing > 0) {
        return;
    }
    struct buffer finding = {0};
    int64_t grace_ms = config_integer(context->config, "hold_grace_ms");
    uint64_t overdue =
        replay_model_overdue(partition->model, partition->last_timestamp_ms, grace_ms, &finding);
    if (overdue > 0) {
        partition->violated += overdue;
        buffer_append_format(&partition->findings,
                             "partition %d: %" PRIu64 " holds have not ended in time; %s\n",
                             (int)partition->partition, overdue, finding.data);
    }
    buffer_deinit(&finding);
    committed_check(context, partition);
}

struct totals {
    uint64_t commands;
    uint64_t events;
    uint64_t pending;
    uint64_t differing;
    uint64_t violated;
    struct replay_tally tally;
    bool failed;
};

static void totals_add(struct totals *totals, const struct replay_partition *partition) {
    totals->commands += partition->commands;
    totals->events += partition->events;
    totals->differing += partition->differing;
    totals->violated += partition->violated;
    totals->failed = totals->failed || partition->failed;
    totals->tally.claims += partition->tally.claims;
    totals->tally.halves += partition->tally.halves;
    for (size_t kind = 0; kind < TERM_STALE_COUNT; kind++) {
        totals->tally.stale[kind] += partition->tally.stale[kind];
    }
    if (partition->findings.size > 0) {
        fputs(partition->findings.data, stdout);
    }
    if (partition->failed) {
        printf("partition %d could not be read: %s\n", (int)partition->partition,
               partition->error.message);
    }
}

/* What stands on the log and does not count; none of it is wrong. */
static void tally_print(const struct replay_tally *tally) {
    printf("terms: claims %" PRIu64 ", stale", tally->claims);
    for (size_t kind = 0; kind < TERM_STALE_COUNT; kind++) {
        printf(" %s %" PRIu64 ",", term_stale_name((enum term_stale)kind), tally->stale[kind]);
    }
    printf(" of commands cut off %" PRIu64 "\n", tally->halves);
}

static int totals_print(const struct totals *totals, int64_t elapsed_ms) {
    bool right = !totals->failed && totals->differing == 0 && totals->violated == 0;
    printf("verify: %s, commands %" PRIu64 ", events %" PRIu64 ", differing %" PRIu64
           ", violated %" PRIu64 ", %.0f commands/s\n",
           totals->failed ? "incomplete"
           : right        ? "ok"
                          : "failed",
           totals->commands, totals->events, totals->differing, totals->violated,
           1000.0 * (double)totals->commands / (double)(elapsed_ms > 0 ? elapsed_ms : 1));
    return totals->failed ? 2 : right ? 0 : 1;
}

struct check {
    const char *option;
    bool (*run)(struct replay_books *books, struct error *error);
};

static const struct check checks[] = {
    {"projections", replay_check_projections},
    {"payments", replay_check_payments},
    {"tickets", replay_check_tickets},
    {"mails", replay_check_mails},
};

#define CHECK_COUNT (sizeof checks / sizeof checks[0])

static bool check_wanted(const struct replay_context *context) {
    bool wanted = false;
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        wanted = wanted || config_boolean(context->config, checks[i].option);
    }
    return wanted;
}

/* The time that "overdue" is judged by: see replay_books_due. */
static int64_t books_now_ms(const struct verification *verification) {
    if (*config_text(verification->context->config, "directory") == '\0') {
        return clock_now_ms();
    }
    int64_t last_ms = 0;
    for (int32_t i = 0; i < verification->count; i++) {
        int64_t ms = verification->ledgers[i].last_timestamp_ms;
        last_ms = ms > last_ms ? ms : last_ms;
    }
    return last_ms;
}

static void check_run(struct replay_books *books, const struct check *check,
                      struct totals *totals) {
    struct error error;
    uint64_t checked = books->checked, violated = books->violated;
    books->refused = books->early = 0;
    if (!check->run(books, &error)) {
        printf("%s could not be checked: %s\n", check->option, error.message);
        totals->failed = true;
        return;
    }
    printf("%s: %" PRIu64 " checked, %" PRIu64 " violated", check->option, books->checked - checked,
           books->violated - violated);
    if (books->refused > 0) {
        printf(", %" PRIu64 " refused for good", books->refused);
    }
    if (books->early > 0) {
        printf(", %" PRIu64 " not due yet", books->early);
    }
    putchar('\n');
}

/* Others' books, once the log itself is found right. */
static void books_check(struct verification *verification, struct totals *totals) {
    const struct config *config = verification->context->config;
    struct replay_books books = {.context = verification->context,
                                 .ledgers = verification->ledgers,
                                 .count = verification->count,
                                 .now_ms = books_now_ms(verification),
                                 .overdue_ms = config_integer(config, "overdue_s") * 1000};
    struct error error;
    struct replay_dead_letters *letters = NULL;
    if (check_wanted(verification->context)) {
        letters = replay_dead_letters_load(verification->context, &error);
        if (letters == NULL) {
            printf("the dead letters could not be read: %s\n", error.message);
            totals->failed = true;
            return;
        }
        books.letters = letters;
    }
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (config_boolean(config, checks[i].option)) {
            check_run(&books, &checks[i], totals);
        }
    }
    replay_dead_letters_free(letters);
    totals->violated += books.violated;
}

static void ledger_event(void *context, const struct replay_record *record,
                         const struct event *event) {
    replay_ledger_take(context, record, event);
}

static void verification_init(struct verification *verification, int32_t count) {
    unsigned long size = (unsigned long)count;
    bool ledgers = check_wanted(verification->context);
    verification->count = count;
    verification->partitions = allocate_zeroed(size, sizeof(struct replay_partition));
    verification->ledgers = allocate_zeroed(size, sizeof(struct replay_ledger));
    verification->observers = allocate_zeroed(size, sizeof(struct replay_observer));
    for (int32_t i = 0; i < count; i++) {
        replay_partition_init(&verification->partitions[i], verification->context->log, i, count);
        replay_ledger_init(&verification->ledgers[i]);
        verification->observers[i] =
            (struct replay_observer){.event = ledger_event, .context = &verification->ledgers[i]};
        verification->partitions[i].observer = ledgers ? &verification->observers[i] : NULL;
        verification->partitions[i].seals = verification->seals;
        verification->partitions[i].seal_count = verification->seal_count;
    }
}

static void verification_deinit(struct verification *verification) {
    for (int32_t i = 0; i < verification->count; i++) {
        replay_partition_deinit(&verification->partitions[i]);
        replay_ledger_deinit(&verification->ledgers[i]);
    }
    free(verification->partitions);
    free(verification->ledgers);
    free(verification->observers);
    for (size_t i = 0; i < verification->seal_count; i++) {
        seal_deinit(&verification->seals[i]);
    }
    free(verification->seals);
}

/* Seals that do not verify prove nothing: that is a failure, not an omission. */
static bool seals_load(struct verification *verification, struct error *error) {
    const struct config *config = verification->context->config;
    const char *folder = config_text(config, "seals");
    return *folder == '\0' || seals_read(folder, config_text(config, "seal_public_key"),
                                         &verification->seals, &verification->seal_count, error);
}

int replay_verify(const struct replay_context *context) {
    struct error error;
    struct verification verification = {.context = context};
    int32_t count = replay_log_partitions(context->log, TOPIC_EVENTS, &error);
    if (count < 0 || !seals_load(&verification, &error)) {
        printf("%s\n", error.message);
        verification_deinit(&verification);
        return error.action == ERROR_PARK ? 1 : 2;
    }
    verification_init(&verification, count);
    int64_t started_ms = clock_monotonic_ms();
    run_all(&verification);
    int64_t elapsed_ms = clock_monotonic_ms() - started_ms;
    struct totals totals = {0};
    for (int32_t i = 0; i < count; i++) {
        partition_close(context, &verification.partitions[i]);
        totals_add(&totals, &verification.partitions[i]);
    }
    if (!totals.failed && totals.differing == 0) {
        books_check(&verification, &totals);
    }
    if (verification.seal_count > 0) {
        printf("seals: %zu checked, the last of %s\n", verification.seal_count,
               verification.seals[verification.seal_count - 1].at);
    }
    verification_deinit(&verification);
    tally_print(&totals.tally);
    return totals_print(&totals, elapsed_ms);
}
