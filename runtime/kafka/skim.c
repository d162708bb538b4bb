/* SPDX-License-Identifier: Apache-2.0 */
/* The place of a reader on the events, found beside the loop that wants to know it. */
#include "runtime/kafka/skim.h"

#include <pthread.h>
#include <stdlib.h>

struct kafka_skim {
    const struct config *config;
    int32_t partition;
    int64_t offset;
    atomic_bool cancelled;
    atomic_bool ended; /* what follows is the caller's from then on */
    bool good;
    struct term_reader reader;
    struct error error;
    pthread_t thread;
};

static void *skim_run(void *context) {
    struct kafka_skim *skim = context;
    skim->good = kafka_term_skim(skim->config, skim->partition, skim->offset, &skim->cancelled,
                                 &skim->reader, &skim->error);
    atomic_store(&skim->ended, true);
    return NULL;
}

struct kafka_skim *kafka_skim_begin(const struct config *config, int32_t partition,
                                    int64_t offset) {
    struct kafka_skim *skim = allocate_zeroed(1, sizeof *skim);
    skim->config = config;
    skim->partition = partition;
    skim->offset = offset;
    if (pthread_create(&skim->thread, NULL, skim_run, skim) != 0) {
        free(skim);
        return NULL;
    }
    return skim;
}

bool kafka_skim_ended(const struct kafka_skim *skim) { return atomic_load(&skim->ended); }

bool kafka_skim_end(struct kafka_skim *skim, struct term_reader *reader, struct error *error) {
    pthread_join(skim->thread, NULL);
    bool good = skim->good;
    *reader = skim->reader;
    *error = skim->error;
    free(skim);
    return good;
}

void kafka_skim_stop(struct kafka_skim *skim) { atomic_store(&skim->cancelled, true); }

void kafka_skim_cancel(struct kafka_skim *skim) {
    if (skim == NULL) {
        return;
    }
    kafka_skim_stop(skim);
    pthread_join(skim->thread, NULL);
    free(skim);
}
