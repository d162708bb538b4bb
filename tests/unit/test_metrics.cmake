# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(metrics seatlog_runtime)
