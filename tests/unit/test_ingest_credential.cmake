# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(ingest_credential seatlog_ingest)
