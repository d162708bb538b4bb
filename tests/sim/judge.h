/* SPDX-License-Identifier: Apache-2.0 */
/* What counts on events, told a second time: shares no code with runtime/term. */
#ifndef SEATLOG_TESTS_SIM_JUDGE_H
#define SEATLOG_TESTS_SIM_JUDGE_H

#include "tests/sim/world.h"

/* A label as text of its parts. */
#define SIM_NONCE_SIZE 17
#define SIM_TERM_SIZE 48

enum sim_label_kind { SIM_LABEL_NONE, SIM_LABEL_CLAIM, SIM_LABEL_EVENT, SIM_LABEL_STRANGE };

struct sim_label {
    enum sim_label_kind kind;
    char nonce[SIM_NONCE_SIZE]; /* of a claim */
    char term[SIM_TERM_SIZE];   /* of an event, "OFFSET-NONCE" */
    long long prev, next;
    int index, last;
};

void sim_label_read(struct octets text, struct sim_label *label);
void sim_term_print(char out[SIM_TERM_SIZE], int64_t offset, const char *nonce);

/*
 * What counts of a partition: of history what is committed, then by the rule of terms. Nothing but
 * the order of the log is looked at. As much memory as the offsets take is the caller's to free.
 */
struct sim_counted {
    int64_t *offsets; /* of the events that count, in order */
    size_t count;
    size_t stale;
    long long cursor;         /* the next command, by what counts */
    char term[SIM_TERM_SIZE]; /* the last one; "": there was no claim */
};

void sim_judge(struct sim_world *world, int32_t partition, struct sim_counted *counted);
void sim_counted_free(struct sim_counted *counted);

#endif
