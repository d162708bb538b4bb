# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(pg seatlog_runtime)
target_sources(test_pg PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/support/postgresql.c)
