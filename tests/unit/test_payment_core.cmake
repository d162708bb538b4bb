# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(payment_core seatlog_payment_core)
