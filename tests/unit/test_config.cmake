# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(config seatlog_runtime)
