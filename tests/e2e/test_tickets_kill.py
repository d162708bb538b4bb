# SPDX-License-Identifier: Apache-2.0
"""ticketgen and notifier are killed again and again while orders are made and called off."""

import collections
import concurrent.futures
import subprocess
import threading
import time

import pytest

from clients import Buyer, eventually, pdf_qr_codes
from mail_support import binary
from tokens import Token

BUYERS, ORDERS = 4, 6


class Killer:
    """Kills the programs one after another, as soon as the last one is back."""

    def __init__(self, stack, *names):
        self.stack, self.names = stack, names
        self.done = threading.Event()
        self.kills = collections.Counter()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.done.is_set():
            for name in self.names:
                killed = self.stack.kill(name)
                self.kills[name] += 1
                eventually(lambda: set(self.stack.pids(name)) - set(killed), f"{name} is started again")
                self.done.wait(1.5)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def show_make(organizer):
    """A row of seats for each buyer."""
    starts = time.time() + 30 * 86400
    made = organizer.post("/events", {
        "title": "The Show Goes On", "type": "theatre", "venue": "Playhouse", "city": "Chico", "region": "CA",
        "country": "US", "time_zone": "America/Los_Angeles", "currency": "USD", "seats_per_buyer_max": 2 * ORDERS,
        "starts_at": time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(starts)),
        "ends_at": time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(starts + 7200)),
        "categories": [{"name": "Seat", "price_minor": 2500}],
        "sections": [{"name": "Stalls", "category": "Seat",
                      "rows": [{"label": chr(65 + row), "seats": 2 * ORDERS} for row in range(BUYERS)]}]}, expect=201)
    event_id = made["event_id"]
    eventually(lambda: organizer.get(f"/events/{event_id}", expect=None).status_code == 200, "the show is listed")
    return event_id


@pytest.fixture(scope="module")
def orders(stack, organizer):
    """Orders of two seats each, made while ticketgen and notifier die: (buyer, order)."""
    event_id = show_make(organizer)
    buyers = [Buyer.signup(stack, "patient") for _ in range(BUYERS)]

    def buy(number):
        made = []
        for order in range(ORDERS):
            first = number * 2 * ORDERS + 2 * order
            reservation = buyers[number].reserve(event_id, [str(first), str(first + 1)])
            buyers[number].book(reservation, expect=None)
            made.append((buyers[number], buyers[number].until_state(reservation, "sold")))
            time.sleep(0.5)
        return made

    with Killer(stack, "seatlog-ticketgen", "seatlog-notifier") as killer:
        with concurrent.futures.ThreadPoolExecutor(BUYERS) as pool:
            made = [pair for result in pool.map(buy, range(BUYERS)) for pair in result]
    assert all(count >= 2 for count in killer.kills.values()), killer.kills
    return event_id, made


def issued(log, event_id):
    return [record for record in log.tickets(event_id) if record.kind == "TicketsIssued"]


def test_every_order_has_its_tickets_once(orders, log, postgres, ada):
    event_id, made = orders
    eventually(lambda: len(issued(log, event_id)) >= len(made), "tickets of every order")
    time.sleep(2)
    records = issued(log, event_id)
    assert len(records) == len(made) and len({record["order_id"] for record in records}) == len(made)
    keys = ada.get("/keys")
    tokens = [Token(ticket["token"]) for record in records for ticket in record["tickets"]]
    for token in tokens:
        token.verify(keys)
    assert sorted(token.seat for token in tokens) == list(range(2 * len(made)))
    stored = dict(postgres.rows("SELECT ticket_id::text, token FROM ticket.ticket WHERE show_id = %s", event_id))
    assert stored == {Token(ticket["token"]).ticket_id: ticket["token"]
                      for record in records for ticket in record["tickets"]}


def test_every_order_has_its_mail_and_no_two_that_differ(orders, mailbox):
    _, made = orders
    for buyer in {buyer.username: buyer for buyer, _ in made}.values():
        def mails():
            return [mail for mail in mailbox.to(buyer.username) if mail["Subject"].startswith("Your tickets")]

        eventually(lambda: len({mail["Message-ID"] for mail in mails()}) == ORDERS, "a mail for every order")
        by_id = collections.defaultdict(set)
        for mail in mails():
            pdf = next(mail.iter_attachments()).get_content()
            by_id[mail["Message-ID"]].add((mail["Date"], mail["Subject"], pdf))
        assert all(len(contents) == 1 for contents in by_id.values())


def test_orders_called_off_are_revoked_once(orders, stack, log, mailbox):
    event_id, made = orders
    gone = made[::3]
    documents = []
    for buyer, order in gone:
        listed = eventually(lambda: [t for t in buyer.get(f"/orders/{order['order_id']}")["tickets"] if t.get("pdf")],
                            "the order shows its tickets")
        documents.append((buyer, listed[0]["pdf"]))
    with Killer(stack, "seatlog-ticketgen", "seatlog-notifier"):
        for buyer, order in gone:
            buyer.post(f"/orders/{order['order_id']}/cancel", expect=None)
            time.sleep(0.3)

    def revoked():
        return [record for record in log.tickets(event_id) if record.kind == "TicketsRevoked"]

    eventually(lambda: len(revoked()) >= len(gone), "every one is revoked")
    time.sleep(2)
    assert len(revoked()) == len({record["order_id"] for record in revoked()}) == len(gone)
    assert len(issued(log, event_id)) == len(made)
    for buyer, path in documents:
        eventually(lambda: buyer.get(path, expect=None).status_code in (404, 410), "the PDF is gone")
    for buyer, _ in gone:
        wanted = sum(1 for other, _ in gone if other is buyer)
        eventually(lambda: len({m["Message-ID"] for m in mailbox.to(buyer.username)
                                if m["Subject"].startswith("Order cancelled")}) == wanted, "told that it is called off")
        eventually(lambda: len({m["Message-ID"] for m in mailbox.to(buyer.username)
                                if m["Subject"].startswith("Refund made")}) == wanted, "told of the refund")


def restart(stack, name):
    killed = stack.kill(name)
    eventually(lambda: set(stack.pids(name)) - set(killed), f"{name} is started again")


def test_documents_go_when_their_time_is_up_and_tokens_stay(orders, stack, log, postgres):
    event_id, _ = orders
    order_id = postgres.rows("SELECT order_id FROM ticket.issue WHERE show_id = %s AND revoked_at IS NULL LIMIT 1",
                             event_id)[0][0]
    old = postgres.rows("UPDATE ticket.document SET purge_at = now() - interval '1 second' WHERE order_id = %s"
                        " RETURNING document_id", order_id)
    others = postgres.rows("SELECT count(*) FROM ticket.document WHERE order_id <> %s", order_id)
    assert len(old) == 3
    restart(stack, "seatlog-ticketgen")
    eventually(lambda: not postgres.rows("SELECT 1 FROM ticket.document WHERE order_id = %s", order_id), "removed")
    assert postgres.rows("SELECT count(*) FROM ticket.document WHERE order_id <> %s", order_id) == others
    assert postgres.rows("SELECT count(*) FROM ticket.ticket WHERE order_id = %s AND token <> ''", order_id) == [(2,)]


def test_a_key_that_is_lost_loses_nothing_that_was_signed(orders, stack, new_show, log, ada):
    event_id, _ = orders
    before = Token(issued(log, event_id)[-1]["tickets"][0]["token"])
    (stack.folder / "keys" / "ticket-signing-key").unlink()
    restart(stack, "seatlog-ticketgen")
    other_id = new_show()
    ada.book(ada.reserve(other_id, ["0"]))
    eventually(lambda: issued(log, other_id), "tickets under the new key")
    after = Token(issued(log, other_id)[0]["tickets"][0]["token"])
    assert after.key_id != before.key_id
    keys = ada.get("/keys")
    before.verify(keys)
    after.verify(keys)


def test_the_verifier_says_it_in_words(orders, log, ada, tmp_path):
    event_id, _ = orders
    record = issued(log, event_id)[-1]
    token = record["tickets"][0]["token"]
    keys = tmp_path / "keys.json"
    keys.write_text(ada.get("/keys", expect=None).text)

    def verify(text, *arguments):
        ran = subprocess.run([binary("seatlog-ticket-verify"), "--keys", keys, *arguments], input=text + "\n",
                             capture_output=True, text=True)
        return ran.returncode, ran.stdout.split("\n")[0]

    assert verify(token, "--show", event_id) == (0, verify(token)[1])
    assert verify(token)[1].startswith("VALID")
    assert verify(token, "--show", "00000000-0000-4000-8000-000000000000")[0] == 1
    assert verify(token, "--at", "4000000000")[0] == 2
    assert verify(token, "--at", "1")[0] == 2
    changed = token[:20] + ("0" if token[20] != "0" else "1") + token[21:]
    assert verify(changed)[0] == 1
    assert verify("HELLO")[0] == 1


def test_a_show_called_off_is_told_in_its_organizers_words(new_show, stack, organizer, mailbox):
    event_id = new_show(title="千と千尋の神隠し – الشبح")
    buyer = Buyer.signup(stack, "hopeful")
    buyer.book(buyer.reserve(event_id, ["0", "1"]))
    mail = mailbox.wait(buyer.username, subject="Your tickets: 千と千尋の神隠し – الشبح")[0]
    assert len(pdf_qr_codes(next(mail.iter_attachments()).get_content())) == 2
    organizer.post(f"/events/{event_id}/cancel", {"reason": "The <singer> has lost her voice."}, expect=None)
    cancelled = mailbox.wait(buyer.username, subject="Show cancelled: 千と千尋の神隠し – الشبح")[0]
    assert "The <singer> has lost her voice." in " ".join(cancelled.get_body(("plain",)).get_content().split())
    assert "The &lt;singer&gt; has lost her voice." in cancelled.get_body(("html",)).get_content()
    assert cancelled["References"] == mail["Message-ID"]
    refunded = mailbox.wait(buyer.username, subject="Refund made")[0]
    assert "$50.00" in refunded.get_body(("plain",)).get_content()
