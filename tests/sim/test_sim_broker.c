/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual broker does what Kafka does, so that what is built on it means something. */
#include "reservation/core/core.h"
#include "tests/sim/reservation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/*
 * The simulator's broker behaves as Kafka does where Seatlog leans on it. No faults here: each step
 * is taken by hand.
 */
static struct sim_world world;

static int broker_set_up(void **state) {
    (void)state;
    memset(&world, 0, sizeof world);
    sim_random_seed(&world.schedule, 1, 1);
    sim_random_seed(&world.chance, 1, 2);
    world.now_ms = SIM_EPOCH_MS;
    sim_broker_init(&world, 2);
    world.processes[0] = (struct sim_process){.alive = true};
    world.processes[1] = (struct sim_process){.alive = true, .instance = 1};
    return 0;
}

static int broker_tear_down(void **state) {
    (void)state;
    sim_broker_deinit(&world);
    arena_deinit(&world.memory);
    arena_deinit(&world.scratch);
    return 0;
}

static struct octets text(const char *value) {
    return (struct octets){(const uint8_t *)value, strlen(value)};
}

static struct sim_client producer_new(void) {
    struct sim_client client = {.producer = sim_producer_register(&world, SIM_RESERVATION)};
    assert_int_equal(sim_producer_init(&world, &client), SIM_OK);
    return client;
}

static int64_t produce(const struct sim_client *client, const char *value) {
    int64_t offset = -2;
    assert_int_equal(sim_produce(&world, client, SIM_EVENTS, 0, text("key"), text(value), &offset),
                     SIM_OK);
    return offset;
}

static void markers_settle(void) {
    for (int i = 0; i < 100; i++) {
        sim_broker_step(&world);
    }
}

/* The values that a reader sees, separated by spaces. */
static const char *log_text(bool uncommitted) {
    static char seen[256];
    const struct sim_entry *entry;
    int64_t offset = 0;
    seen[0] = '\0';
    while ((entry = sim_log_read(&world, SIM_EVENTS, 0, &offset, INT64_MAX, uncommitted)) != NULL) {
        strncat(seen, (const char *)entry->value.data, entry->value.size);
        strcat(seen, " ");
    }
    return seen;
}

static void test_open_transactions_hide_what_comes_after(void **state) {
    (void)state;
    struct sim_client first = producer_new(), second = producer_new();
    produce(&first, "a");
    produce(&second, "b");
    assert_int_equal(sim_transaction_end(&world, &second, true), SIM_OK);
    markers_settle();
    assert_int_equal(sim_log_stable(&world, SIM_EVENTS, 0), 0);
    assert_string_equal(log_text(false), "");
    assert_string_equal(log_text(true), "a b ");
    assert_int_equal(sim_transaction_end(&world, &first, true), SIM_OK);
    markers_settle();
    assert_string_equal(log_text(false), "a b ");
    assert_int_equal(sim_log_stable(&world, SIM_EVENTS, 0), sim_log_end(&world, SIM_EVENTS, 0));
}

static void test_aborted_records_are_never_seen(void **state) {
    (void)state;
    struct sim_client client = producer_new();
    produce(&client, "a");
    assert_int_equal(sim_transaction_end(&world, &client, false), SIM_OK);
    markers_settle();
    produce(&client, "b");
    assert_int_equal(sim_transaction_end(&world, &client, true), SIM_OK);
    assert_int_equal(sim_transaction_end(&world, &client, true), SIM_OK); /* sent again */
    markers_settle();
    assert_string_equal(log_text(false), "b ");
}

static void test_a_new_epoch_fences_the_old(void **state) {
    (void)state;
    struct sim_client old = producer_new();
    struct sim_client new = old;
    int64_t offset;
    produce(&old, "a");
    assert_int_equal(sim_producer_init(&world, &new), SIM_RETRY); /* the old one is ended first */
    markers_settle();
    assert_int_equal(sim_producer_init(&world, &new), SIM_OK);
    assert_int_equal(sim_produce(&world, &old, SIM_EVENTS, 0, text("key"), text("b"), &offset),
                     SIM_FENCED);
    assert_int_equal(sim_transaction_end(&world, &old, true), SIM_FENCED);
    assert_string_equal(log_text(false), "");
}

static void test_offsets_are_pending_until_their_marker(void **state) {
    (void)state;
    struct sim_client client = producer_new();
    const struct sim_offset offsets[SIM_PARTITIONS_MAX] = {{7, "word"}, {-1, ""}, {-1, ""}};
    struct sim_offset offset;
    assert_int_equal(sim_group_committed(&world, SIM_RESERVATION, 0, &offset), SIM_OK);
    assert_int_equal(offset.offset, -1);
    produce(&client, "a");
    assert_int_equal(sim_offsets_send(&world, &client, 0, 0, offsets), SIM_OK);
    assert_int_equal(sim_group_committed(&world, SIM_RESERVATION, 0, &offset), SIM_RETRY);
    assert_int_equal(sim_group_committed(&world, SIM_RESERVATION, 1, &offset), SIM_OK);
    assert_int_equal(sim_transaction_end(&world, &client, true), SIM_OK);
    markers_settle();
    assert_int_equal(sim_group_committed(&world, SIM_RESERVATION, 0, &offset), SIM_OK);
    assert_int_equal(offset.offset, 7);
    assert_string_equal(offset.metadata, "word");
}

static void test_a_transaction_that_is_open_too_long_is_given_up(void **state) {
    (void)state;
    struct sim_client client = producer_new();
    produce(&client, "a");
    world.now_ms += world.broker.transaction_timeout_ms + 1;
    markers_settle();
    assert_int_equal(sim_transaction_end(&world, &client, true), SIM_FENCED);
    assert_string_equal(log_text(false), "");
}

static void assigned(int32_t member_id, uint32_t wanted) {
    uint32_t partitions = 0;
    int32_t generation = 0;
    int32_t instance = member_id == world.broker.groups[0].members[0].member_id ? 0 : 1;
    assert_int_equal(sim_group_poll(&world, 0, instance, member_id, &partitions, &generation),
                     SIM_GROUP_ASSIGNED);
    assert_int_equal(partitions, wanted);
    assert_int_equal(generation, world.broker.groups[0].generation);
}

static void test_members_share_and_a_silent_one_loses(void **state) {
    (void)state;
    uint32_t partitions;
    int32_t generation;
    int32_t first = sim_group_join(&world, 0, 0, 0, 0);
    assigned(first, 3);
    int32_t second = sim_group_join(&world, 0, 1, 1, 0);
    assert_int_equal(sim_group_poll(&world, 0, 0, first, &partitions, &generation),
                     SIM_GROUP_REVOKED);
    assert_int_equal(sim_group_join(&world, 0, 0, 0, first), first);
    assigned(first, 1);
    assigned(second, 2);

    world.processes[1].paused_since_ms = world.now_ms;
    world.now_ms += SIM_SESSION_TIMEOUT_MS + 1;
    sim_group_step(&world);
    assert_int_equal(sim_group_poll(&world, 0, 1, second, &partitions, &generation),
                     SIM_GROUP_LOST);
    assert_int_equal(sim_group_join(&world, 0, 0, 0, first), first);
    assigned(first, 3);

    /* What the lost one still tries is refused. */
    struct sim_client client = producer_new();
    const struct sim_offset offsets[SIM_PARTITIONS_MAX] = {{-1, ""}, {4, ""}, {-1, ""}};
    produce(&client, "a");
    assert_int_equal(sim_offsets_send(&world, &client, second, 2, offsets), SIM_ABORT);
}

static void test_a_static_member_that_comes_back_fences_its_twin(void **state) {
    (void)state;
    uint32_t partitions;
    int32_t generation;
    int32_t old = sim_group_join(&world, 0, 0, 0, 0);
    assigned(old, 3);
    int32_t generation_before = world.broker.groups[0].generation;
    int32_t new = sim_group_join(&world, 0, 0, 1, 0);
    assert_int_not_equal(old, new);
    assert_int_equal(world.broker.groups[0].generation, generation_before);
    assert_int_equal(sim_group_poll(&world, 0, 0, old, &partitions, &generation), SIM_GROUP_FENCED);
    assigned(new, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open_transactions_hide_what_comes_after, broker_set_up,
                                        broker_tear_down),
        cmocka_unit_test_setup_teardown(test_aborted_records_are_never_seen, broker_set_up,
                                        broker_tear_down),
        cmocka_unit_test_setup_teardown(test_a_new_epoch_fences_the_old, broker_set_up,
                                        broker_tear_down),
        cmocka_unit_test_setup_teardown(test_offsets_are_pending_until_their_marker, broker_set_up,
                                        broker_tear_down),
        cmocka_unit_test_setup_teardown(test_a_transaction_that_is_open_too_long_is_given_up,
                                        broker_set_up, broker_tear_down),
        cmocka_unit_test_setup_teardown(test_members_share_and_a_silent_one_loses, broker_set_up,
                                        broker_tear_down),
        cmocka_unit_test_setup_teardown(test_a_static_member_that_comes_back_fences_its_twin,
                                        broker_set_up, broker_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
