# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ticket_verify seatlog_ticket_core PkgConfig::SODIUM)
add_dependencies(test_ticket_verify seatlog-ticket-verify)
target_compile_definitions(test_ticket_verify PRIVATE VERIFIER="$<TARGET_FILE:seatlog-ticket-verify>")
