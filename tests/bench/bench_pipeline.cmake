# SPDX-License-Identifier: Apache-2.0
seatlog_bench(pipeline seatlog_runtime)
