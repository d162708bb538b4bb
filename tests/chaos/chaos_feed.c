/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams commands of every kind a buyer or the payment daemon sends, good and bad, at a steady
 * rate, until its standard input is closed: what decider_kill.sh lets the decider choke on. Prints
 * how many are on the log.
 *
 *   chaos_feed --kafka.bootstrap.servers=… [--rate=2000] [--shows=60] [--seed=1]
 */
#include "runtime/base/config.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 10
#define SEATS_PER_ROW 20
#define SEATS (ROWS * SEATS_PER_ROW)
#define REMEMBERED 20000

static const struct config_option options[] = {
    {"rate", CONFIG_INTEGER, "2000", 1, 1000000, "commands a second"},
    {"shows", CONFIG_INTEGER, "60", 1, 10000, "shows"},
    {"seed", CONFIG_INTEGER, "1", 0, 1000000000, "what is drawn follows from it"},
    {"partitions", CONFIG_INTEGER, "6", 1, 10000, "partitions of the topics"},
    {0},
};

struct wish {
    struct uuid show_id;
    struct uuid reservation_id;
    struct uuid buyer_id;
};

struct feed {
    rd_kafka_t *producer;
    struct codec *codec;
    int32_t partitions;
    int64_t shows;
    uint64_t random;
    int64_t seed;
    struct wish wishes[REMEMBERED];
    size_t wish_count;
    int64_t sent;
    int64_t persisted;
    int64_t failed;
};

static uint64_t draw(struct feed *feed, uint64_t below) {
    uint64_t value = feed->random += 0x9e3779b97f4a7c15ull; /* SplitMix64 */
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return (value ^ (value >> 31)) % below;
}

static struct uuid draw_uuid(struct feed *feed) {
    struct uuid id;
    for (size_t i = 0; i < sizeof id.octets; i++) {
        id.octets[i] = (uint8_t)draw(feed, 256);
    }
    return id;
}

static struct uuid show_of(const struct feed *feed, int64_t show) {
    struct uuid id = {{0}};
    memcpy(id.octets, &feed->seed, sizeof feed->seed);
    memcpy(id.octets + 8, &show, sizeof show);
    id.octets[15] = 1;
    return id;
}

static void reported(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque) {
    struct feed *feed = opaque;
    (void)producer;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        feed->persisted++;
    } else {
        feed->failed++;
    }
}

static void octets_send(struct feed *feed, const struct uuid *show_id, struct octets value,
                        bool misplaced) {
    char key[UUID_TEXT_SIZE];
    uuid_format(show_id, key);
    int32_t partition = kafka_partition_of(key, UUID_TEXT_SIZE - 1, feed->partitions);
    if (misplaced) {
        partition = (partition + 1) % feed->partitions;
    }
    rd_kafka_resp_err_t code;
    do {
        code = rd_kafka_producev(
            feed->producer, RD_KAFKA_V_TOPIC(TOPIC_COMMANDS), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, UUID_TEXT_SIZE - 1),
            RD_KAFKA_V_VALUE((void *)value.data, value.size), RD_KAFKA_V_END);
        rd_kafka_poll(feed->producer, code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : 100);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    feed->sent++;
}

static void command_send(struct feed *feed, const struct command *command, bool misplaced) {
    octets_send(feed, &command->as.head.show_id, codec_command_encode(feed->codec, command),
                misplaced);
}

static void show_send(struct feed *feed, int64_t show) {
    struct text seats[SEATS_PER_ROW];
    char labels[SEATS_PER_ROW][12];
    struct row rows[ROWS];
    char row_labels[ROWS][12];
    for (int i = 0; i < SEATS_PER_ROW; i++) {
        int size = snprintf(labels[i], sizeof labels[i], "%d", i + 1);
        seats[i] = (struct text){labels[i], (size_t)size};
    }
    for (int i = 0; i < ROWS; i++) {
        int size = snprintf(row_labels[i], sizeof row_labels[i], "%d", i + 1);
        rows[i] = (struct row){{row_labels[i], (size_t)size}, {seats, SEATS_PER_ROW}};
    }
    const struct category category = {TEXT_LITERAL("Parkett"), 1800};
    const struct section sections[] = {
        {.name = TEXT_LITERAL("Parkett"), .kind = SECTION_KIND_SEATED, .rows = {rows, ROWS}},
        {.name = TEXT_LITERAL("Stehplatz"), .kind = SECTION_KIND_GENERAL, .capacity = 5000}};
    int64_t starts_at = clock_now_ms() + 86400000;
    const struct command command = {
        .kind = COMMAND_CREATE_SHOW,
        .as.create_show = {.head = {show_of(feed, show), draw_uuid(feed)},
                           .owner_id = show_of(feed, 0),
                           .show = {.title = TEXT_LITERAL("Nosferatu"),
                                    .type = SHOW_TYPE_FILM,
                                    .venue = TEXT_LITERAL("Babylon"),
                                    .city = TEXT_LITERAL("Berlin"),
                                    .country = TEXT_LITERAL("DE"),
                                    .starts_at = starts_at,
                                    .ends_at = starts_at + 7200000,
                                    .time_zone = TEXT_LITERAL("Europe/Berlin"),
                                    .currency = TEXT_LITERAL("EUR"),
                                    .hold_ttl_ms = 60000,
                                    .seats_per_buyer_max = 10,
                                    .categories = {&category, 1},
                                    .sections = {sections, 2}}}};
    command_send(feed, &command, false);
}

static void reserve_send(struct feed *feed, bool misplaced) {
    const struct wish wish = {show_of(feed, (int64_t)draw(feed, (uint64_t)feed->shows)),
                              draw_uuid(feed), draw_uuid(feed)};
    feed->wishes[feed->wish_count++ % REMEMBERED] = wish;
    int32_t seat = (int32_t)draw(feed, SEATS - 1);
    const int32_t seats[2] = {seat, seat + 1};
    struct command command = {.kind = COMMAND_RESERVE,
                              .as.reserve = {.head = {wish.show_id, draw_uuid(feed)},
                                             .reservation_id = wish.reservation_id,
                                             .buyer_id = wish.buyer_id,
                                             .selection = SELECTION_NAMED,
                                             .seats = {seats, 2},
                                             .section = -1,
                                             .category = -1,
                                             .keyed = true}};
    if (draw(feed, 3) == 0) {
        command.as.reserve.selection = SELECTION_GENERAL;
        command.as.reserve.seats = (struct integers){0};
        command.as.reserve.section = 1;
        command.as.reserve.quantity = 2;
    }
    command_send(feed, &command, misplaced);
}

static void later_send(struct feed *feed, enum command_kind kind) {
    if (feed->wish_count == 0) {
        return;
    }
    size_t known = feed->wish_count < REMEMBERED ? feed->wish_count : REMEMBERED;
    const struct wish *wish = &feed->wishes[draw(feed, known)];
    struct command command = {.kind = kind, .as.head = {wish->show_id, draw_uuid(feed)}};
    switch (kind) {
    case COMMAND_RELEASE:
        command.as.release.reservation_id = wish->reservation_id;
        command.as.release.buyer_id = wish->buyer_id;
        break;
    case COMMAND_PAY:
        command.as.pay.reservation_id = wish->reservation_id;
        command.as.pay.buyer_id = wish->buyer_id;
        command.as.pay.source_id = TEXT_LITERAL("cnon:card-nonce-ok");
        break;
    default:
        command.as.payment_authorized.reservation_id = wish->reservation_id;
        command.as.payment_authorized.attempt = 1;
        command.as.payment_authorized.payment_id = TEXT_LITERAL("R2B3Z8WMVt3EAmzYWLZvz7Y69EbZY");
        command.as.payment_authorized.amount_minor = 3600;
        command.as.payment_authorized.currency = TEXT_LITERAL("EUR");
        break;
    }
    command_send(feed, &command, false);
}

static void something_send(struct feed *feed) {
    uint64_t dice = draw(feed, 100);
    if (dice < 55) {
        reserve_send(feed, false);
    } else if (dice < 75) {
        later_send(feed, COMMAND_RELEASE);
    } else if (dice < 85) {
        later_send(feed, COMMAND_PAY);
    } else if (dice < 95) {
        later_send(feed, COMMAND_PAYMENT_AUTHORIZED);
    } else if (dice < 97) {
        reserve_send(feed, true);
    } else {
        const uint8_t garbage[] = {0, 0, 0, 0, (uint8_t)draw(feed, 256), 1, 2, 3};
        struct uuid show_id = show_of(feed, (int64_t)draw(feed, (uint64_t)feed->shows));
        octets_send(feed, &show_id, (struct octets){garbage, sizeof garbage}, false);
    }
}

static bool input_closed(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char octet;
    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &octet, 1) <= 0;
}

static void feed_run(struct feed *feed, int64_t rate) {
    for (int64_t show = 0; show < feed->shows; show++) {
        show_send(feed, show);
    }
    int64_t begin_ms = clock_monotonic_ms();
    int64_t due = 0;
    while (!input_closed()) {
        for (int64_t until = (clock_monotonic_ms() - begin_ms) * rate / 1000; due < until; due++) {
            something_send(feed);
        }
        rd_kafka_poll(feed->producer, 5);
    }
    rd_kafka_flush(feed->producer, 60000);
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "chaos_feed: %s\n", error.message);
        return 2;
    }
    log_init("chaos_feed", LOG_LEVEL_ERROR);
    static struct feed feed;
    feed.seed = config_integer(config, "seed");
    feed.random = (uint64_t)feed.seed;
    feed.shows = config_integer(config, "shows");
    feed.partitions = (int32_t)config_integer(config, "partitions");
    feed.codec = codec_new();
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_PRODUCER);
    rd_kafka_conf_set_opaque(conf, &feed);
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    char message[ERROR_MESSAGE_SIZE];
    feed.producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, sizeof message);
    if (feed.producer == NULL) {
        fprintf(stderr, "chaos_feed: %s\n", message);
        return 1;
    }
    feed_run(&feed, config_integer(config, "rate"));
    printf("commands %" PRId64 " persisted %" PRId64 " failed %" PRId64 "\n", feed.sent,
           feed.persisted, feed.failed);
    rd_kafka_destroy(feed.producer);
    codec_free(feed.codec);
    config_free(config);
    return feed.failed == 0 ? 0 : 1;
}
