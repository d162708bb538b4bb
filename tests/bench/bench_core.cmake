# SPDX-License-Identifier: Apache-2.0
seatlog_bench(core seatlog_reservation_daemon)
