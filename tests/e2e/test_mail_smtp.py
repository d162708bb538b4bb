# SPDX-License-Identifier: Apache-2.0
"""The notifier against mail servers of every temper: nothing is lost, nothing is said twice on purpose."""

import datetime
import email
import email.policy
import time
import uuid

import psycopg
import pytest
from aiosmtpd.controller import Controller

from mail_support import Notifier, ScriptedSmtp, eventually, free_port

PDF = b"%PDF-1.5\n" + bytes(range(256)) * 50


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
    assert message["Date"].datetime == datetime.datetime.fromtimestamp(1795000000, datetime.UTC)
    assert message["To"] == address and message["Reply-To"] == "Help <help@seatlog.example>"
    assert message["Subject"] == f"Your tickets: {title}, Thu 26 November 2026"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    for text in (plain, html):
        assert "Stalls, row F, seat 12" in text and "$29.00" in text
        assert "Starts: Thursday, 26 November 2026, 22:45 PST (UTC−8)" in text
        assert "Ends: Friday, 27 November 2026, 00:45 PST (UTC−8)" in text
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
    outbox.execute("UPDATE mail.outbox SET next_attempt_at = now() + interval '1 hour' WHERE mail_id <> %s",
                   mail_ids[0])
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


@pytest.mark.parametrize("address, fault", [
    ("nobody", "no-at"), ("a@example.com>\r\nRCPT TO:<c@d.example", None), ("a b@example.com", None),
    ("a@", "domain-empty"), ("@b.example", "local-empty"), ("a@b.example@c.example", None), ("a@" + "b" * 260, None),
    ("user@example.com,other@example.com", "list"), ("user@example.com ", "blank-around"),
    ("x@-example.com", "label-hyphen"), ("x@example.c", "top-short"), ("x@exam_ple.com", "label-character"),
    ("x\u200b@example.com", "invisible"), (f"x@{'l' * 64}.example", "label-too-long"),
    ("Ann <ann@example.com>", None), ("x@[127.0.0.1]", "domain-literal")])
def test_an_address_that_cannot_be_written_to_is_refused_at_once(outbox, notifier, address, fault):
    mail_id = outbox.mail(outbox.person(address)[0])
    other, good = outbox.person()
    behind = outbox.mail(other)
    with ScriptedSmtp() as server:
        notifier(server, smtp_connections=1)
        row = outbox.until(mail_id, "refused")
        outbox.until(behind, "sent")
        assert [mail["to"] for mail in server.mails] == [[good]]
    assert fault is None or row["last_answer"] == fault
    [state] = outbox.order_mail(row["order_id"])
    assert state["mail_state"] == "refused" and state["reason"] == "address-invalid"
    assert state["sentence"].startswith("We could not email you about this order: your username is not an address")
    assert address not in state["sentence"]


@pytest.mark.parametrize("address, wire", [
    ("test@umläute.example", "test@xn--umlute-dua.example"), ("用户@example.com", None),
    ("\"john doe\"@example.com", "\"john doe\"@example.com")])
def test_domains_travel_as_a_labels(outbox, notifier, address, wire):
    mail_id = outbox.mail(outbox.person(address)[0])
    with ScriptedSmtp(extensions=["8BITMIME", "SMTPUTF8"]) as server:
        notifier(server)
        outbox.until(mail_id, "sent")
        [mail] = server.mails
    assert mail["to"] == [wire or address]
    assert mail["from"].endswith("SMTPUTF8") == (wire is None)
    assert f"To: {wire or address}\r\n".encode() in mail["octets"]


def test_a_name_that_is_not_ascii_needs_smtputf8(outbox, notifier):
    """Against aiosmtpd, which offers it, and is held to it by RFC 6531."""
    received = []

    class Handler:
        async def handle_DATA(self, _server, _session, envelope):
            received.append(envelope)
            return "250 2.0.0 taken"

    mail_id = outbox.mail(outbox.person("jürgen@bücher.example")[0], "confirmation", title="Größe .", pdf=PDF)
    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        notifier(f"127.0.0.1:{controller.port}")
        row = outbox.until(mail_id, "sent")
    finally:
        controller.stop()
    [envelope] = received
    assert envelope.rcpt_tos == ["jürgen@xn--bcher-kva.example"] and envelope.smtp_utf8
    message = parse(envelope.original_content)
    assert message["To"] == "jürgen@xn--bcher-kva.example" and message["Message-ID"] == row["message_id"]
    [attached] = message.iter_attachments()
    assert attached.get_content() == PDF
    [state] = outbox.order_mail(row["order_id"])
    assert (state["mail_state"], state["reason"], state["sentence"], state["sent_count"]) == ("sent", None, None, 1)


def test_without_smtputf8_it_is_refused_at_once(outbox, notifier):
    mail_id = outbox.mail(outbox.person("jürgen@example.com")[0], "confirmation", pdf=PDF)
    controller = Controller(object(), hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    try:
        notifier(f"127.0.0.1:{controller.port}")
        row = outbox.until(mail_id, "refused")
    finally:
        controller.stop()
    assert row["attempts"] == 1
    [state] = outbox.order_mail(row["order_id"])
    assert state["reason"] == "address-needs-smtputf8"
    assert state["sentence"].endswith("Your tickets are valid: download them from your orders.")


@pytest.mark.parametrize("script, state", [
    ({"RCPT": ["550 5.1.1 no such user"]}, "refused"), ({"END": ["554 5.7.1 spam"]}, "refused"),
    ({"RCPT": ["450 4.2.1 later"]}, "sent"), ({"GREETING": ["554 go away"]}, "sent"),
    ({"MAIL": ["530 5.7.0 log in"]}, "sent"), ({"END": ["452 4.3.1 full"]}, "sent"),
    ({"END": [ScriptedSmtp.DROP]}, "sent"), ({"RCPT": [ScriptedSmtp.STALL]}, "sent"),
    ({"END": [ScriptedSmtp.STALL]}, "sent"), ({"QUIT": [ScriptedSmtp.STALL]}, "sent")])
def test_smtputf8_answers_mean_the_same(outbox, notifier, script, state):
    mail_id = outbox.mail(outbox.person("jürgen@example.com")[0])
    with ScriptedSmtp(script, ["8BITMIME", "SMTPUTF8"]) as server:
        notifier(server)
        row = outbox.until(mail_id, state)
        mails = len(server.mails)
    again = state == "sent" and "QUIT" not in script
    assert row["attempts"] == (2 if again else 1) and mails == (1 if state == "sent" else 0)
    if state == "refused":
        [told] = outbox.order_mail(row["order_id"])
        assert told["reason"] == "server-refused" and row["last_answer"] in told["sentence"]


def test_why_a_mail_waits_is_told(outbox, notifier):
    buyer, _ = outbox.person()
    unreachable, put_off = outbox.mail(buyer, "confirmation", pdf=PDF), outbox.mail(buyer)
    notifier(f"127.0.0.1:{free_port()}", unreachable_retry_s_max=3600)
    order_id = outbox.row(unreachable)["order_id"]
    eventually(lambda: outbox.order_mail(order_id)[0]["reason"] == "server-unreachable", "says so")
    [told] = outbox.order_mail(order_id)
    assert told["mail_state"] == "waiting" and "We keep trying. Your tickets are valid" in told["sentence"]
    assert outbox.row(put_off)["state"] == "queued"


def test_a_resend_goes_to_the_address_of_now_and_counts_once(outbox, notifier):
    buyer, before = outbox.person()
    mail_id = outbox.mail(buyer, "confirmation", pdf=PDF)
    order_id, request = outbox.row(mail_id)["order_id"], uuid.uuid4()
    with ScriptedSmtp() as server:
        notifier(server)
        outbox.until(mail_id, "sent")
        now = f"moved-{before}"
        outbox.execute("UPDATE account.person SET username = %s WHERE user_id = %s", now, buyer)
        for _ in range(3):
            assert outbox.execute("SELECT mail.resend_ask(%s, %s)", request, order_id) == [("confirmation",)]
        eventually(lambda: outbox.order_mail(order_id)[0]["sent_count"] == 2, "sent once more")
        assert outbox.execute("SELECT mail.resend_ask(%s, %s)", request, order_id) == [("confirmation",)]
        time.sleep(2)
        assert [mail["to"] for mail in server.mails] == [[before], [now]]
        first, second = (parse(mail["octets"]) for mail in server.mails)
    [told] = outbox.order_mail(order_id)
    assert (told["mail_state"], told["sent_count"], told["resends"]) == ("sent", 2, 1)
    assert first["Message-ID"] != second["Message-ID"] == f"<{mail_id}.1@seatlog.example>"
    assert first.get_body().get_content() == second.get_body().get_content()
    assert outbox.execute("SELECT mail.resend_ask(%s, %s)", uuid.uuid4(), uuid.uuid4()) == [(None,)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        outbox.execute("SELECT mail.resend_ask(%s, %s)", request, outbox.row(outbox.mail(buyer))["order_id"])


def test_a_resend_heals_what_was_refused(outbox, notifier):
    buyer, _ = outbox.person("x@-example.com")
    mail_id = outbox.mail(buyer, "confirmation", pdf=PDF)
    with ScriptedSmtp() as server:
        notifier(server)
        order_id = outbox.until(mail_id, "refused")["order_id"]
        outbox.execute("UPDATE account.person SET username = 'x@example.com' WHERE user_id = %s", buyer)
        outbox.execute("SELECT mail.resend_ask(%s, %s)", uuid.uuid4(), order_id)
        outbox.until(mail_id, "sent")
        assert [mail["to"] for mail in server.mails] == [["x@example.com"]]
    assert outbox.order_mail(order_id)[0]["reason"] is None


def test_tickets_that_are_no_longer_kept_are_not_waited_for(outbox, notifier):
    mail_id = outbox.mail(outbox.person()[0], "confirmation", pdf=PDF)
    with ScriptedSmtp() as server:
        notifier(server)
        order_id = outbox.until(mail_id, "sent")["order_id"]
        outbox.execute("DELETE FROM ticket.document WHERE order_id = %s", order_id)
        outbox.execute("SELECT mail.resend_ask(%s, %s)", uuid.uuid4(), order_id)
        outbox.until(mail_id, "refused")
    assert outbox.order_mail(order_id)[0]["reason"] == "tickets-missing"


def test_after_five_days_a_mail_is_given_up_and_can_be_sent_again_by_hand(outbox, notifier):
    buyer, _ = outbox.person()
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=121)
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
def test_settings_that_cannot_be_meant_stop_the_start(outbox, tmp_path, options, complaint):
    running = Notifier(outbox, "127.0.0.1:1", tmp_path / "log", **options).start()
    assert running.process.wait(10) != 0
    assert complaint in (tmp_path / "log").read_text()
