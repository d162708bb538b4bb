/* SPDX-License-Identifier: Apache-2.0 */
/* The generated codec, byte by byte: hand-made records, the registry, the event chain, arenas. */
#include "tests/unit/support/codec_samples.h"

#include <sodium.h>
#include <stdio.h>

/* ---- bytes by hand ---------------------------------------------------------------------- */

struct bytes {
    uint8_t data[512];
    size_t size;
};

static void put(struct bytes *bytes, const void *data, size_t size) {
    assert_true(bytes->size + size <= sizeof bytes->data);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void put_long(struct bytes *bytes, int64_t number) {
    uint64_t zigzag = ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0);
    do {
        uint8_t octet = (uint8_t)((zigzag & 0x7F) | (zigzag > 0x7F ? 0x80 : 0));
        put(bytes, &octet, 1);
        zigzag >>= 7;
    } while (zigzag > 0);
}

static void put_prefix(struct bytes *bytes, uint32_t id) {
    uint8_t prefix[5] = {0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
                         (uint8_t)id};
    put(bytes, prefix, sizeof prefix);
}

static void put_repeated(struct bytes *bytes, uint8_t octet, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put(bytes, &octet, 1);
    }
}

/* A Reserve up to its seats: show 1…, command 2…, reservation 3…, buyer 4…, named. */
static struct bytes reserve_start(void) {
    struct bytes bytes = {.size = 0};
    put_prefix(&bytes, codec_command_schema_id(COMMAND_RESERVE));
    for (uint8_t id = 1; id <= 4; id++) {
        put_repeated(&bytes, id, 16);
    }
    put_long(&bytes, SELECTION_NAMED);
    return bytes;
}

static void reserve_end(struct bytes *bytes) {
    put_long(bytes, -1); /* section */
    put_long(bytes, -1); /* category */
    put_long(bytes, 3);  /* quantity */
    const uint8_t keyed = 1;
    put(bytes, &keyed, 1);
}

static bool decode_command(const struct bytes *bytes, struct command *out, struct text *reason) {
    struct octets wire = exact_copy((struct octets){bytes->data, bytes->size});
    bool result = codec_command_decode(codec, &arena, wire, out, reason);
    exact_free(wire);
    return result;
}

static void expect_refused(const struct bytes *bytes, const char *part_of_reason) {
    struct command command;
    struct text reason = {NULL, 0};
    assert_false(decode_command(bytes, &command, &reason));
    if (memmem(reason.data, reason.size, part_of_reason, strlen(part_of_reason)) == NULL) {
        fail_msg("\"%.*s\" lacks \"%s\"", TEXT_FORMAT(reason), part_of_reason);
    }
}

static void expect_seats_7_300_9(const struct bytes *bytes) {
    struct command command;
    struct text reason = {NULL, 0};
    if (!decode_command(bytes, &command, &reason)) {
        fail_msg("%.*s", TEXT_FORMAT(reason));
    }
    assert_int_equal(command.kind, COMMAND_RESERVE);
    assert_int_equal(command.as.reserve.seats.count, 3);
    assert_int_equal(command.as.reserve.seats.items[0], 7);
    assert_int_equal(command.as.reserve.seats.items[1], 300);
    assert_int_equal(command.as.reserve.seats.items[2], 9);
    assert_int_equal(command.as.head.show_id.octets[15], 1);
    assert_int_equal(command.as.head.command_id.octets[0], 2);
    assert_int_equal(command.as.reserve.reservation_id.octets[7], 3);
    assert_int_equal(command.as.reserve.buyer_id.octets[7], 4);
    assert_int_equal(command.as.reserve.section, -1);
    assert_int_equal(command.as.reserve.quantity, 3);
}

static void test_reserve_is_what_the_specification_says(void **state) {
    (void)state;
    struct bytes bytes = reserve_start();
    put_long(&bytes, 3);
    put_long(&bytes, 7);
    put_long(&bytes, 300);
    put_long(&bytes, 9);
    put_long(&bytes, 0);
    reserve_end(&bytes);
    expect_seats_7_300_9(&bytes);

    /* And the encoder writes the very same octets. */
    int32_t seats[] = {7, 300, 9};
    struct command command = {.kind = COMMAND_RESERVE};
    memset(command.as.head.show_id.octets, 1, 16);
    memset(command.as.head.command_id.octets, 2, 16);
    memset(command.as.reserve.reservation_id.octets, 3, 16);
    memset(command.as.reserve.buyer_id.octets, 4, 16);
    command.as.reserve.selection = SELECTION_NAMED;
    command.as.reserve.seats = (struct integers){.items = seats, .count = 3};
    command.as.reserve.section = -1;
    command.as.reserve.category = -1;
    command.as.reserve.quantity = 3;
    command.as.reserve.keyed = true;
    struct octets wire = codec_command_encode(codec, &command);
    assert_int_equal(wire.size, bytes.size);
    assert_memory_equal(wire.data, bytes.data, bytes.size);
}

static void test_arrays_in_blocks(void **state) {
    (void)state;
    struct bytes bytes = reserve_start();
    put_long(&bytes, -2); /* two items in 3 bytes */
    put_long(&bytes, 3);
    put_long(&bytes, 7);
    put_long(&bytes, 300);
    put_long(&bytes, 1);
    put_long(&bytes, 9);
    put_long(&bytes, 0);
    reserve_end(&bytes);
    expect_seats_7_300_9(&bytes);

    for (int wrong_size = -1; wrong_size <= 5; wrong_size++) {
        if (wrong_size == 3) {
            continue;
        }
        bytes = reserve_start();
        put_long(&bytes, -2);
        put_long(&bytes, wrong_size);
        put_long(&bytes, 7);
        put_long(&bytes, 300);
        put_long(&bytes, 0);
        reserve_end(&bytes);
        expect_refused(&bytes, "seats: array block");
    }
    const int64_t hostile[][2] = {{INT64_MIN, 1}, {-1, INT64_MAX}, {-1, INT64_MIN}, {-1, 1000}};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        bytes = reserve_start();
        put_long(&bytes, hostile[i][0]);
        put_long(&bytes, hostile[i][1]);
        put_long(&bytes, 7);
        put_long(&bytes, 0);
        reserve_end(&bytes);
        expect_refused(&bytes, "seats: array block beyond the end");
    }
}

static void test_huge_counts(void **state) {
    (void)state;
    const int64_t counts[] = {INT64_MAX, INT32_MAX, 1000, 10, -INT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct bytes bytes = reserve_start();
        put_long(&bytes, counts[i]);
        put_long(&bytes, 3);
        reserve_end(&bytes);
        expect_refused(&bytes, "octet 70, seats: array");
    }
}

static void test_too_many_items(void **state) {
    (void)state;
    struct bytes start = reserve_start();
    put_long(&start, 600000);
    size_t size = start.size + 600000 + 1 + 3;
    uint8_t *wire = calloc(1, size);
    assert_non_null(wire);
    memcpy(wire, start.data, start.size);
    struct command command;
    struct text reason = {NULL, 0};
    assert_false(
        codec_command_decode(codec, &arena, (struct octets){wire, size}, &command, &reason));
    assert_non_null(memmem(reason.data, reason.size, "too many items", 14));
    free(wire);
}

static void test_numbers_out_of_range(void **state) {
    (void)state;
    struct bytes bytes = reserve_start();
    put_long(&bytes, 0);
    put_long(&bytes, (int64_t)INT32_MAX + 1);
    put_long(&bytes, 0);
    put_long(&bytes, 0);
    expect_refused(&bytes, "section: number of more than 32 bits");

    bytes = reserve_start();
    put_long(&bytes, 0);
    put_repeated(&bytes, 0xFF, 10);
    put_repeated(&bytes, 0, 3);
    expect_refused(&bytes, "section: number of more than 64 bits");

    bytes = reserve_start();
    bytes.size--;
    put_long(&bytes, SELECTION_COUNT);
    put_long(&bytes, 0);
    reserve_end(&bytes);
    expect_refused(&bytes, "selection: unknown enum symbol");
    bytes.data[69] = 1; /* symbol -1 */
    expect_refused(&bytes, "selection: unknown enum symbol");

    bytes = reserve_start();
    put_long(&bytes, 0);
    reserve_end(&bytes);
    put_repeated(&bytes, 0, 1);
    expect_refused(&bytes, "octets after the end");
}

/* A CancelShow by an operator (of the truth given) with the reason given. */
static struct bytes cancel_show(uint8_t by_operator, int64_t reason_size, const char *reason) {
    struct bytes bytes = {.size = 0};
    put_prefix(&bytes, codec_command_schema_id(COMMAND_CANCEL_SHOW));
    put_repeated(&bytes, 9, 48);
    put(&bytes, &by_operator, 1);
    put_long(&bytes, reason_size);
    put(&bytes, reason, strlen(reason));
    return bytes;
}

static void test_booleans_and_lengths(void **state) {
    (void)state;
    struct command command;
    struct text reason = {NULL, 0};
    struct bytes bytes = cancel_show(1, 4, "rain");
    assert_true(decode_command(&bytes, &command, &reason));
    assert_true(command.as.cancel_show.by_operator);
    assert_string_equal(command.as.cancel_show.reason.data, "rain");

    bytes = cancel_show(2, 4, "rain");
    expect_refused(&bytes, "by_operator: boolean that is neither 0 nor 1");
    const int64_t sizes[] = {5, 1000, INT32_MAX, INT64_MAX, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        bytes = cancel_show(0, sizes[i], "rain");
        expect_refused(&bytes, "octet 54, reason: length beyond the end");
    }
    bytes = cancel_show(0, 3, "rain");
    expect_refused(&bytes, "octets after the end");
}

static void test_texts_that_are_not_utf8(void **state) {
    (void)state;
    const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xbf",             /* another */
        "\xc0\xaf",         /* overlong */
        "\xc1\xbf",         /* overlong */
        "\xc3",             /* cut short */
        "\xc3(",            /* no continuation */
        "\xe0\x9f\xbf",     /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xed\xbf\xbf",     /* the last surrogate */
        "\xe5\xb9",         /* cut short */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xf4\x90\x80\x80", /* above U+10FFFF */
        "\xf5\x80\x80\x80", /* far above */
        "\xf0\x9f\x8e",     /* cut short */
        "\xff",             /* never */
        "eight AS\xe9 II",  /* Latin-1 after a whole word */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes bytes = cancel_show(0, (int64_t)strlen(bad[i]), bad[i]);
        expect_refused(&bytes, "reason: text that is not UTF-8");
        assert_false(text_is_valid((struct text){bad[i], strlen(bad[i])}));
    }
    for (size_t at = 0; at < 20; at++) { /* U+0000 anywhere */
        char text[20];
        memset(text, 'x', sizeof text);
        text[at] = '\0';
        assert_false(text_is_valid((struct text){text, sizeof text}));
    }
    assert_true(text_is_valid((struct text){NULL, 0}));
    assert_true(
        text_is_valid(TEXT_LITERAL("Das Boot \xe2\x80\x94 \xe5\xb9\xbd\xe9\x9c\x8a, Kyoto")));
}

static void test_wrong_envelopes(void **state) {
    (void)state;
    struct bytes bytes = {.size = 0};
    expect_refused(&bytes, "not in the wire format");
    bytes = reserve_start();
    bytes.data[0] = 1;
    expect_refused(&bytes, "not in the wire format");
    const uint32_t ids[] = {0, 1000, 1001 + (uint32_t)codec_schema_count(), UINT32_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        bytes = (struct bytes){.size = 0};
        put_prefix(&bytes, ids[i]);
        expect_refused(&bytes, "unknown schema id");
    }
    bytes = (struct bytes){.size = 0};
    put_prefix(&bytes, codec_event_schema_id(EVENT_SHOW_CLOSED));
    expect_refused(&bytes, "seatlog.events.ShowClosed does not belong on seatlog.commands");
}

static void test_a_head_is_read_without_the_rest(void **state) {
    (void)state;
    static const struct uuid show = {{7}};
    static const struct uuid command = {{9}};
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        if (kind == EVENT_SHOW_CREATED) {
            continue; /* needs a whole show; its head is as the others' */
        }
        struct event event = {.kind = (enum event_kind)kind};
        event.as.head.show_id = show;
        event.as.head.command_id = command;
        event.as.head.seq = kind == 0 ? 0 : (int64_t)1 << (kind * 2 + 1);
        event.as.head.at = 1795503225000;
        struct octets wire = codec_event_encode(codec, &event);
        enum event_kind found = EVENT_KIND_COUNT;
        struct event_head head;
        assert_true(codec_event_head_decode(wire, &found, &head));
        assert_int_equal(found, kind);
        assert_memory_equal(&head.show_id, &show, sizeof show);
        assert_memory_equal(&head.command_id, &command, sizeof command);
        assert_true(head.seq == event.as.head.seq && head.at == event.as.head.at);
        bool whole = false;
        for (size_t size = 0; size <= wire.size; size++) { /* cut short at any byte */
            struct octets cut = exact_copy((struct octets){.data = wire.data, .size = size});
            bool read = codec_event_head_decode(cut, &found, &head);
            assert_true(read || !whole); /* what is enough stays enough */
            assert_true(!read || size > 90);
            whole = read;
            exact_free(cut);
        }
        assert_true(whole);
    }
}

static void test_no_head_is_read_of_what_is_no_event(void **state) {
    (void)state;
    enum event_kind kind;
    struct event_head head;
    uint8_t hostile[200];
    memset(hostile, 0xff, sizeof hostile);
    struct octets wire = {.data = hostile, .size = sizeof hostile};
    assert_false(codec_event_head_decode(wire, &kind, &head)); /* not the wire format */
    hostile[0] = 0;
    assert_false(codec_event_head_decode(wire, &kind, &head)); /* no such schema */
    struct bytes bytes = reserve_start();
    assert_false(codec_event_head_decode((struct octets){.data = bytes.data, .size = bytes.size},
                                         &kind, &head)); /* a command */
    bytes = (struct bytes){.size = 0};
    put_prefix(&bytes, codec_event_schema_id(EVENT_SOLD));
    memcpy(hostile, bytes.data, bytes.size);
    assert_false(codec_event_head_decode(wire, &kind, &head)); /* a number without an end */
}

static void test_a_claim_is_no_event(void **state) {
    (void)state;
    struct claim_record claim = {.kind = CLAIM_RECORD_CLAIMED};
    claim.as.claimed.nonce = (struct nonce){{0xc0, 0xff, 0xee}};
    claim.as.claimed.instance = TEXT_LITERAL("reservation-0");
    struct octets wire = codec_claim_record_encode(codec, &claim);
    enum event_kind kind;
    struct event_head head;
    struct event event;
    struct text reason = {NULL, 0};
    assert_false(codec_event_head_decode(wire, &kind, &head));
    assert_false(codec_event_decode(codec, &arena, wire, &event, &reason));
    assert_memory_equal(wire.data + 5, "\xc0\xff\xee\0\0\0\0\0", 8);
    struct octets noted = codec_event_encode(codec, &(struct event){.kind = EVENT_NOTED});
    assert_false(codec_claim_record_decode(codec, &arena, noted, &claim, &reason));
}

static void test_a_snapshot_from_before_the_terms_has_none(void **state) {
    (void)state;
    struct snapshot_record record = {
        .kind = SNAPSHOT_RECORD_PARTITION_SNAPSHOT,
        .as.partition_snapshot = {3, 77, 55, .term_offset = 60, .term_nonce = -1, .at = 9}};
    const struct codec_schema *before = codec_schema_by_version(
        TEXT_LITERAL("seatlog.snapshots-seatlog.snapshots.PartitionSnapshot"), 1);
    struct text reason = {NULL, 0};
    struct snapshot_record read;
    assert_true(codec_snapshot_record_decode(
        codec, &arena, codec_snapshot_record_encode(codec, &record), &read, &reason));
    assert_int_equal(read.as.partition_snapshot.term_offset, 60);
    assert_int_equal(read.as.partition_snapshot.term_nonce, -1);
    assert_true(codec_snapshot_record_decode(
        codec, &arena, codec_snapshot_record_encode_version(codec, &record, before->id), &read,
        &reason));
    assert_int_equal(read.as.partition_snapshot.events_offset, 77);
    assert_int_equal(read.as.partition_snapshot.cursor, 55);
    assert_int_equal(read.as.partition_snapshot.at, 9);
    assert_int_equal(read.as.partition_snapshot.term_offset, -1);
    assert_int_equal(read.as.partition_snapshot.term_nonce, 0);
}

/* ---- names and the registry -------------------------------------------------------------- */

static void test_names(void **state) {
    (void)state;
    enum show_type type = SHOW_TYPE_OTHER;
    assert_string_equal(command_kind_name(COMMAND_RESERVE), "Reserve");
    assert_string_equal(event_kind_name(EVENT_ORDER_CANCELLED), "OrderCancelled");
    assert_string_equal(reservation_state_name(RESERVATION_STATE_REFUND_FAILED), "REFUND_FAILED");
    assert_string_equal(reservation_state_name((enum reservation_state)99), "?");
    assert_true(show_type_parse(TEXT_LITERAL("CONCERT"), &type));
    assert_int_equal(type, SHOW_TYPE_CONCERT);
    assert_false(show_type_parse(TEXT_LITERAL("CONCERTO"), &type));
    assert_false(show_type_parse(TEXT_LITERAL("concert"), &type));
    assert_false(show_type_parse(TEXT_LITERAL(""), &type));
    for (int kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        const char *type_name = command_type_name((enum command_type)(kind + 1));
        const char *kind_name = command_kind_name((enum command_kind)kind);
        size_t at = 0; /* PAYMENT_DECLINED and PaymentDeclined */
        for (size_t i = 0; type_name[i] != '\0'; i++) {
            if (type_name[i] != '_') {
                assert_int_equal(type_name[i] | 0x20, kind_name[at++] | 0x20);
            }
        }
        assert_int_equal(kind_name[at], '\0');
    }
}

static void test_registry_serves_the_files(void **state) {
    (void)state;
    assert_true(codec_schema_count() >= 42);
    for (size_t i = 0; i < codec_schema_count(); i++) {
        const struct codec_schema *schema = codec_schema_at(i);
        assert_ptr_equal(codec_schema_by_id(schema->id), schema);
        assert_ptr_equal(codec_schema_by_version(schema->subject, schema->version), schema);
        assert_int_equal(schema->subject.size, strlen(schema->topic) + 1 + strlen(schema->record));
        assert_memory_equal(schema->subject.data, schema->topic, strlen(schema->topic));
        const struct codec_schema *latest = codec_schema_latest(schema->subject);
        assert_non_null(latest);
        assert_true(latest->version >= schema->version);

        char path[1024];
        char content[65536];
        const char *name = strrchr(schema->record, '.') + 1;
        const char *folder = strcmp(name, "Claimed") == 0 ? "claims" /* on the topic of events */
                                                          : schema->topic + strlen("seatlog.");
        (void)snprintf(path, sizeof path, "%s/schemas/%s/%s.v%d.avsc", SEATLOG_SOURCE_DIRECTORY,
                       folder, name, schema->version);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(content, 1, sizeof content, file);
        (void)fclose(file);
        assert_int_equal(size, schema->source.size);
        assert_memory_equal(content, schema->source.data, size);
    }
    assert_null(codec_schema_by_id(1));
    assert_null(codec_schema_by_version(codec_subject_at(0), 999));
    assert_null(codec_schema_by_version(codec_subject_at(0), 0));
    assert_null(codec_schema_latest(TEXT_LITERAL("seatlog.commands-seatlog.commands.Reserv")));
}

static void test_registry_subjects(void **state) {
    (void)state;
    assert_true(codec_subject_count() > 0 && codec_subject_count() <= codec_schema_count());
    for (size_t i = 0; i < codec_subject_count(); i++) {
        assert_non_null(codec_schema_by_version(codec_subject_at(i), 1));
        if (i > 0) {
            assert_true(strcmp(codec_subject_at(i - 1).data, codec_subject_at(i).data) < 0);
        }
    }
    const struct codec_schema *reserve =
        codec_schema_latest(TEXT_LITERAL("seatlog.commands-seatlog.commands.Reserve"));
    assert_non_null(reserve);
    assert_int_equal(reserve->id, codec_command_schema_id(COMMAND_RESERVE));
}

/* ---- the event chain --------------------------------------------------------------------- */

static void test_event_chain(void **state) {
    (void)state;
    struct hash previous = {{0}};
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct event event;
        struct event again;
        struct hash sealed;
        struct hash computed;
        struct text reason = {NULL, 0};
        struct sample sample = sample_of(seed);
        sample_event(&sample, (enum event_kind)(seed % EVENT_KIND_COUNT), &event);
        struct octets wire =
            exact_copy(codec_event_encode_sealed(codec, &event, &previous, &sealed));
        assert_true(event_chain_verify(wire, &previous, &computed));
        assert_memory_equal(&computed, &sealed, sizeof sealed);
        assert_true(codec_event_decode(codec, &arena, wire, &again, &reason));
        assert_memory_equal(&again.as.head.hash, &sealed, sizeof sealed);

        /* The definition: BLAKE2b-256(previous, prefix, everything behind the hash). */
        uint8_t *input = arena_allocate(&arena, 32 + wire.size);
        uint8_t expected[32];
        memcpy(input, previous.octets, 32);
        memcpy(input + 32, wire.data, 5);
        memcpy(input + 37, wire.data + 37, wire.size - 37);
        crypto_generichash(expected, sizeof expected, input, wire.size, NULL, 0);
        assert_memory_equal(expected, sealed.octets, sizeof expected);

        /* One bit anywhere, in the event or in what went before, is noticed. */
        uint8_t *octets = (uint8_t *)wire.data;
        for (size_t bit = 0; bit < wire.size * 8; bit++) {
            octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(event_chain_verify(wire, &previous, NULL));
            octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        previous.octets[seed] ^= 1;
        assert_false(event_chain_verify(wire, &previous, NULL));
        exact_free(wire);
        previous = sealed;
    }
    struct hash computed;
    const uint8_t few[36] = {0};
    assert_false(event_chain_verify((struct octets){few, sizeof few}, &previous, &computed));
    assert_false(event_chain_verify((struct octets){NULL, 0}, &previous, NULL));
}

static void test_octets_hash(void **state) {
    (void)state;
    /* BLAKE2b-256 of "abc", as other implementations give it. */
    static const uint8_t expected[32] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72,
                                         0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b,
                                         0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42,
                                         0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    struct hash hash;
    octets_hash((struct octets){(const uint8_t *)"abc", 3}, &hash);
    assert_memory_equal(hash.octets, expected, sizeof expected);
}

/* ---- the arena --------------------------------------------------------------------------- */

static void test_arena(void **state) {
    (void)state;
    struct arena local = {.first = NULL};
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 3000; size += 7) {
            unsigned char *memory = arena_allocate(&local, size);
            assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
            memset(memory, round, size);
        }
        size_t allocated = local.allocated;
        arena_reset(&local);
        assert_int_equal(local.allocated, allocated);
    }
    size_t before = local.allocated;
    for (int round = 0; round < 100; round++) { /* what was kept is enough for the same again */
        for (size_t size = 0; size < 3000; size += 7) {
            (void)arena_allocate(&local, size);
        }
        arena_reset(&local);
        assert_int_equal(local.allocated, before);
    }
    memset(arena_allocate(&local, 3 * ARENA_KEPT_SIZE_MAX), 1, 3 * ARENA_KEPT_SIZE_MAX);
    arena_reset(&local);
    assert_true(local.allocated <= ARENA_KEPT_SIZE_MAX);
    struct text text = arena_text_format(&local, "%s %d", "seat", 12);
    assert_string_equal(text.data, "seat 12");
    assert_int_equal(text.size, 7);
    text = arena_text_copy(&local, (struct text){"seatlog", 4});
    assert_string_equal(text.data, "seat");
    arena_deinit(&local);
    assert_int_equal(local.allocated, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_reserve_is_what_the_specification_says),
        TEST(test_arrays_in_blocks),
        TEST(test_huge_counts),
        TEST(test_too_many_items),
        TEST(test_numbers_out_of_range),
        TEST(test_booleans_and_lengths),
        TEST(test_texts_that_are_not_utf8),
        TEST(test_wrong_envelopes),
        TEST(test_a_head_is_read_without_the_rest),
        TEST(test_no_head_is_read_of_what_is_no_event),
        TEST(test_a_claim_is_no_event),
        TEST(test_a_snapshot_from_before_the_terms_has_none),
        TEST(test_names),
        TEST(test_registry_serves_the_files),
        TEST(test_registry_subjects),
        TEST(test_event_chain),
        TEST(test_octets_hash),
        TEST(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
