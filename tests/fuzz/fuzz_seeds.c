/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/log/segment.h"
#include "seatlog_codec.h"
#include "seatlog_samples.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

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

/* --- what a core makes of a few commands ---------------------------------------------------- */

#define STORY_MS INT64_C(1767225600000)

struct story {
    struct reservation_core *core;
    struct reservation_effects *effects;
    int64_t now_ms, offset;
    uint8_t events[65536]; /* u16 size, record; … */
    size_t size;
};

static struct command_head story_head(void) {
    struct command_head head = {.show_id = {{1}}};
    return head;
}

static void story_step(struct story *story, const struct command *command) {
    const struct reservation_record record = {
        .command = command, .broker_timestamp_ms = story->now_ms, .offset = story->offset++};
    reservation_core_step(story->core, &record, story->effects);
    struct hash chain = reservation_core_chain_get(story->core, story->effects->show);
    for (size_t i = 0; i < story->effects->count; i++) {
        struct octets wire =
            codec_event_encode_sealed(codec, &story->effects->events[i], &chain, &chain);
        FUZZ_REQUIRE(story->size + wire.size + 2 < sizeof story->events);
        story->events[story->size++] = (uint8_t)(wire.size >> 8);
        story->events[story->size++] = (uint8_t)wire.size;
        memcpy(story->events + story->size, wire.data, wire.size);
        story->size += wire.size;
    }
    reservation_core_chain_set(story->core, story->effects->show, &chain);
}

static void story_create(struct story *story) {
    static const struct text labels[] = {TEXT_LITERAL("1"), TEXT_LITERAL("2"), TEXT_LITERAL("3")};
    static const struct row rows[] = {{TEXT_LITERAL("A"), {labels, 3}},
                                      {TEXT_LITERAL("B"), {labels, 3}}};
    static const struct category categories[] = {{TEXT_LITERAL("one"), 1000}};
    static const struct section sections[] = {
        {TEXT_LITERAL("Stalls"), 0, SECTION_KIND_SEATED, {rows, 2}, 0},
        {TEXT_LITERAL("Pit"), 0, SECTION_KIND_GENERAL, {NULL, 0}, 9}};
    const struct command command = {.kind = COMMAND_CREATE_SHOW,
                                    .as.create_show = {.head = story_head(),
                                                       .owner_id = {{2}},
                                                       .show = {.title = TEXT_LITERAL("A show"),
                                                                .venue = TEXT_LITERAL("Hall"),
                                                                .city = TEXT_LITERAL("Chico"),
                                                                .country = TEXT_LITERAL("US"),
                                                                .starts_at = STORY_MS + 3600000,
                                                                .ends_at = STORY_MS + 7200000,
                                                                .time_zone = TEXT_LITERAL("UTC"),
                                                                .currency = TEXT_LITERAL("USD"),
                                                                .hold_ttl_ms = 60000,
                                                                .seats_per_buyer_max = 8,
                                                                .categories = {categories, 1},
                                                                .sections = {sections, 2}}}};
    story_step(story, &command);
}

static void story_book(struct story *story, uint8_t number, enum selection selection, int last) {
    const struct uuid reservation_id = {{3, number}}, buyer_id = {{4, number}};
    const struct text payment_id = TEXT_LITERAL("p1"), usd = TEXT_LITERAL("USD");
    const struct command commands[] = {
        {.kind = COMMAND_RESERVE,
         .as.reserve = {.head = story_head(),
                        .reservation_id = reservation_id,
                        .buyer_id = buyer_id,
                        .selection = selection,
                        .section = selection == SELECTION_GENERAL ? 1 : -1,
                        .category = -1,
                        .quantity = 2,
                        .keyed = true}},
        {.kind = COMMAND_PAY,
         .as.pay = {story_head(), reservation_id, buyer_id, TEXT_LITERAL("cnon:1")}},
        {.kind = COMMAND_PAYMENT_AUTHORIZED,
         .as.payment_authorized = {story_head(), reservation_id, 1, payment_id, 2000, usd}},
        {.kind = COMMAND_PAYMENT_CAPTURED,
         .as.payment_captured = {story_head(), reservation_id, 1, payment_id, 2000, usd}},
        {.kind = COMMAND_CANCEL, .as.cancel = {story_head(), reservation_id, buyer_id}},
        {.kind = COMMAND_REFUND_FAILED,
         .as.refund_failed = {story_head(), reservation_id, 1, TEXT_LITERAL("r1"),
                              TEXT_LITERAL("REJECTED")}}};
    for (int i = 0; i < last; i++) {
        story->now_ms += 1000;
        story_step(story, &commands[i]);
    }
}

static void story_snapshot(struct story *story, const char *name) {
    struct uuid show_id = {{1}};
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(story->core, reservation_core_show_find(story->core, &show_id),
                                   story->effects, &record.as.show_snapshot);
    seed_write("snapshot", name, NULL, 0, codec_snapshot_record_encode(codec, &record));
}

static void stories_write(void) {
    static struct story story = {.now_ms = STORY_MS};
    story.core = reservation_core_new(&fuzz_heap);
    story.effects = reservation_effects_new(&fuzz_heap);
    story_create(&story);
    for (int last = 1; last <= 6; last++) {
        char name[16];
        enum selection selection = last % 2 ? SELECTION_GENERAL : SELECTION_BEST_AVAILABLE;
        story_book(&story, (uint8_t)last, selection, last);
        snprintf(name, sizeof name, "story-%d", last);
        story_snapshot(&story, name);
        seed_write("apply", name, NULL, 0, (struct octets){story.events, story.size});
    }
    story.now_ms += 100000;
    const struct command tick = {.kind = COMMAND_TICK, .as.tick.head = story_head()};
    const struct command cancel = {
        .kind = COMMAND_CANCEL_SHOW,
        .as.cancel_show = {story_head(), {{2}}, false, TEXT_LITERAL("rain")}};
    story_step(&story, &tick);
    story_step(&story, &cancel);
    story_snapshot(&story, "cancelled");
    seed_write("apply", "cancelled", NULL, 0, (struct octets){story.events, story.size});
    reservation_core_free(story.core);
    reservation_effects_free(story.effects);
}

/* Commands are drawn from any octets. */
static void commands_write(void) {
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sample sample = sample_begin(seed);
        uint8_t octets[2048];
        char name[16];
        for (size_t i = 0; i < sizeof octets; i++) {
            octets[i] = (uint8_t)sample_bits(&sample);
        }
        snprintf(name, sizeof name, "%u", (unsigned)seed);
        seed_write("commands", name, NULL, 0, (struct octets){octets, sizeof octets});
    }
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
        "\"CA\",\"country\":\"US\",\"starts_at\":\"2026-12-01T20:15:00-08:00\",\"ends_at\":"
        "\"2026-12-01T22:15:00-08:00\",\"time_zone\":\"America/Los_Angeles\",\"currency\":\"USD\","
        "\"categories\":[{\"name\":\"S\",\"price_minor\":1250},{\"name\":\"F\",\"price_minor\":0}],"
        "\"sections\":[{\"name\":\"Stalls\",\"category\":\"S\",\"rows\":[{\"label\":\"A\","
        "\"seats\":3},"
        "{\"label\":\"B\",\"seats\":[\"1\",\"1a\"]}]},{\"name\":\"Pit\",\"category\":\"F\","
        "\"capacity\":50}]}",
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
    SEEDS_WRITE(claim_record, claim_record, CLAIM_RECORD_KIND_COUNT, 5)
    events_write();
    snapshots_write();
    segment_write();
    texts_write();
    stories_write();
    commands_write();
    codec_free(codec);
    arena_deinit(&arena);
    return 0;
}
