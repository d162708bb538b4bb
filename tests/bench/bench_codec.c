/* SPDX-License-Identifier: Apache-2.0 */
/* Nanoseconds to encode and to decode a Reserve and a Reserved of two seats, and what the header that
 * fences the log costs each event; median of rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/term/reader.h"
#include "seatlog_codec.h"

#define ROUNDS 15
#define RECORDS_PER_ROUND 100000

struct bench {
    struct codec *codec;
    struct arena arena;
    struct command reserve;
    struct event reserved;
    struct hash chain;
    struct octets reserve_wire;
    struct octets reserved_wire;
    struct term_label label;
    struct term_reader reader;
    char label_text[TERM_LABEL_TEXT_SIZE];
    size_t label_size;
};

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void encode_reserve(struct bench *bench) {
    bench->reserve.as.reserve.quantity ^= 1;
    (void)codec_command_encode(bench->codec, &bench->reserve);
}

static void encode_reserved(struct bench *bench) {
    bench->reserved.as.head.seq++;
    (void)codec_event_encode(bench->codec, &bench->reserved);
}

static void seal_reserved(struct bench *bench) {
    bench->reserved.as.head.seq++;
    (void)codec_event_encode_sealed(bench->codec, &bench->reserved, &bench->chain, &bench->chain);
}

static void decode_reserve(struct bench *bench) {
    struct command command;
    struct text reason;
    arena_reset(&bench->arena);
    if (!codec_command_decode(bench->codec, &bench->arena, bench->reserve_wire, &command,
                              &reason)) {
        abort();
    }
}

static void decode_reserved(struct bench *bench) {
    struct event event;
    struct text reason;
    arena_reset(&bench->arena);
    if (!codec_event_decode(bench->codec, &bench->arena, bench->reserved_wire, &event, &reason)) {
        abort();
    }
}

static void format_label(struct bench *bench) {
    bench->label.prev = bench->label.next++;
    bench->label_size = term_label_format(&bench->label, bench->label_text);
}

/* The label of a command that continues: read, judged, delivered. */
static void judge_label(struct bench *bench) {
    struct term_label label = term_label_parse(bench->label_text, bench->label_size);
    bench->reader.position.cursor = label.prev;
    if (term_reader_feed(&bench->reader, bench->reader.next_offset, &label, 0) != TERM_DELIVERS) {
        abort();
    }
}

static int compare_doubles(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double measure_ns(struct bench *bench, void (*run)(struct bench *)) {
    double rounds[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (size_t i = 0; i < RECORDS_PER_ROUND; i++) {
            run(bench);
        }
        rounds[round] = (now_ns() - start) / RECORDS_PER_ROUND;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, compare_doubles);
    return rounds[ROUNDS / 2];
}

static struct octets keep(struct bench *bench, struct octets wire) {
    static struct arena kept; /* outlives the resets of the other */
    (void)bench;
    return arena_octets_copy(&kept, wire);
}

int main(void) {
    static const int32_t seats[] = {117, 118};
    struct bench bench = {.codec = codec_new()};
    bench.reserve.kind = COMMAND_RESERVE;
    bench.reserve.as.reserve.seats = (struct integers){.items = seats, .count = 2};
    bench.reserve.as.reserve.section = -1;
    bench.reserve.as.reserve.category = -1;
    bench.reserve.as.reserve.quantity = 2;
    bench.reserve.as.reserve.keyed = true;
    bench.reserved.kind = EVENT_RESERVED;
    bench.reserved.as.head.at = 1795500000000;
    bench.reserved.as.reserved.seats = (struct integers){.items = seats, .count = 2};
    bench.reserved.as.reserved.total_minor = 3800;
    bench.reserved.as.reserved.currency = TEXT_LITERAL("USD");
    bench.reserved.as.reserved.expires_at = 1795500600000;
    bench.reserve_wire = keep(&bench, codec_command_encode(bench.codec, &bench.reserve));
    bench.reserved_wire = keep(&bench, codec_event_encode(bench.codec, &bench.reserved));

    printf("Reserve:  %zu octets, encode %.0f ns, decode %.0f ns\n", bench.reserve_wire.size,
           measure_ns(&bench, encode_reserve), measure_ns(&bench, decode_reserve));
    printf("Reserved: %zu octets, encode %.0f ns, decode %.0f ns, encode and seal %.0f ns\n",
           bench.reserved_wire.size, measure_ns(&bench, encode_reserved),
           measure_ns(&bench, decode_reserved), measure_ns(&bench, seal_reserved));
    bench.label = (struct term_label){
        TERM_LABEL_EVENT, {123456789, 0x00c0ffee00c0ffee}, 1234567889, 1234567890, 0, true};
    term_reader_init(&bench.reader, &(struct term_position){123456790, bench.label.term, 1});
    double format_ns = measure_ns(&bench, format_label);
    printf("Label:    %zu octets, format %.0f ns, parse and judge %.0f ns\n", bench.label_size,
           format_ns, measure_ns(&bench, judge_label));
    arena_deinit(&bench.arena);
    codec_free(bench.codec);
    return 0;
}
