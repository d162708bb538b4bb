# SPDX-License-Identifier: Apache-2.0
"""Bad input of every kind gets a 4xx problem document that names the field, and reaches no log."""

import contextlib
import json
import random
import secrets
import socket
import urllib.parse

import pytest
import requests

from api_support import Api, event_body, fields
from clients import TIMEOUT, Buyer, retried

UNKNOWN_EVENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def buyer(stack, contract):
    return Api.of(contract, Buyer.signup(stack, "clumsy"))


@pytest.mark.parametrize("octets, kind, status", [
    (b"", "application/json", 400),
    (b"{", "application/json", 400),
    (b"nonsense", "application/json", 400),
    (b"[]", "application/json", 422),
    (b'"text"', "application/json", 422),
    (b"{}", "text/plain", 415),
    (b"{}", "application/x-www-form-urlencoded", 415),
    (b"{}", "application/jsonx", 415),
    (b'{"event_id":"a","event_id":"b"}', "application/json", 400),
    (b'{"event_id":"\xff\xfe"}', "application/json", 400),
    (b'{"event_id":"a\\u0000b"}', "application/json", 400),
    (b'{"event_id":"\\ud800"}', "application/json", 400),
    (b"[" * 100000, "application/json", 413),
    (b"[" * 60000, "application/json", 400),
    (b'{"event_id":"a"} {}', "application/json", 400),
    (b"{}", "application/json; charset=utf-8", 422),
])
def test_what_is_no_json_object_is_refused(buyer, octets, kind, status):
    answer = buyer("POST", "/reserve", None, data=octets, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_a_body_without_a_type_is_refused(buyer):
    answer = buyer("POST", "/reserve", None, data=b"{}", headers={"Content-Type": None})
    assert answer.status_code == 415


@pytest.mark.parametrize("body, wrong", [
    ({}, ["/event_id", "/ticket_ids"]),
    ({"event_id": "x", "ticket_ids": ["1"]}, ["/event_id"]),
    ({"event_id": UNKNOWN_EVENT}, ["/ticket_ids"]),
    ({"event_id": UNKNOWN_EVENT, "ticket_ids": [str(n) for n in range(101)]}, ["/ticket_ids"]),
    ({"event_id": UNKNOWN_EVENT, "ticket_ids": ["1", "1"]}, ["/ticket_ids/1"]),
    ({"event_id": UNKNOWN_EVENT, "ticket_ids": [1, -1, "x"]}, ["/ticket_ids/0", "/ticket_ids/1", "/ticket_ids/2"]),
    ({"event_id": UNKNOWN_EVENT, "best_available": {"quantity": 0}}, ["/best_available/quantity"]),
    ({"event_id": UNKNOWN_EVENT, "best_available": {"quantity": 10 ** 30}}, None),
    ({"event_id": UNKNOWN_EVENT, "section": "Floor", "quantity": 1e9}, ["/quantity"]),
    ({"event_id": UNKNOWN_EVENT, "section": "F\x1bloor", "quantity": 1}, ["/section"]),
    ({"event_id": UNKNOWN_EVENT, "ticket_ids": ["1"], "price": 1}, ["/price"]),
])
def test_what_is_wrong_with_a_reservation_is_named(buyer, body, wrong):
    answer = buyer("POST", "/reserve", body)
    if wrong is None:  # a number that JSON can say and nobody can hold
        assert answer.status_code == 400
    else:
        assert answer.status_code == 422 and fields(answer) == wrong


@pytest.mark.parametrize("body, wrong", [
    ({}, ["/reservation_id"]),
    ({"reservation_id": "A" * 42, "source_id": "cnon:ok"}, ["/reservation_id"]),
    ({"reservation_id": "!" * 43, "source_id": "cnon:ok"}, ["/reservation_id"]),
    ({"reservation_id": "A" * 43, "source_id": ""}, ["/source_id"]),
    ({"reservation_id": "A" * 43, "source_id": "x" * 256}, ["/source_id"]),
    ({"reservation_id": "A" * 43, "source_id": "ccof:stored-card"}, ["/source_id"]),
    ({"reservation_id": "A" * 43, "source_id": "a b"}, ["/source_id"]),
    ({"reservation_id": "A" * 43, "source_id": {"a": 1}}, ["/source_id"]),
])
def test_what_is_wrong_with_a_payment_is_named(buyer, body, wrong):
    answer = buyer("POST", "/book", body)
    assert answer.status_code == 422 and fields(answer) == wrong


@pytest.mark.parametrize("changes, wrong", [
    ({"title": ...}, ["/title"]),
    ({"title": "x" * 201}, ["/title"]),
    ({"title": "é" * 101}, ["/title"]),
    ({"type": "opera"}, ["/type"]),
    ({"country": "usa"}, ["/country"]),
    ({"currency": "$"}, ["/currency"]),
    ({"time_zone": "../../../etc/passwd"}, ["/time_zone"]),
    ({"starts_at": "2020-01-01T00:00:00Z"}, ["/starts_at", "/ends_at"]),
    ({"ends_at": "2020-01-01T00:00:00Z"}, ["/ends_at"]),
    ({"hold_seconds": 0}, ["/hold_seconds"]),
    ({"seats_per_buyer_max": 1001}, ["/seats_per_buyer_max"]),
    ({"categories": [{"name": "Seat", "price_minor": 12.5}]}, ["/categories/0/price_minor"]),
    ({"sections": [{"name": "S", "category": "Seat"}]}, ["/sections/0"]),
    ({"sections": [{"name": "S", "category": "Seat", "capacity": 60001}]}, ["/sections/0/capacity"]),
    ({"sections": [{"name": "A", "category": "Seat", "capacity": 60000},
                   {"name": "B", "category": "Seat", "capacity": 1}]},
     ["/sections"]),
    ({"sections": "all"}, ["/sections"]),
    ({"owner_id": UNKNOWN_EVENT}, ["/owner_id"]),
])
def test_what_is_wrong_with_an_event_is_named(seller, changes, wrong):
    answer = seller("POST", "/events", event_body(**changes))
    assert answer.status_code == 422 and fields(answer) == wrong


def test_an_event_with_everything_at_its_limit_is_taken(seller):
    rows = [{"label": f"{number:016d}", "seats": 500} for number in range(119)]
    body = event_body(
        title="x" * 200, description="line\n" * 800, venue="y" * 200, city="z" * 100, region="r" * 100,
        hold_seconds=3600, seats_per_buyer_max=1000,
        categories=[{"name": f"{number:080d}", "price_minor": 10 ** 9} for number in range(64)],
        sections=[{"name": "Bowl", "category": f"{0:080d}", "rows": rows},
                  {"name": "Field", "category": f"{63:080d}", "capacity": 500}])
    made = seller("POST", "/events", body, headers={"Prefer": "wait=30"})
    assert made.status_code == 201, made.text
    assert made.json()["places"] == 60000
    event = seller("GET", made.headers["Location"], headers={"Prefer": "wait=30"})
    assert event.status_code == 200 and event.json()["available"] == 60000 and len(event.json()["tickets"]) == 59500
    assert event.json()["tickets"][59499]["id"] == "59499"


@pytest.mark.parametrize("parameters, wrong", [
    ({"q": "x" * 201}, ["q"]), ({"q": "a\x00b"}, None), ({"q": "a\nb"}, ["q"]), ({"city": "x" * 101}, ["city"]),
    ({"type": "opera"}, ["type"]), ({"from": "soon"}, ["from"]), ({"to": "2026-02-30"}, ["to"]),
    ({"page": "0"}, ["page"]), ({"page": "-1"}, ["page"]), ({"page": "501"}, ["page"]), ({"page": "1e3"}, ["page"]),
    ({"per_page": "101"}, ["per_page"]), ({"from": "x", "to": "y"}, ["from", "to"]),
])
def test_what_is_wrong_with_a_search_is_named(buyer, parameters, wrong):
    answer = buyer("GET", "/search", params=parameters)
    if wrong is None:
        assert answer.status_code == 200, "the NUL stays the letters %00, which find nothing"
    else:
        assert answer.status_code == 422 and fields(answer) == wrong


def test_octets_that_are_no_text_are_refused_in_a_search(stack, buyer):
    answer = buyer("GET", "/search?q=%ff%fe")
    assert answer.status_code == 422 and fields(answer) == ["q"]
    assert buyer("GET", "/search?q=%").status_code == 200
    assert buyer("GET", "/search?q=" + urllib.parse.quote("'; DROP TABLE catalog.show; --")).status_code == 200
    assert buyer("GET", "/search?q=" + urllib.parse.quote("& | ! ( ) : * \\ '' <->")).status_code == 200


@pytest.mark.parametrize("headers, wrong", [
    ({"Idempotency-Key": "x" * 256}, "Idempotency-Key"),
    ({"Idempotency-Key": "two words"}, "Idempotency-Key"), ({"Idempotency-Key": "café"}, "Idempotency-Key"),
])
def test_what_is_wrong_with_a_header_is_named(buyer, headers, wrong):
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = buyer("POST", "/reserve", {"event_id": UNKNOWN_EVENT, "ticket_ids": ["1"]}, headers=encoded)
    assert answer.status_code == 422 and fields(answer) == [wrong]


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("GET", "/", 404), ("GET", "/events/", 405), ("GET", "/events/x", 404),
    ("GET", f"/events/{UNKNOWN_EVENT}", 404), ("GET", "/events/" + UNKNOWN_EVENT.replace("-", ""), 404),
    ("GET", "/reservations/x", 404), ("GET", "/reservations/" + "A" * 43, 404), ("GET", "/orders/" + "A" * 43, 404),
    ("GET", "/reservations/" + "A" * 42 + "B", 404), ("DELETE", "/reservations/" + "A" * 43, 404),
    ("POST", "/orders/" + "A" * 43 + "/cancel", 404), ("GET", "/tickets/x.pdf", 404),
    ("GET", f"/tickets/{UNKNOWN_EVENT}.pdf", 404), ("GET", f"/tickets/{UNKNOWN_EVENT}.png", 404),
    ("PATCH", "/events/x", 405), ("DELETE", "/search", 405), ("PUT", "/reserve", 405), ("GET", "/reserve", 405),
    ("GET", "/events/%00", 404), ("GET", "/../../etc/passwd", 404), ("GET", "/events/..%2f..%2fetc%2fpasswd", 404),
    ("GET", "/reservations/" + "A" * 43 + "?after=", 422), ("GET", "/reservations/" + "A" * 43 + "?after=9999-1", 422),
    ("GET", f"/events/{UNKNOWN_EVENT}?after=x", 422), ("GET", f"/events/{UNKNOWN_EVENT}/sales", 403),
])
def test_paths_that_lead_nowhere_are_not_found(buyer, method, path, status):
    answer = buyer(method, path)
    assert answer.status_code == status, answer.text
    if status == 405:
        assert answer.headers["Allow"]


def test_an_event_that_is_not_there_cannot_be_reserved_sold_or_called_off(buyer, seller):
    assert buyer("POST", "/reserve", {"event_id": UNKNOWN_EVENT, "ticket_ids": ["1"]}).status_code == 404
    assert buyer("POST", "/reserve", {"event_id": UNKNOWN_EVENT, "section": "F", "quantity": 1}).status_code == 404
    assert buyer("POST", "/book", {"reservation_id": "A" * 43, "source_id": "cnon:card-nonce-ok"}).status_code == 404
    assert seller("POST", f"/events/{UNKNOWN_EVENT}/cancel").status_code == 404
    assert seller("GET", f"/events/{UNKNOWN_EVENT}/sales").status_code == 404


def test_seats_sections_and_categories_that_are_not_there_are_named(buyer, new_show):
    event_id = new_show(rows=1, seats=3)

    def reserve(**wish):
        return buyer("POST", "/reserve", {"event_id": event_id, **wish})

    answer = reserve(ticket_ids=["2", "3", "9"])
    assert answer.status_code == 422 and fields(answer) == ["/ticket_ids"]
    assert [seat["id"] for seat in answer.json()["seats"]] == ["3", "9"]
    answer = reserve(section="Balcony", quantity=1)
    assert answer.status_code == 422 and fields(answer) == ["/section"]
    answer = reserve(section="Stalls", quantity=1)
    assert answer.status_code == 422 and fields(answer) == ["/section"], "a seated section has no quantity"
    answer = reserve(best_available={"quantity": 1, "section": "Balcony"})
    assert answer.status_code == 422 and fields(answer) == ["/best_available/section"]
    answer = reserve(best_available={"quantity": 1, "category": "VIP"})
    assert answer.status_code == 422 and fields(answer) == ["/best_available/category"]


def test_what_is_anothers_is_not_there(stack, contract, new_show, ada, organizer, operator):
    event_id = new_show()
    eve = Api.of(contract, Buyer.signup(stack, "eve"))
    mine = ada.reserve(event_id, ["0", "1"])
    reservation_id = mine["reservation_id"]
    assert eve("GET", f"/reservations/{reservation_id}").status_code == 404
    assert eve("DELETE", f"/reservations/{reservation_id}").status_code == 404
    assert eve("POST", "/book",
               {"reservation_id": reservation_id, "source_id": "cnon:card-nonce-ok"}).status_code == 404
    assert eve("POST", f"/orders/{reservation_id}/cancel").status_code == 404
    assert eve("POST", f"/events/{event_id}/cancel").status_code == 403
    assert eve("GET", f"/events/{event_id}/sales").status_code == 403
    assert eve("POST", "/events", event_body()).status_code == 403
    assert eve("POST", f"/orders/{reservation_id}/retry-refund").status_code == 403
    sold = ada.book(mine)
    assert ada.get(sold["tickets"][0]["pdf"], expect=None).status_code in (200, 202)
    assert eve("GET", sold["tickets"][0]["pdf"]).status_code == 404
    assert Api.of(contract, operator)("GET", f"/events/{event_id}/sales").status_code == 200


def test_nothing_of_this_has_reached_the_log_that_cannot_be_decoded(stack, log, buyer):
    """Last in the file: whatever the tests above have sent."""
    for record in log.read("seatlog.commands"):
        assert record.key.decode() == record.show_id
    assert [r for r in log.read("seatlog.events") if r.kind == "Undecodable"] == []
    assert log.read("seatlog.dead-letters") == []


def raw(stack, octets, wait=5):
    """What comes back for octets that are no request."""
    host, port = stack.url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=wait) as connection, contextlib.suppress(OSError):
        connection.sendall(octets)  # the server may have hung up before the end
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize("octets", [
    b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"POST /reserve HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /reserve HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /reserve HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET /search?" + b"a=b&" * 20000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
])
def test_octets_that_are_no_http_do_not_harm(stack, octets):
    answer = raw(stack, octets)
    status = answer.split(b" ")[1][:1] if answer.startswith(b"HTTP/") else b""
    assert answer == b"" or status in (b"4", b"5"), answer[:200]
    assert requests.get(stack.url + "/healthz", timeout=TIMEOUT).status_code == 200


def test_chance_finds_no_way_to_a_500(stack, contract, new_show):
    """Five hundred bodies made of valid ones by swapping values around, from a seed."""
    buyer = Api.of(contract, Buyer.signup(stack, "chance"))
    chance = random.Random(20261124)
    event_id = new_show(rows=1, seats=2)
    values = [None, True, 0, -1, 2 ** 53, 1.5, "", "x", "\u202e", "x" * 5000, [], [[]], {}, {"a": {}}, event_id, "0",
              ["0"], ["0", "1"], {"quantity": 1}, "Floor", 10 ** 18]
    names = ["event_id", "ticket_ids", "best_available", "section", "quantity", "reservation_id", "source_id", "x"]
    statuses = set()
    for _ in range(500):
        path = chance.choice(["/reserve", "/book"])
        body = {name: chance.choice(values) for name in chance.sample(names, chance.randint(0, 5))}
        key = secrets.token_hex(8)
        answer = retried(lambda: buyer("POST", path, body, headers={"Idempotency-Key": key}))
        assert answer.status_code < 500, f"{path} {json.dumps(body)}: {answer.status_code} {answer.text}"
        statuses.add(answer.status_code)
    assert 422 in statuses
