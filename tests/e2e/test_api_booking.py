# SPDX-License-Identifier: Apache-2.0
"""Reserving, paying, giving back, and what is said while it is not decided yet."""

import concurrent.futures
import secrets
import time

import pytest

from api_support import Api, event_body, named, paused, pay
from clients import Buyer, eventually


@pytest.fixture
def buyer(stack, contract):
    person = Buyer.signup(stack)
    api = Api.of(contract, person)
    api.person = person
    return api


def test_a_seat_from_search_to_ticket(buyer, new_show):
    title = f"Phantasmagoria {secrets.token_hex(4)}"
    event_id = new_show(title=title, type="film")
    found = eventually(lambda: buyer("GET", "/search", params={"q": title, "city": "Chico"}).json()["events"], "found")
    assert found[0]["event_id"] == event_id and found[0]["type"] == "film"
    assert found[0]["starts_at_local"][-6:] in ("-08:00", "-07:00")
    event = buyer("GET", f"/events/{event_id}").json()
    assert event["available"] == 70 and {t["state"] for t in event["tickets"]} == {"free"}
    ids = [t["id"] for t in event["tickets"] if t["row"] == "B"][:2]
    held = buyer("POST", "/reserve", named(event_id, *ids))
    assert held.status_code == 201 and held.json()["state"] == "held"
    assert held.json()["total_minor"] == 5000 and [t["id"] for t in held.json()["tickets"]] == ids
    assert {t["row"] for t in held.json()["tickets"]} == {"B"}
    sold = buyer("POST", "/book", pay(held.json()))
    assert sold.status_code == 200 and sold.json()["state"] == "sold", sold.text
    assert sold.json()["event"]["title"] == title
    for ticket in sold.json()["tickets"]:
        pdf = buyer("GET", ticket["pdf"], headers={"Prefer": "wait=30"})
        assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF-")
    assert buyer("GET", "/orders").json()["orders"][0]["order_id"] == sold.json()["order_id"]


def test_what_was_told_is_never_taken_back_by_a_look(buyer, new_show):
    """Every read right after an answer shows at least what the answer said."""
    event_id = new_show(rows=2, seats=20)
    for number in range(15):
        held = buyer("POST", "/reserve", named(event_id, str(number))).json()
        looked = buyer("GET", f"/reservations/{held['reservation_id']}")
        assert looked.status_code == 200 and looked.json()["state"] == "held"
        assert looked.json()["tickets"] == held["tickets"]
        gone = buyer("DELETE", f"/reservations/{held['reservation_id']}")
        assert gone.status_code == 200 and gone.json()["state"] == "released"
        looked = buyer("GET", f"/reservations/{held['reservation_id']}").json()
        assert looked["state"] == "released" and looked["reason"] == "buyer"
    held = buyer("POST", "/reserve", named(event_id, "3")).json()
    assert buyer("POST", "/book", pay(held)).status_code == 200
    assert buyer("GET", f"/orders/{held['order_id']}").json()["state"] == "sold"
    assert [o["order_id"] for o in buyer("GET", "/orders").json()["orders"]] == [held["order_id"]]


def test_the_same_request_again_is_the_same_reservation(buyer, new_show):
    event_id = new_show()
    key = {"Idempotency-Key": secrets.token_hex(8)}
    first = buyer("POST", "/reserve", named(event_id, "0", "1"), headers=key)
    again = buyer("POST", "/reserve", named(event_id, "1", "0"), headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["reservation_id"] == again.json()["reservation_id"]
    other = buyer("POST", "/reserve", named(event_id, "2"), headers=key)
    assert other.status_code == 422 and other.json()["type"].endswith("idempotency-key-reused")
    assert other.json()["field"] == "Idempotency-Key"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        answers = list(pool.map(lambda _: buyer("POST", "/reserve", named(event_id, "5"), headers=key), range(8)))
    assert sorted(a.status_code for a in answers) == [200] * 7 + [201]
    assert len({a.json()["reservation_id"] for a in answers}) == 1


def test_the_same_event_again_is_the_same_event(seller):
    key, body = {"Idempotency-Key": secrets.token_hex(8)}, event_body()
    first = seller("POST", "/events", body, headers=key)
    again = seller("POST", "/events", body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["event_id"] == again.json()["event_id"]
    other = seller("POST", "/events", {**body, "title": "Another"}, headers=key)
    assert other.status_code == 422 and other.json()["type"].endswith("idempotency-key-reused")
    assert seller("GET", first.headers["Location"]).json()["title"] == body["title"]


def test_losers_are_told_which_seats_are_gone(buyer, ada, new_show):
    event_id = new_show()
    ada.reserve(event_id, ["2", "3"])
    lost = buyer("POST", "/reserve", named(event_id, "1", "2", "3", "4"))
    assert lost.status_code == 409 and lost.json()["type"].endswith("seats-taken")
    assert lost.json()["taken"] == [{"id": "2", "section": "Stalls", "row": "A", "seat": "3"},
                                    {"id": "3", "section": "Stalls", "row": "A", "seat": "4"}]
    assert buyer("POST", "/reserve", named(event_id, "1", "4")).status_code == 201, "nothing was held by the loser"


def test_more_than_one_buyer_may_have_is_refused(buyer, new_show):
    event_id = new_show(seats_per_buyer_max=3)
    assert buyer("POST", "/reserve", named(event_id, "0", "1")).status_code == 201
    refused = buyer("POST", "/reserve", named(event_id, "2", "3"))
    assert refused.status_code == 409 and refused.json()["type"].endswith("buyer-limit")


def test_a_declined_card_leaves_the_seats_for_another(buyer, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    declined = buyer("POST", "/book", pay(held, "cnon:card-nonce-declined"), headers={"Prefer": "wait=30"})
    assert declined.status_code == 402 and declined.json()["code"] == "GENERIC_DECLINE"
    assert declined.json()["state"] == "held" and declined.json()["attempts_left"] == 2
    again = buyer("POST", "/book", pay(held, "cnon:card-nonce-declined"))
    assert again.status_code == 402 and again.json()["code"] == "GENERIC_DECLINE", "the same source is the same attempt"
    looked = buyer("GET", f"/reservations/{held['reservation_id']}").json()
    assert looked["state"] == "held" and looked["code"] == "GENERIC_DECLINE" and looked["attempt"] == 1
    assert buyer("GET", f"/orders/{held['order_id']}").status_code == 404, "it is no order yet"
    sold = buyer("POST", "/book", pay(held), headers={"Prefer": "wait=30"})
    assert sold.status_code == 200 and sold.json()["attempt"] == 2
    again = buyer("POST", "/book", pay(held))
    assert again.status_code == 200 and again.json()["state"] == "sold", "paying twice is the same payment"
    other = buyer("POST", "/book", pay(held, "cnon:another"))
    assert other.status_code == 409 and other.json()["type"].endswith("not-payable")


def test_three_declines_are_the_end_of_it(buyer, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    for source in ("declined", "rejected-cvv", "rejected-expiration"):
        answer = buyer("POST", "/book", pay(held, f"cnon:card-nonce-{source}"), headers={"Prefer": "wait=30"})
        assert answer.status_code == 402, answer.text
    assert answer.json()["attempts_left"] == 0
    answer = buyer("POST", "/book", pay(held))
    assert answer.status_code == 409 and answer.json()["type"].endswith("attempts-exhausted")


def test_what_was_let_go_cannot_be_paid(buyer, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    path = f"/reservations/{held['reservation_id']}"
    assert buyer("DELETE", path).status_code == 200
    assert buyer("DELETE", path).json()["state"] == "released", "again is fine"
    late = buyer("POST", "/book", pay(held))
    assert late.status_code == 410 and late.json()["type"].endswith("hold-released")
    assert buyer("POST", f"/orders/{held['order_id']}/cancel").status_code == 409


def test_an_order_given_back_is_refunded_and_its_ticket_gone(buyer, seller, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0", "1")).json()
    sold = buyer("POST", "/book", pay(held), headers={"Prefer": "wait=30"}).json()
    report = seller("GET", f"/events/{event_id}/sales").json()
    assert report["sold_minor"] == 5000 and report["orders"]["sold"] == 1, "as the buyer was told"
    assert report["places"] == {"capacity": 70, "free": 68, "held": 0, "sold": 2}
    assert buyer("DELETE", f"/reservations/{held['reservation_id']}").status_code == 409
    gone = buyer("POST", f"/orders/{sold['order_id']}/cancel")
    assert gone.status_code == 200 and gone.json()["state"] == "refunding" and gone.json()["reason"] == "buyer"
    assert buyer("GET", sold["tickets"][0]["pdf"]).status_code == 410
    refunded = eventually(lambda: (a := buyer("GET", f"/orders/{sold['order_id']}").json())["state"] == "refunded"
                          and a,
                          "refunded")
    assert "ticket_id" not in refunded["tickets"][0]
    assert buyer("POST", f"/orders/{sold['order_id']}/cancel").json()["state"] == "refunded", "again is fine"

    def sales():
        report = seller("GET", f"/events/{event_id}/sales").json()
        return report["orders"]["refunded"] == 1 and report

    report = eventually(sales, "the sales say so")
    assert report["refunded_minor"] == 5000 and report["sold_minor"] == 0
    assert report["places"] == {"capacity": 70, "free": 70, "held": 0, "sold": 0}


def test_a_failed_refund_is_an_operators_to_ask_for_again(buyer, operator, contract, provider, new_show):
    boss = Api.of(contract, operator)
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    assert buyer("POST", "/book", pay(held), headers={"Prefer": "wait=30"}).status_code == 200
    path = f"/orders/{held['order_id']}"
    assert boss("POST", path + "/retry-refund").status_code == 409, "there is none"
    provider.behave(refund_outcome="FAILED")
    assert buyer("POST", path + "/cancel").status_code == 200
    eventually(lambda: buyer("GET", path).json()["state"] == "refund_failed", "the refund fails")
    provider.behave()
    assert buyer("GET", "/failed-refunds").status_code == 403
    failed = [order["order_id"] for order in boss("GET", "/failed-refunds", params={"per_page": 100}).json()["orders"]]
    assert held["order_id"] in failed
    assert buyer("POST", path + "/retry-refund").status_code == 403
    assert boss("POST", path + "/retry-refund").json()["state"] == "refunding"
    eventually(lambda: buyer("GET", path).json()["state"] == "refunded", "the second refund succeeds")
    assert held["order_id"] not in [o["order_id"] for o in boss("GET", "/failed-refunds").json()["orders"]]


def test_an_event_called_off_is_over_for_everybody(buyer, seller, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    paid = buyer("POST", "/reserve", named(event_id, "1")).json()
    assert buyer("POST", "/book", pay(paid), headers={"Prefer": "wait=30"}).status_code == 200
    path = f"/events/{event_id}/cancel"
    assert buyer("POST", path, {"reason": "I like"}).status_code == 403
    gone = seller("POST", path, {"reason": "The projector broke"})
    assert gone.status_code == 200 and gone.json()["status"] == "cancelled"
    assert seller("POST", path).status_code == 200, "again is fine"
    event = seller("GET", gone.headers["Location"]).json()
    assert event["status"] == "cancelled" and event["cancel_reason"] == "The projector broke"
    refused = buyer("POST", "/reserve", named(event_id, "5"))
    assert refused.status_code == 409 and refused.json()["type"].endswith("event-cancelled")
    assert buyer("GET", f"/reservations/{held['reservation_id']}").json()["reason"] == "show_cancelled"
    eventually(lambda: buyer("GET", f"/orders/{paid['order_id']}").json()["state"] == "refunded", "refunded")
    title = event["title"]
    eventually(lambda: event_id not in [e["event_id"] for e in
                                        buyer("GET", "/search", params={"q": title, "per_page": 100}).json()["events"]],
               "it is not found any more")


def test_an_event_has_a_version_that_changes_with_its_seats(buyer, new_show):
    event_id = new_show()
    path = f"/events/{event_id}"
    first = buyer("GET", path)
    assert buyer("GET", path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert buyer("GET", path, headers={"If-None-Match": '"other", W/' + first.headers["ETag"]}).status_code == 304
    assert buyer("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200
    buyer("POST", "/reserve", named(event_id, "0"))
    changed = eventually(
        lambda: (a := buyer("GET", path, headers={"If-None-Match": first.headers["ETag"]})).status_code == 200 and a,
        "the change is seen", timeout=5)
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert changed.json()["version"] > first.json()["version"]
    assert changed.json()["tickets"][0]["state"] == "held"


def test_general_places_and_the_best_seats(buyer, new_show):
    event_id = new_show(rows=3, seats=9, floor=5)
    floor = buyer("POST", "/reserve", {"event_id": event_id, "section": "Floor", "quantity": 4})
    assert floor.status_code == 201 and floor.json()["total_minor"] == 4800
    assert floor.json()["tickets"] == [{"section": "Floor", "category": "Standing", "price_minor": 1200}] * 4
    full = buyer("POST", "/reserve", {"event_id": event_id, "section": "Floor", "quantity": 2})
    assert full.status_code == 409 and full.json()["type"].endswith("not-available")
    best = buyer("POST", "/reserve", {"event_id": event_id, "best_available": {"quantity": 3, "section": "Stalls"}})
    numbers = [int(t["id"]) for t in best.json()["tickets"]]
    assert best.status_code == 201 and numbers == list(range(numbers[0], numbers[0] + 3))
    assert buyer("POST", "/reserve", {"event_id": event_id, "best_available": {"quantity": 1, "category": "Standing"}}
                 ).status_code == 409, "a general section is never the best available"


# ---- what is not decided yet ----

def test_who_does_not_want_to_wait_is_told_where_to_look(buyer, ada, new_show):
    event_id = new_show()
    quick = {"Prefer": "respond-async"}
    pending = buyer("POST", "/reserve", named(event_id, "0"), headers=quick)
    assert pending.status_code == 202 and pending.headers["Preference-Applied"] == "respond-async"
    assert pending.json()["status"] == "pending" and pending.headers["Retry-After"]
    held = buyer("GET", pending.headers["Location"])
    assert held.status_code == 200 and held.json()["state"] == "held"
    assert held.json()["reservation_id"] == pending.json()["reservation_id"]
    ada.reserve(event_id, ["1"])
    pending = buyer("POST", "/reserve", named(event_id, "1", "2"), headers=quick)
    refused = buyer("GET", pending.headers["Location"])
    assert refused.status_code == 409 and refused.json()["type"].endswith("seats-taken")
    assert [seat["id"] for seat in refused.json()["taken"]] == ["1"]


@pytest.mark.alone
def test_a_command_without_a_decider_is_pending_and_never_lost(stack, buyer, new_show):
    event_id = new_show()
    first = buyer("POST", "/reserve", named(event_id, "0")).json()
    with paused(stack, "seatlog-reservation"):
        begun = time.monotonic()
        pending = buyer("POST", "/reserve", named(event_id, "1"), headers={"Prefer": "wait=1"})
        assert pending.status_code == 202 and 0.9 < time.monotonic() - begun < 10
        paid = buyer("POST", "/book", pay(first), headers={"Prefer": "wait=0"})
        assert paid.status_code == 202 and "failed" not in paid.text
        for answer in (pending, paid):
            assert "after=~" not in answer.headers["Location"], "the place on the log is known, however short the wait"
            look = buyer("GET", answer.headers["Location"], headers={"Prefer": "wait=0"})
            assert look.status_code == 202, "pending, never 404 and never an old state"
        unnamed = buyer("GET", f"/reservations/{pending.json()['reservation_id']}", headers={"Prefer": "wait=0"})
        assert unnamed.status_code in (202, 404)
    held = eventually(lambda: (look := buyer("GET", pending.headers["Location"], headers={"Prefer": "wait=20"})
                               ).status_code == 200 and look, "it is decided", timeout=120)
    assert held.json()["state"] == "held"
    eventually(lambda: buyer("GET", paid.headers["Location"],
                             headers={"Prefer": "wait=5"}).json().get("state") == "sold",
               "the payment goes through")


def test_a_reader_waits_for_a_projection_that_is_behind(stack, buyer, new_show):
    event_id = new_show()
    with paused(stack, "seatlog-indexer"):
        held = buyer("POST", "/reserve", named(event_id, "0"))
        assert held.status_code == 201, "reserving needs no projection"
        path = f"/reservations/{held.json()['reservation_id']}"
        assert buyer("GET", path, headers={"Prefer": "wait=0"}).status_code == 202
        assert buyer("GET", held.headers["Location"], headers={"Prefer": "wait=1"}).status_code == 202
        sold = buyer("POST", "/book", pay(held.json()), headers={"Prefer": "wait=30"})
        assert sold.status_code == 200 and sold.json()["event"]["title"]
    assert buyer("GET", path, headers={"Prefer": "wait=30"}).json()["state"] == "sold"


def test_a_payment_whose_provider_is_slow_is_pending(buyer, provider, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    provider.behave(latency_ms=2500)
    pending = buyer("POST", "/book", pay(held), headers={"Prefer": "wait=1"})
    assert pending.status_code == 202
    look = buyer("GET", pending.headers["Location"], headers={"Prefer": "wait=5"})
    assert look.status_code == 200 and look.json()["state"] in ("paying", "secured")
    other = buyer("POST", "/book", pay(held, "cnon:another-card"), headers={"Prefer": "wait=5"})
    assert other.status_code == 409 and other.json()["type"].endswith(("payment-in-progress", "not-payable"))
    sold = buyer("POST", "/book", pay(held), headers={"Prefer": "wait=30"})
    assert sold.status_code == 200 and sold.json()["state"] == "sold", "the same source joins the same payment"


def test_letting_go_while_paying_is_told_to_the_one_who_pays(stack, buyer, provider, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    provider.behave(latency_ms=3000)
    other = Api.of(buyer.contract, buyer.person)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        paying = pool.submit(lambda: other("POST", "/book", pay(held), headers={"Prefer": "wait=20"}))
        eventually(lambda: buyer("GET", f"/reservations/{held['reservation_id']}").json()["state"] == "paying",
                   "paying")
        assert buyer("DELETE", f"/reservations/{held['reservation_id']}").json()["state"] == "released"
        answer = paying.result()
    assert answer.status_code == 410 and answer.json()["reason"] == "buyer"
