# SPDX-License-Identifier: Apache-2.0
"""kill -9 of payment at any moment, with a slow provider that loses answers: nobody pays twice, nothing is lost."""

import random
import time

import pytest

from payment_support import House, Pillars, Reservation, eventually

BUYERS = 150
KILLS = 8


@pytest.fixture(scope="module")
def pillars():
    return Pillars.shared()


@pytest.fixture
def house(pillars, tmp_path):
    house = House(pillars, tmp_path).start()
    yield house
    house.close()


def life(buyer, number):
    """A reservation's life, in steps, so that one thread plays all of them: yields while it waits."""
    def awaited(kind):
        while not any(each[0] == kind for each in buyer.commands()):
            yield "waiting"

    buyer.pay(hold_s=120)
    yield from awaited("PaymentAuthorized")
    payment_id = next(fields["payment_id"] for kind, fields, _ in buyer.commands() if kind == "PaymentAuthorized")
    if number % 4 == 3:
        buyer.void(payment_id)
        yield from awaited("PaymentVoided")
        return
    buyer.secure(payment_id)
    yield from awaited("PaymentCaptured")
    if number % 4 == 2:
        buyer.refund(payment_id)
        yield from awaited("RefundCompleted")


def test_payment_killed_again_and_again_does_everything_once(house):
    house.simulator.behave(latency_ms=150, latency_jitter_ms=500, refund_settle_ms=800, faults=[
        {"operation": "*", "kind": "drop", "acts": True, "count": 0, "probability": 0.08},
        {"operation": "*", "kind": "drop", "acts": False, "count": 0, "probability": 0.05},
        {"operation": "*", "kind": "fail", "count": 0, "probability": 0.05}])
    chance, kills = random.Random(3), 0
    buyers = [Reservation(house) for _ in range(BUYERS)]
    lives = [life(buyer, number) for number, buyer in enumerate(buyers)]
    end = time.monotonic() + 150
    kill_at = time.monotonic() + 0.5
    while lives:
        assert time.monotonic() < end, f"{len(lives)} have not come to an end"
        lives = [one for one in lives if next(one, "over") != "over"]
        if kills < KILLS and time.monotonic() >= kill_at:
            house.kill()
            kills += 1
            house.start(wait=kills % 2 == 0)
            kill_at = time.monotonic() + chance.uniform(0.2, 0.8)
    print(f"{BUYERS} reservations through {kills} kills")
    assert kills >= 3

    eventually(house.ready, "payment is ready")
    eventually(lambda: house.sql.execute("SELECT count(*) FROM payment.work WHERE step <> 'done'").fetchone()[0] == 0,
               "all work is done", 30)
    expected = {0: "COMPLETED", 1: "COMPLETED", 2: "COMPLETED", 3: "CANCELED"}
    for number, buyer in enumerate(buyers):
        payment, = house.payments(buyer)
        assert payment["status"] == expected[number % 4]
        assert payment.get("refunded_money", {}).get("amount", 0) == (2500 if number % 4 == 2 else 0)
        assert len(payment.get("refund_ids", [])) == (1 if number % 4 == 2 else 0)
        told = {(kind, fields.get("payment_id")) for kind, fields, _ in buyer.commands()}
        assert {paid for _, paid in told if paid} == {payment["id"]}, "what is said again is the same"
    assert house.metric("seatlog_payment_orphans_total") == 0


def test_a_restart_reports_what_was_known_after_the_hold(house):
    """The authorization was known but not told when payment died: it is told, and not undone, however late."""
    buyer = Reservation(house)
    house.sql.execute("CREATE FUNCTION payment.hold_back() RETURNS trigger LANGUAGE plpgsql AS "
                      "'BEGIN IF NEW.step = ''done'' THEN PERFORM pg_sleep(30); END IF; RETURN NEW; END'")
    house.sql.execute("CREATE TRIGGER hold_back BEFORE UPDATE ON payment.work FOR EACH ROW "
                      "EXECUTE FUNCTION payment.hold_back()")
    buyer.pay(hold_s=2)
    buyer.command("PaymentAuthorized")
    house.kill()
    house.sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                      "WHERE application_name = 'seatlog-payment-worker' AND datname = current_database()")
    house.sql.execute("DROP TRIGGER hold_back ON payment.work")
    time.sleep(2.5)
    house.start()
    house.done(buyer, "authorize")
    assert {kind for kind, _, _ in buyer.commands()} == {"PaymentAuthorized"}
    assert [payment["status"] for payment in house.payments(buyer)] == ["APPROVED"]


def test_a_restart_asks_again_with_the_same_key(house):
    """Payment died while the provider was at it: the restarted one is answered by the key, at once."""
    house.simulator.behave(faults=[{"operation": "CreatePayment", "kind": "slow", "latency_ms": 800}])
    buyer = Reservation(house)
    buyer.pay()
    eventually(lambda: [row for row in house.rows(buyer) if row["sent_at"]], "the create is sent")
    house.kill()
    house.start()
    buyer.command("PaymentAuthorized", seconds=10)
    time.sleep(1)
    payment, = house.payments(buyer)
    assert payment["status"] == "APPROVED"
    assert house.simulator.summary()["requests"]["CreatePayment replayed"] >= 1


def test_two_instances_share_the_work(house, tmp_path):
    house.simulator.behave(latency_ms=100)
    second = House.__new__(House)
    second.__dict__.update(house.__dict__)
    second.options = {**house.options, "instance_id": "second", "admin_listen": "127.0.0.1:0"}
    second.ready = lambda: "started" in second.log()
    (tmp_path / "second").mkdir()
    second.folder = tmp_path / "second"
    second.start()
    buyers = [Reservation(house) for _ in range(60)]
    for buyer in buyers:
        buyer.pay()
    for buyer in buyers:
        buyer.command("PaymentAuthorized", seconds=60)
    second.kill()
    assert all(len(house.payments(buyer)) == 1 and len(buyer.commands()) == 1 for buyer in buyers)
    last = Reservation(house)
    last.pay()
    last.command("PaymentAuthorized", seconds=90)


def test_postgres_drops_every_connection_again_and_again(house):
    """What the provider said while PostgreSQL was away is written when it is back; nothing is asked twice for it."""
    house.simulator.behave(latency_ms=100, latency_jitter_ms=300)
    buyers = [Reservation(house) for _ in range(100)]
    for buyer in buyers:
        buyer.pay()
    ids = {buyer.id.bytes for buyer in buyers}
    end = time.monotonic() + 60
    drops = 0
    while not ids <= house.commands().keys():
        assert time.monotonic() < end
        if drops < 12:
            drops += 1
            house.sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                              "WHERE application_name LIKE 'seatlog-%' AND datname = current_database()")
        time.sleep(0.05)
    assert house.process.poll() is None
    for buyer in buyers:
        house.done(buyer, "authorize")
        payment, = house.payments(buyer)
        assert {fields["payment_id"] for _, fields, _ in buyer.commands()} == {payment["id"]}
