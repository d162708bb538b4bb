# SPDX-License-Identifier: Apache-2.0
"""What was set aside is listed, told, and handled after all once its cause is gone: exactly once."""

import contextlib
import os
import re
import signal
import subprocess
import time

import pytest

from bringup import ROOT
from clients import Buyer, eventually


@contextlib.contextmanager
def refusing(postgres, table, condition, statement="RAISE EXCEPTION 'this one is refused'"):
    """PostgreSQL takes no row of the table for which the condition is true; or is slow with it."""
    name = f"test_{table.replace('.', '_')}_{time.time_ns()}"
    event = "UPDATE" if table == "public.dead_letter_retry" else "INSERT"
    postgres.execute(f"CREATE FUNCTION public.{name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF {condition} THEN "
                     f"{statement}; END IF; RETURN NEW; END$$")
    postgres.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION public.{name}()")
    try:
        yield
    finally:
        postgres.execute(f"DROP FUNCTION public.{name} CASCADE")


def letters_of(log, daemon, record):
    """The ids of the letters of a daemon about a record."""
    return [f"{letter.partition}-{letter.offset}" for letter in log.read("seatlog.dead-letters")
            if letter.value["daemon"] == daemon and (letter.value["topic"], letter.value["partition"],
                                                     letter.value["offset"]) == record]


def record_of(log, topic, show_id, kind):
    found = [(topic, record.partition, record.offset) for record in log.read(topic, show_id) if record.kind == kind]
    return found[-1] if found else None


def letter_wait(log, daemon, topic, show_id, kind):
    def look():
        record = record_of(log, topic, show_id, kind)
        return record and letters_of(log, daemon, record)
    return eventually(look, f"{daemon} has set {kind} aside", timeout=60)[0]


def dead_letters(stack, *arguments, status=0):
    done = stack.launcher("dead-letters", *arguments)
    assert done.returncode == status, done.stdout
    assert max(map(len, done.stdout.splitlines()), default=0) <= 80, done.stdout
    return re.sub(r"\s+", " ", done.stdout)


def of_letter(told, letter):
    """What a list says of one letter."""
    found = re.search(rf"(?:^| ){letter} (.*?)(?= \d+-\d+ \d{{4}}-|$)", told)
    return found and found[1]


def kill_in_the_middle(stack, postgres, letter, program, table, condition):
    """Asks, and kills the program with SIGKILL while its statement for the record is under way."""
    with refusing(postgres, table, condition, "PERFORM pg_sleep(300)"):
        asking = subprocess.Popen([str(ROOT / "seatlog"), "dead-letters", "retry", letter, "--wait", "120"],
                                  env={**os.environ, "SEATLOG_STATE": str(stack.folder)}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        asleep = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        eventually(lambda: postgres.rows(asleep), f"{program} is in the middle of it", timeout=60)
        stack.kill(program, how=signal.SIGKILL)
        postgres.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    told, _ = asking.communicate(timeout=150)
    assert asking.returncode == 0, told
    return told


@pytest.fixture
def sale(stack, new_show):
    event_id = new_show(rows=1, seats=4)
    return event_id, Buyer.signup(stack, "unlucky")


def test_a_ticket_that_could_not_be_made_is_made_by_the_retry_once(stack, sale, log, postgres, mailbox):
    event_id, buyer = sale
    with refusing(postgres, "ticket.issue", f"NEW.buyer_id = '{buyer.user_id}'"):
        order = buyer.reserve(event_id, ["0", "1"])
        buyer.book(order)
        letter = letter_wait(log, "ticketgen", "seatlog.events", event_id, "Sold")
        listed = of_letter(dead_letters(stack, "list"), letter)
        assert "ticketgen of seatlog.events" in listed and "Sold: " in listed and event_id in listed
        assert "this one is refused" in listed and "set aside" in listed
        shown = dead_letters(stack, "show", letter)
        assert "this one is refused" in shown and "signs and draws the tickets" in shown and "value 0000 00" in shown
        failed = dead_letters(stack, "retry", letter, status=1)
        assert f"{letter} set aside; retried 1 time, last 20" in failed and "this one is refused" in failed
    assert not log.tickets(event_id)
    kill_in_the_middle(stack, postgres, letter, "seatlog-ticketgen", "ticket.issue",
                       f"NEW.buyer_id = '{buyer.user_id}'")
    assert of_letter(dead_letters(stack, "list", "--all"), letter).find("settled 20") > 0
    assert of_letter(dead_letters(stack, "list"), letter) is None
    assert "settled" in dead_letters(stack, "retry", letter)
    assert [record.kind for record in log.tickets(event_id)] == ["TicketsIssued"]
    mailbox.wait(buyer.username)
    time.sleep(2)
    assert len(mailbox.to(buyer.username)) == 1
    assert len(buyer.get(f"/orders/{order['reservation_id']}")["tickets"]) == 2


def test_a_ticket_told_before_postgresql_knew_is_not_told_twice(stack, sale, log, postgres):
    event_id, buyer = sale
    with refusing(postgres, "ticket.issue", f"NEW.buyer_id = '{buyer.user_id}'"):
        buyer.book(buyer.reserve(event_id, ["0"]))
        letter = letter_wait(log, "ticketgen", "seatlog.events", event_id, "Sold")
    partition, offset = record_of(log, "seatlog.events", event_id, "Sold")[1:]
    kill_in_the_middle(stack, postgres, letter, "seatlog-ticketgen", "public.dead_letter_retry",
                       f"NEW.state = 'settled' AND NEW.partition = {partition} AND NEW.record_offset = {offset}")
    assert [record.kind for record in log.tickets(event_id)] == ["TicketsIssued"]


def test_an_order_that_was_cancelled_meanwhile_gets_no_ticket(stack, sale, log, postgres):
    event_id, buyer = sale
    with refusing(postgres, "ticket.issue", f"NEW.buyer_id = '{buyer.user_id}'"):
        order = buyer.reserve(event_id, ["0"])
        buyer.book(order)
        letter = letter_wait(log, "ticketgen", "seatlog.events", event_id, "Sold")
    buyer.until_state(order, "sold")
    buyer.post(f"/orders/{order['reservation_id']}/cancel", expect=None)
    buyer.until_state(order, "refunded")
    mine = "SELECT FROM ticket.called_off JOIN catalog.reservation ON reservation_id = order_id WHERE show_id = %s"
    eventually(lambda: postgres.rows(mine, event_id), "ticketgen has heard of it")
    assert "settled" in dead_letters(stack, "retry", letter)
    assert not log.tickets(event_id)


def test_a_mail_and_a_payment_that_were_set_aside_are_done_once(stack, sale, log, postgres, mailbox):
    event_id, buyer = sale
    order = buyer.reserve(event_id, ["2"])
    condition = f"NEW.show_id = '{event_id}' AND NEW.kind = 'authorize'"
    with refusing(postgres, "payment.work", condition):
        assert buyer.book(order, expect=None).status_code == 202
        letter = letter_wait(log, "payment", "seatlog.events", event_id, "PaymentRequested")
        assert "this one is refused" in dead_letters(stack, "retry", letter, status=1)
    mine = f"NEW.buyer_id = '{buyer.user_id}'"
    with refusing(postgres, "mail.outbox", mine):
        kill_in_the_middle(stack, postgres, letter, "seatlog-payment", "payment.work", condition)
        buyer.until_state(order, "sold")
        mail = letter_wait(log, "notifier", "seatlog.tickets", event_id, "TicketsIssued")
        assert "TicketsIssued of order" in of_letter(dead_letters(stack, "list"), mail)
    assert not mailbox.to(buyer.username)
    kill_in_the_middle(stack, postgres, mail, "seatlog-notifier", "mail.outbox", mine)
    mailbox.wait(buyer.username)
    work = postgres.rows("SELECT kind, count(*) FROM payment.work WHERE show_id = %s GROUP BY kind ORDER BY 1",
                         event_id)
    assert work == [("authorize", 1), ("capture", 1)]
    time.sleep(2)
    assert len(mailbox.to(buyer.username)) == 1
    for one in (letter, mail):
        assert "settled" in dead_letters(stack, "retry", one)
    verified = stack.launcher("replay", "verify", "--tickets", "--mails", timeout=300)
    assert verified.returncode == 0, verified.stdout


def test_what_is_no_letter_is_said_at_once(stack):
    assert "there is no dead letter 5-999999" in dead_letters(stack, "show", "5-999999", status=1)
    for wrong in (["show"], ["retry"], ["retry", "1-2", "--all"], ["list", "1-2"], ["show", "seatlog.events/1/2"],
                  ["bury"], ["list", "--everything"]):
        assert "usage: ./seatlog dead-letters" in dead_letters(stack, *wrong, status=2)
