/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a client waits for the event of its command. So many clients as are asked for each send
 * a command, wait for its event and send the next: a hold of two seats and its release in turn, in
 * a show of the client's own. waiting.sh runs it.
 *
 *   --mode=prepare  creates the shows of the clients and waits for them
 *   --mode=clients  --clients of them for --seconds, the first of them not counted
 *   --mode=echo     the limit: decides nothing. Makes a pair of topics, and answers what stands on
 * the one by the same bytes on the other, through a producer of every partition as the decider has
 * it; until it is ended
 *
 * Clients measure the limit on --topic_commands=bench.commands --topic_events=bench.events.
 */
#include "runtime/base/log.h"
#include "runtime/base/uuid.h"
#include "tests/bench/log.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 512
#define ECHO_COMMANDS "bench.commands"
#define ECHO_EVENTS "bench.events"
#define SEATS_PER_BUYER_MAX 8
#define WARM_US 1000000
#define PER_SECOND_MAX 400000 /* answers for which there is room */
#define TOPIC_TIMEOUT_MS 30000

static const struct config_option options[] = {
    {"mode", CONFIG_TEXT, NULL, 0, 0, "prepare, clients or echo"},
    {"run", CONFIG_INTEGER, "1", 1, 1000000000, "number of the run: no other had its ids"},
    {"clients", CONFIG_INTEGER, "1", 1, CLIENTS_MAX, "how many wait"},
    {"seconds", CONFIG_INTEGER, "5", 1, 60, "how long answers are counted"},
    {"partitions", CONFIG_INTEGER, "6", 1, 10000, "partitions of the topics"},
    {"topic_commands", CONFIG_TEXT, TOPIC_COMMANDS, 0, 0, "where commands go"},
    {"topic_events", CONFIG_TEXT, TOPIC_EVENTS, 0, 0, "where their events are"},
    {0},
};

struct client {
    struct uuid show_id;
    struct uuid reservation_id;
    bool holds; /* its last command was a hold */
    bool waits;
    int64_t sent_us;
};

struct bench {
    const struct config *config;
    int64_t run;
    int64_t clients_count;
    bool decides; /* events, not echoes */
    struct bench_commands commands;
    rd_kafka_t *consumer;
    struct bench_events *events;
    struct client clients[CLIENTS_MAX];
    int64_t waiting;
    int64_t sent;
    int64_t begin_us; /* counted are answers from here on */
    int64_t end_us;   /* until here; nothing is sent later */
    int64_t *latency_us;
    int64_t answered;
    int64_t created;
};

/* --- clients --- */

static struct uuid show_of(int64_t client) { return bench_id(-1, client); }

static void client_send(struct bench *bench, struct client *client) {
    /* A pair of seats for every run: one that ended inside left its hold behind. */
    int32_t pair = (int32_t)(bench->run % (BENCH_SEATS / 2));
    const int32_t seats[2] = {2 * pair, 2 * pair + 1};
    struct command_head head = {client->show_id, bench_id(bench->run, ++bench->sent)};
    struct command command;
    client->holds = !client->holds;
    if (client->holds) {
        client->reservation_id = bench_id(bench->run, -bench->sent);
        /* A buyer for each: nobody may have made more than 64 in a show, what was released counts. */
        command = (struct command){.kind = COMMAND_RESERVE,
                                   .as.reserve = {.head = head,
                                                  .reservation_id = client->reservation_id,
                                                  .buyer_id = client->reservation_id,
                                                  .selection = SELECTION_NAMED,
                                                  .seats = {seats, 2},
                                                  .section = -1,
                                                  .category = -1,
                                                  .keyed = true}};
    } else {
        command = (struct command){.kind = COMMAND_RELEASE,
                                   .as.release = {.head = head,
                                                  .reservation_id = client->reservation_id,
                                                  .buyer_id = client->reservation_id}};
    }
    client->waits = true;
    bench->waiting++;
    client->sent_us = bench_now_us();
    bench_command_send(&bench->commands, &command);
}

/* An event has the key of its command, which is the show, which is the client. */
static struct client *client_of(struct bench *bench, const rd_kafka_message_t *message) {
    struct uuid show_id;
    if (!uuid_parse(message->key, message->key_len, &show_id)) {
        return NULL;
    }
    int64_t number = bench_id_number(&show_id);
    bool known = number >= 0 && number < bench->clients_count &&
                 uuid_equal(&show_id, &bench->clients[number].show_id);
    return known ? &bench->clients[number] : NULL;
}

static void answer_take(void *context, const rd_kafka_message_t *message, int64_t at_us) {
    struct bench *bench = context;
    struct client *client = client_of(bench, message);
    if (client == NULL || !client->waits) {
        bench_fail("an answer for which nobody waits", "");
    }
    if (bench->decides) {
        bench_event_expect(message, client->holds ? EVENT_RESERVED : EVENT_RELEASED);
    }
    client->waits = false;
    bench->waiting--;
    if (at_us >= bench->begin_us && at_us < bench->end_us) {
        if (bench->answered == PER_SECOND_MAX * config_integer(bench->config, "seconds")) {
            bench_fail("more answers than there is room for", "");
        }
        bench->latency_us[bench->answered++] = at_us - client->sent_us;
    }
    if (bench_now_us() < bench->end_us) {
        client_send(bench, client);
    }
}

static void clients_run(struct bench *bench) {
    int64_t seconds = config_integer(bench->config, "seconds");
    bench->latency_us = calloc((size_t)(PER_SECOND_MAX * seconds), sizeof(int64_t));
    if (bench->latency_us == NULL) {
        bench_fail("out of memory", "");
    }
    bench->begin_us = bench_now_us() + WARM_US;
    bench->end_us = bench->begin_us + seconds * 1000000;
    for (int64_t i = 0; i < bench->clients_count; i++) {
        bench->clients[i].show_id = show_of(i);
        client_send(bench, &bench->clients[i]);
    }
    int64_t heard_us = bench_now_us();
    while (bench->waiting > 0) {
        if (bench_events_take(bench->events, 100, CLIENTS_MAX, answer_take, bench) > 0) {
            heard_us = bench_now_us();
        } else if (bench_now_us() - heard_us > BENCH_PATIENCE_MS * 1000LL) {
            bench_fail("no answer in a minute", "");
        }
        rd_kafka_poll(bench->commands.producer, 0);
    }
    if (bench->answered == 0) {
        bench_fail("no answer in the time that counts", "");
    }
    qsort(bench->latency_us, (size_t)bench->answered, sizeof(int64_t), bench_duration_compare);
    printf("clients %" PRId64 " answers %" PRId64 " per_second %.0f p50_ms %.2f p99_ms %.2f\n",
           bench->clients_count, bench->answered, (double)bench->answered / (double)seconds,
           bench_percentile_ms(bench->latency_us, bench->answered, 50),
           bench_percentile_ms(bench->latency_us, bench->answered, 99));
    free(bench->latency_us);
}

static void created_take(void *context, const rd_kafka_message_t *message, int64_t at_us) {
    struct bench *bench = context;
    (void)at_us;
    bench_event_expect(message, EVENT_SHOW_CREATED);
    bench->created++;
}

static void shows_make(struct bench *bench) {
    for (int64_t i = 0; i < CLIENTS_MAX; i++) {
        struct uuid show_id = show_of(i);
        struct uuid command_id = bench_id(bench->run, i);
        bench_show_send(&bench->commands, &show_id, &command_id, &show_id, SEATS_PER_BUYER_MAX);
    }
    bench_commands_flush(&bench->commands);
    int64_t until_us = bench_now_us() + BENCH_PATIENCE_MS * 1000LL;
    while (bench->created < CLIENTS_MAX) {
        bench_events_take(bench->events, 100, CLIENTS_MAX, created_take, bench);
        if (bench_now_us() > until_us) {
            bench_fail("the shows are not there after a minute: does a decider run?", "");
        }
    }
    printf("shows %d\n", CLIENTS_MAX);
}

/* --- the limit --- */

static volatile sig_atomic_t ended;

static void end(int signal) {
    (void)signal;
    ended = 1;
}

static void topics_make(rd_kafka_t *client, int partitions) {
    static const char *const names[] = {ECHO_COMMANDS, ECHO_EVENTS};
    rd_kafka_NewTopic_t *topics[2];
    char reason[ERROR_MESSAGE_SIZE];
    for (int i = 0; i < 2; i++) {
        topics[i] = rd_kafka_NewTopic_new(names[i], partitions, 1, reason, sizeof reason);
        if (topics[i] == NULL) {
            bench_fail(names[i], reason);
        }
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_CreateTopics(client, topics, 2, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TOPIC_TIMEOUT_MS);
    const rd_kafka_CreateTopics_result_t *result =
        event != NULL ? rd_kafka_event_CreateTopics_result(event) : NULL;
    size_t count = 0;
    const rd_kafka_topic_result_t **made =
        result != NULL ? rd_kafka_CreateTopics_result_topics(result, &count) : NULL;
    if (count != 2) {
        bench_fail("the topics cannot be made", "no answer");
    }
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(made[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            bench_fail("the topics cannot be made", rd_kafka_err2str(code));
        }
    }
    rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy_array(topics, 2);
}

static void echoed(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque) {
    (void)producer;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bench_fail("an echo could not be written", rd_kafka_err2str(message->err));
    }
}

/* As a decider has one for each partition that it owns. */
static rd_kafka_t *echo_producer_new(const struct config *config) {
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_PRODUCER);
    kafka_conf_set(conf, "max.in.flight.requests.per.connection", "1");
    kafka_conf_set(conf, "message.timeout.ms", "0");
    kafka_conf_set(conf, "socket.timeout.ms", "3000");
    rd_kafka_conf_set_dr_msg_cb(conf, echoed);
    char reason[ERROR_MESSAGE_SIZE];
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (producer == NULL) {
        bench_fail("client", reason);
    }
    return producer;
}

struct echo {
    rd_kafka_t **producers; /* by partition */
    rd_kafka_topic_t **topics;
};

static void echo_take(void *context, const rd_kafka_message_t *message, int64_t at_us) {
    const struct echo *echo = context;
    rd_kafka_message_t *command = (rd_kafka_message_t *)message;
    rd_kafka_headers_t *headers = NULL;
    (void)at_us;
    if (rd_kafka_message_detach_headers(command, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bench_fail("a command without headers", "");
    }
    rd_kafka_resp_err_t code = rd_kafka_producev(
        echo->producers[message->partition], RD_KAFKA_V_RKT(echo->topics[message->partition]),
        RD_KAFKA_V_PARTITION(message->partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(message->key, message->key_len),
        RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        bench_fail("an echo cannot be written", rd_kafka_err2str(code));
    }
}

static void echo_run(struct bench *bench) {
    size_t partitions = (size_t)bench->commands.partitions;
    struct echo echo = {.producers = calloc(partitions, sizeof(rd_kafka_t *)),
                        .topics = calloc(partitions, sizeof(rd_kafka_topic_t *))};
    if (echo.producers == NULL || echo.topics == NULL) {
        bench_fail("out of memory", "");
    }
    topics_make(bench->commands.producer, bench->commands.partitions);
    for (size_t i = 0; i < partitions; i++) {
        echo.producers[i] = echo_producer_new(bench->config);
        echo.topics[i] = rd_kafka_topic_new(echo.producers[i], ECHO_EVENTS, NULL);
    }
    struct bench_events *commands = bench_events_open(bench->config, bench->consumer, ECHO_COMMANDS,
                                                      bench->commands.partitions);
    printf("ready\n");
    fflush(stdout);
    while (!ended) {
        bench_events_take(commands, 100, CLIENTS_MAX, echo_take, &echo);
        for (size_t i = 0; i < partitions; i++) {
            rd_kafka_poll(echo.producers[i], 0);
        }
    }
    bench_events_close(commands);
    for (size_t i = 0; i < partitions; i++) {
        rd_kafka_topic_destroy(echo.topics[i]);
        rd_kafka_destroy(echo.producers[i]);
    }
    free(echo.producers);
    free(echo.topics);
}

/* --- modes --- */

static void mode_run(struct bench *bench, const char *mode) {
    if (strcmp(mode, "echo") == 0) {
        signal(SIGTERM, end);
        echo_run(bench);
        return;
    }
    const char *topic = config_text(bench->config, "topic_events");
    bench->decides = strcmp(topic, TOPIC_EVENTS) == 0;
    bench->events =
        bench_events_open(bench->config, bench->consumer, topic, bench->commands.partitions);
    if (strcmp(mode, "prepare") == 0) {
        shows_make(bench);
    } else if (strcmp(mode, "clients") == 0) {
        clients_run(bench);
    } else {
        bench_fail("no such mode", mode);
    }
    bench_events_close(bench->events);
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        bench_fail("configuration", error.message);
    }
    log_init("bench", LOG_LEVEL_ERROR);
    static struct bench bench;
    bench.config = config;
    bench.run = config_integer(config, "run");
    bench.clients_count = config_integer(config, "clients");
    bench.commands =
        (struct bench_commands){.producer = bench_client_new(config, KAFKA_PRODUCER),
                                .codec = codec_new(),
                                .partitions = (int32_t)config_integer(config, "partitions")};
    bench.consumer = bench_client_new(config, KAFKA_CONSUMER);
    bench.commands.topic =
        rd_kafka_topic_new(bench.commands.producer, config_text(config, "topic_commands"), NULL);
    mode_run(&bench, config_text(config, "mode"));
    rd_kafka_topic_destroy(bench.commands.topic);
    rd_kafka_destroy(bench.commands.producer);
    rd_kafka_destroy(bench.consumer);
    codec_free(bench.commands.codec);
    config_free(config);
    return 0;
}
