# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(payment_simulator seatlog_payment_simulator)
