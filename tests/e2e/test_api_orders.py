# SPDX-License-Identifier: Apache-2.0
"""Finding what one holds and has bought, and what an operator does with anybody's orders."""

import base64
import uuid

import pytest

from api_support import Api, fields, named, pay
from clients import Buyer, eventually

SOLD = {"Prefer": "wait=30"}


@pytest.fixture
def buyer(stack, contract):
    person = Buyer.signup(stack)
    api = Api.of(contract, person)
    api.username = api("GET", "/account").json()["username"]
    return api


def uuid_of(public_id):
    """The reservation's UUID: the second half of the 32 bytes."""
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(public_id + "=")[16:]))


def held_by(api, **params):
    return [r["reservation_id"] for r in api("GET", "/reservations", params=params).json()["reservations"]]


# ---- a hold whose id is lost ----

def test_a_hold_whose_id_is_lost_is_found_paid_and_released(buyer, new_show):
    event_id = new_show()
    buyer("POST", "/reserve", named(event_id, "0", "1"))
    buyer("POST", "/reserve", named(event_id, "5"))
    found = buyer("GET", "/reservations", params={"event_id": event_id, "state": "held"}).json()["reservations"]
    assert [[t["id"] for t in r["tickets"]] for r in found] == [["5"], ["0", "1"]], "newest first"
    assert all(500 < r["seconds_left"] <= 600 and r["event"]["title"] for r in found)
    assert buyer("POST", "/book", pay(found[1]), headers=SOLD).json()["state"] == "sold"
    assert buyer("DELETE", f"/reservations/{found[0]['reservation_id']}").json()["state"] == "released"
    assert held_by(buyer, state="held") == []
    assert held_by(buyer, state="sold") == [found[1]["reservation_id"]]
    assert held_by(buyer) == [r["reservation_id"] for r in found], "all states without a filter"
    paid = buyer("GET", "/reservations", params={"state": "sold"}).json()["reservations"][0]
    assert "seconds_left" not in paid


def test_the_list_is_ones_own_and_never_older_than_what_was_told(stack, contract, buyer, new_show):
    event_id, elsewhere = new_show(), new_show()
    other = Api.of(contract, Buyer.signup(stack))
    other("POST", "/reserve", named(event_id, "19"))
    for number in range(8):
        made = buyer("POST", "/reserve", named(event_id, str(number))).json()["reservation_id"]
        assert held_by(buyer, event_id=event_id, per_page=1) == [made]
        assert buyer("DELETE", f"/reservations/{made}").status_code == 200
        assert held_by(buyer, event_id=event_id, state="held") == []
    assert held_by(buyer, event_id=elsewhere) == []
    page = buyer("GET", "/reservations", params={"per_page": 5}).json()
    assert len(page["reservations"]) == 5 and page["more"]
    rest = buyer("GET", "/reservations", params={"per_page": 5, "page": 2}).json()
    assert len(rest["reservations"]) == 3 and not rest["more"]


@pytest.mark.parametrize("params, field", [
    ({"state": "HELD"}, "state"), ({"state": "none"}, "state"), ({"state": ""}, "state"), ({"state": "gone"}, "state"),
    ({"event_id": "x"}, "event_id"), ({"event_id": ""}, "event_id"), ({"page": "0"}, "page"),
    ({"per_page": "101"}, "per_page")])
def test_a_list_says_what_it_does_not_understand(buyer, params, field):
    answer = buyer("GET", "/reservations", params=params)
    assert answer.status_code == 422 and fields(answer) == [field]


# ---- both forms of an id ----

def test_every_call_takes_either_form_of_an_id(buyer, boss, new_show):
    event_id = new_show()
    held = buyer("POST", "/reserve", named(event_id, "0")).json()
    plain = uuid_of(held["reservation_id"])
    assert buyer("GET", f"/reservations/{plain}").json()["reservation_id"] == held["reservation_id"]
    assert buyer("GET", f"/reservations/{plain.upper()}").json()["reservation_id"] == held["reservation_id"]
    sold = buyer("POST", "/book", {"reservation_id": plain, "source_id": "cnon:card-nonce-ok"}, headers=SOLD)
    assert sold.status_code == 200 and sold.json()["order_id"] == held["order_id"]
    for form in (plain, held["order_id"]):
        assert buyer("GET", f"/orders/{form}").json()["state"] == "sold"
        assert boss("GET", f"/operator/orders/{form}").json()["order_uuid"] == plain
        assert boss("POST", f"/orders/{form}/retry-refund").status_code == 409
    assert buyer("POST", f"/orders/{plain}/cancel").json()["state"] == "refunding"
    other = buyer("POST", "/reserve", named(event_id, "1")).json()
    assert buyer("DELETE", f"/reservations/{uuid_of(other['order_id'])}").json()["state"] == "released"


def test_the_plain_form_of_anothers_order_is_nobodys(stack, contract, buyer, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    thief = Api.of(contract, Buyer.signup(stack))
    for form in (uuid_of(held["order_id"]), held["order_id"], str(uuid.uuid4()), "x", "a" * 43):
        assert thief("GET", f"/reservations/{form}").status_code == 404
        assert thief("DELETE", f"/reservations/{form}").status_code == 404
        assert thief("POST", f"/orders/{form}/cancel").status_code == 404
    assert buyer("GET", f"/reservations/{held['order_id']}").json()["state"] == "held"


# ---- mail ----

def test_an_order_says_how_its_mail_stands(buyer, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    assert "mail" not in held
    order = buyer("POST", "/book", pay(held), headers=SOLD).json()
    path = f"/orders/{order['order_id']}"
    sent = eventually(lambda: (m := buyer("GET", path).json().get("mail")) and m["state"] == "sent" and m,
                      "it is mailed")
    assert sent == {"state": "sent", "detail": "The email has been sent."}
    assert buyer("GET", "/orders").json()["orders"][0]["mail"] == sent
    assert buyer("GET", "/reservations").json()["reservations"][0]["mail"] == sent


def test_an_order_whose_mail_was_refused_says_so(postgres, buyer, boss, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    order = buyer("POST", "/book", pay(held), headers=SOLD).json()
    path = f"/orders/{order['order_id']}"
    eventually(lambda: buyer("GET", path).json().get("mail", {}).get("state") == "sent", "it is mailed")
    sentence = "The mail server refused this email."
    postgres.execute("UPDATE mail.outbox SET state = 'refused', reason = 'server-refused', sentence = %s"
                     " WHERE order_id = %s", sentence, uuid_of(order["order_id"]))
    refused = {"state": "refused", "reason": "server-refused", "detail": sentence}
    assert buyer("GET", path).json()["mail"] == refused
    assert buyer("GET", "/orders").json()["orders"][0]["mail"] == refused
    assert boss("GET", "/operator" + path).json()["mail"] == refused


# ---- an operator ----

def test_an_operator_finds_reads_and_cancels_anybodys_order(buyer, boss, new_show):
    event_id = new_show()
    first = buyer("POST", "/reserve", named(event_id, "0")).json()
    order = buyer("POST", "/book", pay(first), headers=SOLD).json()
    held = buyer("POST", "/reserve", named(event_id, "1")).json()
    found = boss("GET", "/operator/orders", params={"username": buyer.username.upper()}).json()["orders"]
    assert [o["order_id"] for o in found] == [held["order_id"], order["order_id"]]
    assert {o["buyer"]["username"] for o in found} == {buyer.username}
    read = eventually(lambda: (o := boss("GET",
                                         f"/operator/orders/{order['order_id']}").json()).get("tickets_issued_at")
                      and o["payments"][-1]["kind"] == "capture" and o["payments"][-1]["state"] == "captured" and o,
                      "all is known")
    assert [p["kind"] for p in read["payments"]] == ["authorize", "capture"]
    assert {p["amount_minor"] for p in read["payments"]} == {2500} and read["payments"][0]["payment_id"]
    assert read["tickets"] == order["tickets"] and read["event"] == order["event"]
    gone = boss("POST", f"/operator/orders/{order['order_id']}/cancel")
    assert gone.status_code == 200 and gone.json()["state"] == "refunding"
    assert boss("GET", gone.headers["Location"]).json()["state"] in ("refunding", "refunded")
    eventually(lambda: buyer("GET", f"/orders/{order['order_id']}").json()["state"] == "refunded", "the money is back")
    after = boss("GET", f"/operator/orders/{order['order_id']}").json()
    assert after["payments"][-1]["kind"] == "refund" and after["tickets_revoked_at"]
    assert boss("POST", f"/operator/orders/{held['order_id']}/cancel").status_code == 409, "a hold is not an order"


def test_an_operator_sends_a_mail_again(mailbox, buyer, boss, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    path = f"/operator/orders/{held['order_id']}/resend-mail"
    none = boss("POST", path)
    assert none.status_code == 409 and none.json()["type"].endswith("no-mail")
    order = buyer("POST", "/book", pay(held), headers=SOLD).json()
    mailbox.wait(buyer.username)
    eventually(lambda: buyer("GET", f"/orders/{order['order_id']}").json().get("mail", {}).get("state") == "sent",
               "sent")
    for _ in range(3):
        assert boss("POST", path, headers={"Idempotency-Key": f"again-{held['order_id'][:20]}"}).json() == {
            "order_id": order["order_id"], "template": "confirmation"}
    assert len(mailbox.wait(buyer.username, count=2)) == 2
    assert boss("POST", path, {}).status_code == 200, "without a key every call is another"
    mailbox.wait(buyer.username, count=3)


def test_an_operators_calls_are_an_operators_alone(stack, contract, organizer, buyer, boss, new_show):
    held = buyer("POST", "/reserve", named(new_show(), "0")).json()
    order = buyer("POST", "/book", pay(held), headers=SOLD).json()["order_id"]
    people = {"buyer": buyer, "organizer": Api.of(contract, organizer), "nobody": Api(contract, stack.url)}
    for role in ("partner", "gate"):
        person = Buyer.signup(stack)
        people[role] = Api.of(contract, person)
        user_id = people[role]("GET", "/account").json()["user_id"]
        assert boss("PUT", f"/users/{user_id}/roles", {"roles": ["buyer", role]}).status_code == 200
    for role, api in people.items():
        expected = 401 if role == "nobody" else 403
        for method, path in (("GET", f"/operator/orders?username={buyer.username}"),
                             ("GET", f"/operator/orders/{order}"),
                             ("POST", f"/operator/orders/{order}/cancel"),
                             ("POST", f"/operator/orders/{order}/resend-mail"),
                             ("POST", f"/orders/{order}/retry-refund"), ("GET", "/failed-refunds")):
            assert api(method, path).status_code == expected, (role, method, path)
    assert buyer("GET", f"/orders/{order}").json()["state"] == "sold"


def test_an_operator_is_told_what_there_is_not(boss):
    assert boss("GET", f"/operator/orders/{uuid.uuid4()}").status_code == 404
    assert boss("POST", f"/operator/orders/{'a' * 43}/cancel").status_code == 404
    assert boss("POST", f"/operator/orders/{uuid.uuid4()}/resend-mail").status_code == 404
    assert boss("GET", "/operator/orders", params={"username": "nobody-at-all@example.com"}).json()["orders"] == []
    assert fields(boss("GET", "/operator/orders")) == ["username"]
