# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(core_bounds core_story)
