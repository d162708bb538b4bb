# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(mail_text seatlog_mail_core seatlog_mail_message)

add_test(NAME mail_catcher COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_mail_catcher.py)
set_tests_properties(mail_catcher PROPERTIES LABELS unit TIMEOUT 60)
