# SPDX-License-Identifier: Apache-2.0
"""What is seen when programs die."""

import concurrent.futures
import os
import secrets
import signal
import threading
import time

import pytest

from clients import Buyer, eventually

pytestmark = pytest.mark.last(2)  # it kills what the others use
DAEMONS = ("seatlog-reservation", "seatlog-payment", "seatlog-ticketgen", "seatlog-notifier", "seatlog-indexer")


def seats_of(buyer, event_id):
    return {seat["id"]: seat["state"] for seat in buyer.get(f"/events/{event_id}")["tickets"]}


def persistent_reserve(buyer, event_id, ids):
    """Asks again under the same key until there is an answer, as a good client does."""
    key = secrets.token_hex(8)
    for _ in range(60):
        answer = buyer.post("/reserve", {"event_id": event_id, "ticket_ids": ids}, key=key, wait=10, expect=None)
        if answer.status_code in (200, 201, 409):
            return answer
        time.sleep(0.3)
    raise AssertionError(f"no answer: {answer.status_code} {answer.text}")


def check_log(events):
    """seq without gaps and none twice, whatever was killed."""
    numbers = [event["head"]["seq"] for event in events]
    assert numbers == list(range(1, len(numbers) + 1))


def test_reservation_is_killed_in_the_middle_and_nothing_is_lost_or_doubled(stack, new_show, log):
    event_id = new_show(rows=10, seats=20)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        buyers = list(pool.map(lambda _: Buyer.signup(stack, "steady"), range(10)))
    done = threading.Event()

    def killer():
        kills = 0
        while not done.is_set():
            time.sleep(1.5)
            killed = stack.kill("seatlog-reservation")
            kills += 1
            eventually(lambda: set(stack.pids("seatlog-reservation")) - set(killed), "the supervisor starts it again")
        return kills

    def buy(number):
        buyer = buyers[number]
        return [(pair, persistent_reserve(buyer, event_id, pair))
                for pair in ([str(number * 20 + 2 * i), str(number * 20 + 2 * i + 1)] for i in range(8))]

    with concurrent.futures.ThreadPoolExecutor(len(buyers) + 1) as pool:
        killing = pool.submit(killer)
        bought = [pair for result in pool.map(buy, range(len(buyers))) for pair in result]
        done.set()
        assert killing.result() >= 1
    for _, answer in bought:
        assert answer.status_code in (200, 201), answer.text
    events = log.events(event_id)
    check_log(events)
    given = sorted(seat for event in events if event.kind == "Reserved" for seat in event["seats"])
    assert given == sorted(int(seat) for pair, _ in bought for seat in pair)


@pytest.mark.parametrize("victim", DAEMONS)
def test_any_daemon_dies_while_orders_are_made(stack, new_show, log, mailbox, provider, victim):
    event_id = new_show(rows=2, seats=10)
    buyers = [Buyer.signup(stack, "unshaken") for _ in range(3)]
    orders = []
    provider.behave(latency_ms=150)
    for number, buyer in enumerate(buyers):
        reservation = persistent_reserve(buyer, event_id, [str(number)]).json()
        buyer.book(reservation, wait=0, expect=None)
        killed = stack.kill(victim)
        orders.append((buyer, reservation))
        eventually(lambda: set(stack.pids(victim)) - set(killed), "it is started again")
    for buyer, reservation in orders:
        buyer.until_state(reservation, "sold")
        assert len(mailbox.wait(buyer.username)) >= 1
        mails = mailbox.to(buyer.username)
        assert len({mail["Message-ID"] for mail in mails}) == 1
    events = log.events(event_id)
    check_log(events)
    assert [e.kind for e in events].count("Sold") == 3
    eventually(lambda: [t.kind for t in log.tickets(event_id)] == ["TicketsIssued"] * 3, "tickets once each")


def test_a_supervisor_that_is_killed_alone_costs_no_port(stack):
    """What it leaves behind still has its ports, and is ended before anything is started."""
    before = stack.launcher("env").stdout
    os.kill(int((stack.folder / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
    again = stack.launcher("up", "--yes")
    assert again.returncode == 0 and "left-overs" in again.stdout, again.stdout
    assert "was taken by another program" not in again.stdout
    assert stack.launcher("env").stdout == before


def test_after_everything_is_killed_up_brings_back_the_same(stack, ada, new_show, log):
    event_id = new_show()
    held = ada.reserve(event_id, ["4"])
    sold = ada.book(ada.reserve(event_id, ["0", "1"]))
    expected = {**{str(n): "free" for n in range(20)}, "0": "sold", "1": "sold", "4": "held"}
    eventually(lambda: seats_of(ada, event_id) == expected, "the map is up to date")
    before = [(e.partition, e.offset, e.octets) for e in log.events(event_id)]
    orders = ada.get("/orders")["orders"]

    stack.kill()
    eventually(lambda: not stack.pids(), "everything is dead")
    again = stack.launcher("up", "--yes", timeout=600)
    assert again.returncode == 0, again.stdout

    eventually(lambda: ada.get(f"/events/{event_id}", expect=None).status_code == 200, "it answers again")
    assert seats_of(ada, event_id) == expected
    assert [o["order_id"] for o in ada.get("/orders")["orders"]] == [o["order_id"] for o in orders]
    assert ada.reservation(held).json()["state"] == "held"
    after = [(e.partition, e.offset, e.octets) for e in log.events(event_id)]
    assert after[:len(before)] == before
    assert ada.book(held)["state"] == "sold", "and life goes on"
    assert sold["state"] == "sold"
