/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/catalog/plan.h"
#include "ingest-api/commands/wish.h"
#include "runtime/base/identity.h"
#include "seatlog_bounds.h"
#include "seatlog_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

#include <jansson.h>

/*
 * Bodies of HTTP requests: the first byte chooses the call. What ingest takes becomes a command,
 * and neither the codec nor the core may call it ill-formed.
 */
#define NOW_MS INT64_C(1767225600000)

static struct codec *codec;
static struct arena arena;
static struct reservation_effects *effects;
static struct money_taken taken;

/* The event that the command leads to, on its own in an empty core, or after a show. */
static const struct event *command_judge(struct reservation_core *core,
                                         const struct command *wished) {
    struct command command;
    struct text reason;
    struct octets wire = arena_octets_copy(&arena, codec_command_encode(codec, wished));
    FUZZ_REQUIRE(codec_command_decode(codec, &arena, wire, &command, &reason));
    struct command *kept = arena_allocate(&arena, sizeof *kept);
    *kept = command;
    const struct reservation_record record = {
        .command = kept, .broker_timestamp_ms = NOW_MS, .offset = reservation_core_cursor(core)};
    reservation_core_step(core, &record, effects);
    return &effects->events[effects->count - 1];
}

static void show_try(struct reader *reader, const json_t *body) {
    struct command command = {.kind = COMMAND_CREATE_SHOW};
    const struct show_rules rules = {.now_ms = NOW_MS, .taken = &taken};
    if (!wish_show_read(reader, &arena, body, &rules, &command.as.create_show.show)) {
        return;
    }
    command.as.create_show.head.show_id.octets[0] = 1;
    command.as.create_show.owner_id.octets[0] = 2;
    struct reservation_core *core = reservation_core_new(&fuzz_heap);
    FUZZ_REQUIRE(command_judge(core, &command)->kind == EVENT_SHOW_CREATED);
    reservation_core_free(core);
}

static void reserve_try(struct reader *reader, const json_t *body) {
    struct reserve_wish wish;
    if (!wish_reserve_read(reader, &arena, body, &wish)) {
        return;
    }
    const struct command command = {.kind = COMMAND_RESERVE,
                                    .as.reserve = {.head.show_id = wish.show_id,
                                                   .selection = wish.selection,
                                                   .seats = wish.seats,
                                                   .section = -1,
                                                   .category = -1,
                                                   .quantity = wish.quantity,
                                                   .keyed = true}};
    FUZZ_REQUIRE(
        wish.selection == SELECTION_NAMED
            ? wish.seats.count >= 1 && wish.seats.count <= RESERVATION_PLACES_PER_RESERVATION_MAX
            : wish.quantity >= 1 && wish.quantity <= RESERVATION_PLACES_PER_RESERVATION_MAX);
    struct reservation_core *core = reservation_core_new(&fuzz_heap);
    FUZZ_REQUIRE(command_judge(core, &command)->kind == EVENT_REJECTED);
    reservation_core_free(core);
}

static void book_try(struct reader *reader, const json_t *body) {
    struct book_wish wish;
    if (wish_book_read(reader, body, &wish)) {
        bool nothing_to_pay = !json_is_string(json_object_get(body, "source_id"));
        FUZZ_REQUIRE((wish.source_id.size == 0) == nothing_to_pay);
        FUZZ_REQUIRE(wish.source_id.size <= RESERVATION_SOURCE_ID_OCTETS_MAX);
    }
}

static void cancel_try(struct reader *reader, const json_t *body) {
    struct command command = {.kind = COMMAND_CANCEL_SHOW};
    if (!wish_cancel_show_read(reader, &arena, body, &command.as.cancel_show.reason)) {
        return;
    }
    struct reservation_core *core = reservation_core_new(&fuzz_heap);
    command_judge(core, &command);
    reservation_core_free(core);
}

static void body_try(uint32_t call, const char *text, size_t size) {
    static void (*const tries[])(struct reader *, const json_t *) = {show_try, reserve_try,
                                                                     book_try, cancel_try};
    json_t *body = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(body)) {
        struct reader reader = {0};
        tries[call](&reader, body);
        reader_deinit(&reader);
    }
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (codec == NULL) {
        codec = codec_new();
        FUZZ_REQUIRE(money_taken_parse(MONEY_TAKEN_DEFAULT, &taken, NULL));
        effects = reservation_effects_new(&fuzz_heap);
        fuzz_core_begin();
    }
    if (size == 0) {
        return 0;
    }
    arena_reset(&arena);
    const char *text = (const char *)data + 1;
    uint32_t call = data[0] % 6;
    if (call < 4) {
        body_try(call, text, size - 1);
    } else if (call == 4) {
        struct show_plan *plan = plan_new();
        plan_read(plan, text, size - 1);
        plan_release(plan);
    } else {
        struct uuid show_id, order_id;
        uuid_parse(text, size - 1, &show_id);
        public_order_id_parse(text, size - 1, &show_id, &order_id);
    }
    return 0;
}
