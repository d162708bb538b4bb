# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ticket_pdf seatlog_ticket_pdf seatlog_ticket_core)
