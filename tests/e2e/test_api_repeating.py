# SPDX-License-Identifier: Apache-2.0
"""An Idempotency-Key stands for one request: sent again it is how things stand, and never another request."""

import concurrent.futures
import time

import pytest

from api_support import Api, event_body, fields, named, pay
from clients import Buyer, eventually, freeze, thaw


@pytest.fixture
def buyer(stack, contract):
    return Api.of(contract, Buyer.signup(stack))


def key(text):
    return {"Idempotency-Key": text, "Prefer": "wait=30"}


def reused(answer, call):
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("idempotency-key-reused") and fields(answer) == ["Idempotency-Key"]
    assert call in answer.json()["detail"] and "Nothing was changed." in answer.json()["detail"]


def test_a_key_pays_one_hold_and_no_other(buyer, new_show):
    event_id = new_show()
    first = buyer("POST", "/reserve", named(event_id, "0")).json()
    second = buyer("POST", "/reserve", named(event_id, "1")).json()
    assert buyer("POST", "/book", pay(first), headers=key("k")).json()["state"] == "sold"
    reused(buyer("POST", "/book", pay(second), headers=key("k")), "POST /book")
    assert buyer("GET", f"/reservations/{second['reservation_id']}").json()["state"] == "held", "and was not paid"
    again = buyer("POST", "/book", pay(first), headers=key("k"))
    assert again.status_code == 200 and again.json()["state"] == "sold", "the same request is how it stands"
    reused(buyer("POST", "/book", pay(first, "cnon:another"), headers=key("k")), "POST /book")


def test_a_key_reserves_in_one_event_and_no_other(buyer, new_show):
    one, two = new_show(), new_show()
    held = buyer("POST", "/reserve", named(one, "0"), headers=key("k"))
    assert held.status_code == 201
    reused(buyer("POST", "/reserve", named(two, "0"), headers=key("k")), "POST /reserve")
    assert buyer("GET", f"/events/{two}").json()["available"] == 70
    again = buyer("POST", "/reserve", {"ticket_ids": ["0"], "event_id": one}, headers=key("k"))
    assert again.status_code == 200, "members in another order are the same request"
    assert again.json()["reservation_id"] == held.json()["reservation_id"]


def test_a_key_is_one_call_whichever_it_is(buyer, seller, boss, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0"), headers=key("r")).json()
    path = f"/orders/{held['order_id']}"
    reused(buyer("POST", "/book", pay(held), headers=key("r")), "POST /reserve")
    reused(buyer("DELETE", f"/reservations/{held['reservation_id']}", headers=key("r")), "POST /reserve")
    reused(buyer("POST", f"{path}/cancel", headers=key("r")), "POST /reserve")
    assert buyer("GET", f"/reservations/{held['reservation_id']}").json()["state"] == "held"
    other = buyer("POST", "/reserve", named(event_id, "1")).json()
    assert buyer("DELETE", f"/reservations/{other['reservation_id']}", headers=key("d")).json()["state"] == "released"
    reused(buyer("DELETE", f"/reservations/{held['reservation_id']}", headers=key("d")), "DELETE /reservations")
    assert buyer("POST", "/book", pay(held), headers=key("b")).status_code == 200
    assert buyer("POST", f"{path}/cancel", headers=key("c")).json()["state"] == "refunding"
    assert buyer("POST", f"{path}/cancel", {}, headers=key("c")).status_code == 200, "no body is as an empty one"
    boss("POST", f"{path}/retry-refund", headers=key("x"))
    reused(boss("POST", f"/events/{event_id}/cancel", headers=key("x")), "POST /orders/{order_id}/retry-refund")
    seller_key = key(f"e{time.time()}")
    made = seller("POST", "/events", event_body(), headers=seller_key).json()["event_id"]
    reused(seller("POST", f"/events/{made}/cancel", headers=seller_key), "POST /events")
    assert seller("GET", f"/events/{made}", headers={"Prefer": "wait=30"}).json()["status"] == "on_sale"


def test_everybody_has_keys_of_their_own(stack, contract, buyer, new_show):
    event_id = new_show()
    other = Api.of(contract, Buyer.signup(stack))
    assert buyer("POST", "/reserve", named(event_id, "0"), headers=key("k")).status_code == 201
    assert other("POST", "/reserve", named(event_id, "1"), headers=key("k")).status_code == 201


def test_what_was_not_valid_has_not_used_its_key(buyer, new_show):
    event_id = new_show()
    assert buyer("POST", "/reserve", {"event_id": event_id, "ticket_ids": []}, headers=key("k")).status_code == 422
    assert buyer("POST", "/reserve", named(event_id, "0"), headers=key("k")).status_code == 201


def test_of_two_at_once_one_wins(stack, contract, buyer, new_show):
    event_id = new_show()
    token = buyer.session.headers["Authorization"].removeprefix("Bearer ")
    crowd = [Api(contract, stack.url, token) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as pool:
        for turn in range(5):
            same = list(pool.map(lambda api: api("POST", "/reserve", named(event_id, str(turn)),
                                                 headers=key(f"s{turn}")), crowd))
            assert len({a.json()["reservation_id"] for a in same}) == 1
            assert sorted(a.status_code for a in same) == [200] * 7 + [201]
            mixed = list(pool.map(lambda pair: pair[1]("POST", "/reserve", named(event_id, str(10 + pair[0])),
                                                       headers=key(f"m{turn}")), enumerate(crowd)))
            assert sorted(a.status_code for a in mixed) == [201] + [422] * 7
            buyer("DELETE", f"/reservations/{next(a for a in mixed if a.status_code == 201).json()['reservation_id']}")


@pytest.mark.parametrize("bad", ["", "two words", "k" * 256, "caf\xe9", "tab\there"])
def test_what_can_be_no_key_is_refused(buyer, new_show, bad):
    answer = buyer("POST", "/reserve", named(new_show(), "0"), headers={"Idempotency-Key": bad.encode("latin-1")})
    assert answer.status_code == 422 and fields(answer) == ["Idempotency-Key"]
    assert "1 to 255 visible ASCII characters" in answer.json()["detail"]


@pytest.mark.alone
def test_keys_do_not_need_postgresql(stack, buyer, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0"), headers=key("k")).json()
    postmaster, = stack.pids("postgres")
    frozen = freeze(postmaster)
    try:
        for number in range(1, 5):
            begun = time.monotonic()
            answer = buyer("POST", "/reserve", named(event_id, str(number)), headers=key(f"f{number}"))
            assert answer.status_code == 201 and (number < 3 or time.monotonic() - begun < 1)
        again = buyer("POST", "/reserve", named(event_id, "1"), headers=key("f1"))
        assert again.status_code == 200, "the reservation's id is the proof, not the table"
        paid = buyer("POST", "/book", pay(held), headers={"Idempotency-Key": "b", "Prefer": "wait=1"})
        assert paid.status_code == 202
    finally:
        thaw(frozen)
    eventually(lambda: buyer("GET", f"/reservations/{held['reservation_id']}").json().get("state") == "sold", "sold",
               timeout=120)


def test_an_erased_account_takes_its_own_along(stack, contract, postgres, new_show):
    person = Buyer.signup(stack)
    api = Api.of(contract, person)
    user_id = api("GET", "/account").json()["user_id"]
    api("POST", "/reserve", named(new_show(), "0"), headers=key("k"))
    count = "SELECT count(*) FROM account.idempotency_key WHERE owner_id = %s"
    assert postgres.rows(count, user_id) == [(1,)]
    api("DELETE", "/account")
    assert postgres.rows(count, user_id) == [(0,)]
