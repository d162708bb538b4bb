# SPDX-License-Identifier: Apache-2.0
seatlog_bench(pipeline bench_log)
