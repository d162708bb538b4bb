# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ticket_core seatlog_ticket_core seatlog_codec)
