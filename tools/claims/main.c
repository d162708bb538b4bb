/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-claims: which partitions of the events are claimed, as the log has it.
 *
 * A partition that is not was decided, if at all, by deciders that did without terms: an
 * installation from before is upgraded in an order of its own (compose/README.md). Reads labels
 * from where the deciders say that they stand, else from the beginning. The last line counts:
 * "claims: 6 of 6, history 0"; history: partitions with events and without a claim.
 * Exit status: 0 it is told; 1 the cluster does not tell; 2 bad configuration. */
#include "runtime/base/config.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/kafka/term.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define AGAIN_MS 200

static const struct config_option option_table[] = {
    {"wait_s", CONFIG_INTEGER, "30", 0, 3600, "how long to ask a cluster that does not answer yet"},
    {0},
};

static bool partitions_count(const struct config *config, int32_t *count, struct error *error) {
    rd_kafka_t *client = kafka_consumer_new(kafka_conf_new(config, KAFKA_CONSUMER), error);
    if (client == NULL) {
        return false;
    }
    bool good = kafka_topic_check(client, TOPIC_EVENTS, 0, false, count, error);
    rd_kafka_destroy(client);
    return good;
}

static void partition_print(int32_t partition, const struct term_reader *reader) {
    char term[TERM_TEXT_SIZE];
    if (reader->position.term.offset == TERM_NONE) {
        printf("partition %" PRId32 ": no claim, events up to %" PRId64 "\n", partition,
               reader->next_offset);
        return;
    }
    term_format(&reader->position.term, term);
    printf("partition %" PRId32 ": term %s, commands decided up to %" PRId64 "\n", partition, term,
           reader->position.cursor);
}

static void sleep_ms(int duration_ms) {
    const struct timespec duration = {.tv_nsec = duration_ms * 1000000L};
    nanosleep(&duration, NULL);
}

/* A cluster that has just begun knows its partitions before it knows its groups' coordinators. */
static bool partition_read(const struct config *config, int32_t partition, int64_t until_ms,
                           struct term_reader *reader, struct error *error) {
    while (!kafka_term_skim(config, partition, KAFKA_TERM_END, NULL, reader, error)) {
        if (error->action != ERROR_RETRY || clock_monotonic_ms() >= until_ms) {
            return false;
        }
        sleep_ms(AGAIN_MS);
    }
    return true;
}

static bool claims_print(const struct config *config, struct error *error) {
    const int64_t until_ms = clock_monotonic_ms() + config_integer(config, "wait_s") * 1000;
    int32_t count = 0;
    int32_t claimed = 0;
    int32_t history = 0;
    if (!partitions_count(config, &count, error)) {
        return false;
    }
    for (int32_t i = 0; i < count; i++) {
        struct term_reader reader;
        if (!partition_read(config, i, until_ms, &reader, error)) {
            return false;
        }
        partition_print(i, &reader);
        if (reader.position.term.offset != TERM_NONE) {
            claimed++;
        } else if (reader.next_offset > 0) {
            history++;
        }
    }
    printf("claims: %" PRId32 " of %" PRId32 ", history %" PRId32 "\n", claimed, count, history);
    return true;
}

int main(int argc, char **argv) {
    struct error error = {0};
    struct config *config = config_load(NULL, option_table, argc, argv, &error);
    if (config == NULL) {
        fprintf(stderr, "seatlog-claims: %s\n", error.message);
        return 2;
    }
    log_init("claims", LOG_LEVEL_ERROR);
    bool good = claims_print(config, &error);
    if (!good) {
        fprintf(stderr, "seatlog-claims: %s\n", error.message);
    }
    config_free(config);
    return good ? 0 : 1;
}
