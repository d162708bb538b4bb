/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds of two seats, from command record to committed event record, over 300 shows of 200 seats at
 * a time. pipeline.sh runs it, beside pgbench. A fill is 300 fresh shows, whose 30,000 pairs of
 * seats are each held once, round robin over the shows, so that every command succeeds; what is
 * counted is Reserved events seen by a read-committed consumer, and any other answer ends the
 * bench.
 *
 *   --mode=prepare  creates the shows of the fills and waits for them
 *   --mode=drain    stops the decider (--pid), writes the commands, lets it go: holds/s of the
 * decider
 *   --mode=flow     writes the commands while the decider decides: holds/s of all of it together
 *   --mode=pace     writes --rate commands a second: median and p99 from the call that writes the
 * command to the arrival of its event
 */
#include "runtime/base/log.h"
#include "tests/bench/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOWS_PER_FILL 300
#define SEATS_PER_BUYER_MAX 8
#define PAIRS_PER_SHOW (BENCH_SEATS / 2)
#define HOLDS_PER_FILL (SHOWS_PER_FILL * PAIRS_PER_SHOW)
#define BATCH_MAX 2000

static const struct config_option options[] = {
    {"mode", CONFIG_TEXT, NULL, 0, 0, "prepare, drain, flow, pace or recover"},
    {"run", CONFIG_INTEGER, "1", 0, 1000000000000,
     "number of the run; its shows are derived from it"},
    {"fill_first", CONFIG_INTEGER, "0", 0, 100000, "first fill"},
    {"fills", CONFIG_INTEGER, "1", 1, 100000, "number of fills"},
    {"partitions", CONFIG_INTEGER, "6", 1, 10000, "partitions of the topics"},
    {"pid", CONFIG_INTEGER, "0", 0, 100000000, "process id of the decider, for drain"},
    {"rate", CONFIG_INTEGER, "2000", 1, 1000000, "commands a second, for pace"},
    {"decider", CONFIG_TEXT, "", 0, 0, "shell command that becomes the decider, for recover"},
    {"rounds", CONFIG_INTEGER, "20", 1, 1000, "kills, for recover"},
    {0},
};

struct bench {
    const struct config *config;
    int64_t run;
    int64_t fill_first;
    int64_t fills;
    struct bench_commands commands;

    /* The reader's. */
    rd_kafka_t *consumer;
    struct bench_events *events;
    int64_t expected;
    enum event_kind expected_kind;
    atomic_int_fast64_t seen;
    int64_t last_seen_us;
    int64_t *sent_us;    /* pace: of each command, by its number */
    int64_t *latency_us; /* pace */
};

static struct uuid show_of(const struct bench *bench, int64_t fill, int64_t show) {
    return bench_id(bench->run, fill * SHOWS_PER_FILL + show + 1);
}

/* --- commands -------------------------------------------------------------------------------- */

/* The number-th hold: a pair of a show of the fill, another show each time. */
static void hold_send(struct bench *bench, int64_t number) {
    int64_t fill = bench->fill_first + number / HOLDS_PER_FILL;
    int64_t within = number % HOLDS_PER_FILL;
    int32_t pair = (int32_t)(within / SHOWS_PER_FILL);
    const int32_t seats[2] = {2 * pair, 2 * pair + 1};
    int64_t id = fill * HOLDS_PER_FILL + within + 1;
    const struct command command = {
        .kind = COMMAND_RESERVE,
        .as.reserve = {
            .head = {show_of(bench, fill, within % SHOWS_PER_FILL), bench_id(bench->run, number)},
            .reservation_id = bench_id(bench->run + 1, id),
            .buyer_id = bench_id(bench->run + 2, id),
            .selection = SELECTION_NAMED,
            .seats = {seats, 2},
            .section = -1,
            .category = -1,
            .keyed = true}};
    bench_command_send(&bench->commands, &command);
}

/* --- events ---------------------------------------------------------------------------------- */

static void latency_take(struct bench *bench, const rd_kafka_message_t *message, int64_t at_us) {
    static struct codec *codec;
    static struct arena arena;
    struct event event;
    struct text reason;
    if (codec == NULL) {
        codec = codec_new();
    }
    arena_reset(&arena);
    if (!codec_event_decode(codec, &arena, (struct octets){message->payload, message->len}, &event,
                            &reason)) {
        bench_fail("an event cannot be decoded", reason.data);
    }
    int64_t number = bench_id_number(&event.as.head.command_id);
    if (number < 0 || number >= bench->expected) {
        bench_fail("an event of another command", "");
    }
    bench->latency_us[number] = at_us - bench->sent_us[number];
}

static void event_take(void *context, const rd_kafka_message_t *message, int64_t at_us) {
    struct bench *bench = context;
    bench_event_expect(message, bench->expected_kind);
    if (bench->latency_us != NULL) {
        latency_take(bench, message, at_us);
    }
    bench->last_seen_us = at_us;
    atomic_fetch_add(&bench->seen, 1);
}

static void *reader_thread(void *context) {
    struct bench *bench = context;
    int64_t quiet_since_us = bench_now_us();
    while (atomic_load(&bench->seen) < bench->expected) {
        int64_t count = bench_events_take(
            bench->events, 20, bench->latency_us != NULL ? 1 : BATCH_MAX, event_take, bench);
        int64_t at_us = bench_now_us();
        if (count > 0) {
            quiet_since_us = at_us;
        } else if (at_us - quiet_since_us > BENCH_PATIENCE_MS * 1000LL) {
            bench_fail("no event in a minute: does a decider run?", "");
        }
    }
    return NULL;
}

/* From the end of the log as of now. */
static void reader_start(struct bench *bench, int64_t expected, enum event_kind kind) {
    bench->expected = expected;
    bench->expected_kind = kind;
    atomic_store(&bench->seen, 0);
    bench->events =
        bench_events_open(bench->config, bench->consumer, TOPIC_EVENTS, bench->commands.partitions);
}

/* --- modes ----------------------------------------------------------------------------------- */

static void prepare(struct bench *bench) {
    pthread_t reader;
    reader_start(bench, bench->fills * SHOWS_PER_FILL, EVENT_SHOW_CREATED);
    pthread_create(&reader, NULL, reader_thread, bench);
    for (int64_t fill = bench->fill_first; fill < bench->fill_first + bench->fills; fill++) {
        for (int64_t show = 0; show < SHOWS_PER_FILL; show++) {
            struct uuid show_id = show_of(bench, fill, show);
            struct uuid command_id = bench_id(bench->run, -1);
            struct uuid owner_id = bench_id(bench->run, 1);
            bench_show_send(&bench->commands, &show_id, &command_id, &owner_id,
                            SEATS_PER_BUYER_MAX);
        }
        rd_kafka_poll(bench->commands.producer, 0);
    }
    bench_commands_flush(&bench->commands);
    pthread_join(reader, NULL);
    bench_events_close(bench->events);
    printf("prepared %" PRId64 " shows of %d seats\n", bench->expected, BENCH_SEATS);
}

static void throughput(struct bench *bench, pid_t decider) {
    int64_t holds = bench->fills * HOLDS_PER_FILL;
    pthread_t reader;
    reader_start(bench, holds, EVENT_RESERVED);
    if (decider != 0 && kill(decider, SIGSTOP) != 0) {
        bench_fail("the decider cannot be stopped", "");
    }
    pthread_create(&reader, NULL, reader_thread, bench);
    int64_t start_us = bench_now_us();
    for (int64_t i = 0; i < holds; i++) {
        hold_send(bench, i);
        if (i % 1000 == 0) {
            rd_kafka_poll(bench->commands.producer, 0);
        }
    }
    bench_commands_flush(&bench->commands);
    int64_t written_us = bench_now_us();
    if (decider != 0) {
        start_us = bench_now_us();
        kill(decider, SIGCONT);
    }
    pthread_join(reader, NULL);
    bench_events_close(bench->events);
    double seconds = (double)(bench->last_seen_us - start_us) / 1e6;
    printf("holds %" PRId64 " seconds %.3f written_seconds %.3f holds_per_second %.0f\n", holds,
           seconds, (double)(written_us - start_us) / 1e6, (double)holds / seconds);
}

static void sleep_until_us(int64_t at_us) {
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *served_thread(void *context) {
    struct bench *bench = context;
    while (atomic_load(&bench->seen) < bench->expected) {
        rd_kafka_poll(bench->commands.producer, 100);
    }
    return NULL;
}

static void pace(struct bench *bench, int64_t rate) {
    int64_t holds = bench->fills * HOLDS_PER_FILL;
    bench->sent_us = calloc((size_t)holds, sizeof(int64_t));
    bench->latency_us = calloc((size_t)holds, sizeof(int64_t));
    if (bench->sent_us == NULL || bench->latency_us == NULL) {
        bench_fail("out of memory", "");
    }
    pthread_t reader;
    pthread_t served;
    reader_start(bench, holds, EVENT_RESERVED);
    pthread_create(&reader, NULL, reader_thread, bench);
    pthread_create(&served, NULL, served_thread, bench);
    int64_t start_us = bench_now_us();
    for (int64_t i = 0; i < holds; i++) {
        /* When it was to be sent counts, not when it was: a stall of the bench is no excuse. */
        int64_t at_us = start_us + i * 1000000 / rate;
        sleep_until_us(at_us);
        bench->sent_us[i] = at_us;
        hold_send(bench, i);
    }
    pthread_join(reader, NULL);
    pthread_join(served, NULL);
    bench_events_close(bench->events);
    qsort(bench->latency_us, (size_t)holds, sizeof(int64_t), bench_duration_compare);
    printf("holds %" PRId64 " rate %" PRId64 " median_ms %.1f p99_ms %.1f max_ms %.1f\n", holds,
           rate, bench_percentile_ms(bench->latency_us, holds, 50),
           bench_percentile_ms(bench->latency_us, holds, 99),
           bench_percentile_ms(bench->latency_us, holds, 100));
    free(bench->sent_us);
    free(bench->latency_us);
}

static pid_t decider_start(const char *command) {
    pid_t pid = fork();
    if (pid < 0) {
        bench_fail("fork", "");
    }
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* The bench's own connections are warm and do not count: the reader stays through all rounds. */
static void hold_await(struct bench *bench, int64_t number) {
    hold_send(bench, number);
    int64_t begin_us = bench_now_us();
    while (atomic_load(&bench->seen) <= number) {
        rd_kafka_poll(bench->commands.producer, 1);
        if (bench_now_us() - begin_us > BENCH_PATIENCE_MS * 1000LL) {
            bench_fail("no answer in a minute", "");
        }
    }
}

static void recover(struct bench *bench, const char *command, int64_t rounds) {
    int64_t *took_us = calloc((size_t)rounds, sizeof(int64_t));
    if (took_us == NULL || rounds >= HOLDS_PER_FILL) {
        bench_fail("too many rounds", "");
    }
    pthread_t reader;
    reader_start(bench, rounds + 1, EVENT_RESERVED);
    pthread_create(&reader, NULL, reader_thread, bench);
    pid_t decider = decider_start(command);
    hold_await(bench, 0);
    for (int64_t i = 0; i < rounds; i++) {
        usleep(200000 + (useconds_t)(i * 37 % 10) * 30000);
        int64_t killed_us = bench_now_us();
        kill(decider, SIGKILL);
        waitpid(decider, NULL, 0);
        decider = decider_start(command);
        hold_await(bench, i + 1);
        took_us[i] = bench_now_us() - killed_us;
    }
    pthread_join(reader, NULL);
    bench_events_close(bench->events);
    kill(decider, SIGTERM);
    waitpid(decider, NULL, 0);
    qsort(took_us, (size_t)rounds, sizeof(int64_t), bench_duration_compare);
    printf("kills %" PRId64 " median_ms %.0f p99_ms %.0f max_ms %.0f\n", rounds,
           bench_percentile_ms(took_us, rounds, 50), bench_percentile_ms(took_us, rounds, 99),
           bench_percentile_ms(took_us, rounds, 100));
    free(took_us);
}

static void mode_run(struct bench *bench, const char *mode) {
    if (strcmp(mode, "prepare") == 0) {
        prepare(bench);
    } else if (strcmp(mode, "drain") == 0) {
        throughput(bench, (pid_t)config_integer(bench->config, "pid"));
    } else if (strcmp(mode, "flow") == 0) {
        throughput(bench, 0);
    } else if (strcmp(mode, "pace") == 0) {
        pace(bench, config_integer(bench->config, "rate"));
    } else if (strcmp(mode, "recover") == 0) {
        recover(bench, config_text(bench->config, "decider"),
                config_integer(bench->config, "rounds"));
    } else {
        bench_fail("no such mode", mode);
    }
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        bench_fail("configuration", error.message);
    }
    log_init("bench", LOG_LEVEL_ERROR);
    struct bench bench = {
        .config = config,
        .run = config_integer(config, "run") * 1000,
        .fill_first = config_integer(config, "fill_first"),
        .fills = config_integer(config, "fills"),
        .commands = {.producer = bench_client_new(config, KAFKA_PRODUCER),
                     .codec = codec_new(),
                     .partitions = (int32_t)config_integer(config, "partitions")},
        .consumer = bench_client_new(config, KAFKA_CONSUMER),
    };
    bench.commands.topic = rd_kafka_topic_new(bench.commands.producer, TOPIC_COMMANDS, NULL);
    mode_run(&bench, config_text(config, "mode"));
    rd_kafka_topic_destroy(bench.commands.topic);
    rd_kafka_destroy(bench.commands.producer);
    rd_kafka_destroy(bench.consumer);
    codec_free(bench.commands.codec);
    config_free(config);
    return 0;
}
