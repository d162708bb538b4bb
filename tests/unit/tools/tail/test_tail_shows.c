/* SPDX-License-Identifier: Apache-2.0 */
/* What ./seatlog tail remembers of shows. */
#include "tools/tail/shows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void a_show_is_remembered_among_many(void **state) {
    (void)state;
    struct codec *codec = codec_new();
    struct tail_shows *shows = tail_shows_new();
    struct arena arena = {0};
    struct event event = {.kind = EVENT_SHOW_CREATED};
    struct event_show_created found;
    for (uint32_t i = 0; i < 3000; i++) {
        memcpy(event.as.head.show_id.octets, &i, sizeof i);
        event.as.show_created.show.starts_at = (int64_t)i;
        tail_shows_put(shows, &event.as.head.show_id, codec_event_encode(codec, &event));
    }
    for (uint32_t i = 0; i < 3000; i++) {
        memcpy(event.as.head.show_id.octets, &i, sizeof i);
        arena_reset(&arena);
        assert_true(tail_shows_get(shows, codec, &arena, &event.as.head.show_id, &found));
        assert_int_equal(found.show.starts_at, i);
    }
    const struct uuid unknown = {{0xff, 0xff}};
    assert_false(tail_shows_get(shows, codec, &arena, &unknown, &found));
    arena_deinit(&arena);
    tail_shows_free(shows);
    codec_free(codec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_show_is_remembered_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
