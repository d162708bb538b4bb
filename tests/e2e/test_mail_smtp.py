# SPDX-License-Identifier: Apache-2.0
"""The notifier against mail servers of every temper: nothing is lost, nothing is said twice on purpose."""

import datetime
import email
import email.policy
import time
import uuid

import pytest

from mail_support import Notifier, PrivatePostgres, ScriptedSmtp, eventually, free_port

PDF = b"%PDF-1.5\n" + bytes(range(256)) * 50


@pytest.fixture(scope="module")
def postgres_cluster():
    cluster = PrivatePostgres()
    yield cluster
    cluster.remove()


@pytest.fixture
def outbox(postgres_cluster):
    return postgres_cluster.database_new()


@pytest.fixture
def notifier(outbox, tmp_path):
    """Starts a notifier that sends to the given server."""
    running = []

    def start(server, **options):
        address = server if isinstance(server, str) else server.address
        running.append(Notifier(outbox, address, tmp_path / "notifier.log", **options).start())
        return running[-1]

    yield start
    for one in running:
        one.kill()


def parse(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def test_a_confirmation_is_a_whole_mail(outbox, notifier):
    buyer, address = outbox.person()
    title = "千と千尋の神隠し – Ghost & Friends"
    mail_id = outbox.mail(buyer, "confirmation", title=title, pdf=PDF)
    with ScriptedSmtp(extensions=["PIPELINING", "8BITMIME", "SIZE 10000000"]) as server:
        notifier(server, mail_reply_to="Help <help@seatlog.example>")
        row = outbox.until(mail_id, "sent")
        [mail] = server.mails
    assert row["attempts"] == 1 and row["last_code"] == 250 and row["last_answer"] == "250 2.0.0 taken"
    assert mail["from"].startswith("MAIL FROM:<tickets@seatlog.example>") and mail["to"] == [address]
    assert b"\n" not in mail["octets"].replace(b"\r\n", b""), "every line ends with CRLF"
    assert max(map(len, mail["octets"].split(b"\r\n"))) <= 998
    message = parse(mail["octets"])
    assert not message.defects
    for name in ("Message-ID", "Date", "From", "To", "Subject", "MIME-Version"):
        assert len(message.get_all(name)) == 1, name
    assert message["Message-ID"] == f"<{mail_id}@seatlog.example>"
    assert message["Date"].datetime == datetime.datetime.fromtimestamp(1795000000, datetime.timezone.utc)
    assert message["To"] == address and message["Reply-To"] == "Help <help@seatlog.example>"
    assert message["Subject"] == f"Your tickets: {title}, Thu 26 November 2026"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    for text in (plain, html):
        assert "Stalls, row F, seat 12" in text and "$29.00" in text and "Thursday, 26 November 2026, 22:45 (PST)" in text
    assert title in plain and "Ghost &amp; Friends" in html
    [attached] = message.iter_attachments()
    assert attached.get_content_type() == "application/pdf" and attached.get_content() == PDF
    assert attached.get_filename() == f"tickets-{str(row['order_id'])[:8]}.pdf"


@pytest.mark.parametrize("verb, answer", [
    ("MAIL", "552 5.3.4 too big"), ("RCPT", "550 5.1.1 no such user"), ("DATA", "554 5.7.1 no"),
    ("END", "554 5.7.1 spam")])
@pytest.mark.parametrize("extensions", [[], ["PIPELINING", "ENHANCEDSTATUSCODES"]])
def test_a_permanent_refusal_is_recorded_and_not_retried(outbox, notifier, verb, answer, extensions):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp({verb: [answer]}, extensions) as server:
        notifier(server)
        row = outbox.until(mail_id, "refused")
        assert row["last_code"] == int(answer[:3]) and row["last_answer"] == answer
        time.sleep(1.5)
        assert server.verbs.count("GREETING") == 1 and server.mails == []


@pytest.mark.parametrize("verb, answer", [
    ("GREETING", "421 4.3.2 come back later"), ("GREETING", "554 5.3.2 go away"), ("EHLO", "421 busy"),
    ("MAIL", "451 4.3.0 later"), ("MAIL", "530 5.7.0 log in first"), ("RCPT", "450 4.2.1 greylisted"),
    ("DATA", "451 4.3.0 later"), ("END", "452 4.3.1 full"), ("GREETING", ScriptedSmtp.DROP),
    ("EHLO", ScriptedSmtp.DROP), ("RCPT", ScriptedSmtp.DROP), ("DATA", ScriptedSmtp.DROP),
    ("END", ScriptedSmtp.DROP)])
@pytest.mark.parametrize("extensions", [[], ["PIPELINING"]])
def test_anything_else_is_tried_again(outbox, notifier, verb, answer, extensions):
    buyer, address = outbox.person()
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp({verb: [answer]}, extensions) as server:
        notifier(server)
        row = outbox.until(mail_id, "sent")
        assert row["attempts"] == 2
        assert [mail["to"] for mail in server.mails] == [[address]]


def test_every_try_is_the_same_mail_octet_for_octet(outbox, notifier):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer, "confirmation", pdf=PDF)
    seen = []

    class Recording(ScriptedSmtp):
        def message(self, stream):
            seen.append(super().message(stream))
            return seen[-1]

    with Recording({"END": ["451 4.3.0 later"]}) as server:
        notifier(server)
        outbox.until(mail_id, "sent")
    assert len(seen) == 2 and seen[0] == seen[1]


def test_a_stall_at_quit_is_a_mail_that_was_sent(outbox, notifier):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp({"QUIT": [ScriptedSmtp.STALL]}) as server:
        notifier(server, smtp_accept_timeout_ms=60000)
        outbox.until(mail_id, "sent", timeout=5)
        assert len(server.mails) == 1


def test_silence_at_the_end_of_the_message_is_not(outbox, notifier):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp({"END": [ScriptedSmtp.STALL]}) as server:
        notifier(server)
        assert outbox.until(mail_id, "sent")["attempts"] == 2
        assert len(server.mails) == 1


@pytest.mark.parametrize("answers", [["250 ok", ScriptedSmtp.DROP], ["250 ok", ScriptedSmtp.STALL],
                                     [ScriptedSmtp.DROP], ["250 ok", "250 ok", ScriptedSmtp.DROP]])
def test_a_chunk_that_was_taken_is_not_a_mail_that_was(outbox, notifier, answers):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer, "confirmation", pdf=PDF)
    with ScriptedSmtp({"BDAT": answers}, ["CHUNKING", "PIPELINING"]) as server:
        notifier(server)
        assert outbox.until(mail_id, "sent")["attempts"] == 2
        [mail] = server.mails
        [attached] = parse(mail["octets"]).iter_attachments()
        assert attached.get_content() == PDF


def test_a_server_that_was_away_gets_everything_at_once(outbox, notifier):
    port = free_port()
    mail_ids = [outbox.mail(outbox.person()[0]) for _ in range(20)]
    running = notifier(f"127.0.0.1:{port}")
    eventually(lambda: all(outbox.row(mail_id)["attempts"] >= 3 for mail_id in mail_ids), "three tries of each")
    assert {outbox.row(mail_id)["state"] for mail_id in mail_ids} == {"queued"}
    assert "refused" in outbox.row(mail_ids[0])["last_answer"].lower()
    eventually(lambda: running.metrics()["seatlog_mails_queued"] == 20, "the gauge says so")
    outbox.execute("UPDATE mail.outbox SET next_attempt_at = now() + interval '1 hour' WHERE mail_id <> %s", mail_ids[0])
    with ScriptedSmtp(port=port) as server:
        for mail_id in mail_ids:
            outbox.until(mail_id, "sent")
        assert len(server.mails) == 20
        assert running.metrics()['seatlog_mails_total{outcome="sent"}'] == 20


def test_killed_in_the_middle_the_mail_goes_out_with_the_same_id(outbox, notifier):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp({"END": [ScriptedSmtp.STALL]}) as server:
        first = notifier(server, smtp_accept_timeout_ms=60000)
        eventually(lambda: "END" in server.verbs, "the mail is on its way")
        first.kill()
        assert outbox.row(mail_id)["state"] == "queued"
        notifier(server)
        outbox.until(mail_id, "sent")
        assert parse(server.mails[-1]["octets"])["Message-ID"] == f"<{mail_id}@seatlog.example>"


def test_two_instances_send_each_mail_once(outbox, notifier):
    mail_ids = [outbox.mail(outbox.person()[0]) for _ in range(60)]
    with ScriptedSmtp() as server:
        notifier(server, instance_id="a", smtp_connections=4)
        notifier(server, instance_id="b", smtp_connections=4)
        for mail_id in mail_ids:
            outbox.until(mail_id, "sent")
        ids = [parse(mail["octets"])["Message-ID"] for mail in server.mails]
    assert sorted(ids) == sorted(f"<{mail_id}@seatlog.example>" for mail_id in mail_ids)


def test_mails_of_an_order_keep_their_order(outbox, notifier):
    buyer, _ = outbox.person()
    order_id = uuid.uuid4()
    first = outbox.mail(buyer, "order_cancelled", order_id)
    second = outbox.mail(buyer, "refunded", order_id, reason="")
    with ScriptedSmtp({"RCPT": ["450 4.2.1 greylisted"]}) as server:
        notifier(server)
        outbox.until(second, "sent")
        assert outbox.row(first)["state"] == "sent"
        subjects = [parse(mail["octets"])["Subject"].split(":")[0] for mail in server.mails]
    assert subjects == ["Order cancelled", "Refund made"]


def test_tickets_of_an_order_called_off_are_not_sent(outbox, notifier):
    buyer, _ = outbox.person()
    order_id = uuid.uuid4()
    confirmation = outbox.mail(buyer, "confirmation", order_id, pdf=PDF)
    cancelled = outbox.mail(buyer, "show_cancelled", order_id, reason="SHOW_CANCELLED")
    with ScriptedSmtp() as server:
        notifier(server)
        outbox.until(cancelled, "sent")
        outbox.until(confirmation, "superseded")
        [mail] = server.mails
    assert parse(mail["octets"])["Subject"].startswith("Show cancelled: Ghost")


def test_later_mails_refer_to_the_confirmation(outbox, notifier):
    buyer, _ = outbox.person()
    order_id = uuid.uuid4()
    confirmation = outbox.mail(buyer, "confirmation", order_id, pdf=PDF)
    with ScriptedSmtp() as server:
        notifier(server)
        outbox.until(confirmation, "sent")
        cancelled = outbox.mail(buyer, "order_cancelled", order_id)
        outbox.until(cancelled, "sent")
        message = parse(server.mails[-1]["octets"])
    assert message["References"] == message["In-Reply-To"] == f"<{confirmation}@seatlog.example>"


def test_an_erased_person_is_not_written_to(outbox, notifier):
    buyer, _ = outbox.person()
    mail_id = outbox.mail(buyer)
    outbox.execute("DELETE FROM account.person WHERE user_id = %s", buyer)
    with ScriptedSmtp() as server:
        notifier(server)
        assert outbox.until(mail_id, "erased")["attempts"] == 0
        assert server.verbs == []


def test_no_address_is_kept_whatever_the_server_says(outbox, notifier, tmp_path):
    buyer, address = outbox.person()
    refused, sent = outbox.mail(buyer), outbox.mail(buyer)
    with ScriptedSmtp({"RCPT": [f"550 5.1.1 <{address}>: no such user", "250 ok"],
                       "END": [f"250 saved for {address}"]}) as server:
        notifier(server, smtp_connections=1)
        assert outbox.until(refused, "refused")["last_answer"] == "550 5.1.1 <(address)>: no such user"
        assert outbox.until(sent, "sent")["last_answer"] == "250 saved for (address)"
    assert address not in (tmp_path / "notifier.log").read_text()
    kept = outbox.execute("SELECT o::text FROM mail.outbox o")
    assert address not in str(kept) and address.split("@")[0] not in str(kept)


@pytest.mark.parametrize("address", ["nobody", "a@b>\r\nRCPT TO:<c@d", "jürgen@example.com", "a b@example.com", "a@", "@b",
                                     "a@b@c", "a@" + "b" * 260])
def test_an_address_that_can_not_be_written_to_is_refused(outbox, notifier, address):
    buyer, _ = outbox.person(address)
    mail_id = outbox.mail(buyer)
    with ScriptedSmtp() as server:
        notifier(server)
        assert outbox.until(mail_id, "refused")["last_answer"] == "the address can not be written to"
        assert server.verbs == []


def test_after_five_days_a_mail_is_given_up_and_can_be_sent_again_by_hand(outbox, notifier):
    buyer, _ = outbox.person()
    old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=121)
    mail_id = outbox.mail(buyer, queued_at=old)
    with ScriptedSmtp() as server:
        notifier(server)
        row = outbox.until(mail_id, "expired")
        assert server.mails == []
        assert outbox.execute("SELECT mail.resend(%s)", row["order_id"]) == [(1,)]
        assert outbox.until(mail_id, "sent")["message_id"] == row["message_id"]
        assert outbox.execute("SELECT mail.resend(%s, 'confirmation')", row["order_id"]) == [(0,)]
        assert outbox.execute("SELECT mail.resend(%s, 'order_cancelled')", row["order_id"]) == [(1,)]
        eventually(lambda: len(server.mails) == 2, "sent again")
        assert server.mails[0]["octets"] == server.mails[1]["octets"]


def test_postgresql_may_go_away(postgres_cluster, outbox, notifier):
    with ScriptedSmtp() as server:
        running = notifier(server)
        before = outbox.mail(outbox.person()[0])
        outbox.until(before, "sent")
        postgres_cluster.stop()
        time.sleep(1)
        assert running.process.poll() is None
        postgres_cluster.start()
        after = outbox.mail(outbox.person()[0])
        outbox.until(after, "sent", timeout=30)
        assert len(server.mails) == 2


@pytest.mark.parametrize("options, complaint", [
    ({"smtp_tls": "maybe"}, "smtp_tls"), ({"mail_from": "nobody"}, "mail_from"),
    ({"mail_reply_to": "a, b"}, "mail_reply_to"), ({"smtp_ca_file": "/nonexistent/ca.pem"}, "smtp_ca_file"),
    ({"smtp_user": "seatlog", "smtp_tls": "opportunistic"}, "smtp_user")])
def test_settings_that_can_not_be_meant_stop_the_start(outbox, tmp_path, options, complaint):
    running = Notifier(outbox, "127.0.0.1:1", tmp_path / "log", **options).start()
    assert running.process.wait(10) != 0
    assert complaint in (tmp_path / "log").read_text()
