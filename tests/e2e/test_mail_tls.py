# SPDX-License-Identifier: Apache-2.0
"""STARTTLS and AUTH, against Twisted's mail server with certificates of an authority made for the test."""

import email
import subprocess
import time

import pytest

from mail_support import Notifier, ScriptedSmtp, TlsSmtp, eventually


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


def certificate_make(folder, name, authority=None):
    """A key and a certificate for the DNS name; of itself, or of the authority."""
    key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
    if authority is None:
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                "-subj", f"/CN={name}")
        return certificate, key
    extension = folder / f"{name}.ext"
    extension.write_text(f"subjectAltName=DNS:{name}\n")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", request, "-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial", "-days",
            "2",
            "-extfile", extension, "-out", certificate)
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificate_make(folder, "Authority")
    return {"authority": authority[0], "localhost": certificate_make(folder, "localhost", authority),
            "elsewhere": certificate_make(folder, "mail.elsewhere.example", authority),
            "self": certificate_make(folder, "localhost.localdomain")}


def test_many_sessions_use_starttls_and_auth(outbox, certificates, tmp_path):
    mail_ids = [outbox.mail(outbox.person()[0]) for _ in range(40)]
    with TlsSmtp(tmp_path, *certificates["localhost"], "seatlog", "s3cret ünd more") as server, \
            Notifier(outbox, f"localhost:{server.port}", tmp_path / "log", smtp_tls="required", smtp_user="seatlog",
                     smtp_password="s3cret ünd more", smtp_ca_file=certificates["authority"], smtp_connections=3):
        for mail_id in mail_ids:
            assert outbox.until(mail_id, "sent")["attempts"] == 1
        ids = sorted(email.message_from_bytes(mail)["Message-ID"] for mail in server.mails)
    assert ids == sorted(f"<{mail_id}@seatlog.example>" for mail_id in mail_ids)
    assert "s3cret" not in (tmp_path / "log").read_text()


def test_opportunistic_uses_tls_where_it_is_offered(outbox, certificates, tmp_path):
    mail_id = outbox.mail(outbox.person()[0])
    with TlsSmtp(tmp_path, *certificates["localhost"]) as server, \
            Notifier(outbox, f"localhost:{server.port}", tmp_path / "log", smtp_tls="opportunistic",
                     smtp_ca_file=certificates["authority"]):
        outbox.until(mail_id, "sent")
        assert len(server.mails) == 1


def test_opportunistic_goes_without_where_it_is_not(outbox, certificates, tmp_path):
    mail_id = outbox.mail(outbox.person()[0])
    with ScriptedSmtp() as server, Notifier(outbox, f"localhost:{server.port}", tmp_path / "log",
                                            smtp_tls="opportunistic", smtp_ca_file=certificates["authority"]):
        outbox.until(mail_id, "sent")


def not_sent(outbox, mail_id, words):
    """It was tried more than once, stays queued, and the row says why."""
    row = eventually(lambda: (row := outbox.row(mail_id))["attempts"] >= 2 and row, "two tries")
    assert row["state"] == "queued"
    assert words in row["last_answer"], row
    return row


def test_required_sends_nothing_in_the_clear(outbox, certificates, tmp_path):
    mail_id = outbox.mail(outbox.person()[0])
    with ScriptedSmtp() as server, Notifier(outbox, f"localhost:{server.port}", tmp_path / "log", smtp_tls="required",
                                            smtp_ca_file=certificates["authority"]):
        not_sent(outbox, mail_id, "does not offer STARTTLS")
        assert "MAIL" not in server.verbs


@pytest.mark.parametrize("certificate, host, words", [
    ("elsewhere", "localhost", "for another name"), ("localhost", "127.0.0.1", "for another name"),
    ("self", "localhost", "certificate")])
@pytest.mark.parametrize("tls", ["required", "opportunistic"])
def test_a_certificate_that_is_not_the_servers_stops_it(outbox, certificates, tmp_path, certificate, host, words, tls):
    mail_id = outbox.mail(outbox.person()[0])
    with TlsSmtp(tmp_path, *certificates[certificate]) as server, \
            Notifier(outbox, f"{host}:{server.port}", tmp_path / "log", smtp_tls=tls,
                     smtp_ca_file=certificates["authority"]):
        not_sent(outbox, mail_id, words)
        assert server.mails == []


def test_a_wrong_password_waits_for_the_right_one(outbox, certificates, tmp_path):
    mail_id = outbox.mail(outbox.person()[0])
    options = {"smtp_tls": "required", "smtp_user": "seatlog", "smtp_ca_file": certificates["authority"]}
    with TlsSmtp(tmp_path, *certificates["localhost"], "seatlog", "right") as server:
        with Notifier(outbox, f"localhost:{server.port}", tmp_path / "log", smtp_password="wrong", **options):
            row = eventually(lambda: (row := outbox.row(mail_id))["attempts"] >= 1 and row, "a try")
            assert row["state"] == "queued", row
            time.sleep(0.5)
        with Notifier(outbox, f"localhost:{server.port}", tmp_path / "log", smtp_password="right", **options):
            outbox.until(mail_id, "sent")
        assert len(server.mails) == 1
