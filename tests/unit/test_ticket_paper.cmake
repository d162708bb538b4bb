# SPDX-License-Identifier: Apache-2.0
add_executable(ticket_sample ${CMAKE_CURRENT_SOURCE_DIR}/support/ticket_sample.c)
target_link_libraries(ticket_sample PRIVATE seatlog_ticket_pdf seatlog_ticket_core)
add_test(NAME ticket_paper COMMAND python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/test_ticket_paper.py
    $<TARGET_FILE:ticket_sample>)
set_tests_properties(ticket_paper PROPERTIES LABELS unit TIMEOUT 600)
