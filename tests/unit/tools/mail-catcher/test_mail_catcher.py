#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The mail catcher takes the recipients that RFC 5321 allows, quoted ones too, and saves their mails."""

import pathlib
import smtplib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "tools" / "mail-catcher"))
import mail_catcher  # noqa: E402

TAKEN = ["ada@example.com", '"john doe"@example.com', '"a > b"@example.com', '"say \\"hi\\""@example.com',
         '""@example.com',
         "o'brien+tag@example.com", "j\u00fcrgen@example.com"]
REFUSED = ["", "ada @example.com", '"john doe@example.com', "ada@example.com>", 'john "doe"@example.com']

with tempfile.TemporaryDirectory() as folder:
    server = mail_catcher.Server(("127.0.0.1", 0), mail_catcher.Session)
    server.folder = folder
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with smtplib.SMTP(*server.server_address) as client:
        client.ehlo()
        for address in TAKEN + REFUSED:
            client.rset()
            client.command_encoding = "utf-8"
            assert client.docmd("MAIL", "FROM:<tickets@localhost> SMTPUTF8")[0] == 250
            code = client.docmd("RCPT", f"TO:<{address}>")[0]
            assert code == (250 if address in TAKEN else 501), (address, code)
            if address in TAKEN:
                assert client.data(b"Subject: one\r\n\r\nHello\r\n")[0] == 250
    mails = [path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(folder).glob("*.eml"))]
    for address in TAKEN:
        assert sum(f"Delivered-To: {address}\n" in mail for mail in mails) == 1, (address, mails)
    server.shutdown()
