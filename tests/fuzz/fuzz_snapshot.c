/* SPDX-License-Identifier: Apache-2.0 */
#include "seatlog_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

/*
 * A snapshot as it stands on the log, whoever wrote it, into a core. What is taken comes out again
 * as it went in, and the core goes on: Ticks, and a snapshot after them.
 */
static struct codec *codec;
static struct arena arena;
static struct reservation_effects *effects;

static struct octets snapshot_of(struct reservation_core *core, const struct uuid *show_id) {
    struct snapshot_record record = {.kind = SNAPSHOT_RECORD_SHOW_SNAPSHOT};
    struct reservation_show *show = reservation_core_show_find(core, show_id);
    FUZZ_REQUIRE(show != NULL);
    reservation_core_show_snapshot(core, show, effects, &record.as.show_snapshot);
    return arena_octets_copy(&arena, codec_snapshot_record_encode(codec, &record));
}

static void ticks_step(struct reservation_core *core,
                       const struct snapshot_show_snapshot *snapshot) {
    struct command command = {.kind = COMMAND_TICK, .as.tick.head.show_id = snapshot->show_id};
    struct reservation_record record = {.command = &command, .offset = 7};
    record.broker_timestamp_ms =
        snapshot->at < INT64_MAX - 100000000 ? snapshot->at + 100000000 : snapshot->at;
    for (int i = 0; i < 3; i++) {
        reservation_core_step(core, &record, effects);
        FUZZ_REQUIRE(effects->count >= 1 && effects->count <= RESERVATION_EVENTS_PER_COMMAND_MAX);
    }
}

static void restore_try(const struct snapshot_show_snapshot *snapshot) {
    struct reservation_core *core = reservation_core_new(&fuzz_heap);
    struct reservation_core *other = reservation_core_new(&fuzz_heap);
    if (reservation_core_show_restore(core, snapshot) == RESERVATION_APPLY_APPLIED) {
        struct octets first = snapshot_of(core, &snapshot->show_id);
        struct snapshot_record again;
        struct text reason;
        FUZZ_REQUIRE(codec_snapshot_record_decode(codec, &arena, first, &again, &reason));
        FUZZ_REQUIRE(reservation_core_show_restore(other, &again.as.show_snapshot) ==
                     RESERVATION_APPLY_APPLIED);
        FUZZ_REQUIRE(fuzz_octets_equal(first, snapshot_of(other, &snapshot->show_id)));
        if (snapshot->logic_version <= RESERVATION_LOGIC_VERSION) {
            ticks_step(core, snapshot);
        }
    }
    reservation_core_free(core);
    reservation_core_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct snapshot_record record;
    struct text reason;
    if (codec == NULL) {
        codec = codec_new();
        effects = reservation_effects_new(&fuzz_heap);
        fuzz_core_begin();
    }
    arena_reset(&arena);
    if (codec_snapshot_record_decode(codec, &arena, (struct octets){data, size}, &record,
                                     &reason) &&
        record.kind == SNAPSHOT_RECORD_SHOW_SNAPSHOT) {
        restore_try(&record.as.show_snapshot);
    }
    return 0;
}
