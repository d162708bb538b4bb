# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ticket_token seatlog_ticket_core PkgConfig::SODIUM)
