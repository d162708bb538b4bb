/* SPDX-License-Identifier: Apache-2.0 */
#include "core_story.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story_render.h"
#include "reservation/core/plan/seats.h"
#include "reservation/core/state/state.h"

static void *heap_allocate(void *context, size_t size) {
    struct story *story = context;
    story->octets_allocated += size;
    /* What is read before it is written shows as nonsense, on every run the same. */
    void *memory = malloc(size);
    if (memory != NULL) {
        memset(memory, 0xa5, size);
    }
    return memory;
}

static void heap_release(void *context, void *memory, size_t size) {
    struct story *story = context;
    story->octets_allocated -= size;
    memset(memory, 0x5a, size);
    free(memory);
}

static void panic(const char *expression, const char *file, int line) {
    print_error("the core panics: %s (%s:%d)\n", expression, file, line);
    abort();
}

struct uuid story_uuid(const char *name) {
    struct uuid id = {{0}};
    size_t size = strlen(name);
    assert_true(size <= sizeof(id.octets));
    memcpy(id.octets, name, size);
    return id;
}

#define T(literal)                                                                                 \
    { .data = (literal), .size = sizeof(literal) - 1 }
#define LIST(array)                                                                                \
    { .items = (array), .count = sizeof(array) / sizeof(*(array)) }

struct show_details story_details(void) {
    static const struct text labels[] = {T("1"), T("2"), T("3"), T("4"), T("5"), T("6")};
    static const struct row stalls[] = {
        {T("A"), {labels, 6}}, {T("B"), {labels, 6}}, {T("C"), {labels, 6}}};
    static const struct row balcony[] = {{T("D"), {labels, 4}}};
    static const struct row gallery[] = {{T("G"), {labels, 2}}};
    static const struct category categories[] = {
        {T("Best"), 1000}, {T("Good"), 750}, {T("Standing"), 500}, {T("Gift"), 0}};
    static const struct section sections[] = {
        {T("Stalls"), 0, SECTION_KIND_SEATED, LIST(stalls), 0},
        {T("Balcony"), 1, SECTION_KIND_SEATED, LIST(balcony), 0},
        {T("Floor"), 2, SECTION_KIND_GENERAL, {NULL, 0}, 10},
        {T("Gallery"), 3, SECTION_KIND_SEATED, LIST(gallery), 0}};
    return (struct show_details){.title = T("Ghost"),
                                 .type = SHOW_TYPE_FILM,
                                 .description = T("Sam is dead,\nand will not leave."),
                                 .venue = T("Odeon, screen 3"),
                                 .city = T("Chico"),
                                 .region = T("California"),
                                 .country = T("US"),
                                 .starts_at = STORY_DAY_MS + 20 * STORY_HOUR_MS,
                                 .ends_at = STORY_DAY_MS + 22 * STORY_HOUR_MS,
                                 .time_zone = T("America/Los_Angeles"),
                                 .currency = T("USD"),
                                 .hold_ttl_ms = 10 * 60 * 1000,
                                 .seats_per_buyer_max = 6,
                                 .categories = LIST(categories),
                                 .sections = LIST(sections)};
}

void story_init(struct story *story) {
    *story = (struct story){.codec = codec_new(), .logic_version = RESERVATION_LOGIC_VERSION};
    mallopt(M_MMAP_THRESHOLD, 1 << 28);
    mallopt(M_TRIM_THRESHOLD, 1 << 28); /* cores come and go: keep their memory */
    reservation_core_panic_handler_set(panic);
    arena_init(&story->arena);
    story->allocator = (struct reservation_allocator){
        .allocate = heap_allocate, .release = heap_release, .context = story};
    story->effects = reservation_effects_new(&story->allocator);
    story->others = reservation_effects_new(&story->allocator);
    story->core = reservation_core_new(&story->allocator);
    story->folded = reservation_core_new(&story->allocator);
    story->restore_every = 1;
    story->out = open_memstream(&story->transcript, &story->transcript_size);
}

void story_decide_as(struct story *story, int32_t logic_version) {
    story->logic_version = logic_version;
    reservation_core_decide_as(story->core, logic_version);
}

void story_deinit(struct story *story) {
    reservation_core_free(story->core);
    reservation_core_free(story->folded);
    reservation_effects_free(story->effects);
    reservation_effects_free(story->others);
    assert_int_equal(story->octets_allocated, 0);
    arena_deinit(&story->arena);
    codec_free(story->codec);
    fclose(story->out);
    free(story->transcript);
}

struct octets story_snapshot(struct story *story, struct reservation_core *core,
                             const struct reservation_show *show) {
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    reservation_core_show_snapshot(core, show, story->others, &record.as.show_snapshot);
    return codec_snapshot_record_encode(story->codec, &record);
}

struct reservation_core *story_restored(struct story *story, struct reservation_core *core) {
    struct reservation_core *restored = reservation_core_new(&story->allocator);
    reservation_core_decide_as(restored, story->logic_version);
    for (struct reservation_show *show = reservation_core_show_next(core, NULL); show != NULL;
         show = reservation_core_show_next(core, show)) {
        struct snapshot_record record;
        struct text reason;
        struct octets wire = arena_octets_copy(&story->arena, story_snapshot(story, core, show));
        assert_true(
            codec_snapshot_record_decode(story->codec, &story->arena, wire, &record, &reason));
        assert_int_equal(reservation_core_show_restore(restored, &record.as.show_snapshot),
                         RESERVATION_APPLY_APPLIED);
        assert_int_equal(reservation_core_show_restore(restored, &record.as.show_snapshot),
                         RESERVATION_APPLY_SEEN);
    }
    reservation_core_cursor_advance(restored, reservation_core_cursor(core));
    return restored;
}

static void check_same_show(struct story *story, struct reservation_core *a,
                            const struct reservation_show *show, struct reservation_core *b) {
    struct uuid id = reservation_show_id(show);
    const struct reservation_show *other = reservation_core_show_find(b, &id);
    assert_non_null(other);
    struct octets first = arena_octets_copy(&story->arena, story_snapshot(story, a, show));
    struct octets second = story_snapshot(story, b, other);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    assert_int_equal(show->unsettled, other->unsettled);
    assert_int_equal(show->callable, other->callable);
    assert_int_equal(show->reservations, other->reservations);
}

void story_check_same(struct story *story, struct reservation_core *a, struct reservation_core *b) {
    struct reservation_show *show = NULL;
    while ((show = reservation_core_show_next(a, show)) != NULL) {
        check_same_show(story, a, show, b);
    }
}

static void check_places_of_show(struct reservation_core *core, struct reservation_show *show) {
    struct reservation_plan *plan = show->plan;
    uint8_t *taken = calloc(plan->seats_count + 1U, 1);
    uint32_t *general = calloc(plan->sections_count, sizeof(*general));
    uint32_t unsettled = 0;
    uint32_t callable = 0;
    for (uint32_t slot = show->order.first; slot != 0;) {
        const struct reservation *reservation = reservation_at(core, slot);
        slot = reservation->next_in_show;
        unsettled += (reservation->flags & RESERVATION_FLAG_UNSETTLED) != 0;
        callable += (reservation->flags & RESERVATION_FLAG_CALLABLE) != 0;
        if (!reservation_is_live(reservation)) {
            continue;
        }
        if (reservation->selection == SELECTION_GENERAL) {
            general[reservation->section] += reservation->quantity;
            continue;
        }
        for (uint32_t i = 0; i < reservation->quantity; i++) {
            assert_int_equal(taken[reservation_seats(reservation)[i]]++, 0);
        }
    }
    for (uint32_t seat = 0; seat < plan->seats_count; seat++) {
        assert_int_equal(reservation_seat_is_free(plan, seat), taken[seat] == 0);
    }
    for (uint32_t i = 0; i < plan->sections_count; i++) {
        assert_int_equal(plan->sections[i].taken, general[i]);
        assert_true(general[i] <= plan->sections[i].capacity);
    }
    assert_int_equal(show->unsettled, unsettled);
    assert_int_equal(show->callable, callable);
    free(taken);
    free(general);
}

void story_check_places(struct story *story, struct reservation_core *core) {
    (void)story;
    struct reservation_show *show = NULL;
    while ((show = reservation_core_show_next(core, show)) != NULL) {
        if (show->plan != NULL) {
            check_places_of_show(core, show);
        }
    }
}

static void check_head(const struct story *story, const struct event_head *head,
                       const struct reservation_record *record, int64_t seq, int64_t at,
                       const struct uuid *owner_id) {
    static const struct hash none;
    assert_memory_equal(&head->hash, &none, sizeof(none));
    assert_memory_equal(&head->show_id, &record->command->as.head.show_id, sizeof(struct uuid));
    assert_int_equal(head->seq, seq);
    assert_int_equal(head->at, at);
    assert_memory_equal(&head->owner_id, owner_id, sizeof(*owner_id));
    assert_memory_equal(&head->command_id, &record->command->as.head.command_id,
                        sizeof(struct uuid));
    assert_int_equal(head->command_offset, record->offset);
    assert_memory_equal(&head->command_hash, &record->command_hash, sizeof(struct hash));
    assert_int_equal(head->logic_version, story->logic_version);
}

static void check_restored(struct story *story, const struct reservation_record *record,
                           struct reservation_core *restored) {
    reservation_core_step(restored, record, story->others);
    assert_int_equal(story->others->count, story->effects->count);
    for (size_t i = 0; i < story->effects->count; i++) {
        struct octets first = arena_octets_copy(
            &story->arena, codec_event_encode(story->codec, &story->effects->events[i]));
        struct octets second = codec_event_encode(story->codec, &story->others->events[i]);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
    }
    reservation_core_free(restored);
}

/* As the daemon does: seal, send; and whoever folds reads it back. */
static void fold(struct story *story) {
    struct reservation_effects *effects = story->effects;
    struct hash chain = {{0}};
    if (effects->show != NULL) {
        chain = reservation_core_chain_get(story->core, effects->show);
    }
    for (size_t i = 0; i < effects->count; i++) {
        struct event *event = &effects->events[i];
        fprintf(story->out, "\n");
        story_event_print(story->out, event);
        bool stateless = event->as.head.seq == 0;
        struct octets wire = stateless
                                 ? codec_event_encode(story->codec, event)
                                 : codec_event_encode_sealed(story->codec, event, &chain, &chain);
        wire = arena_octets_copy(&story->arena, wire);
        struct event read;
        struct text reason;
        assert_true(codec_event_decode(story->codec, &story->arena, wire, &read, &reason));
        assert_int_equal(reservation_core_apply(story->folded, &read),
                         stateless ? RESERVATION_APPLY_STATELESS : RESERVATION_APPLY_APPLIED);
        assert_int_equal(reservation_core_apply(story->folded, &read),
                         stateless ? RESERVATION_APPLY_STATELESS : RESERVATION_APPLY_SEEN);
    }
    if (effects->show != NULL) {
        reservation_core_chain_set(story->core, effects->show, &chain);
    }
}

void story_step(struct story *story, const struct command *given, int64_t now_ms) {
    struct command command;
    struct text reason;
    struct octets wire =
        arena_octets_copy(&story->arena, codec_command_encode(story->codec, given));
    assert_true(codec_command_decode(story->codec, &story->arena, wire, &command, &reason));
    struct reservation_record record = {
        .command = &command, .broker_timestamp_ms = now_ms, .offset = story->offset++};
    for (size_t i = 0; i < sizeof(record.command_hash); i++) {
        record.command_hash.octets[i] = (uint8_t)((size_t)record.offset * 31 + i);
    }

    struct reservation_show *before =
        reservation_core_show_find(story->core, &command.as.head.show_id);
    int64_t seq = before != NULL ? before->seq : 0;
    int64_t at = before != NULL && before->clock > now_ms ? before->clock : now_ms;
    bool restore = story->restore_every > 0 && record.offset % story->restore_every == 0;
    struct reservation_core *restored = restore ? story_restored(story, story->core) : NULL;

    reservation_core_step(story->core, &record, story->effects);
    assert_in_range(story->effects->count, 1, RESERVATION_EVENTS_PER_COMMAND_MAX);
    assert_int_equal(reservation_core_cursor(story->core), record.offset + 1);
    struct reservation_show *show = story->effects->show;
    struct uuid owner_id = {{0}};
    if (show != NULL) {
        owner_id = show->owner_id;
    }
    for (size_t i = 0; i < story->effects->count; i++) {
        check_head(story, &story->effects->events[i].as.head, &record, show == NULL ? 0 : ++seq, at,
                   &owner_id);
    }
    if (restored != NULL) {
        check_restored(story, &record, restored);
    }
    fold(story);
    if (show != NULL) {
        assert_int_equal(show->seq, seq);
        check_same_show(story, story->core, show, story->folded);
        if (show->plan != NULL) {
            check_places_of_show(story->core, show);
        }
    }
    assert_int_equal(reservation_core_cursor(story->folded), record.offset + 1);
    arena_reset(&story->arena);
}

const char *story_transcript(struct story *story) {
    fflush(story->out);
    return story->transcript;
}
