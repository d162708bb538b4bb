# SPDX-License-Identifier: Apache-2.0
seatlog_bench(waiting bench_log)
