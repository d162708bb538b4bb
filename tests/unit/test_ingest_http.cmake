# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ingest_http seatlog_ingest)
