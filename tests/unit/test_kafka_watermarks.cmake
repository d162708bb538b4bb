# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(kafka_watermarks seatlog_runtime)
target_sources(test_kafka_watermarks PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support/kafka_cluster.c)
