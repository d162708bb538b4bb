/* SPDX-License-Identifier: Apache-2.0 */
#include "seatlog_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_core.h"

/*
 * Events as they stand on the log, whoever wrote them, folded into a core: each is applied, or
 * found not to fit, and nothing else happens. The input: u16 size, record; u16 size, record; …
 */
static struct codec *codec;
static struct arena arena;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct event event;
    struct text reason;
    if (codec == NULL) {
        codec = codec_new();
        fuzz_core_begin();
    }
    struct reservation_core *core = reservation_core_new(&fuzz_heap);
    bool broken = false;
    while (size > 2 && !broken) {
        size_t record = (size_t)data[0] << 8 | data[1];
        record = record < size - 2 ? record : size - 2;
        arena_reset(&arena);
        if (codec_event_decode(codec, &arena, (struct octets){data + 2, record}, &event, &reason)) {
            broken = reservation_core_apply(core, &event) == RESERVATION_APPLY_BROKEN;
        }
        data += 2 + record;
        size -= 2 + record;
    }
    reservation_core_free(core);
    return 0;
}
