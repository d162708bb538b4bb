/* SPDX-License-Identifier: Apache-2.0 */
/* Where a partition ends is found whoever leads it by now: librdkafka's mock cluster moves leaders.
 */
#include "runtime/kafka/kafka.h"

#include <librdkafka/rdkafka_mock.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TIMEOUT_MS 3000

struct world {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_t *client;
};

static rd_kafka_t *client_new(rd_kafka_type_t type, const char *property, const char *value) {
    char message[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, property, value, message, sizeof message),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(type, conf, message, sizeof message);
    assert_non_null(client);
    return client;
}

static int world_make(void **state) {
    static struct world world;
    world.owner = client_new(RD_KAFKA_PRODUCER, "test.mock.num.brokers", "3");
    world.cluster = rd_kafka_handle_mock_cluster(world.owner);
    rd_kafka_mock_topic_create(world.cluster, "moves", 1, 3);
    rd_kafka_mock_partition_set_leader(world.cluster, "moves", 0, 1);
    world.client = client_new(RD_KAFKA_CONSUMER, "bootstrap.servers",
                              rd_kafka_mock_cluster_bootstraps(world.cluster));
    *state = &world;
    return 0;
}

static int world_end(void **state) {
    struct world *world = *state;
    rd_kafka_destroy(world->client);
    rd_kafka_destroy(world->owner);
    return 0;
}

static rd_kafka_resp_err_t ask(struct world *world) {
    int64_t begin = -1, end = -1;
    return kafka_watermarks_query(world->client, "moves", 0, &begin, &end, TIMEOUT_MS);
}

static void the_end_is_found_after_the_leader_has_changed(void **state) {
    struct world *world = *state;
    assert_int_equal(ask(world), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int32_t leader = 2; leader <= 3; leader++) {
        rd_kafka_mock_partition_set_leader(world->cluster, "moves", 0, leader);
        assert_int_equal(ask(world), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
}

static void the_end_is_found_after_the_leader_has_died(void **state) {
    struct world *world = *state;
    assert_int_equal(ask(world), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_mock_broker_set_down(world->cluster, 1);
    rd_kafka_mock_partition_set_leader(world->cluster, "moves", 0, 2);
    assert_int_equal(ask(world), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void a_partition_that_is_not_there_is_an_error(void **state) {
    struct world *world = *state;
    int64_t begin, end;
    assert_int_not_equal(
        kafka_watermarks_query(world->client, "moves", 7, &begin, &end, TIMEOUT_MS),
        RD_KAFKA_RESP_ERR_NO_ERROR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_is_found_after_the_leader_has_changed, world_make,
                                        world_end),
        cmocka_unit_test_setup_teardown(the_end_is_found_after_the_leader_has_died, world_make,
                                        world_end),
        cmocka_unit_test_setup_teardown(a_partition_that_is_not_there_is_an_error, world_make,
                                        world_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
