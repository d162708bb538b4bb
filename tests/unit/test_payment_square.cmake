# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(payment_square seatlog_payment_adapters)
