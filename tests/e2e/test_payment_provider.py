# SPDX-License-Identifier: Apache-2.0
"""What payment makes of what the log asks for and the provider answers, with a provider that does not always."""

import statistics
import time
import uuid

import psycopg
import pytest

from payment_support import House, Pillars, Reservation, eventually


@pytest.fixture(scope="module")
def pillars():
    return Pillars.shared()


@pytest.fixture(scope="module")
def house(pillars, tmp_path_factory):
    house = House(pillars, tmp_path_factory.mktemp("payment")).start()
    yield house
    assert house.stop() == 0, house.log()
    house.close()


@pytest.fixture(autouse=True)
def well_behaved(house):
    house.simulator.behave(latency_ms=0, latency_jitter_ms=0, refund_settle_ms=0, refund_outcome="COMPLETED",
                           decline_status=402, faults=[])


def fault(house, operation, kind, **more):
    house.simulator.behave(faults=[{"operation": operation, "kind": kind, **more}])


def test_a_payment_is_authorized_once_under_a_key_of_its_own(house):
    buyer = Reservation(house)
    buyer.pay()
    command = buyer.command("PaymentAuthorized")
    payment, = house.payments(buyer)
    assert command["payment_id"] == payment["id"]
    assert (command["attempt"], command["amount_minor"], command["currency"]) == (1, 2500, "USD")
    assert payment["status"] == "APPROVED"
    assert payment["delay_action"] == "CANCEL"
    assert payment["delay_duration"] == "PT24H"
    keys = [line["key"]["idempotency_key"] for line in house.simulator.books()
            if line.get("payment", {}).get("id") == payment["id"] and "key" in line]
    assert keys == [buyer.key("authorize")]

    _, fields, headers = buyer.commands()[0]
    assert headers["ce_type"] == "seatlog.commands.PaymentAuthorized"
    assert headers["seatlog-waiter"] == "ingest-7"
    assert headers["seatlog-command-id"] == str(uuid.UUID(bytes=fields["head"]["command_id"]))
    assert headers["traceparent"].split("-")[1] == buyer.traceparent.split("-")[1]


def test_of_a_card_only_brand_and_last_digits_are_kept(house):
    """The token goes as soon as nobody needs it; of the card, brand and last four digits stay."""
    buyer = Reservation(house)
    buyer.authorized()
    row = house.done(buyer, "authorize")
    assert (row["result"], row["source_id"], row["tries"]) == ("authorized", None, 0)
    answer, = house.sql.execute(
        "SELECT step, kind, http_status, status, card_brand, card_last_4, amount_minor "
        "FROM payment.answer WHERE work_id = %s", (row["work_id"],)).fetchall()
    assert answer == ("create", "payment", 200, "APPROVED", "VISA", "1111", 2500)
    assert "cnon:" not in house.log()
    with pytest.raises(psycopg.errors.RaiseException):
        house.sql.execute("DELETE FROM payment.answer WHERE work_id = %s", (row["work_id"],))


@pytest.mark.parametrize("status", [402, 400])
@pytest.mark.parametrize("source, code", [
    ("cnon:card-nonce-declined", "GENERIC_DECLINE"),
    ("cnon:card-nonce-rejected-cvv", "CVV_FAILURE"),
    ("cnon:card-nonce-rejected-postalcode", "ADDRESS_VERIFICATION_FAILURE"),
    ("cnon:card-nonce-rejected-expiration", "INVALID_EXPIRATION"),
    ("cnon:card-nonce-already-used", "CARD_TOKEN_USED"),
    ("cnon:never-heard-of", "NOT_FOUND"),
    ("ccof:stored-card", "UNSUPPORTED_SOURCE_TYPE"),
])
def test_a_decline_is_told_with_its_code(house, source, code, status):
    house.simulator.behave(decline_status=status)
    buyer = Reservation(house)
    buyer.pay(source)
    assert buyer.command("PaymentDeclined")["code"] == code
    assert house.done(buyer, "authorize")["source_id"] is None


def test_a_second_card_is_taken_after_a_decline(house):
    buyer = Reservation(house)
    buyer.pay("cnon:card-nonce-declined", attempt=1)
    buyer.command("PaymentDeclined", attempt=1)
    buyer.pay(attempt=2)
    buyer.command("PaymentAuthorized", attempt=2)
    assert sorted(payment["status"] for payment in house.payments(buyer)) == ["APPROVED", "FAILED"]


def test_a_captured_payment_is_refunded(house):
    buyer = Reservation(house)
    payment_id = buyer.captured()
    assert house.payments(buyer)[0]["status"] == "COMPLETED"
    buyer.refund(payment_id)
    command = buyer.command("RefundCompleted")
    refund = house.simulator.refunds()[command["refund_id"]]
    assert (refund["status"], refund["payment_id"], refund["amount_money"]["amount"]) == (
        "COMPLETED", payment_id, 2500)
    assert [kind for kind, _, _ in buyer.commands()] == [
        "PaymentAuthorized", "PaymentCaptured", "RefundCompleted"]


def test_an_authorization_is_voided(house):
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    buyer.void(payment_id)
    assert buyer.command("PaymentVoided")["payment_id"] == payment_id
    assert house.payments(buyer)[0]["status"] == "CANCELED"


def test_a_refund_that_takes_its_time_is_waited_for(house):
    buyer = Reservation(house)
    payment_id = buyer.captured()
    house.simulator.behave(refund_settle_ms=700)
    began = time.monotonic()
    buyer.refund(payment_id)
    buyer.command("RefundCompleted")
    assert time.monotonic() - began >= 0.7


def test_a_refund_that_was_rejected_can_be_asked_for_again(house):
    buyer = Reservation(house)
    payment_id = buyer.captured()
    house.simulator.behave(refund_settle_ms=100, refund_outcome="REJECTED")
    buyer.refund(payment_id)
    assert buyer.command("RefundFailed")["code"] == "REFUND_REJECTED"
    house.simulator.behave(refund_settle_ms=0, refund_outcome="COMPLETED")
    buyer.refund(payment_id, refund_attempt=2)
    buyer.command("RefundCompleted", refund_attempt=2)


def test_a_refund_that_was_given_at_the_provider_counts(house):
    buyer = Reservation(house)
    payment_id = buyer.captured()
    status, answer, _ = house.simulator.call("POST", "/v2/refunds", {
        "idempotency_key": "by-hand-" + payment_id[:10], "payment_id": payment_id,
        "amount_money": {"amount": 2500, "currency": "USD"}})
    assert status == 200
    buyer.refund(payment_id)
    assert buyer.command("RefundCompleted")["refund_id"] == answer["refund"]["id"]
    assert len(house.simulator.call("GET", f"/v2/payments/{payment_id}")[1]["payment"]["refund_ids"]) == 1


@pytest.mark.parametrize("operation", ["CreatePayment", "CompletePayment", "CancelPayment", "RefundPayment"])
@pytest.mark.parametrize("trouble", [
    {"kind": "drop", "acts": True, "count": 2}, {"kind": "drop", "acts": False, "count": 2},
    {"kind": "fail", "status": 500, "count": 3}, {"kind": "fail", "status": 503, "acts": True, "count": 2},
    {"kind": "rate_limit", "retry_after_s": 1}, {"kind": "unauthorized", "count": 2},
    {"kind": "slow", "latency_ms": 1700},
], ids=lambda trouble: "-".join(str(value) for value in trouble.values()))
def test_trouble_changes_nothing_but_the_time(house, operation, trouble):
    """However an answer is lost, everything happens once, and is told once."""
    house.simulator.behave(faults=[{"operation": operation, **trouble}])
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    if operation == "CancelPayment":
        buyer.void(payment_id)
        buyer.command("PaymentVoided")
        assert [p["status"] for p in house.payments(buyer)] == ["CANCELED"]
    else:
        buyer.secure(payment_id)
        buyer.command("PaymentCaptured")
        buyer.refund(payment_id)
        buyer.command("RefundCompleted")
        assert [p["status"] for p in house.payments(buyer)] == ["COMPLETED"]
        assert [p["refunded_money"]["amount"] for p in house.payments(buyer)] == [2500]
        assert len(house.payments(buyer)[0]["refund_ids"]) == 1
    kinds = [kind for kind, _, _ in buyer.commands()]
    assert len(kinds) == len(set(kinds))


def test_a_payment_without_an_answer_is_undone_when_the_hold_ends(house):
    """The provider acts on every create and answers none: it is undone by its key, and never created again."""
    fault(house, "CreatePayment", "drop", acts=True, count=0)
    buyer = Reservation(house)
    buyer.pay(hold_s=1.5)
    declined = buyer.command("PaymentDeclined")
    assert declined["code"] == "PROVIDER_UNREACHABLE"
    assert [p["status"] for p in house.payments(buyer)] == ["CANCELED"]
    operations = [line["operation"] for line in house.simulator.books()
                  if line.get("payment", {}).get("reference_id") == str(buyer.id)]
    assert operations == ["CreatePayment", "CancelPaymentByIdempotencyKey"]
    row = house.done(buyer, "authorize")
    sent = row["sent_at"].timestamp()
    cancelled = house.sql.execute("SELECT answered_at FROM payment.answer WHERE work_id = %s AND step = "
                                  "'cancel_by_key'", (row["work_id"],)).fetchone()[0].timestamp()
    assert sent < row["expires_at"].timestamp() + 1
    assert cancelled - sent >= 1.9, "no create could still be under way"


def test_the_provider_cancels_before_the_log_is_told(house):
    """
    An attempt is declined once the provider has confirmed that nothing stands, never before. Here it cancels and its
    confirmation is lost, 200 times: its books say CANCELED, and the log rightly says nothing. Who waits for "declined"
    waits for the log.
    """
    house.simulator.behave(faults=[{"operation": operation, "kind": "drop", "acts": True, "count": 0}
                                   for operation in ("CreatePayment", "CancelPaymentByIdempotencyKey")])
    buyers = [Reservation(house) for _ in range(200)]
    ids = {str(buyer.id) for buyer in buyers}
    for buyer in buyers:
        buyer.pay(hold_s=8)

    def standing():
        return [payment["status"] for payment in house.simulator.payments().values()
                if payment.get("reference_id") in ids]

    eventually(lambda: standing() == ["CANCELED"] * len(buyers), "cancelled at the provider", 60)
    assert [buyer.commands() for buyer in buyers] == [[]] * len(buyers)
    house.simulator.behave(faults=[])
    for buyer in buyers:
        assert buyer.command("PaymentDeclined", seconds=60)["code"] == "PROVIDER_UNREACHABLE"
        house.done(buyer, "authorize")
    assert {tuple(kind for kind, _, _ in buyer.commands()) for buyer in buyers} == {("PaymentDeclined",)}
    assert standing() == ["CANCELED"] * len(buyers)


def test_a_provider_that_is_down_while_the_hold_lasts_is_a_decline(house):
    house.simulator.stop()
    try:
        buyer = Reservation(house)
        buyer.pay(hold_s=1.5)
        assert buyer.command("PaymentDeclined")["code"] == "PROVIDER_UNREACHABLE"
    finally:
        house.simulator.start()
    answers = house.sql.execute("SELECT DISTINCT answer.step, answer.kind FROM payment.answer "
                                "JOIN payment.work USING (work_id) "
                                "WHERE reservation_id = %s", (buyer.id,)).fetchall()
    assert answers == [("create", "not_sent")], "nothing was ever sent, so there is nothing to undo"
    assert house.payments(buyer) == []


def test_nothing_is_sent_when_the_hold_is_over_already(house):
    buyer = Reservation(house)
    buyer.pay(hold_s=-1)
    assert buyer.command("PaymentDeclined")["code"] == "HOLD_EXPIRED"
    assert house.payments(buyer) == []


def test_an_authorization_that_comes_late_is_told(house):
    """Sent within the hold, answered after it: reservation decides what becomes of it."""
    fault(house, "CreatePayment", "fail", count=0)
    buyer = Reservation(house)
    buyer.pay(hold_s=3)
    time.sleep(2.2)
    fault(house, "CreatePayment", "slow", latency_ms=1400, count=0)
    buyer.command("PaymentAuthorized")
    answered = house.sql.execute("SELECT answered_at > expires_at FROM payment.answer "
                                 "JOIN payment.work USING (work_id) "
                                 "WHERE reservation_id = %s AND answer.kind = 'payment'", (buyer.id,)).fetchone()
    assert answered == (True,)


def test_captures_wait_out_an_outage(house):
    buyers = [Reservation(house) for _ in range(30)]
    payments = [buyer.authorized() for buyer in buyers]
    house.simulator.stop()
    for buyer, payment_id in zip(buyers, payments):
        buyer.secure(payment_id)
    time.sleep(1.5)
    assert all(len(buyer.commands()) == 1 for buyer in buyers), "pending is never failed"
    house.simulator.start()
    for buyer in buyers:
        buyer.command("PaymentCaptured")


def test_a_capture_that_fails_for_good_is_told_with_its_reason(house):
    refused, expired, voided = Reservation(house), Reservation(house), Reservation(house)
    payment_id = refused.authorized()
    fault(house, "CompletePayment", "decline", code="DELAYED_TRANSACTION_FAILED")
    refused.secure(payment_id)
    assert refused.command("CaptureFailed")["code"] == "DELAYED_TRANSACTION_FAILED"

    payment_id = expired.authorized()
    house.simulator.call("POST", f"/admin/payments/{payment_id}/delayed-action")
    expired.secure(payment_id)
    assert expired.command("CaptureFailed")["code"] == "DELAYED_TRANSACTION_EXPIRED"

    payment_id = voided.authorized()
    house.simulator.call("POST", f"/v2/payments/{payment_id}/cancel")
    voided.secure(payment_id)
    assert voided.command("CaptureFailed")["code"] == "DELAYED_TRANSACTION_CANCELED"


def test_a_capture_of_what_was_captured_already_succeeds(house):
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    house.simulator.call("POST", f"/v2/payments/{payment_id}/complete")
    buyer.secure(payment_id)
    buyer.command("PaymentCaptured")


def test_a_void_of_what_was_voided_already_succeeds(house):
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    house.simulator.call("POST", f"/v2/payments/{payment_id}/cancel")
    buyer.void(payment_id)
    buyer.command("PaymentVoided")


def test_a_void_of_what_was_captured_waits_for_an_operator(house):
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    house.simulator.call("POST", f"/v2/payments/{payment_id}/complete")
    alarms = house.metric("seatlog_payment_alarms_total")
    buyer.void(payment_id)
    eventually(lambda: house.metric("seatlog_payment_alarms_total") > alarms, "an alarm")
    assert [kind for kind, _, _ in buyer.commands()] == ["PaymentAuthorized"]
    house.simulator.call("POST", "/v2/refunds", {
        "idempotency_key": "hand-" + payment_id[:20], "payment_id": payment_id,
        "amount_money": {"amount": 2500, "currency": "USD"}})
    buyer.command("PaymentVoided")


def test_a_wrong_token_alarms_and_keeps_the_work(house):
    fault(house, "CreatePayment", "unauthorized", count=0)
    buyer = Reservation(house)
    buyer.pay()
    eventually(lambda: house.metric("seatlog_payment_unauthorized") == 1, "the alarm")
    assert "does not accept our access token" in house.log()
    assert buyer.commands() == []
    house.simulator.behave(faults=[])
    buyer.command("PaymentAuthorized")
    assert house.metric("seatlog_payment_unauthorized") == 0


def test_orphans_are_voided(house):
    """An authorization under one of our reservations that no work knows of, and others that do not concern us."""
    buyer, stranger = Reservation(house), Reservation(house)
    known = buyer.authorized()
    order = {"source_id": "cnon:card-nonce-ok", "autocomplete": False,
             "amount_money": {"amount": 2500, "currency": "USD"}}
    made = {}
    for name, reference in ("orphan", str(buyer.id)), ("foreign", str(stranger.id)), ("other", "till 4"):
        made[name] = house.simulator.call("POST", "/v2/payments", {
            **order, "idempotency_key": f"{name}-{buyer.id}"[:45], "reference_id": reference})[1]["payment"]["id"]
    eventually(lambda: house.simulator.payments()[made["orphan"]]["status"] == "CANCELED", "the orphan is voided")
    assert house.metric("seatlog_payment_orphans_total") >= 1
    eventually(lambda: [row for row in house.rows(buyer) if row["kind"] == "void" and row["step"] == "done"],
               "its work is done")
    assert [kind for kind, _, _ in buyer.commands()] == ["PaymentAuthorized"], "the log knows nothing of it"
    for payment_id in known, made["foreign"], made["other"]:
        assert house.simulator.payments()[payment_id]["status"] == "APPROVED"

    buyer.void(made["orphan"])  # the log comes to know it after all
    assert buyer.command("PaymentVoided")["payment_id"] == made["orphan"]


def test_a_capture_nobody_asked_for_raises_an_alarm(house):
    buyer = Reservation(house)
    payment_id = buyer.authorized()
    house.simulator.call("POST", f"/v2/payments/{payment_id}/complete")
    eventually(lambda: (house.metric("seatlog_payment_unexplained_captures") or 0) >= 1, "the alarm")
    buyer.secure(payment_id)
    buyer.command("PaymentCaptured")
    eventually(lambda: house.metric("seatlog_payment_unexplained_captures") == 0, "it is explained")


@pytest.mark.alone
def test_many_payments_are_made_at_once(house):
    """Every answer takes half a second; two hundred payments take hardly more."""
    house.simulator.behave(latency_ms=500)
    buyers = [Reservation(house) for _ in range(200)]
    began = time.monotonic()
    for buyer in buyers:
        buyer.pay()
    ids = {buyer.id.bytes for buyer in buyers}
    eventually(lambda: ids <= house.commands().keys(), "all are told")
    took = time.monotonic() - began
    print(f"200 payments of 500 ms each: {took:.2f} s")
    assert all([kind for kind, _, _ in buyer.commands()] == ["PaymentAuthorized"] for buyer in buyers)
    assert took < 10, "one after the other they would take 100 s"


@pytest.mark.alone
def test_payment_adds_little_to_the_providers_time(house):
    house.simulator.behave(latency_ms=50)
    times = []
    for _ in range(30):
        buyer = Reservation(house)
        began = time.monotonic()
        buyer.pay()
        while not buyer.commands():
            pass
        times.append((time.monotonic() - began) * 1000)
    times.sort()
    print(f"event to command, provider 50 ms: median {statistics.median(times):.1f} ms, max {times[-1]:.1f} ms")
    assert statistics.median(times) < 150
