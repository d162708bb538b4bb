/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-tail: the event log as prose, one line an event, in the order of the broker's clock.
 *
 * Reads all partitions from the start, since only there it learns what a show is called; prints
 * the last lines of what there is (or all of it), then each event as it comes: those that count by
 * the reader's rule, or with `all` everything that is on the log. */
#include "runtime/base/time.h"
#include "runtime/present/present_event.h"
#include "tools/tail/intake.h"
#include "tools/tail/line.h"
#include "tools/tail/shows.h"

#include "runtime/base/config.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"

#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARTITIONS_MAX = 1024, LINES_MAX = 100000, METADATA_TIMEOUT_MS = 10000, POLL_MS = 50 };

static const struct config_option options[] = {
    {"from_start", CONFIG_BOOLEAN, "no", 0, 0, "print the whole log"},
    {"follow", CONFIG_BOOLEAN, "yes", 0, 0, "go on printing what comes"},
    {"lines", CONFIG_INTEGER, "20", 0, LINES_MAX, "how much of what there is to print at first"},
    {"all", CONFIG_BOOLEAN, "no", 0, 0, "also what does not count: claims, and stale records"},
    {"show", CONFIG_TEXT, "", 0, 0, "id of a show: only its events"},
    {"width", CONFIG_INTEGER, "0", 0, TAIL_WIDTH_MAX,
     "wrap at so many columns; 0: those of the terminal, elsewhere one line an event"},
    {0},
};

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
    (void)number;
    stopping = 1;
}

struct partition {
    int32_t number;
    struct term_reader reader;
    struct tail_intake intake; /* of rd_kafka_message_t: read and not yet printed */
    bool at_end;
};

struct tail {
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    struct partition partitions[PARTITIONS_MAX];
    size_t partition_count;
    struct codec *codec;
    struct arena arena;
    struct tail_shows *shows;
    const char *show; /* empty: all */
    bool all;         /* also what does not count */
    char **last;      /* ring of the last lines while reading what there is */
    size_t last_count;
    size_t last_next;
    bool printing;
    struct tail_style style;
};

static void line_print(const struct tail *tail, const char *line) {
    struct buffer shown = {0};
    tail_line_write(&shown, line, tail->style);
    fwrite(shown.data, 1, shown.size, stdout);
    buffer_deinit(&shown);
}

static void line_out(struct tail *tail, const struct buffer *line) {
    if (tail->printing) {
        line_print(tail, line->data);
    } else if (tail->last_count > 0) {
        free(tail->last[tail->last_next]);
        tail->last[tail->last_next] = text_duplicate(line->data);
        tail->last_next = (tail->last_next + 1) % tail->last_count;
    }
}

static void last_print(struct tail *tail) {
    for (size_t i = 0; i < tail->last_count; i++) {
        const char *line = tail->last[(tail->last_next + i) % tail->last_count];
        if (line != NULL) {
            line_print(tail, line);
        }
    }
    fflush(stdout);
    tail->printing = true;
}

static void time_write(struct buffer *line, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    buffer_append_format(line, "%s  ", time_format_spaced(at_ms, text));
}

static void place_write(struct buffer *line, const rd_kafka_message_t *message) {
    buffer_append_format(line, "partition %d, offset %" PRId64, (int)message->partition,
                         message->offset);
}

/* "partition 3, offset 17: claimed by reservation-0 on host, logic version 2" */
static void claim_write(struct tail *tail, struct buffer *line, const rd_kafka_message_t *message) {
    struct claim_record claim;
    struct text reason;
    const struct octets wire = {message->payload, message->len};
    place_write(line, message);
    if (codec_claim_record_decode(tail->codec, &tail->arena, wire, &claim, &reason)) {
        const struct event_claimed *claimed = &claim.as.claimed;
        buffer_append_format(line, ": claimed by %.*s on %.*s, logic version %d",
                             TEXT_FORMAT(claimed->instance), TEXT_FORMAT(claimed->host),
                             (int)claimed->logic_version);
    } else {
        buffer_append_format(line, ": claimed by somebody: %.*s", TEXT_FORMAT(reason));
    }
}

static void event_write(struct tail *tail, struct buffer *line, const rd_kafka_message_t *message,
                        bool counts) {
    struct event event;
    struct event_show_created created;
    struct text reason;
    const struct octets wire = {message->payload, message->len};
    if (!codec_event_decode(tail->codec, &tail->arena, wire, &event, &reason)) {
        if (counts) {
            place_write(line, message);
            buffer_append_format(line, ": ");
        }
        buffer_append_format(line, "undecodable: %.*s", TEXT_FORMAT(reason));
        return;
    }
    if (counts && event.kind == EVENT_SHOW_CREATED) {
        tail_shows_put(tail->shows, &event.as.head.show_id, wire);
    }
    bool known =
        event.kind != EVENT_SHOW_CREATED &&
        tail_shows_get(tail->shows, tail->codec, &tail->arena, &event.as.head.show_id, &created);
    present_event(line, &event, known ? &created : NULL);
}

static void record_tell(struct tail *tail, const struct tail_record *record) {
    const rd_kafka_message_t *message = record->record;
    struct buffer line = {0};
    arena_reset(&tail->arena);
    time_write(&line, rd_kafka_message_timestamp(message, NULL));
    if (record->why == NULL) {
        event_write(tail, &line, message, true);
    } else if (strcmp(record->why, TAIL_WHY_CLAIM) == 0) {
        claim_write(tail, &line, message);
    } else {
        place_write(&line, message);
        buffer_append_format(&line, " does not count (%s): ", record->why);
        event_write(tail, &line, message, false);
    }
    line_out(tail, &line);
    buffer_deinit(&line);
}

/* A claim is of no show: it is told with each. */
static bool record_wanted(const struct tail *tail, const struct tail_record *record) {
    const rd_kafka_message_t *message = record->record;
    size_t size = strlen(tail->show);
    return size == 0 || (message->key_len == size && memcmp(message->key, tail->show, size) == 0) ||
           (record->why != NULL && strcmp(record->why, TAIL_WHY_CLAIM) == 0);
}

static void message_release(void *message) { rd_kafka_message_destroy(message); }

static void partition_reread(struct tail *tail, struct partition *partition) {
    int64_t offset = partition->reader.position.next_offset;
    tail_intake_restart(&partition->intake, &partition->reader);
    rd_kafka_consume_stop(tail->topic, partition->number);
    rd_kafka_consume_start(tail->topic, partition->number, offset);
}

static void message_take(struct tail *tail, struct partition *partition,
                         rd_kafka_message_t *message) {
    struct term_reader *reader = &partition->reader;
    bool was_deaf = reader->deaf;
    int64_t offset = message->offset;
    enum term_verdict verdict = kafka_term_feed(reader, message);
    tail_intake_take(&partition->intake, reader, verdict, offset, message);
    if (verdict == TERM_REREAD) {
        partition_reread(tail, partition);
    } else if (verdict == TERM_FORGOTTEN) {
        fprintf(stderr,
                "seatlog-tail: partition %d, offset %" PRId64
                ": the log has forgotten events that counted\n",
                (int)partition->number, offset);
        stopping = 1;
    }
    if (reader->deaf && !was_deaf) {
        fprintf(stderr,
                "seatlog-tail: partition %d: an event before offset %" PRId64
                " is missing on the log: nothing counts until the partition is claimed again\n",
                (int)partition->number, offset);
    }
}

/* Fetches the partition's next message if there is none waiting. */
static void partition_fill(struct tail *tail, struct partition *partition, int timeout_ms) {
    if (tail_intake_first(&partition->intake) != NULL) {
        return;
    }
    rd_kafka_message_t *message = rd_kafka_consume(tail->topic, partition->number, timeout_ms);
    if (message == NULL) {
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        partition->at_end = false;
        message_take(tail, partition, message);
        return;
    }
    partition->at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (partition->at_end && term_reader_end(&partition->reader, message->offset)) {
        partition->at_end = false;
        partition_reread(tail, partition);
    } else if (!partition->at_end) {
        fprintf(stderr, "seatlog-tail: %s\n", rd_kafka_message_errstr(message));
    }
    rd_kafka_message_destroy(message);
}

/* The oldest of the messages read. NULL while a partition may still have an older one. */
static struct partition *oldest_find(struct tail *tail) {
    struct partition *oldest = NULL;
    int64_t oldest_ms = INT64_MAX;
    for (size_t i = 0; i < tail->partition_count; i++) {
        struct partition *partition = &tail->partitions[i];
        const struct tail_record *first = tail_intake_first(&partition->intake);
        if (first == NULL) {
            if (!partition->at_end) {
                return NULL;
            }
            continue;
        }
        int64_t at_ms = rd_kafka_message_timestamp(first->record, NULL);
        if (at_ms < oldest_ms) {
            oldest_ms = at_ms;
            oldest = partition;
        }
    }
    return oldest;
}

static bool all_at_end(const struct tail *tail) {
    for (size_t i = 0; i < tail->partition_count; i++) {
        const struct partition *partition = &tail->partitions[i];
        if (tail_intake_first(&partition->intake) != NULL || !partition->at_end) {
            return false;
        }
    }
    return true;
}

static void tail_run(struct tail *tail, bool follow) {
    while (!stopping) {
        for (size_t i = 0; i < tail->partition_count; i++) {
            partition_fill(tail, &tail->partitions[i], tail->partitions[i].at_end ? 0 : POLL_MS);
        }
        struct partition *oldest = oldest_find(tail);
        if (oldest != NULL) {
            const struct tail_record *record = tail_intake_first(&oldest->intake);
            if (record_wanted(tail, record)) {
                record_tell(tail, record);
            }
            tail_intake_pass(&oldest->intake);
        } else if (all_at_end(tail)) {
            if (!tail->printing) {
                last_print(tail);
            }
            fflush(stdout);
            if (!follow) {
                return;
            }
            rd_kafka_poll(tail->client, 0);
            nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
        }
    }
}

/* Starts reading: all partitions, or the one that the show belongs to. */
static bool tail_open(struct tail *tail) {
    const struct rd_kafka_metadata *metadata = NULL;
    tail->topic = rd_kafka_topic_new(tail->client, TOPIC_EVENTS, NULL);
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(tail->client, 0, tail->topic, &metadata, METADATA_TIMEOUT_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        fprintf(stderr, "seatlog-tail: %s\n", rd_kafka_err2str(error));
        return false;
    }
    int32_t count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (count <= 0 || count > PARTITIONS_MAX) {
        fprintf(stderr, "seatlog-tail: there is no topic %s\n", TOPIC_EVENTS);
        return false;
    }
    for (int32_t number = 0; number < count; number++) {
        size_t size = strlen(tail->show);
        if (size == 0 || kafka_partition_of(tail->show, size, count) == number) {
            struct partition *partition = &tail->partitions[tail->partition_count++];
            struct term_position beginning = term_position_of_beginning();
            partition->number = number;
            term_reader_init(&partition->reader, &beginning);
            tail_intake_init(&partition->intake, tail->all, message_release);
            rd_kafka_consume_start(tail->topic, number, RD_KAFKA_OFFSET_BEGINNING);
        }
    }
    return true;
}

static void tail_close(struct tail *tail) {
    for (size_t i = 0; i < tail->partition_count; i++) {
        tail_intake_deinit(&tail->partitions[i].intake);
        rd_kafka_consume_stop(tail->topic, tail->partitions[i].number);
    }
    rd_kafka_topic_destroy(tail->topic);
    rd_kafka_destroy(tail->client);
    for (size_t i = 0; i < tail->last_count; i++) {
        free(tail->last[i]);
    }
    free(tail->last);
    tail_shows_free(tail->shows);
    codec_free(tail->codec);
    arena_deinit(&tail->arena);
}

int main(int argc, char **argv) {
    static struct tail tail;
    struct error error = {0};
    char text[256];
    struct uuid id;
    log_init("tail", LOG_LEVEL_ERROR);
    setlocale(LC_CTYPE, "C.UTF-8"); /* to know how wide characters are */
    struct config *config = config_load(NULL, options, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "seatlog-tail: %s\n", error.message);
        return 2;
    }
    tail.show = config_text(config, "show");
    if (*tail.show != '\0' && !uuid_parse(tail.show, strlen(tail.show), &id)) {
        fprintf(stderr, "seatlog-tail: %s is not the id of a show\n", tail.show);
        return 2;
    }
    rd_kafka_conf_t *conf = kafka_conf_new(config, KAFKA_CONSUMER);
    kafka_conf_set(conf, "enable.partition.eof", "true");
    tail.client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (tail.client == NULL) {
        fprintf(stderr, "seatlog-tail: %s\n", text);
        return 2;
    }
    tail.style = tail_style_of_output();
    if (config_integer(config, "width") > 0) {
        tail.style.width = (int)config_integer(config, "width");
        tail.style.width = tail.style.width < TAIL_WIDTH_MIN ? TAIL_WIDTH_MIN : tail.style.width;
    }
    tail.codec = codec_new();
    tail.shows = tail_shows_new();
    tail.printing = config_boolean(config, "from_start");
    tail.all = config_boolean(config, "all");
    tail.last_count = (size_t)config_integer(config, "lines");
    tail.last = allocate_zeroed(tail.last_count + 1, sizeof *tail.last);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool good = tail_open(&tail);
    if (good) {
        tail_run(&tail, config_boolean(config, "follow"));
    }
    tail_close(&tail);
    config_free(config);
    return good ? 0 : 1;
}
