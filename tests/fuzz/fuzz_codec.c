/* SPDX-License-Identifier: Apache-2.0 */
#include "seatlog_codec.h"
#include "tests/fuzz/fuzz.h"

/*
 * Records of every topic, as anybody may have written them: the first byte chooses the topic. What
 * decodes is encoded, decodes again, and is encoded to the same octets.
 */
static struct codec *codec;
static struct arena arena;

#define ROUND_TRIP(name, type)                                                                     \
    static void name##_try(struct octets wire) {                                                   \
        struct type first, second;                                                                 \
        struct text reason;                                                                        \
        if (!codec_##name##_decode(codec, &arena, wire, &first, &reason)) {                        \
            FUZZ_REQUIRE(reason.size > 0);                                                         \
            return;                                                                                \
        }                                                                                          \
        name##_newest(&first);                                                                     \
        struct octets once = arena_octets_copy(&arena, codec_##name##_encode(codec, &first));      \
        FUZZ_REQUIRE(codec_##name##_decode(codec, &arena, once, &second, &reason));                \
        FUZZ_REQUIRE(fuzz_octets_equal(once, codec_##name##_encode(codec, &second)));              \
    }

/* Events are written as their logic version wrote them, which may have lacked what these say. */
#define command_newest(record) ((void)0)
#define event_newest(record) ((record)->as.head.logic_version = INT32_MAX)
#define ticket_record_newest(record) ((void)0)
#define snapshot_record_newest(record) ((void)0)
#define dead_letter_record_newest(record) ((void)0)
#define claim_record_newest(record) ((void)0)

ROUND_TRIP(command, command)
ROUND_TRIP(event, event)
ROUND_TRIP(ticket_record, ticket_record)
ROUND_TRIP(snapshot_record, snapshot_record)
ROUND_TRIP(dead_letter_record, dead_letter_record)
ROUND_TRIP(claim_record, claim_record)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const tries[])(struct octets) = {
        command_try,     event_try, ticket_record_try, snapshot_record_try, dead_letter_record_try,
        claim_record_try};
    if (codec == NULL) {
        codec = codec_new();
    }
    if (size > 0) {
        arena_reset(&arena);
        tries[data[0] % (sizeof tries / sizeof tries[0])]((struct octets){data + 1, size - 1});
    }
    return 0;
}
