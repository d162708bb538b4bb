/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/replay_segment.h"
#include "seatlog_codec.h"
#include "seatlog_samples.h"
#include "tests/fuzz/fuzz.h"

#include <sys/stat.h>

/*
 * Writes first inputs into DIRECTORY/<target>/: one record of every kind for the decoders, and
 * whatever a fuzzer would not think of by itself.
 */
static const char *directory;
static struct codec *codec;
static struct arena arena;

static void seed_write(const char *target, const char *name, const void *prefix, size_t prefix_size,
                       struct octets octets) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/seed-%s", directory, target, name);
    FILE *file = fopen(path, "wb");
    FUZZ_REQUIRE(file != NULL);
    fwrite(prefix, 1, prefix_size, file);
    fwrite(octets.data, 1, octets.size, file);
    fclose(file);
}

static struct sample sample_begin(uint64_t seed) {
    arena_reset(&arena);
    return (struct sample){
        .arena = &arena, .state = seed, .count_max = 2, .text_characters_max = 6};
}

#define SEEDS_WRITE(name, type, count, selector)                                                   \
    for (int kind = 0; kind < (count); kind++) {                                                   \
        struct sample sample = sample_begin((uint64_t)kind + 1);                                   \
        struct type record;                                                                        \
        uint8_t prefix = (selector);                                                               \
        char seed[64];                                                                             \
        sample_##name(&sample, (enum type##_kind)kind, &record);                                   \
        snprintf(seed, sizeof seed, "%s-%s", #name, name##_kind_name((enum type##_kind)kind));     \
        seed_write("codec", seed, &prefix, 1, codec_##name##_encode(codec, &record));              \
    }

static void events_write(void) {
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        struct sample sample = sample_begin(77);
        struct event event;
        sample_event(&sample, (enum event_kind)kind, &event);
        event.as.head.seq = kind == EVENT_SHOW_CREATED ? 1 : 2;
        struct octets wire = codec_event_encode(codec, &event);
        uint8_t size[2] = {(uint8_t)(wire.size >> 8), (uint8_t)wire.size};
        seed_write("apply", event_kind_name((enum event_kind)kind), size, 2, wire);
    }
}

static void snapshots_write(void) {
    struct sample sample = sample_begin(5);
    struct snapshot_record record;
    sample_snapshot_record(&sample, SNAPSHOT_RECORD_SHOW_SNAPSHOT, &record);
    seed_write("snapshot", "sample", NULL, 0, codec_snapshot_record_encode(codec, &record));
}

static void segment_write(void) {
    static char octets[512];
    struct error error = {0};
    FILE *file = fmemopen(octets, sizeof octets, "wb");
    struct replay_record record = {.offset = 3,
                                   .timestamp_ms = 4,
                                   .key = {(const uint8_t *)"key", 3},
                                   .value = {(const uint8_t *)"value", 5}};
    FUZZ_REQUIRE(file != NULL && segment_begin(file, &error) &&
                 segment_append(file, &record, &error) && segment_end(file, 9, &error));
    fflush(file);
    size_t size = (size_t)ftell(file);
    fclose(file);
    seed_write("segment", "one", NULL, 0, (struct octets){(const uint8_t *)octets, size});
}

static void texts_write(void) {
    static const char *const provider[] = {
        "{\"payment\":{\"id\":\"p1\",\"status\":\"APPROVED\",\"amount_money\":{\"amount\":1250,"
        "\"currency\":\"USD\"},\"card_details\":{\"status\":\"AUTHORIZED\",\"card\":{\"card_"
        "brand\":"
        "\"VISA\",\"last_4\":\"1111\"}}}}",
        "{\"errors\":[{\"category\":\"PAYMENT_METHOD_ERROR\",\"code\":\"GENERIC_DECLINE\"}]}",
        "{\"refund\":{\"id\":\"r1\",\"payment_id\":\"p1\",\"status\":\"PENDING\",\"amount_money\":"
        "{\"amount\":1250,\"currency\":\"USD\"}}}",
        "{\"payments\":[{\"id\":\"p1\",\"status\":\"COMPLETED\",\"reference_id\":\"x\","
        "\"created_at\":\"2026-01-01T00:00:00Z\",\"amount_money\":{\"amount\":1,\"currency\":"
        "\"USD\"}}],\"cursor\":\"c\"}"};
    for (size_t i = 0; i < sizeof provider / sizeof provider[0]; i++) {
        for (uint8_t step = 0; step < 8; step++) {
            uint8_t prefix[3] = {step, i == 1 ? 1 : 0, 0};
            char name[32];
            snprintf(name, sizeof name, "%zu-%u", i, step);
            seed_write("provider", name, prefix, 3,
                       (struct octets){(const uint8_t *)provider[i], strlen(provider[i])});
        }
    }
    static const char *const bodies[] = {
        "{\"title\":\"Ghost\",\"type\":\"film\",\"venue\":\"Pageant\",\"city\":\"Chico\","
        "\"region\":"
        "\"CA\",\"country\":\"US\",\"starts_at\":\"2026-02-01T20:00:00Z\",\"ends_at\":"
        "\"2026-02-01T22:00:00Z\",\"time_zone\":\"America/Los_Angeles\",\"currency\":\"USD\","
        "\"hold_ttl_s\":600,\"seats_per_buyer_max\":6,\"categories\":[{\"name\":\"A\","
        "\"price_minor\":1200}],\"sections\":[{\"name\":\"Stalls\",\"category\":\"A\",\"kind\":"
        "\"seated\",\"rows\":[{\"label\":\"A\",\"seats\":[\"1\",\"2\"]}]},{\"name\":\"Floor\","
        "\"category\":\"A\",\"kind\":\"general\",\"capacity\":5}]}",
        "{\"event_id\":\"01234567-89ab-4def-8123-456789abcdef\",\"ticket_ids\":[\"3\",\"4\"]}",
        "{\"reservation_id\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"source_id\":"
        "\"cnon:card-nonce-ok\"}",
        "{\"reason\":\"rain\"}",
        "{\"categories\":[{\"name\":\"A\",\"price_minor\":1}],\"sections\":[{\"name\":\"S\","
        "\"category\":0,\"kind\":\"SEATED\",\"capacity\":0,\"rows\":[{\"label\":\"A\",\"seats\":"
        "[\"1\"]}]}]}",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (uint8_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        char name[8];
        snprintf(name, sizeof name, "%u", i);
        seed_write("body", name, &i, 1,
                   (struct octets){(const uint8_t *)bodies[i], strlen(bodies[i])});
    }
}

int main(int count, char **values) {
    if (count != 2) {
        fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
        return 2;
    }
    directory = values[1];
    codec = codec_new();
    SEEDS_WRITE(command, command, COMMAND_KIND_COUNT, 0)
    SEEDS_WRITE(event, event, EVENT_KIND_COUNT, 1)
    SEEDS_WRITE(ticket_record, ticket_record, TICKET_RECORD_KIND_COUNT, 2)
    SEEDS_WRITE(snapshot_record, snapshot_record, SNAPSHOT_RECORD_KIND_COUNT, 3)
    SEEDS_WRITE(dead_letter_record, dead_letter_record, DEAD_LETTER_RECORD_KIND_COUNT, 4)
    events_write();
    snapshots_write();
    segment_write();
    texts_write();
    codec_free(codec);
    arena_deinit(&arena);
    return 0;
}
