# SPDX-License-Identifier: Apache-2.0
"""Double clicks and seats of one's own, what is said of them, and what costs nothing."""

import concurrent.futures

import pytest

from api_support import Api, fields, named, pay
from clients import Buyer, eventually

SOLD = {"Prefer": "wait=30"}


@pytest.fixture
def buyer(stack, contract):
    return Api.of(contract, Buyer.signup(stack))


@pytest.fixture
def other(stack, contract):
    return Api.of(contract, Buyer.signup(stack))


def best(event_id, quantity, **restricted):
    return {"event_id": event_id, "best_available": {"quantity": quantity, **restricted}}


def refused(answer, slug, detail):
    assert answer.status_code == 409 and answer.json()["type"].endswith(slug), answer.text
    assert answer.json()["detail"] == detail
    return answer.json()


def free(buyer, event_id):
    return buyer("GET", f"/events/{event_id}").json()["available"]


# ---- again ----

def test_the_same_seats_without_a_key_are_the_hold_there_is(buyer, new_show):
    event_id = new_show()
    first = buyer("POST", "/reserve", named(event_id, "0", "1"))
    again = buyer("POST", "/reserve", named(event_id, "1", "0"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["reservation_id"] == first.json()["reservation_id"] and again.json()["state"] == "held"
    assert [t["id"] for t in again.json()["tickets"]] == ["0", "1"] and again.json()["seconds_left"] > 500
    assert buyer("GET", again.headers["Location"]).json()["reservation_id"] == first.json()["reservation_id"]
    keyed = buyer("POST", "/reserve", named(event_id, "0", "1"), headers={"Idempotency-Key": "k"})
    assert keyed.status_code == 200 and keyed.json()["reservation_id"] == first.json()["reservation_id"]
    assert buyer("POST", "/book", pay(again.json()), headers=SOLD).json()["state"] == "sold"


@pytest.mark.parametrize("wish", [lambda e: best(e, 2), lambda e: {"event_id": e, "section": "Floor", "quantity": 2},
                                  lambda e: named(e, "3", "4")], ids=["best", "floor", "seats"])
def test_a_double_click_holds_once(buyer, new_show, wish):
    event_id = new_show()
    token = buyer.session.headers["Authorization"].removeprefix("Bearer ")
    crowd = [Api(buyer.contract, buyer.url, token) for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as pool:
        answers = list(pool.map(lambda api: api("POST", "/reserve", wish(event_id)), crowd))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 201]
    assert len({a.json()["reservation_id"] for a in answers}) == 1
    eventually(lambda: free(buyer, event_id) == 68, "two places are held")


def test_with_keys_of_their_own_the_same_wish_is_two(buyer, new_show):
    event_id = new_show()
    made = [buyer("POST", "/reserve", best(event_id, 2), headers={"Idempotency-Key": f"k{n}"}).json() for n in range(2)]
    assert made[0]["reservation_id"] != made[1]["reservation_id"]


def test_a_pending_answer_leads_to_the_hold_there_is(stack, buyer, new_show):
    event_id = new_show()
    first = buyer("POST", "/reserve", named(event_id, "0")).json()
    pending = buyer("POST", "/reserve", named(event_id, "0"), headers={"Prefer": "respond-async"})
    assert pending.status_code == 202
    found = buyer("GET", pending.headers["Location"], headers=SOLD)
    assert found.status_code == 200 and found.json()["reservation_id"] == first["reservation_id"]


# ---- what is said ----

def test_seats_of_ones_own_are_named_as_such(buyer, other, new_show):
    event_id = new_show()
    buyer("POST", "/reserve", named(event_id, "0", "1"))
    other("POST", "/reserve", named(event_id, "5"))
    mine = refused(buyer("POST", "/reserve", named(event_id, "0", "1", "2")), "seats-taken",
                   "You already have 2 of these seats yourself. Nothing was reserved. Choose only seats that you do "
                   "not have yet, or release your hold first.")
    assert [s["id"] for s in mine["yours"]] == ["0", "1"] == [s["id"] for s in mine["taken"]]
    assert mine["yours"][0]["row"] == "A" and mine["holds"] == f"/reservations?event_id={event_id}"
    assert buyer("GET", mine["holds"]).json()["reservations"][0]["state"] == "held"
    both = refused(buyer("POST", "/reserve", named(event_id, "1", "5")), "seats-taken",
                   "You already have 1 of these seats yourself, and others have been taken. Nothing was reserved; "
                   "please choose other seats.")
    assert [s["id"] for s in both["yours"]] == ["1"] and [s["id"] for s in both["taken"]] == ["1", "5"]
    theirs = refused(buyer("POST", "/reserve", named(event_id, "5", "6")), "seats-taken",
                     "Some of these seats have been taken. Nothing was reserved; please choose other seats.")
    assert "yours" not in theirs and "holds" not in theirs


def test_the_limit_is_said_with_what_is_held(buyer, new_show):
    event_id = new_show(seats_per_buyer_max=5)
    first = buyer("POST", "/reserve", named(event_id, "0", "1", "2")).json()
    over = refused(buyer("POST", "/reserve", named(event_id, "5", "6", "7")), "buyer-limit",
                   "You can hold at most 5 seats for this event; you already hold 3. You can release the ones you have "
                   "not paid for.")
    assert (over["limit"], over["held"], over["held_unpaid"]) == (5, 3, 3)
    assert buyer("GET", over["holds"]).json()["reservations"][0]["reservation_id"] == first["reservation_id"]
    assert buyer("POST", "/book", pay(first), headers=SOLD).status_code == 200
    paid = refused(buyer("POST", "/reserve", named(event_id, "5", "6", "7")), "buyer-limit",
                   "You can hold at most 5 seats for this event; you already hold 3.")
    assert (paid["held"], paid["held_unpaid"]) == (3, 0)


def test_what_is_left_is_said_truthfully(buyer, other, new_show):
    rows = [{"name": "Stalls", "category": "Seat", "rows": [{"label": "A", "seats": 3}, {"label": "B", "seats": 3}]}]
    event_id = new_show(sections=rows)
    apart = refused(buyer("POST", "/reserve", best(event_id, 4)), "not-available",
                    "6 seats are left, but no 4 of them together.")
    assert apart["available"] == 6
    refused(buyer("POST", "/reserve", best(event_id, 7)), "not-available", "Only 6 seats are left here.")
    other("POST", "/reserve", named(event_id, "0", "1", "2", "3", "4"))
    refused(buyer("POST", "/reserve", best(event_id, 2)), "not-available", "Only 1 seat is left here.")
    other("POST", "/reserve", named(event_id, "5"))
    refused(buyer("POST", "/reserve", best(event_id, 1)), "not-available",
            "There are no places left here. Please try another section or price.")


def test_a_refusal_that_is_read_later_says_the_same(buyer, new_show):
    event_id = new_show(seats_per_buyer_max=2)
    buyer("POST", "/reserve", named(event_id, "0", "1"))
    pending = buyer("POST", "/reserve", named(event_id, "5"), headers={"Prefer": "respond-async"})
    late = buyer("GET", pending.headers["Location"], headers=SOLD)
    told = refused(late, "buyer-limit",
                   "You can hold at most 2 seats for this event; you already hold 2. You can release "
                   "the ones you have not paid for.")
    assert told["limit"] == 2


def test_a_hold_that_is_over_says_what_that_means_for_the_money(buyer, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    path = f"/reservations/{held['reservation_id']}"
    assert buyer("POST", f"/orders/{held['order_id']}/cancel").json()["detail"] == (
        "This reservation has not been paid, so there is no order to cancel. Release the hold instead.")
    buyer("DELETE", path)
    late = buyer("POST", "/book", pay(held))
    assert late.status_code == 410
    assert late.json()["detail"] == "This hold has been released. You have not been charged."


# ---- nothing to pay ----

@pytest.fixture
def gift(new_show):
    return new_show(categories=[{"name": "Seat", "price_minor": 0}, {"name": "Standing", "price_minor": 1200}])


def test_what_costs_nothing_takes_no_source(buyer, gift):
    held = buyer("POST", "/reserve", named(gift, "0")).json()
    assert held["total_minor"] == 0
    sold = buyer("POST", "/book", {"reservation_id": held["reservation_id"]}, headers=SOLD)
    assert sold.status_code == 200 and sold.json()["state"] == "sold" and sold.json()["tickets"][0]["pdf"]
    assert buyer("POST", "/book", {"reservation_id": held["reservation_id"]}).json()["state"] == "sold", "again is fine"
    other = buyer("POST", "/reserve", named(gift, "1")).json()
    for bad in ("", "two words", "x" * 256, "ccof:card", 3):
        answer = buyer("POST", "/book", pay(other, bad))
        assert answer.status_code == 422 and fields(answer) == ["/source_id"]
    assert buyer("POST", "/book", pay(other), headers=SOLD).json()["state"] == "sold"


def test_what_costs_something_says_that_a_source_is_missing(buyer, gift):
    held = buyer("POST", "/reserve", {"event_id": gift, "section": "Floor", "quantity": 1}).json()
    answer = buyer("POST", "/book", {"reservation_id": held["reservation_id"]})
    assert answer.status_code == 422 and fields(answer) == ["/source_id"]
    assert answer.json()["detail"].startswith("source_id is missing. This reservation is not free")
    assert buyer("GET", f"/reservations/{held['reservation_id']}").json()["state"] == "held"
    assert buyer("POST", "/book", pay(held), headers=SOLD).json()["state"] == "sold"


# ---- calls without a body ----

@pytest.mark.parametrize("body", ['{"ticket_ids":["8"]}', "[]", "null", "not json", "0", '{"a":1'])
def test_a_body_that_is_not_understood_cancels_nothing(buyer, new_show, body):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    sold = buyer("POST", "/book", pay(held), headers=SOLD).json()
    for kind in ("application/json", "text/plain", None):
        answer = buyer("POST", f"/orders/{sold['order_id']}/cancel", data=body.encode(),
                       headers={"Content-Type": kind} if kind else {})
        assert answer.status_code in (400, 415, 422), (kind, answer.text)
    assert buyer("GET", f"/orders/{sold['order_id']}").json()["state"] == "sold"
    assert buyer("POST", f"/orders/{sold['order_id']}/cancel",
                 {}).json()["state"] == "refunding", "an empty one is none"


def test_who_lacks_a_role_is_told_which(buyer):
    for method, path, role in (("GET", "/failed-refunds", "operator"), ("POST", "/events", "organizer"),
                               ("GET", "/operator/orders?username=a@example.com", "operator")):
        answer = buyer(method, path, {} if method == "POST" else None)
        assert answer.status_code == 403
        assert answer.json()["detail"] == f"This call needs the role {role}, which your account does not have."
