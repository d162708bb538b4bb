# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ingest_text seatlog_ingest)
