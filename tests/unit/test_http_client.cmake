# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(http_client seatlog_runtime)
