# SPDX-License-Identifier: Apache-2.0
"""A reservation's life beyond the straight way: expiry, declines, voids, refunds, cancelled shows."""

import uuid

import pytest

from clients import Buyer, eventually, reservation_uuid

AUTHORIZE = "CreatePayment"


def statuses(provider, reservation):
    return sorted(p["status"] for p in provider.payments_of(reservation_uuid(reservation["reservation_id"])))


@pytest.fixture(scope="module", autouse=True)
def running_out(ada, new_show):
    """A hold of a minute, which runs out while the other tests go on: (event id, reservation, who wants its seats)."""
    event_id = new_show(hold_seconds=60)
    reservation = ada.reserve(event_id, ["3", "4"])
    other = Buyer.signup(ada.stack)
    refused = other.reserve(event_id, ["4", "5"], expect=409)
    assert [seat["id"] for seat in refused["taken"]] == ["4"]
    return event_id, reservation, other


def test_the_same_request_again_is_the_same_reservation(ada, new_show):
    event_id = new_show()
    first = ada.reserve(event_id, ["0", "1"], key="once")
    again = ada.reserve(event_id, ["0", "1"], key="once", expect=200)
    assert again["reservation_id"] == first["reservation_id"]
    assert ada.reserve(event_id, ["2"], key="once", expect=422)["type"].endswith("idempotency-key-reused")


def test_letting_go_frees_the_seats(ada, new_show):
    event_id = new_show()
    reservation = ada.reserve(event_id, ["0"])
    assert ada.delete(f"/reservations/{reservation['reservation_id']}")["state"] == "released"
    ada.reserve(event_id, ["0"])


def test_somebody_elses_reservation_is_nobodys_business(stack, ada, new_show):
    reservation = ada.reserve(new_show(), ["0"])
    thief = Buyer.signup(stack)
    assert thief.reservation(reservation).status_code == 404
    assert thief.book(reservation, expect=None).status_code in (403, 404)
    assert thief.delete(f"/reservations/{reservation['reservation_id']}", expect=None).status_code in (403, 404)
    assert ada.book(reservation)["state"] == "sold"


def test_a_declined_buyer_tries_another_card(ada, new_show, provider):
    reservation = ada.reserve(new_show(), ["0", "1"])
    declined = ada.book(reservation, "cnon:card-nonce-declined", expect=402)
    assert declined["code"] == "GENERIC_DECLINE" and declined["state"] == "held"
    assert ada.book(reservation, "cnon:card-nonce-rejected-cvv", expect=402)["code"] == "CVV_FAILURE"
    assert ada.book(reservation)["state"] == "sold"
    assert statuses(provider, reservation) == ["COMPLETED", "FAILED", "FAILED"]


def test_after_three_declines_there_are_no_more_attempts(ada, new_show):
    reservation = ada.reserve(new_show(), ["0"])
    for source in ("declined", "rejected-cvv", "rejected-expiration"):
        ada.book(reservation, f"cnon:card-nonce-{source}", expect=402)
    assert ada.book(reservation, expect=409)["type"].endswith("attempts-exhausted")


def test_paying_twice_at_once_charges_once(ada, new_show, provider):
    reservation = ada.reserve(new_show(), ["0"])
    provider.behave(latency_ms=1500)
    pending = ada.book(reservation, wait=0, expect=202)
    assert pending["status"] == "pending"
    assert ada.book(reservation)["state"] == "sold", "the same source again is the same payment"
    assert statuses(provider, reservation) == ["COMPLETED"]


def test_another_card_has_to_wait_for_the_first(ada, new_show, provider):
    reservation = ada.reserve(new_show(), ["0"])
    provider.behave(latency_ms=1500)
    ada.book(reservation, wait=0, expect=202)
    eventually(lambda: ada.reservation(reservation).json().get("state") != "held", "paying")
    refused = ada.book(reservation, "cnon:card-nonce-declined", expect=409)
    assert refused["type"].endswith(("payment-in-progress", "not-payable"))
    ada.until_state(reservation, "sold")


def test_who_lets_go_while_the_bank_thinks_is_not_charged(ada, new_show, provider, mailbox):
    event_id = new_show()
    reservation = ada.reserve(event_id, ["7"])
    provider.behave(latency_ms=2500)
    ada.book(reservation, wait=0, expect=202)
    eventually(lambda: ada.reservation(reservation).json().get("state") == "paying", "paying")
    assert ada.delete(f"/reservations/{reservation['reservation_id']}")["state"] == "released"
    other = ada.reserve(event_id, ["7"])
    assert other["state"] == "held", "the seat is free at once"
    eventually(lambda: statuses(provider, reservation) == ["CANCELED"], "the authorization is let go")
    eventually(lambda: ada.reservation(reservation).json().get("void_reason"), "the buyer can see it")
    mailbox.wait(ada.username, subject="not charged")


@pytest.mark.parametrize("acts", [False, True], ids=["before", "after"])
def test_an_answer_that_is_lost_is_settled_by_its_key(ada, new_show, provider, acts):
    reservation = ada.reserve(new_show(), ["0"])
    provider.behave(faults=[{"operation": AUTHORIZE, "kind": "drop", "acts": acts, "count": 2}])
    ada.book(reservation, expect=None)
    ada.until_state(reservation, "sold")
    assert statuses(provider, reservation) == ["COMPLETED"], "nobody pays twice"


def test_a_provider_that_is_down_makes_orders_wait_not_fail(ada, new_show, provider):
    reservation = ada.reserve(new_show(), ["0"])
    provider.behave(faults=[{"operation": "*", "kind": "fail", "status": 503, "count": 4}])
    answer = ada.book(reservation, wait=1, expect=None)
    assert answer.status_code in (200, 202), "pending is never failed"
    ada.until_state(reservation, "sold")
    assert statuses(provider, reservation) == ["COMPLETED"]


def test_a_capture_that_fails_for_good_frees_the_seats_and_issues_nothing(ada, new_show, provider, log, mailbox):
    event_id = new_show()
    reservation = ada.reserve(event_id, ["0"])
    provider.behave(faults=[{"operation": "CompletePayment", "kind": "decline", "code": "DELAYED_TRANSACTION_EXPIRED"}])
    ada.book(reservation, expect=None)
    ada.until_state(reservation, "released")
    assert ada.reservation(reservation).json()["reason"] == "capture_failed"
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "1")]["state"] == "free", "the seat is free again")
    assert log.tickets(event_id) == []


def test_a_returned_order_is_refunded_and_its_tickets_are_void(ada, new_show, provider, log, mailbox):
    event_id = new_show()
    reservation = ada.reserve(event_id, ["0", "1"])
    sold = ada.book(reservation)
    provider.behave(refund_settle_ms=500)
    cancelled = ada.post(f"/orders/{sold['order_id']}/cancel")
    assert cancelled["state"] == "refunding"
    ada.until_state(reservation, "refunded")
    ada.reserve(event_id, ["0", "1"])
    payment, = provider.payments_of(reservation_uuid(reservation["reservation_id"]))
    assert payment["refunded_money"]["amount"] == sold["total_minor"]
    eventually(lambda: [t.kind for t in log.tickets(event_id)] == ["TicketsIssued", "TicketsRevoked"], "revoked")
    mailbox.wait(ada.username, subject="Refund made")


def test_a_refund_that_fails_can_be_asked_for_again_by_an_operator(ada, operator, new_show, provider):
    reservation = ada.reserve(new_show(), ["0"])
    sold = ada.book(reservation)
    provider.behave(refund_outcome="REJECTED")
    ada.post(f"/orders/{sold['order_id']}/cancel")
    ada.until_state(reservation, "refund_failed")
    assert ada.post(f"/orders/{sold['order_id']}/retry-refund", expect=None).status_code == 403
    provider.behave()
    operator.post(f"/orders/{sold['order_id']}/retry-refund")
    ada.until_state(reservation, "refunded")


def test_a_cancelled_show_refunds_everybody(stack, organizer, new_show, provider, mailbox, log):
    event_id = new_show()
    buyers = [Buyer.signup(stack, "guest") for _ in range(4)]
    orders = []
    for number, buyer in enumerate(buyers[:3]):
        reservation = buyer.reserve(event_id, [str(number)])
        orders.append((buyer, reservation, buyer.book(reservation)))
    held = buyers[3].reserve(event_id, ["9"])
    assert buyers[3].post(f"/events/{event_id}/cancel", expect=None).status_code == 403
    organizer.post(f"/events/{event_id}/cancel", {"reason": "The lead is ill"})
    for buyer, reservation, _ in orders:
        buyer.until_state(reservation, "refunded")
        assert "The Test of Time" in mailbox.wait(buyer.username, 2)[-1]["Subject"]
    buyers[3].until_state(held, "released")
    assert buyers[3].reserve(event_id, ["5"], expect=409)["type"].endswith("event-cancelled")
    kinds = log.kinds(event_id)
    assert kinds.count("OrderCancelled") == 3 and kinds.count("Refunded") == 3


def test_limits_are_refused_with_their_names(ada, new_show):
    event_id = new_show(seats_per_buyer_max=3)
    ada.reserve(event_id, ["0", "1"])
    assert ada.reserve(event_id, ["2", "3"], expect=409)["type"].endswith("buyer-limit")
    assert ada.reserve(event_id, ["999"], expect=422)["type"].endswith("no-such-seat")
    assert ada.reserve(str(uuid.uuid4()), ["0"], expect=404)["type"]


def test_sales_are_the_organizers(organizer, ada, new_show):
    event_id = new_show()
    sold = ada.book(ada.reserve(event_id, ["0", "1"]))
    eventually(lambda: organizer.get(f"/events/{event_id}/sales")["places"]["sold"] == 2, "the sale is counted")
    assert organizer.get(f"/events/{event_id}/sales")["sold_minor"] == sold["total_minor"]
    assert ada.get(f"/events/{event_id}/sales", expect=None).status_code == 403


def test_an_expired_hold_gives_its_seats_back(running_out, ada, log):
    event_id, reservation, other = running_out
    ada.until_state(reservation, "released", timeout=90)
    assert ada.reservation(reservation).json()["reason"] == "expired"
    assert ada.book(reservation, expect=410)["type"]
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "4")]["state"] == "free", "the seat is free again")
    other.reserve(event_id, ["3", "4"])
    kinds = log.kinds(event_id)
    assert kinds.index("HoldsExpired") < len(kinds) - 1 - kinds[::-1].index("Reserved")
