/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_TERM_LABEL_H
#define SEATLOG_RUNTIME_TERM_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a record of seatlog.events says of its place on the log, in one header. The reader's rule
 * (runtime/term/reader.h) reads nothing else of a record.
 *
 *   an event    "OFFSET-NONCE prev next index last", as "17-00c0ffee00c0ffee 41 42 0 1"
 *   a claim     "claim NONCE"
 *
 * Numbers are decimal without sign or leading zeros, a nonce is 16 lower-case hexadecimal digits,
 * and one blank stands between the parts. Everything else is malformed.
 */
#define TERM_HEADER "seatlog-log"
#define TERM_NONCE_OCTETS 8

/* A term begins with the claim at `offset`; its nonce tells it from another one that stood there
 * before the log lost its tail. */
struct term {
    int64_t offset; /* TERM_NONE: before the first claim */
    uint64_t nonce;
};
#define TERM_NONE INT64_C(-1)

static inline bool term_equal(const struct term *a, const struct term *b) {
    return a->offset == b->offset && a->nonce == b->nonce;
}

enum term_label_kind {
    TERM_LABEL_NONE, /* no such header: from before the first claim, or not ours */
    TERM_LABEL_EVENT,
    TERM_LABEL_CLAIM,
    TERM_LABEL_MALFORMED /* unreadable, or there twice */
};

struct term_label {
    enum term_label_kind kind;
    struct term term; /* of an event: in which it was decided; of a claim: nonce alone */
    int64_t prev;     /* the cursor that its command extends; 0: none was decided before it */
    int64_t next;     /* the cursor after its command; above prev */
    uint32_t index;   /* its place among the events of its command, from 0 */
    bool last;        /* it is the last of them */
};

/* Of TERM_LABEL_EVENT or TERM_LABEL_CLAIM, with the NUL. */
#define TERM_LABEL_TEXT_SIZE 112

/* Never TERM_LABEL_NONE. */
struct term_label term_label_parse(const char *text, size_t size);

/* Returns the length of the text. */
size_t term_label_format(const struct term_label *label, char out[TERM_LABEL_TEXT_SIZE]);

/*
 * Where a reader stands between two commands: the next offset of seatlog.events, the term that it
 * is in, and the cursor: the next offset of seatlog.commands that it has not seen decided. As text:
 * "OFFSET TERM CURSOR", the term as in a label or "-". Kept by whoever goes on after a restart, the
 * three together.
 */
struct term_position {
    int64_t next_offset;
    struct term term;
    int64_t cursor;
};
#define TERM_POSITION_TEXT_SIZE 80

static inline struct term_position term_position_of_beginning(void) {
    return (struct term_position){.term = {.offset = TERM_NONE}};
}

size_t term_position_format(const struct term_position *position,
                            char out[TERM_POSITION_TEXT_SIZE]);

/* false: it is none. */
bool term_position_parse(const char *text, size_t size, struct term_position *out);

/* A term alone, "17-00c0ffee00c0ffee", or "-" for TERM_NONE. */
#define TERM_TEXT_SIZE 40
size_t term_format(const struct term *term, char out[TERM_TEXT_SIZE]);
bool term_parse(const char *text, size_t size, struct term *out);

#endif
