# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(mail_redact seatlog_mail_smtp)
