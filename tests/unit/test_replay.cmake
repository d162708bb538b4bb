# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(replay replay_parts)
