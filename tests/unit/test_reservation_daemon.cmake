# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(reservation_daemon seatlog_reservation_daemon)
