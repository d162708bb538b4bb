/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own guard: what is wrong in its memory is found when a show is counted again, and what
 * must not be done twice panics. Each is done to a sound show, seen, and taken back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "reservation/core/plan/seats.h"
#include "reservation/core/state/audit.h"
#include "reservation/core/state/places.h"
#include "reservation/core/state/store.h"

static jmp_buf panicked;

static void panic(const char *expression, const char *file, int line) {
    (void)expression;
    (void)file;
    (void)line;
    longjmp(panicked, 1);
}

static bool audit_panics(const struct story *story, const struct reservation_show *show) {
    if (setjmp(panicked) != 0) {
        return true;
    }
    reservation_audit_show(story->core, show);
    return false;
}

static struct reservation_show *story_begin(struct story *story) {
    static const char *const lines[] = {
        "at 09:00 Olga creates Ghost",
        "at 10:00 Ada reserves A1 A2 as r1",
        "at 10:01 Bob reserves 3 on Floor as r2",
        "at 10:02 Cy reserves B1 as r3",
        "at 10:03 Cy releases r3",
        "at 10:04 Di reserves C1 as r4",
    };
    story_init(story);
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        int64_t now_ms;
        struct command command = story_command(story, lines[i], &now_ms);
        story_step(story, &command, now_ms);
    }
    struct uuid id = story_uuid("Ghost");
    reservation_core_panic_handler_set(panic);
    return reservation_core_show_find(story->core, &id);
}

/* Each number of a show that is kept besides what it follows from. */
static void test_counters_and_ends(void **state) {
    (void)state;
    struct story story;
    struct reservation_show *show = story_begin(&story);
    const struct reservation_show sound = *show;
    assert_false(audit_panics(&story, show));
    for (int fault = 0; fault < 9; fault++) {
        switch (fault) {
        case 0:
            show->reservations++;
            break;
        case 1:
            show->unsettled--;
            break;
        case 2:
            show->callable++;
            break;
        case 3:
            show->order.last = show->order.first;
            break;
        case 4:
            show->timers[TIMER_HELD].last = show->timers[TIMER_HELD].first;
            break;
        case 5:
            show->timers[TIMER_FORGET] = (struct reservation_list){.first = 0};
            break;
        case 6:
            show->holds_due_at = RESERVATION_NEVER;
            break;
        case 7:
            show->forget_due_at = RESERVATION_NEVER;
            break;
        case 8:
            show->made = 2;
            break;
        }
        assert_true(audit_panics(&story, show));
        *show = sound;
        assert_false(audit_panics(&story, show));
    }
    story_deinit(&story);
}

/* What the reservations themselves say. */
static void test_reservations(void **state) {
    (void)state;
    struct story story;
    struct reservation_show *show = story_begin(&story);
    struct uuid id = story_uuid("r1");
    struct reservation *reservation = reservation_store_find(story.core, show, &id);
    const struct reservation sound = *reservation;
    for (int fault = 0; fault < 6; fault++) {
        switch (fault) {
        case 0: /* later than the one behind it */
            reservation->time += STORY_HOUR_MS;
            break;
        case 1:
            reservation->next_in_timer = 0;
            break;
        case 2: /* its seats would be free */
            reservation->state = RESERVATION_STATE_RELEASED;
            break;
        case 3:
            reservation->flags = 0;
            break;
        case 4: /* is not found any more */
            reservation->reservation_id.octets[0] ^= 1;
            break;
        case 5:
            reservation->quantity--;
            break;
        }
        assert_true(audit_panics(&story, show));
        *reservation = sound;
        assert_false(audit_panics(&story, show));
    }
    story_deinit(&story);
}

static void test_places(void **state) {
    (void)state;
    struct story story;
    struct reservation_show *show = story_begin(&story);
    reservation_seat_take(show->plan, 9);
    assert_true(audit_panics(&story, show));
    reservation_seat_give(show->plan, 9);
    assert_false(audit_panics(&story, show));
    show->plan->sections[2].taken++;
    assert_true(audit_panics(&story, show));
    show->plan->sections[2].taken--;
    assert_false(audit_panics(&story, show));
    story_deinit(&story);
}

/* Places are taken once and given back once; a seat is one of the plan's. */
static void test_what_is_done_twice(void **state) {
    (void)state;
    struct story story;
    struct reservation_show *show = story_begin(&story);
    struct uuid id = story_uuid("r4");
    const struct reservation *held = reservation_store_find(story.core, show, &id);
    id = story_uuid("r3");
    const struct reservation *released = reservation_store_find(story.core, show, &id);
    volatile int panics = 0;
    if (setjmp(panicked) == 0) {
        reservation_places_take(show, held);
    } else {
        panics++;
    }
    if (setjmp(panicked) == 0) {
        reservation_places_give(show, released);
    } else {
        panics++;
    }
    if (setjmp(panicked) == 0) {
        reservation_seat_is_free(show->plan, show->plan->seats_count);
    } else {
        panics++;
    }
    assert_int_equal(panics, 3);
    assert_false(audit_panics(&story, show));
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_and_ends),
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_what_is_done_twice),
    };
    return cmocka_run_group_tests_name("core: its own guard", tests, NULL, NULL);
}
