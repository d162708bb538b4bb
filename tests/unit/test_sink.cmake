# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(sink seatlog_runtime)
target_sources(test_sink PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support/postgresql.c
    ${CMAKE_CURRENT_SOURCE_DIR}/support/kafka_cluster.c)
