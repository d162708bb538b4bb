# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ingest_wish seatlog_ingest)

add_test(NAME ingest_words COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_ingest_words.py)
set_tests_properties(ingest_words PROPERTIES LABELS unit TIMEOUT 60)
