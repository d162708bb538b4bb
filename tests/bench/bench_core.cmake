# SPDX-License-Identifier: Apache-2.0
seatlog_bench(core reservation_core)
