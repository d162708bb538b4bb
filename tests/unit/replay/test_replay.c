/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The auditor's parts. A history is told event by event and sealed as the decider would; the model
 * must have nothing against the right one, and must say what is wrong with each of the others.
 */
#include "codec/chain.h"
#include "replay/log/segment.h"
#include "replay/verify/difference.h"
#include "replay/verify/model.h"
#include "replay/verify/watch.h"
#include "seatlog_codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SEATS(...)                                                                                 \
    { (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t) }

static const struct uuid show_id = {{1}};
static const struct uuid ada = {{0xa}};
static const struct uuid bob = {{0xb}};

struct history {
    struct replay_model *model;
    struct codec *codec;
    struct hash chain;
    int64_t seq;
    int64_t at;
    struct buffer finding;
};

/* Seals the event as the next of the show and gives it to the model; finding holds what it says. */
static bool tell(struct history *history, struct event *event) {
    event->as.head.show_id = show_id;
    event->as.head.seq = history->seq += 1;
    event->as.head.at = history->at += 1000;
    struct octets wire =
        codec_event_encode_sealed(history->codec, event, &history->chain, &history->chain);
    event->as.head.hash = history->chain;
    buffer_reset(&history->finding);
    return replay_model_take(history->model, event, wire, &history->finding);
}

#define TELL(history, event_kind, member, ...)                                                     \
    tell((history), &(struct event){.kind = (event_kind), .as.member = {__VA_ARGS__}})

static bool reserve(struct history *history, const struct uuid *who, int32_t seat) {
    return TELL(history, EVENT_RESERVED, reserved, .reservation_id = *who, .buyer_id = *who,
                .seats = SEATS(seat), .section = -1, .category = -1, .quantity = 1,
                .currency = TEXT_LITERAL("USD"), .expires_at = history->at + 60000);
}

/* A show with four seats and a floor of three places. */
static void begin(struct history *history) {
    static const struct text labels[] = {{"1", 1}, {"2", 1}, {"3", 1}, {"4", 1}};
    static const struct row rows[] = {{{"A", 1}, {labels, 4}}};
    static const struct section sections[] = {{{"Stalls", 6}, 0, SECTION_KIND_SEATED, {rows, 1}, 0},
                                              {{"Floor", 5}, 0, SECTION_KIND_GENERAL, {0}, 3}};
    *history = (struct history){.model = replay_model_new(), .codec = codec_new(), .at = 1000000};
    assert_true(
        TELL(history, EVENT_SHOW_CREATED, show_created, .show = {.sections = {sections, 2}}));
}

static void end(struct history *history) {
    replay_model_free(history->model);
    codec_free(history->codec);
    buffer_deinit(&history->finding);
}

static void assert_finding(const struct history *history, const char *expected) {
    if (history->finding.size == 0 || strstr(history->finding.data, expected) == NULL) {
        fail_msg("expected a finding of \"%s\", got \"%s\"", expected,
                 history->finding.size > 0 ? history->finding.data : "");
    }
}

static void a_right_history_has_nothing_against_it(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    static const struct place places[] = {{.seat = 1}};
    const struct event_expired_hold hold = {
        .reservation_id = bob, .seats = SEATS(2), .section = -1, .quantity = 1};
    assert_true(reserve(&history, &ada, 1));
    assert_true(reserve(&history, &bob, 2));
    assert_true(TELL(&history, EVENT_PAYMENT_REQUESTED, payment_requested, .reservation_id = ada,
                     .expires_at = history.at + 300000));
    assert_true(TELL(&history, EVENT_SECURED, secured, .reservation_id = ada, .seats = SEATS(1),
                     .section = -1, .quantity = 1));
    assert_true(TELL(&history, EVENT_SOLD, sold, .reservation_id = ada, .places = {places, 1}));
    history.at += 60000;
    assert_true(TELL(&history, EVENT_HOLDS_EXPIRED, holds_expired, .holds = {&hold, 1}));
    assert_true(reserve(&history, &bob, 2));
    assert_true(TELL(&history, EVENT_ORDER_CANCELLED, order_cancelled, .reservation_id = ada,
                     .places = {places, 1}));
    struct replay_model_counts counts;
    replay_model_count(history.model, &counts);
    assert_int_equal(1, counts.live_reservations);
    assert_int_equal(1, counts.places_held);
    assert_int_equal(0, counts.places_sold);
    end(&history);
}

static void a_seat_given_twice_is_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    assert_true(reserve(&history, &ada, 1));
    assert_false(reserve(&history, &bob, 1));
    assert_finding(&history, "seat 1 is given away while another reservation has it");
    end(&history);
}

static void a_late_payment_seated_over_somebody_else_is_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    assert_true(reserve(&history, &bob, 1));
    assert_false(TELL(&history, EVENT_SECURED, secured, .reservation_id = ada, .reseated = true,
                      .seats = SEATS(1), .section = -1, .quantity = 1));
    assert_finding(&history, "seat 1 is given away");
    end(&history);
}

static void a_floor_too_full_is_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    assert_true(TELL(&history, EVENT_RESERVED, reserved, .reservation_id = ada,
                     .selection = SELECTION_GENERAL, .section = 1, .quantity = 2));
    assert_false(TELL(&history, EVENT_RESERVED, reserved, .reservation_id = bob,
                      .selection = SELECTION_GENERAL, .section = 1, .quantity = 2));
    assert_finding(&history, "section 1 has 3 places and 4 are given away");
    end(&history);
}

static void what_is_sold_without_being_held_is_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    static const struct place places[] = {{.seat = 3}};
    assert_false(TELL(&history, EVENT_SOLD, sold, .reservation_id = ada, .places = {places, 1}));
    assert_finding(&history, "places are sold that the reservation does not have");
    assert_true(reserve(&history, &ada, 1));
    assert_false(TELL(&history, EVENT_SOLD, sold, .reservation_id = ada, .places = {places, 1}));
    assert_finding(&history, "seat 3 is sold to somebody who does not have it");
    end(&history);
}

static void a_hold_ended_early_or_never_is_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    const struct event_expired_hold hold = {
        .reservation_id = ada, .seats = SEATS(1), .section = -1, .quantity = 1};
    assert_true(reserve(&history, &ada, 1));
    assert_int_equal(
        0, replay_model_overdue(history.model, history.at + 59000, 1000, &history.finding));
    assert_int_equal(
        1, replay_model_overdue(history.model, history.at + 90000, 1000, &history.finding));
    assert_finding(&history, "should have ended");
    assert_false(TELL(&history, EVENT_HOLDS_EXPIRED, holds_expired, .holds = {&hold, 1}));
    assert_finding(&history, "before its time");
    end(&history);
}

static void gaps_and_broken_chains_are_found(void **state) {
    (void)state;
    struct history history;
    begin(&history);
    history.seq++;
    assert_false(reserve(&history, &ada, 1));
    assert_finding(&history, "seq 3 follows 1");
    history.chain.octets[7] ^= 1;
    assert_false(reserve(&history, &bob, 2));
    assert_finding(&history, "the hash chain does not hold");
    history.at -= 5000;
    assert_false(reserve(&history, &(struct uuid){{0xc}}, 3));
    assert_finding(&history, "clock goes back by 4000 ms");
    end(&history);
}

static void a_difference_names_its_field(void **state) {
    (void)state;
    struct codec *left = codec_new();
    struct codec *right = codec_new();
    struct event event = {.kind = EVENT_RESERVED,
                          .as.reserved = {.seats = SEATS(4, 5), .currency = TEXT_LITERAL("USD")}};
    struct octets expected = codec_event_encode(left, &event);
    const int32_t other[] = {4, 6};
    event.as.reserved.seats.items = other;
    struct octets found = codec_event_encode(right, &event);
    struct buffer out = {0};
    replay_difference(expected, found, &out);
    assert_string_equal("seats[1]: expected 5, found 6", out.data);
    buffer_reset(&out);
    replay_difference(expected, (struct octets){found.data, found.size - 1}, &out);
    assert_non_null(strstr(out.data, "octets expected"));
    struct event closed = {.kind = EVENT_SHOW_CLOSED};
    buffer_reset(&out);
    replay_difference(expected, codec_event_encode(right, &closed), &out);
    assert_string_equal("expected a seatlog.events.Reserved, found a seatlog.events.ShowClosed",
                        out.data);
    buffer_deinit(&out);
    codec_free(left);
    codec_free(right);
}

static const uint8_t some_octets[] = "0123456789";

static FILE *segment_of_three(void) {
    FILE *file = tmpfile();
    struct error error;
    const struct replay_record records[] = {
        {.offset = 0,
         .timestamp_ms = 7,
         .key = {some_octets, 3},
         .value = {some_octets, 10},
         .label = {some_octets, 4}},
        {.offset = 1, .timestamp_ms = 8, .key = {NULL, 0}, .value = {some_octets, 0}},
        {.offset = 5, .timestamp_ms = 9, .key = {some_octets, 1}, .value = {NULL, 0}}};
    assert_true(segment_begin(file, &error));
    for (size_t i = 0; i < 3; i++) {
        assert_true(segment_append(file, &records[i], &error));
    }
    assert_true(segment_end(file, 6, &error));
    rewind(file);
    return file;
}

static enum replay_read segment_read_all(FILE *file, int *count, int64_t *end) {
    struct segment_buffer buffer = {0};
    struct replay_record record;
    struct error error;
    *count = 0;
    enum replay_read read =
        segment_open(file, &buffer, &error) ? REPLAY_READ_RECORD : REPLAY_READ_FAILED;
    while (read == REPLAY_READ_RECORD &&
           (read = segment_next(file, &buffer, &record, end, &error)) == REPLAY_READ_RECORD) {
        ++*count;
        assert_int_equal(record.offset == 0 ? 4 : 0, record.label.size);
        assert_true((record.label.data != NULL) == (record.offset == 0));
        if (record.offset == 1) {
            assert_null(record.key.data);
            assert_non_null(record.value.data);
            assert_int_equal(0, record.value.size);
        }
        if (record.offset == 5) {
            assert_null(record.value.data);
        }
    }
    free(buffer.data);
    return read;
}

static void a_segment_is_read_as_it_was_written(void **state) {
    (void)state;
    FILE *file = segment_of_three();
    int count;
    int64_t end;
    assert_int_equal(REPLAY_READ_END, segment_read_all(file, &count, &end));
    assert_int_equal(3, count);
    assert_int_equal(6, end);
    fclose(file);
}

/* What a program before labels wrote. */
static void a_segment_of_version_1_is_read(void **state) {
    (void)state;
    static const uint8_t parts[] = {0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0,   0,   0,  0,
                                    0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 'k', 'v', 'w'};
    static const uint8_t end[] = {255, 255, 255, 255, 255, 255, 255, 255, 0,   0,   0,   0,
                                  0,   0,   0,   6,   255, 255, 255, 255, 255, 255, 255, 255};
    struct hash hash;
    struct segment_buffer buffer = {0};
    struct replay_record record;
    struct error error;
    int64_t end_offset;
    FILE *file = tmpfile();
    fputs("seatlog segment 1\n", file);
    fwrite(parts, 1, sizeof parts, file);
    octets_hash((struct octets){parts, sizeof parts}, &hash);
    fwrite(hash.octets, 1, sizeof hash, file);
    fwrite(end, 1, sizeof end, file);
    octets_hash((struct octets){end, sizeof end}, &hash);
    fwrite(hash.octets, 1, sizeof hash, file);
    rewind(file);
    assert_true(segment_open(file, &buffer, &error));
    assert_int_equal(1, buffer.version);
    assert_int_equal(REPLAY_READ_RECORD, segment_next(file, &buffer, &record, &end_offset, &error));
    assert_int_equal(5, record.offset);
    assert_int_equal(1, record.key.size);
    assert_memory_equal("vw", record.value.data, 2);
    assert_null(record.label.data);
    assert_int_equal(REPLAY_READ_END, segment_next(file, &buffer, &record, &end_offset, &error));
    assert_int_equal(6, end_offset);
    free(buffer.data);
    fclose(file);
}

static void a_segment_with_any_octet_changed_or_cut_is_refused(void **state) {
    (void)state;
    FILE *file = segment_of_three();
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long at = 0; at < size; at++) {
        int count;
        int64_t end;
        fseek(file, at, SEEK_SET);
        int octet = fgetc(file);
        fseek(file, at, SEEK_SET);
        fputc(octet ^ 4, file);
        rewind(file);
        assert_int_equal(REPLAY_READ_FAILED, segment_read_all(file, &count, &end));
        fseek(file, at, SEEK_SET);
        fputc(octet, file);
    }
    fflush(file);
    for (long cut = size - 1; cut >= 0; cut--) {
        int count;
        int64_t end;
        assert_int_equal(0, ftruncate(fileno(file), cut));
        rewind(file);
        assert_int_equal(REPLAY_READ_FAILED, segment_read_all(file, &count, &end));
    }
    fclose(file);
}

static void a_seal_holds_until_history_is_rewritten(void **state) {
    (void)state;
    char folder[] = "/tmp/seatlog-seal-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[128];
    char key_file[128];
    snprintf(path, sizeof path, "%s/2026.seal", folder);
    snprintf(key_file, sizeof key_file, "%s/key", folder);
    const struct replay_record records[] = {{.offset = 0, .value = {some_octets, 10}},
                                            {.offset = 1, .value = {some_octets, 9}}};
    struct replay_sum sum;
    replay_sum_init(&sum, SEAL_VERSION);
    replay_sum_take(&sum, &records[0]);
    struct seal_partition partition = {.events_end = 1, .events = replay_sum_get(&sum)};
    struct seal seal = {.at = "2026-11-24T00:00:00Z", .partitions = &partition, .count = 1};
    struct error error;
    assert_true(seal_write(path, key_file, &seal, &error));
    assert_false(seal_write(path, key_file, &seal, &error)); /* never over an old one */

    struct seal *seals;
    size_t count;
    assert_true(seals_read(folder, "", &seals, &count, &error));
    assert_int_equal(1, count);
    assert_int_equal(SEAL_VERSION, seals[0].version);
    struct replay_watch watch;
    struct buffer findings = {0};
    replay_watch_init(&watch, seals, 1, 0, false);
    replay_watch_take(&watch, &records[0], &findings);
    replay_watch_take(&watch, &records[1], &findings);
    assert_false(replay_watch_waits(&watch));
    assert_int_equal(0, watch.broken);
    replay_watch_init(&watch, seals, 1, 0, false);
    struct replay_record rewritten = records[0];
    rewritten.label = (struct octets){some_octets, 4};
    replay_watch_take(&watch, &rewritten, &findings);
    replay_watch_end(&watch, &findings);
    assert_int_equal(1, watch.broken);
    assert_non_null(strstr(findings.data, "history was rewritten"));
    seal_deinit(&seals[0]);
    free(seals);

    struct seal read;
    char other_key[65];
    memset(other_key, 'a', 64);
    other_key[64] = '\0';
    assert_false(seal_read(path, other_key, &read, &error));
    FILE *file = fopen(path, "r+");
    fseek(file, -150, SEEK_END);
    int octet = fgetc(file);
    fseek(file, -150, SEEK_END);
    fputc(octet == 'a' ? 'b' : 'a', file);
    fclose(file);
    assert_false(seal_read(path, "", &read, &error));
    buffer_deinit(&findings);
    unlink(path);
    unlink(key_file);
    rmdir(folder);
}

/* Before the first claim it holds as ever; a label is not in it. */
static void a_seal_of_version_1_holds_for_history_and_proves_nothing_after(void **state) {
    (void)state;
    struct replay_record record = {.value = {some_octets, 10}};
    struct replay_sum sum;
    replay_sum_init(&sum, 1);
    replay_sum_take(&sum, &record);
    struct seal_partition partition = {.events_end = 1, .events = replay_sum_get(&sum)};
    struct seal seal = {.name = "old.seal", .version = 1, .partitions = &partition, .count = 1};
    struct replay_watch watch;
    struct buffer findings = {0};
    replay_watch_init(&watch, &seal, 1, 0, false);
    replay_watch_take(&watch, &record, &findings);
    replay_watch_end(&watch, &findings);
    assert_int_equal(0, watch.broken);
    record.label = (struct octets){some_octets, 4};
    replay_watch_init(&watch, &seal, 1, 0, false);
    replay_watch_take(&watch, &record, &findings);
    replay_watch_end(&watch, &findings);
    assert_int_equal(1, watch.broken);
    assert_non_null(strstr(findings.data, "old.seal is of version 1, which does not cover what "
                                          "tells from offset 0 on which events count"));
    buffer_deinit(&findings);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_history_has_nothing_against_it),
        cmocka_unit_test(a_seat_given_twice_is_found),
        cmocka_unit_test(a_late_payment_seated_over_somebody_else_is_found),
        cmocka_unit_test(a_floor_too_full_is_found),
        cmocka_unit_test(what_is_sold_without_being_held_is_found),
        cmocka_unit_test(a_hold_ended_early_or_never_is_found),
        cmocka_unit_test(gaps_and_broken_chains_are_found),
        cmocka_unit_test(a_difference_names_its_field),
        cmocka_unit_test(a_segment_is_read_as_it_was_written),
        cmocka_unit_test(a_segment_of_version_1_is_read),
        cmocka_unit_test(a_segment_with_any_octet_changed_or_cut_is_refused),
        cmocka_unit_test(a_seal_holds_until_history_is_rewritten),
        cmocka_unit_test(a_seal_of_version_1_holds_for_history_and_proves_nothing_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
