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
#include "runtime/base/config.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

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
#define ROWS 10
#define SEATS_PER_ROW 20
#define PAIRS_PER_SHOW (ROWS * SEATS_PER_ROW / 2)
#define HOLDS_PER_FILL (SHOWS_PER_FILL * PAIRS_PER_SHOW)
#define PATIENCE_MS 60000
#define HOLD_TTL_MS (30 * 60 * 1000)

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
    int32_t partitions;
    rd_kafka_t *producer;
    rd_kafka_topic_t *commands;
    struct codec *codec;

    /* The reader's. */
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *events;
    int64_t expected;
    enum event_kind expected_kind;
    atomic_int_fast64_t seen;
    int64_t last_seen_us;
    int64_t *sent_us;    /* pace: of each command, by its number */
    int64_t *latency_us; /* pace */
};

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static _Noreturn void fail(const char *what, const char *why) {
    fprintf(stderr, "bench_pipeline: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    exit(EXIT_FAILURE);
}

static void number_put(uint8_t *octets, int64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8) {
        octets[i] = (uint8_t)number;
    }
}

/* An id made of two numbers; the second can be read back. */
static struct uuid id_of(int64_t run, int64_t number) {
    struct uuid id;
    number_put(id.octets, run);
    number_put(id.octets + 8, number);
    return id;
}

static int64_t number_of(const struct uuid *id) {
    int64_t number = 0;
    for (int i = 8; i < 16; i++) {
        number = number << 8 | id->octets[i];
    }
    return number;
}

static struct uuid show_of(const struct bench *bench, int64_t fill, int64_t show) {
    return id_of(bench->run, fill * SHOWS_PER_FILL + show + 1);
}

/* --- commands -------------------------------------------------------------------------------- */

static void command_send(struct bench *bench, const struct command *command) {
    char key[UUID_TEXT_SIZE];
    uuid_format(&command->as.head.show_id, key);
    struct kafka_envelope envelope = {
        .type = command->kind == COMMAND_RESERVE ? "seatlog.commands.Reserve"
                                                 : "seatlog.commands.CreateShow",
        .source = "/seatlog/bench",
        .id = command->as.head.command_id,
        .command_id = command->as.head.command_id,
        /* As every command of ingest-api has one; drawn once, since drawing is not what is
           measured. */
        .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        .waiter = "ingest-api-0",
    };
    struct octets value = codec_command_encode(bench->codec, command);
    for (;;) {
        rd_kafka_headers_t *headers = kafka_headers_new(&envelope, &command->as.head.show_id);
        rd_kafka_resp_err_t code = rd_kafka_producev(
            bench->producer, RD_KAFKA_V_RKT(bench->commands),
            RD_KAFKA_V_PARTITION(kafka_partition_of(key, UUID_TEXT_SIZE - 1, bench->partitions)),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, UUID_TEXT_SIZE - 1),
            RD_KAFKA_V_VALUE((void *)value.data, value.size), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return;
        }
        rd_kafka_headers_destroy(headers);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            fail("produce", rd_kafka_err2str(code));
        }
        rd_kafka_poll(bench->producer, 10);
    }
}

static void show_send(struct bench *bench, int64_t fill, int64_t show) {
    static const char *const rows[ROWS] = {"A", "B", "C", "D", "E", "F", "G", "H", "J", "K"};
    char labels[SEATS_PER_ROW][8];
    struct text seats[SEATS_PER_ROW];
    struct row row_items[ROWS];
    for (int i = 0; i < SEATS_PER_ROW; i++) {
        int size = snprintf(labels[i], sizeof labels[i], "%d", i + 1);
        seats[i] = (struct text){labels[i], (size_t)size};
    }
    for (int i = 0; i < ROWS; i++) {
        row_items[i] = (struct row){.label = {rows[i], 1}, .seats = {seats, SEATS_PER_ROW}};
    }
    const struct category category = {.name = TEXT_LITERAL("Stalls"), .price_minor = 1400};
    const struct section section = {
        .name = TEXT_LITERAL("Stalls"), .kind = SECTION_KIND_SEATED, .rows = {row_items, ROWS}};
    int64_t starts_at = clock_now_ms() + 30LL * 24 * 3600 * 1000;
    const struct command command = {
        .kind = COMMAND_CREATE_SHOW,
        .as.create_show = {.head = {show_of(bench, fill, show), id_of(bench->run, -1)},
                           .owner_id = id_of(bench->run, 1),
                           .show = {.title = TEXT_LITERAL("The Long Take"),
                                    .type = SHOW_TYPE_FILM,
                                    .venue = TEXT_LITERAL("Pageant, screen 1"),
                                    .city = TEXT_LITERAL("Chico"),
                                    .region = TEXT_LITERAL("CA"),
                                    .country = TEXT_LITERAL("US"),
                                    .starts_at = starts_at,
                                    .ends_at = starts_at + 7200000,
                                    .time_zone = TEXT_LITERAL("America/Los_Angeles"),
                                    .currency = TEXT_LITERAL("USD"),
                                    .hold_ttl_ms = HOLD_TTL_MS,
                                    .seats_per_buyer_max = 8,
                                    .categories = {&category, 1},
                                    .sections = {&section, 1}}}};
    command_send(bench, &command);
}

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
            .head = {show_of(bench, fill, within % SHOWS_PER_FILL), id_of(bench->run, number)},
            .reservation_id = id_of(bench->run + 1, id),
            .buyer_id = id_of(bench->run + 2, id),
            .selection = SELECTION_NAMED,
            .seats = {seats, 2},
            .section = -1,
            .category = -1,
            .keyed = true}};
    command_send(bench, &command);
}

static void commands_flush(struct bench *bench) {
    if (rd_kafka_flush(bench->producer, PATIENCE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fail("the commands could not be written in a minute", "");
    }
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
        fail("an event cannot be decoded", reason.data);
    }
    int64_t number = number_of(&event.as.head.command_id);
    if (number < 0 || number >= bench->expected) {
        fail("an event of another command", "");
    }
    bench->latency_us[number] = at_us - bench->sent_us[number];
}

/* The schema's id says which event it is: no need to decode. */
static void event_take(struct bench *bench, const rd_kafka_message_t *message, int64_t at_us) {
    static const size_t prefix_size = 5;
    const uint8_t *octets = message->payload;
    if (message->len < prefix_size) {
        fail("an event without a schema", "");
    }
    uint32_t id = (uint32_t)octets[1] << 24 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 8 |
                  octets[4];
    if (id != codec_event_schema_id(bench->expected_kind)) {
        const struct codec_schema *schema = codec_schema_by_id(id);
        fail("another event than asked for", schema != NULL ? schema->record : "?");
    }
    if (bench->latency_us != NULL) {
        latency_take(bench, message, at_us);
    }
    bench->last_seen_us = at_us;
    atomic_fetch_add(&bench->seen, 1);
}

static void *reader_thread(void *context) {
    enum { BATCH = 2000 };
    struct bench *bench = context;
    static rd_kafka_message_t *messages[BATCH];
    int64_t quiet_since_us = now_us();
    while (atomic_load(&bench->seen) < bench->expected) {
        ssize_t count = rd_kafka_consume_batch_queue(bench->queue, 20, messages,
                                                     bench->latency_us != NULL ? 1 : BATCH);
        int64_t at_us = now_us();
        for (ssize_t i = 0; i < count; i++) {
            if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                event_take(bench, messages[i], at_us);
                quiet_since_us = at_us;
            }
            rd_kafka_message_destroy(messages[i]);
        }
        if (at_us - quiet_since_us > PATIENCE_MS * 1000LL) {
            fail("no event in a minute: does a decider run?", "");
        }
    }
    return NULL;
}

/* From the end of the log as of now. */
static void reader_start(struct bench *bench, int64_t expected, enum event_kind kind) {
    bench->expected = expected;
    bench->expected_kind = kind;
    atomic_store(&bench->seen, 0);
    bench->events = rd_kafka_topic_new(bench->consumer, TOPIC_EVENTS, NULL);
    bench->queue = rd_kafka_queue_new(bench->consumer);
    for (int32_t i = 0; i < bench->partitions; i++) {
        int64_t low = 0;
        int64_t high = 0;
        rd_kafka_resp_err_t code =
            rd_kafka_query_watermark_offsets(bench->consumer, TOPIC_EVENTS, i, &low, &high, 10000);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            fail("events", rd_kafka_err2str(code));
        }
        rd_kafka_consume_start_queue(bench->events, i, high, bench->queue);
    }
    usleep(300000); /* connected, and waiting at the end */
}

static void reader_stop(struct bench *bench) {
    for (int32_t i = 0; i < bench->partitions; i++) {
        rd_kafka_consume_stop(bench->events, i);
    }
    rd_kafka_queue_destroy(bench->queue);
    rd_kafka_topic_destroy(bench->events);
}

/* --- modes ----------------------------------------------------------------------------------- */

static void prepare(struct bench *bench) {
    pthread_t reader;
    reader_start(bench, bench->fills * SHOWS_PER_FILL, EVENT_SHOW_CREATED);
    pthread_create(&reader, NULL, reader_thread, bench);
    for (int64_t fill = bench->fill_first; fill < bench->fill_first + bench->fills; fill++) {
        for (int64_t show = 0; show < SHOWS_PER_FILL; show++) {
            show_send(bench, fill, show);
        }
        rd_kafka_poll(bench->producer, 0);
    }
    commands_flush(bench);
    pthread_join(reader, NULL);
    reader_stop(bench);
    printf("prepared %" PRId64 " shows of %d seats\n", bench->expected, ROWS * SEATS_PER_ROW);
}

static void throughput(struct bench *bench, pid_t decider) {
    int64_t holds = bench->fills * HOLDS_PER_FILL;
    pthread_t reader;
    reader_start(bench, holds, EVENT_RESERVED);
    if (decider != 0 && kill(decider, SIGSTOP) != 0) {
        fail("the decider cannot be stopped", "");
    }
    pthread_create(&reader, NULL, reader_thread, bench);
    int64_t start_us = now_us();
    for (int64_t i = 0; i < holds; i++) {
        hold_send(bench, i);
        if (i % 1000 == 0) {
            rd_kafka_poll(bench->producer, 0);
        }
    }
    commands_flush(bench);
    int64_t written_us = now_us();
    if (decider != 0) {
        start_us = now_us();
        kill(decider, SIGCONT);
    }
    pthread_join(reader, NULL);
    reader_stop(bench);
    double seconds = (double)(bench->last_seen_us - start_us) / 1e6;
    printf("holds %" PRId64 " seconds %.3f written_seconds %.3f holds_per_second %.0f\n", holds,
           seconds, (double)(written_us - start_us) / 1e6, (double)holds / seconds);
}

/* Of sorted durations in microseconds, the one below which so many of a hundred are, in ms. */
static double percentile_ms(const int64_t *sorted_us, int64_t count, int64_t percent) {
    int64_t index = count * percent / 100;
    return (double)sorted_us[index < count ? index : count - 1] / 1e3;
}

static int latency_compare(const void *left, const void *right) {
    int64_t difference = *(const int64_t *)left - *(const int64_t *)right;
    return difference < 0 ? -1 : difference > 0;
}

static void sleep_until_us(int64_t at_us) {
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *served_thread(void *context) {
    struct bench *bench = context;
    while (atomic_load(&bench->seen) < bench->expected) {
        rd_kafka_poll(bench->producer, 100);
    }
    return NULL;
}

static void pace(struct bench *bench, int64_t rate) {
    int64_t holds = bench->fills * HOLDS_PER_FILL;
    bench->sent_us = calloc((size_t)holds, sizeof(int64_t));
    bench->latency_us = calloc((size_t)holds, sizeof(int64_t));
    if (bench->sent_us == NULL || bench->latency_us == NULL) {
        fail("out of memory", "");
    }
    pthread_t reader;
    pthread_t served;
    reader_start(bench, holds, EVENT_RESERVED);
    pthread_create(&reader, NULL, reader_thread, bench);
    pthread_create(&served, NULL, served_thread, bench);
    int64_t start_us = now_us();
    for (int64_t i = 0; i < holds; i++) {
        /* When it was to be sent counts, not when it was: a stall of the bench is no excuse. */
        int64_t at_us = start_us + i * 1000000 / rate;
        sleep_until_us(at_us);
        bench->sent_us[i] = at_us;
        hold_send(bench, i);
    }
    pthread_join(reader, NULL);
    pthread_join(served, NULL);
    reader_stop(bench);
    qsort(bench->latency_us, (size_t)holds, sizeof(int64_t), latency_compare);
    printf("holds %" PRId64 " rate %" PRId64 " median_ms %.1f p99_ms %.1f max_ms %.1f\n", holds,
           rate, percentile_ms(bench->latency_us, holds, 50),
           percentile_ms(bench->latency_us, holds, 99),
           percentile_ms(bench->latency_us, holds, 100));
    free(bench->sent_us);
    free(bench->latency_us);
}

static pid_t decider_start(const char *command) {
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork", "");
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
    int64_t begin_us = now_us();
    while (atomic_load(&bench->seen) <= number) {
        rd_kafka_poll(bench->producer, 1);
        if (now_us() - begin_us > PATIENCE_MS * 1000LL) {
            fail("no answer in a minute", "");
        }
    }
}

static void recover(struct bench *bench, const char *command, int64_t rounds) {
    int64_t *took_us = calloc((size_t)rounds, sizeof(int64_t));
    if (took_us == NULL || rounds >= HOLDS_PER_FILL) {
        fail("too many rounds", "");
    }
    pthread_t reader;
    reader_start(bench, rounds + 1, EVENT_RESERVED);
    pthread_create(&reader, NULL, reader_thread, bench);
    pid_t decider = decider_start(command);
    hold_await(bench, 0);
    for (int64_t i = 0; i < rounds; i++) {
        usleep(200000 + (useconds_t)(i * 37 % 10) * 30000);
        int64_t killed_us = now_us();
        kill(decider, SIGKILL);
        waitpid(decider, NULL, 0);
        decider = decider_start(command);
        hold_await(bench, i + 1);
        took_us[i] = now_us() - killed_us;
    }
    pthread_join(reader, NULL);
    reader_stop(bench);
    kill(decider, SIGTERM);
    waitpid(decider, NULL, 0);
    qsort(took_us, (size_t)rounds, sizeof(int64_t), latency_compare);
    printf("kills %" PRId64 " median_ms %.0f p99_ms %.0f max_ms %.0f\n", rounds,
           percentile_ms(took_us, rounds, 50), percentile_ms(took_us, rounds, 99),
           percentile_ms(took_us, rounds, 100));
    free(took_us);
}

static rd_kafka_t *client_new(const struct config *config, enum kafka_role role) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, role);
    char message[ERROR_MESSAGE_SIZE];
    if (role == KAFKA_PRODUCER) {
        kafka_conf_set(conf, "queue.buffering.max.messages", "2000000");
        kafka_conf_set(conf, "queue.buffering.max.kbytes", "2000000");
    } else {
        kafka_conf_set(conf, "fetch.wait.max.ms", "10");
        kafka_conf_set(conf, "check.crcs", "false");
    }
    rd_kafka_t *client =
        rd_kafka_new(role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, message,
                     sizeof message);
    if (client == NULL) {
        fail("client", message);
    }
    return client;
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
        fail("no such mode", mode);
    }
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fail("configuration", error.message);
    }
    log_init("bench", LOG_LEVEL_ERROR);
    struct bench bench = {
        .config = config,
        .run = config_integer(config, "run") * 1000,
        .fill_first = config_integer(config, "fill_first"),
        .fills = config_integer(config, "fills"),
        .partitions = (int32_t)config_integer(config, "partitions"),
        .producer = client_new(config, KAFKA_PRODUCER),
        .consumer = client_new(config, KAFKA_CONSUMER),
        .codec = codec_new(),
    };
    bench.commands = rd_kafka_topic_new(bench.producer, TOPIC_COMMANDS, NULL);
    mode_run(&bench, config_text(config, "mode"));
    rd_kafka_topic_destroy(bench.commands);
    rd_kafka_destroy(bench.producer);
    rd_kafka_destroy(bench.consumer);
    codec_free(bench.codec);
    config_free(config);
    return 0;
}
