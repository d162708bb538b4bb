# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(mail_core seatlog_mail_core)
