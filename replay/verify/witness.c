/* SPDX-License-Identifier: Apache-2.0 */
/* Every record of a partition of events, whether it counts or not. */
#include "replay/verify/witness.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FINDINGS_MAX 20
#define SENTENCE_SIZE 512

static void find(struct replay_witness *witness, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void find(struct replay_witness *witness, const char *format, ...) {
    char sentence[SENTENCE_SIZE];
    if (witness->violated++ >= FINDINGS_MAX) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    buffer_append_format(witness->findings, "partition %d, %s\n", (int)witness->partition,
                         sentence);
}

static bool is_place(const struct replay_fit *fit, const struct term_reader *rule) {
    const struct term_position *there = &rule->position;
    if (fit->known == REPLAY_FIT_CURSOR) {
        return fit->position.cursor >= there->cursor;
    }
    if (fit->known == REPLAY_FIT_OFFSET) {
        return rule->held == 0;
    }
    return rule->held == 0 && there->cursor == fit->position.cursor &&
           term_equal(&there->term, &fit->position.term);
}

static void fit_judge(struct replay_witness *witness, struct replay_fit *fit,
                      const struct term_reader *rule) {
    char kept[TERM_POSITION_TEXT_SIZE];
    char there[TERM_POSITION_TEXT_SIZE];
    fit->judged = true;
    if (!is_place(fit, rule)) {
        term_position_format(&fit->position, kept);
        term_position_format(&rule->position, there);
        find(witness, "%s says \"%s\" (offset, term, cursor), and the log says \"%s\"%s",
             fit->whose, kept, there, rule->held > 0 ? " and is inside a command" : "");
    }
}

static void claim_check(struct replay_witness *witness, const struct replay_record *record,
                        const struct term *term) {
    struct claim_record claim;
    struct text reason;
    arena_reset(&witness->arena);
    if (!codec_claim_record_decode(witness->codec, &witness->arena, record->value, &claim,
                                   &reason)) {
        find(witness, "event offset %" PRId64 ": a claim that cannot be decoded: %.*s",
             record->offset, TEXT_FORMAT(reason));
        return;
    }
    uint64_t nonce = 0;
    for (size_t i = 0; i < sizeof claim.as.claimed.nonce.octets; i++) {
        nonce = nonce << 8 | claim.as.claimed.nonce.octets[i];
    }
    if (nonce != term->nonce) {
        find(witness, "event offset %" PRId64 ": a claim whose header and value do not agree",
             record->offset);
    }
}

static void claim_keep(struct replay_witness *witness, const struct term *term) {
    size_t count = witness->tally.claims++;
    if (count == witness->claims_capacity) {
        witness->claims_capacity = count > 0 ? 2 * count : 16;
        witness->claims =
            reallocate(witness->claims, witness->claims_capacity * sizeof *witness->claims);
    }
    witness->claims[count] = *term;
}

static bool is_claimed(const struct replay_witness *witness, const struct term *term) {
    size_t low = 0;
    size_t high = witness->tally.claims;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (witness->claims[middle].offset < term->offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < witness->tally.claims && term_equal(&witness->claims[low], term);
}

static void stale_take(struct replay_witness *witness, const struct replay_record *record,
                       const struct term_reader *before, const struct term_reader *after) {
    struct term_label label = replay_counted_label(record);
    char term[TERM_TEXT_SIZE];
    for (size_t kind = 0; kind < TERM_STALE_COUNT; kind++) {
        witness->tally.stale[kind] += (uint64_t)(after->stale[kind] - before->stale[kind]);
    }
    witness->tally.halves += before->held - after->held;
    if (label.kind == TERM_LABEL_EVENT && !term_equal(&label.term, &after->position.term) &&
        !is_claimed(witness, &label.term)) {
        term_format(&label.term, term);
        find(witness, "event offset %" PRId64 ": its term %s has no claim on the log",
             record->offset, term);
    }
}

static void models_compare(struct replay_witness *witness, const struct replay_record *record,
                           enum term_verdict verdict) {
    enum event_kind kind;
    struct event_head head;
    int64_t command_offset =
        record->label.data == NULL && codec_event_head_decode(record->value, &kind, &head)
            ? head.command_offset
            : -1;
    enum replay_judgement expected = verdict == TERM_CLAIM      ? REPLAY_CLAIMS
                                     : verdict == TERM_JOINS    ? REPLAY_WAITS
                                     : verdict == TERM_HISTORY  ? REPLAY_COUNTS
                                     : verdict == TERM_DELIVERS ? REPLAY_COUNTS
                                                                : REPLAY_COUNTS_NOT;
    enum replay_judgement judged =
        replay_model_judge(witness->model, record->offset, record->label, command_offset);
    if (judged != expected) {
        find(witness, "event offset %" PRId64 ": two readings of the rule do not agree on it",
             record->offset);
    }
}

static void record_take(void *context, const struct replay_record *record,
                        enum term_verdict verdict, const struct term_reader *before,
                        const struct term_reader *after) {
    struct replay_witness *witness = context;
    replay_watch_take(&witness->watch, record, witness->findings);
    for (size_t i = 0; i < witness->fit_count; i++) {
        struct replay_fit *fit = &witness->fits[i];
        if (!fit->judged && record->offset >= fit->position.next_offset) {
            fit_judge(witness, fit, before);
        }
    }
    if (verdict == TERM_FORGOTTEN) {
        return; /* the caller hears of it */
    }
    models_compare(witness, record, verdict);
    if (verdict == TERM_CLAIM) {
        witness->tally.halves += before->held;
        claim_check(witness, record, &after->position.term);
        claim_keep(witness, &after->position.term);
    } else if (verdict == TERM_STALE) {
        stale_take(witness, record, before, after);
    }
}

void replay_witness_begin(struct replay_witness *witness) {
    witness->codec = codec_new();
    arena_init(&witness->arena);
    witness->judge = (struct replay_judge){.record = record_take, .context = witness};
}

void replay_witness_end(struct replay_witness *witness, const struct term_reader *rule,
                        int64_t end_offset) {
    for (size_t i = 0; i < witness->fit_count; i++) {
        struct replay_fit *fit = &witness->fits[i];
        if (!fit->judged) {
            fit_judge(witness, fit, rule);
        }
        if (fit->position.cursor > rule->position.cursor ||
            fit->position.next_offset > end_offset) {
            find(witness, "%s is ahead of the log: it has lost its end", fit->whose);
        }
    }
    if (rule->deaf) {
        find(witness,
             "event offset %" PRId64 ": events before it are missing on the log, and nothing "
             "counts from there on",
             rule->doubted_offset);
    }
}

void replay_witness_deinit(struct replay_witness *witness) {
    free(witness->claims);
    arena_deinit(&witness->arena);
    codec_free(witness->codec);
}
