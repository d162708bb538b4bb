/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/verify/model.h"
#include "seatlog_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

/*
 * The core fed with commands: the input is a seat plan, then one command after the other, a few
 * bytes each. Every event is encoded, sealed, told to the model of who has which seat, and folded
 * into a second core; snapshots of both, and what a third core makes of one, must be the same.
 */
#define BUYERS 4
#define RESERVATIONS 24
#define COMMANDS_MAX 400
#define START_MS INT64_C(1767225600000)
#define SEATS_MAX 8

struct run {
    struct fuzz_input input;
    struct codec *codec;
    struct arena arena;     /* of the command */
    struct arena snapshots; /* of the comparison */
    struct arena plan;      /* of the run */
    struct reservation_effects *effects;
    struct reservation_core *core;   /* decides */
    struct reservation_core *folded; /* folds */
    struct replay_model *model;
    int64_t now_ms;
    int64_t offset;
    int32_t seat_count;
};

static struct uuid id_of(uint8_t kind, uint32_t number) {
    struct uuid uuid = {{kind}};
    uuid.octets[14] = (uint8_t)(number >> 8);
    uuid.octets[15] = (uint8_t)number;
    return uuid;
}

static struct text number_text(struct arena *arena, const char *prefix, uint32_t number) {
    return arena_text_format(arena, "%s%u", prefix, number);
}

/* --- the show ------------------------------------------------------------------------------- */

static struct section section_draw(struct run *run, uint32_t index) {
    struct fuzz_input *input = &run->input;
    struct section section = {.name = number_text(&run->plan, "section ", index),
                              .category = (int32_t)fuzz_below(input, 2)};
    if (fuzz_below(input, 3) == 0) {
        section.kind = SECTION_KIND_GENERAL;
        section.capacity = 1 + (int32_t)fuzz_below(input, 12);
        return section;
    }
    size_t row_count = 1 + fuzz_below(input, 4);
    struct row *rows = arena_allocate_array(&run->plan, row_count, sizeof *rows);
    for (size_t i = 0; i < row_count; i++) {
        size_t seats = 1 + fuzz_below(input, 9);
        struct text *labels = arena_allocate_array(&run->plan, seats, sizeof *labels);
        for (size_t j = 0; j < seats; j++) {
            labels[j] = number_text(&run->plan, "", (uint32_t)j + 1);
        }
        rows[i] = (struct row){number_text(&run->plan, "R", (uint32_t)i), {labels, seats}};
        run->seat_count += (int32_t)seats;
    }
    section.rows = (struct row_list){rows, row_count};
    return section;
}

static struct command show_draw(struct run *run) {
    struct fuzz_input *input = &run->input;
    size_t section_count = 1 + fuzz_below(input, 3);
    struct section *sections = arena_allocate_array(&run->plan, section_count, sizeof *sections);
    struct category *categories = arena_allocate_array(&run->plan, 2, sizeof *categories);
    categories[0] = (struct category){TEXT_LITERAL("one"), 1000};
    categories[1] = (struct category){TEXT_LITERAL("two"), fuzz_below(input, 3) == 0 ? 0 : 2500};
    for (size_t i = 0; i < section_count; i++) {
        sections[i] = section_draw(run, (uint32_t)i);
    }
    int64_t starts_at = START_MS + 60000 * (1 + (int64_t)fuzz_below(input, 200));
    return (struct command){
        .kind = COMMAND_CREATE_SHOW,
        .as.create_show = {.head.show_id = id_of(1, 1),
                           .owner_id = id_of(2, 1),
                           .show = {.title = TEXT_LITERAL("A show"),
                                    .venue = TEXT_LITERAL("Hall"),
                                    .city = TEXT_LITERAL("Chico"),
                                    .country = TEXT_LITERAL("US"),
                                    .starts_at = starts_at,
                                    .ends_at = starts_at + 7200000,
                                    .time_zone = TEXT_LITERAL("UTC"),
                                    .currency = TEXT_LITERAL("USD"),
                                    .hold_ttl_ms = 60000 * (1 + (int32_t)fuzz_below(input, 10)),
                                    .seats_per_buyer_max = 1 + (int32_t)fuzz_below(input, 20),
                                    .categories = {categories, 2},
                                    .sections = {sections, section_count}}}};
}

/* --- commands ------------------------------------------------------------------------------- */

static void reserve_draw(struct run *run, struct command_reserve *reserve) {
    struct fuzz_input *input = &run->input;
    reserve->selection = (enum selection)fuzz_below(input, SELECTION_COUNT);
    reserve->section = (int32_t)fuzz_below(input, 5) - 1;
    reserve->category = (int32_t)fuzz_below(input, 4) - 1;
    reserve->quantity = (int32_t)fuzz_below(input, 7) - 1;
    reserve->keyed = reserve->quantity % 2 == 0;
    if (reserve->selection == SELECTION_NAMED) {
        size_t count = fuzz_below(input, SEATS_MAX);
        int32_t *seats = arena_allocate_array(&run->arena, count, sizeof *seats);
        for (size_t i = 0; i < count; i++) {
            seats[i] = (int32_t)fuzz_below(input, (uint32_t)run->seat_count + 2) - 1;
        }
        reserve->seats = (struct integers){seats, count};
    }
}

static int64_t amount_draw(struct fuzz_input *input) {
    static const int64_t amounts[] = {1000, 2000, 2500, 3000, 5000, 7500, -1, 0};
    return amounts[fuzz_below(input, 8)];
}

/* Results of payments, true ones and others. */
static void result_draw(struct run *run, struct command *command, struct uuid reservation_id) {
    struct fuzz_input *input = &run->input;
    struct command_head head = command->as.head;
    int32_t attempt = (int32_t)fuzz_below(input, 5);
    struct text payment_id = number_text(&run->arena, "p", fuzz_below(input, 6));
    struct text currency = fuzz_below(input, 16) == 0 ? TEXT_LITERAL("EURO") : TEXT_LITERAL("USD");
    int64_t amount = amount_draw(input);
    switch (command->kind) {
    case COMMAND_PAYMENT_AUTHORIZED:
        command->as.payment_authorized = (struct command_payment_authorized){
            head, reservation_id, attempt, payment_id, amount, currency};
        break;
    case COMMAND_PAYMENT_DECLINED:
        command->as.payment_declined = (struct command_payment_declined){
            head, reservation_id, attempt, TEXT_LITERAL("GENERIC_DECLINE")};
        break;
    case COMMAND_PAYMENT_CAPTURED:
        command->as.payment_captured = (struct command_payment_captured){
            head, reservation_id, attempt, payment_id, amount, currency};
        break;
    case COMMAND_CAPTURE_FAILED:
        command->as.capture_failed = (struct command_capture_failed){
            head, reservation_id, attempt, payment_id, TEXT_LITERAL("FAILED")};
        break;
    case COMMAND_PAYMENT_VOIDED:
        command->as.payment_voided =
            (struct command_payment_voided){head, reservation_id, attempt, payment_id};
        break;
    case COMMAND_REFUND_COMPLETED:
        command->as.refund_completed = (struct command_refund_completed){
            head, reservation_id, attempt, TEXT_LITERAL("r"), amount, currency};
        break;
    default:
        command->as.refund_failed = (struct command_refund_failed){
            head, reservation_id, attempt, TEXT_LITERAL("r"), TEXT_LITERAL("REJECTED")};
        break;
    }
}

static void command_draw(struct run *run, const struct command *create, struct command *command) {
    struct fuzz_input *input = &run->input;
    struct uuid reservation_id = id_of(3, fuzz_below(input, RESERVATIONS));
    struct uuid buyer_id = id_of(4, reservation_id.octets[15] % BUYERS);
    *command = (struct command){.kind = (enum command_kind)fuzz_below(input, COMMAND_KIND_COUNT)};
    command->as.head.show_id = id_of(1, fuzz_below(input, 64) == 0 ? 2 : 1);
    if (fuzz_below(input, 16) == 0) {
        buyer_id = id_of(4, fuzz_below(input, BUYERS));
    }
    struct command_head head = command->as.head;
    switch (command->kind) {
    case COMMAND_CREATE_SHOW:
        command->as.create_show = create->as.create_show;
        command->as.create_show.show.seats_per_buyer_max += (int32_t)fuzz_below(input, 2);
        break;
    case COMMAND_CANCEL_SHOW:
        command->as.cancel_show = (struct command_cancel_show){head, id_of(2, fuzz_below(input, 8)),
                                                               false, TEXT_LITERAL("rain")};
        break;
    case COMMAND_RESERVE:
        command->as.reserve.reservation_id = reservation_id;
        command->as.reserve.buyer_id = buyer_id;
        reserve_draw(run, &command->as.reserve);
        break;
    case COMMAND_RELEASE:
        command->as.release = (struct command_release){head, reservation_id, buyer_id};
        break;
    case COMMAND_PAY:
        command->as.pay =
            (struct command_pay){head, reservation_id, buyer_id,
                                 number_text(&run->arena, "cnon:", fuzz_below(input, 5))};
        break;
    case COMMAND_CANCEL:
        command->as.cancel = (struct command_cancel){head, reservation_id, buyer_id};
        break;
    case COMMAND_RETRY_REFUND:
        command->as.retry_refund = (struct command_retry_refund){head, reservation_id, id_of(5, 1)};
        break;
    case COMMAND_TICK:
        break;
    default:
        result_draw(run, command, reservation_id);
        break;
    }
}

/* --- what must hold ------------------------------------------------------------------------- */

static struct octets snapshot_of(struct run *run, struct reservation_core *core) {
    struct uuid show_id = id_of(1, 1);
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    struct reservation_show *show = reservation_core_show_find(core, &show_id);
    FUZZ_REQUIRE(show != NULL);
    reservation_core_show_snapshot(core, show, run->effects, &record.as.show_snapshot);
    return arena_octets_copy(&run->snapshots, codec_snapshot_record_encode(run->codec, &record));
}

static void cores_compare(struct run *run) {
    struct snapshot_record record;
    struct text reason;
    arena_reset(&run->snapshots);
    struct octets decided = snapshot_of(run, run->core);
    FUZZ_REQUIRE(fuzz_octets_equal(decided, snapshot_of(run, run->folded)));
    FUZZ_REQUIRE(
        codec_snapshot_record_decode(run->codec, &run->snapshots, decided, &record, &reason));
    struct reservation_core *restored = reservation_core_new(&fuzz_heap);
    FUZZ_REQUIRE(reservation_core_show_restore(restored, &record.as.show_snapshot) ==
                 RESERVATION_APPLY_APPLIED);
    FUZZ_REQUIRE(fuzz_octets_equal(decided, snapshot_of(run, restored)));
    /* From now on the restored one folds: snapshot and tail = the fold of everything. */
    reservation_core_free(run->folded);
    run->folded = restored;
}

static void event_take(struct run *run, struct octets value) {
    struct event event;
    struct text reason;
    struct buffer finding = {0};
    FUZZ_REQUIRE(codec_event_decode(run->codec, &run->arena, value, &event, &reason));
    if (!replay_model_take(run->model, &event, value, &finding)) {
        fprintf(stderr, "%s: %.*s\n", event_kind_name(event.kind), (int)finding.size, finding.data);
        abort();
    }
    buffer_deinit(&finding);
    enum reservation_apply_result result = reservation_core_apply(run->folded, &event);
    FUZZ_REQUIRE(result == RESERVATION_APPLY_APPLIED || result == RESERVATION_APPLY_STATELESS);
}

static void command_step(struct run *run, const struct command *command) {
    const struct reservation_record record = {
        .command = command, .broker_timestamp_ms = run->now_ms, .offset = run->offset++};
    reservation_core_step(run->core, &record, run->effects);
    FUZZ_REQUIRE(run->effects->count >= 1 &&
                 run->effects->count <= RESERVATION_EVENTS_PER_COMMAND_MAX);
    struct hash chain = {{0}};
    if (run->effects->show != NULL) {
        chain = reservation_core_chain_get(run->core, run->effects->show);
    }
    for (size_t i = 0; i < run->effects->count; i++) {
        const struct event *event = &run->effects->events[i];
        struct octets value = event->as.head.seq == 0
                                  ? codec_event_encode(run->codec, event)
                                  : codec_event_encode_sealed(run->codec, event, &chain, &chain);
        event_take(run, value);
    }
    if (run->effects->show != NULL) {
        reservation_core_chain_set(run->core, run->effects->show, &chain);
    }
    FUZZ_REQUIRE(reservation_core_cursor(run->core) == run->offset);
}

static void time_pass(struct run *run) {
    static const int64_t steps_ms[] = {0,     0,      0,       1,       -500,    1000,     30000,
                                       60000, 300000, 1000000, 3600000, 7200000, 86400000, -60000};
    uint32_t what = fuzz_below(&run->input, 64);
    run->now_ms += what < sizeof steps_ms / sizeof steps_ms[0] ? steps_ms[what] : 100;
}

static void run_all(struct run *run) {
    struct command create = show_draw(run), command;
    command_step(run, &create);
    if (run->effects->show == NULL) {
        return; /* not a show that can be */
    }
    for (int i = 0; i < COMMANDS_MAX && run->input.size > 0; i++) {
        arena_reset(&run->arena);
        time_pass(run);
        command_draw(run, &create, &command);
        command_step(run, &command);
        if (fuzz_below(&run->input, 16) == 0) {
            cores_compare(run);
        }
    }
    cores_compare(run);
    struct buffer finding = {0};
    struct command tick = {.kind = COMMAND_TICK, .as.tick.head.show_id = id_of(1, 1)};
    run->now_ms += 86400000;
    command_step(run, &tick);
    /* A clock that had gone ahead stays: by it, everything that is due is over. */
    FUZZ_REQUIRE(replay_model_overdue(run->model, run->now_ms, 0, &finding) == 0);
    buffer_deinit(&finding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct codec *codec;
    static struct reservation_effects *effects;
    if (codec == NULL) {
        codec = codec_new();
        effects = reservation_effects_new(&fuzz_heap);
        fuzz_core_begin();
    }
    struct run run = {.input = {data, size},
                      .codec = codec,
                      .effects = effects,
                      .core = reservation_core_new(&fuzz_heap),
                      .folded = reservation_core_new(&fuzz_heap),
                      .model = replay_model_new(),
                      .now_ms = START_MS};
    run_all(&run);
    replay_model_free(run.model);
    reservation_core_free(run.core);
    reservation_core_free(run.folded);
    arena_deinit(&run.arena);
    arena_deinit(&run.snapshots);
    arena_deinit(&run.plan);
    return 0;
}
