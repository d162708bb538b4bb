# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(producer seatlog_runtime)
target_sources(test_producer PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support/kafka_cluster.c)
