# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(text_check seatlog_text)
add_test(NAME text_tables
    COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_SOURCE_DIR}/schemas/text/generate_text_tables.py --check)
set_tests_properties(text_tables PROPERTIES LABELS unit)
