# SPDX-License-Identifier: Apache-2.0
"""How the provider's stand-in checks, fails, forgets nothing and stands many at once."""

import concurrent.futures
import http.client
import signal
import socket
import time

import pytest

from simulator_support import TOKEN, Simulator, binary


@pytest.fixture
def simulator(tmp_path):
    simulator = Simulator(tmp_path).start()
    yield simulator
    assert simulator.stop() == 0


def order(key, **more):
    return {"source_id": "cnon:card-nonce-ok", "idempotency_key": key,
            "amount_money": {"amount": 500, "currency": "USD"}, "autocomplete": False, **more}


def without(body, field):
    return {name: value for name, value in body.items() if name != field}


@pytest.mark.parametrize("body, status, code, field", [
    (without(order("k"), "source_id"), 400, "MISSING_REQUIRED_PARAMETER", "source_id"),
    (without(order("k"), "idempotency_key"), 400, "MISSING_REQUIRED_PARAMETER", "idempotency_key"),
    (without(order("k"), "amount_money"), 400, "MISSING_REQUIRED_PARAMETER", "amount_money"),
    (order("k", source_id=7), 400, "EXPECTED_STRING", "source_id"),
    (order("k", source_id="cnon:unheard-of"), 404, "NOT_FOUND", "source_id"),
    (order(""), 400, "VALUE_EMPTY", "idempotency_key"),
    (order("k" * 46), 400, "VALUE_TOO_LONG", "idempotency_key"),
    (order("k", amount_money=5), 400, "EXPECTED_OBJECT", "amount_money"),
    (order("k", amount_money={"amount": 0, "currency": "USD"}), 400, "VALUE_TOO_LOW",
     "amount_money.amount"),
    (order("k", amount_money={"amount": 1.5, "currency": "USD"}), 400, "EXPECTED_INTEGER",
     "amount_money.amount"),
    (order("k", amount_money={"amount": 5, "currency": "usd"}), 400, "INVALID_ENUM_VALUE",
     "amount_money.currency"),
    (order("k", autocomplete="no"), 400, "EXPECTED_BOOLEAN", "autocomplete"),
    (order("k", delay_duration="soon"), 400, "INVALID_VALUE", "delay_duration"),
    (order("k", delay_duration="PT59S"), 400, "INVALID_VALUE", "delay_duration"),
    (order("k", delay_duration="P8D"), 400, "INVALID_VALUE", "delay_duration"),
    (order("k", delay_action="FORGET"), 400, "INVALID_ENUM_VALUE", "delay_action"),
    (order("k", reference_id="r" * 41), 400, "VALUE_TOO_LONG", "reference_id"),
    (order("k", note="ü" * 501), 400, "VALUE_TOO_LONG", "note"),
    (order("k", location_id="elsewhere"), 404, "NOT_FOUND", "location_id"),
])
def test_every_field_is_checked(simulator, body, status, code, field):
    answer = simulator.call("POST", "/v2/payments", body)
    assert answer[0] == status
    assert [(error["code"], error["field"]) for error in answer[1]["errors"]] == [(code, field)]
    assert simulator.payments() == {}


def test_the_longest_values_that_are_allowed_are_taken(simulator):
    body = order("k" * 45, reference_id="r" * 40, note="ü" * 500, delay_duration="P6DT23H59M60S")
    status, answer, _ = simulator.call("POST", "/v2/payments", body)
    assert status == 200
    assert answer["payment"]["note"] == "ü" * 500


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"a":1,"a":2}', b"\xff\xfe", b"null"])
def test_what_is_no_json_object_is_refused(simulator, raw):
    status, answer, _ = simulator.call("POST", "/v2/payments", raw=raw)
    assert (status, answer["errors"][0]["code"]) == (400, "EXPECTED_JSON_BODY")


def test_a_body_beyond_all_bounds_is_refused(simulator):
    status, answer, _ = simulator.call("POST", "/v2/payments", raw=b"x" * 100_000)
    assert (status, answer["errors"][0]["code"]) == (413, "REQUEST_ENTITY_TOO_LARGE")


def test_unknown_paths_and_methods_are_refused(simulator):
    assert simulator.call("GET", "/v2/nothing")[0] == 404
    assert simulator.call("DELETE", "/v2/payments")[0] == 405
    assert simulator.call("GET", "/v2/payments", token=None)[0] == 401


def test_admin_is_off_by_default(tmp_path):
    simulator = Simulator(tmp_path)
    simulator.options["admin"] = "no"
    simulator.start()
    assert simulator.call("GET", "/admin/summary")[0] in (401, 404)
    assert simulator.call("PUT", "/admin/behaviour", {"latency_ms": 5})[0] in (401, 404)
    simulator.stop()


@pytest.mark.parametrize("behaviour", [
    {"latency_ms": -1}, {"latency_ms": "1"}, {"speed": 1}, {"refund_outcome": "MAYBE"},
    {"faults": [{"kind": "explode"}]}, {"faults": [{"kind": "fail", "probability": 2}]},
    {"faults": {}}, [],
])
def test_behaviour_is_checked(simulator, behaviour):
    assert simulator.call("PUT", "/admin/behaviour", behaviour)[0] == 400
    assert simulator.call("GET", "/admin/behaviour")[1]["latency_ms"] == 0


def test_server_errors_come_before_or_after_acting(simulator):
    simulator.behave(faults=[{"operation": "CreatePayment", "kind": "fail", "status": 500},
                             {"operation": "CreatePayment", "kind": "fail", "acts": True}])
    status, answer, _ = simulator.call("POST", "/v2/payments", order("a"))
    assert (status, answer["errors"][0]["category"]) == (500, "API_ERROR")
    assert simulator.payments() == {}
    assert simulator.call("POST", "/v2/payments", order("b"))[0] == 503
    made = simulator.payments()
    assert len(made) == 1
    status, answer, _ = simulator.call("POST", "/v2/payments", order("b"))
    assert (status, answer["payment"]["id"]) == (200, next(iter(made)))
    assert simulator.summary()["requests"]["CreatePayment replayed"] == 1


@pytest.mark.parametrize("acts", [False, True])
def test_the_connection_drops(simulator, acts):
    simulator.behave(faults=[{"kind": "drop", "acts": acts}])
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        simulator.call("POST", "/v2/payments", order("a"))
    assert len(simulator.payments()) == (1 if acts else 0)
    assert simulator.call("POST", "/v2/payments", order("a"))[0] == 200
    assert len(simulator.payments()) == 1


def test_a_rate_limit_and_an_expired_token_can_be_had(simulator):
    simulator.behave(faults=[{"kind": "rate_limit", "retry_after_s": 7}, {"kind": "unauthorized"}])
    status, answer, headers = simulator.call("POST", "/v2/payments", order("a"))
    assert (status, answer["errors"][0]["code"], headers["Retry-After"]) == (
        429, "RATE_LIMITED", "7")
    assert simulator.call("POST", "/v2/payments", order("a"))[0] == 401
    assert simulator.call("POST", "/v2/payments", order("a"))[0] == 200


def test_it_declines_by_rule(simulator):
    simulator.behave(faults=[
        {"operation": "CreatePayment", "kind": "decline", "code": "INSUFFICIENT_FUNDS"},
        {"operation": "CompletePayment", "kind": "decline", "code": "DELAYED_TRANSACTION_FAILED"}])
    status, answer, _ = simulator.call("POST", "/v2/payments", order("a"))
    assert (status, answer["errors"][0]["code"]) == (402, "INSUFFICIENT_FUNDS")
    assert simulator.call("POST", "/v2/payments", order("a"))[1] == answer
    payment = simulator.call("POST", "/v2/payments", order("b"))[1]["payment"]
    status, answer, _ = simulator.call("POST", f"/v2/payments/{payment['id']}/complete")
    assert (status, answer["payment"]["status"]) == (402, "FAILED")


def test_a_payments_delay_ends_in_its_action(simulator):
    cancels = simulator.call("POST", "/v2/payments", order("a"))[1]["payment"]
    completes = simulator.call("POST", "/v2/payments",
                               order("b", delay_action="COMPLETE"))[1]["payment"]
    for payment in cancels, completes:
        simulator.call("POST", f"/admin/payments/{payment['id']}/delayed-action")
    ends = simulator.payments()
    assert ends[cancels["id"]]["status"] == "CANCELED"
    assert ends[completes["id"]]["status"] == "COMPLETED"
    status, answer, _ = simulator.call("POST", f"/v2/payments/{cancels['id']}/complete")
    assert (status, answer["errors"][0]["code"]) == (400, "DELAYED_TRANSACTION_EXPIRED")


def test_a_delay_ends_although_it_is_down(tmp_path):
    """A minute is the shortest the API allows, so the books are made to say it has passed."""
    simulator = Simulator(tmp_path).start()
    payment = simulator.call("POST", "/v2/payments", order("a", delay_duration="PT1M"))[1]["payment"]
    simulator.stop()
    books = tmp_path / "books.jsonl"
    books.write_text(books.read_text().replace(payment["delayed_until"],
                                               "2020-01-01T00:00:00.000Z"))
    simulator.start()
    assert simulator.call("GET", f"/v2/payments/{payment['id']}")[1]["payment"]["status"] == \
        "CANCELED"
    simulator.stop()


def test_a_refund_settles_by_itself(simulator):
    simulator.behave(refund_settle_ms=200)
    payment = simulator.call("POST", "/v2/payments", order("a", autocomplete=True))[1]["payment"]
    refund = simulator.call("POST", "/v2/refunds", {
        "idempotency_key": "r", "payment_id": payment["id"],
        "amount_money": payment["amount_money"]})[1]["refund"]
    assert refund["status"] == "PENDING"
    end = time.monotonic() + 5
    while simulator.call("GET", f"/v2/refunds/{refund['id']}")[1]["refund"]["status"] == "PENDING":
        assert time.monotonic() < end
        time.sleep(0.02)
    assert simulator.refunds()[refund["id"]]["status"] == "COMPLETED"


def test_books_survive_a_kill(tmp_path):
    simulator = Simulator(tmp_path).start()
    answers = [simulator.call("POST", "/v2/payments", order(f"k{n}"))[1] for n in range(20)]
    simulator.call("POST", f"/v2/payments/{answers[0]['payment']['id']}/complete")
    simulator.stop(signal.SIGKILL)
    with open(tmp_path / "books.jsonl", "ab") as books:
        books.write(b'{"at":"2026-11-24T06:00:00.000Z","operation":"CreatePaym')
    simulator.start()
    assert simulator.summary()["payments"] == {"APPROVED": 19, "COMPLETED": 1}
    for n, answer in enumerate(answers):
        assert simulator.call("POST", "/v2/payments", order(f"k{n}"))[1] == answer
    assert simulator.call("POST", "/v2/payments", order("more"))[0] == 200
    simulator.stop()
    assert len(simulator.payments()) == 21


def test_two_cannot_keep_the_same_books(simulator):
    import subprocess
    second = subprocess.run([binary("seatlog-payment-simulator"), "--listen=127.0.0.1:0",
                             f"--books={simulator.directory}"], capture_output=True, timeout=10)
    assert second.returncode != 0
    assert b"another simulator keeps them" in second.stderr


@pytest.mark.alone
@pytest.mark.parametrize("connections", [127, 128, 129, 256, 600])
def test_slow_answers_come_to_many_at_once(simulator, connections):
    """Each answer takes half a second; all of them together hardly more."""
    simulator.behave(latency_ms=500)
    body = b'{"source_id":"cnon:card-nonce-ok","idempotency_key":"%d","autocomplete":false,' \
           b'"amount_money":{"amount":5,"currency":"USD"}}'
    sockets = [socket.create_connection(("127.0.0.1", simulator.port)) for _ in range(connections)]
    begin = time.monotonic()
    for n, each in enumerate(sockets):
        text = body % n
        each.sendall(b"POST /v2/payments HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer %s\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (TOKEN.encode(), len(text), text))
    for each in sockets:
        each.settimeout(10)
        assert each.recv(64).startswith(b"HTTP/1.1 200 OK")
    took = time.monotonic() - begin
    for each in sockets:
        each.close()
    assert 0.5 <= took < 3
    assert len(simulator.payments()) == connections


@pytest.mark.alone
def test_it_stops_with_requests_under_way(tmp_path):
    simulator = Simulator(tmp_path).start()
    simulator.behave(latency_ms=60_000)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(simulator.call, "POST", "/v2/payments", order(f"k{n}"))
                 for n in range(20)]
        time.sleep(0.3)
        begin = time.monotonic()
        assert simulator.stop() == 0
        assert time.monotonic() - begin < 5
        assert all(isinstance(call.exception(), OSError) for call in calls)
    assert simulator.payments() == {}
