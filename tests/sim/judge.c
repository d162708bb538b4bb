/* SPDX-License-Identifier: Apache-2.0 */
/* The rule of terms, in some lines. */
#include "tests/sim/judge.h"

#include "runtime/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_term_print(char out[SIM_TERM_SIZE], int64_t offset, const char *nonce) {
    snprintf(out, SIM_TERM_SIZE, "%lld-%s", (long long)offset, nonce);
}

void sim_label_read(struct octets text, struct sim_label *label) {
    char line[128];
    int end = 0;
    *label = (struct sim_label){.kind = text.size == 0 ? SIM_LABEL_NONE : SIM_LABEL_STRANGE};
    if (text.size == 0 || text.size >= sizeof line) {
        return;
    }
    memcpy(line, text.data, text.size);
    line[text.size] = '\0';
    if (sscanf(line, "claim %16[0-9a-f]%n", label->nonce, &end) == 1 && line[end] == '\0') {
        label->kind = SIM_LABEL_CLAIM;
    } else if (sscanf(line, "%47s %lld %lld %d %d%n", label->term, &label->prev, &label->next,
                      &label->index, &label->last, &end) == 5 &&
               line[end] == '\0') {
        label->kind = SIM_LABEL_EVENT;
    }
}

/* --- the rule --- */

struct judge {
    struct sim_world *world;
    struct sim_counted *counted;
    size_t held; /* events of the command under way: the last of counted->offsets */
    bool deaf;   /* something is missing: nothing counts until the next claim */
};

/* In history, the last event says which command is next. */
static void history_take(struct judge *judge, const struct sim_entry *entry) {
    struct event event;
    if (sim_event_decode(judge->world, entry->value, &event)) {
        judge->counted->cursor = event.as.head.command_offset + 1;
    }
}

static void claim_take(struct judge *judge, int64_t offset, const struct sim_label *label) {
    sim_term_print(judge->counted->term, offset, label->nonce);
    judge->counted->count -= judge->held;
    judge->counted->stale += judge->held;
    judge->held = 0;
    judge->deaf = false;
}

/* Whether it goes on where the term is; a later one says that something is missing. */
static bool goes_on(struct judge *judge, const struct sim_label *label) {
    const struct sim_counted *counted = judge->counted;
    if (label->kind != SIM_LABEL_EVENT || strcmp(label->term, counted->term) != 0) {
        return false;
    }
    bool same = label->prev == counted->cursor;
    judge->deaf =
        judge->deaf || label->prev > counted->cursor || (same && label->index > (int)judge->held);
    return !judge->deaf && same && label->index == (int)judge->held;
}

static void judge_one(struct judge *judge, int64_t offset, const struct sim_entry *entry) {
    struct sim_counted *counted = judge->counted;
    struct sim_label label;
    sim_label_read(entry->label, &label);
    bool history = label.kind == SIM_LABEL_NONE && counted->term[0] == '\0';
    if (label.kind == SIM_LABEL_CLAIM) {
        claim_take(judge, offset, &label);
    } else if (!history && !goes_on(judge, &label)) {
        counted->stale++;
    } else {
        counted->offsets[counted->count++] = offset;
        judge->held++;
        if (history) {
            history_take(judge, entry);
        } else if (label.last) {
            counted->cursor = label.next;
        }
        judge->held = history || label.last ? 0 : judge->held;
    }
}

void sim_judge(struct sim_world *world, int32_t partition, struct sim_counted *counted) {
    struct judge judge = {.world = world, .counted = counted};
    const struct sim_entry *entry;
    int64_t end = sim_log_end(world, SIM_EVENTS, partition), offset = 0;
    *counted = (struct sim_counted){.offsets = allocate_zeroed((unsigned long)end + 1, sizeof end)};
    while ((entry = sim_log_read(world, SIM_EVENTS, partition, &offset, end, false)) != NULL) {
        judge_one(&judge, offset - 1, entry);
    }
    counted->count -= judge.held;
    counted->stale += judge.held;
}

void sim_counted_free(struct sim_counted *counted) { free(counted->offsets); }
