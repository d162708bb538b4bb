# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(currency seatlog_currency)
