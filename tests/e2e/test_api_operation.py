# SPDX-License-Identifier: Apache-2.0
"""Instances of ingest-api on their own: many connections, limits, TLS, stopping, and what is down."""

import concurrent.futures
import contextlib
import http.client
import secrets
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest
import requests

from api_support import Api, Cable, Instance, paused
from clients import TIMEOUT, Buyer, eventually

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS", "ignore:.*httpx module")


def connect(instance):
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    connection.connect()
    return connection


@pytest.mark.parametrize("count", [1, 127, 128, 129, 256, 512, 1000])
def test_every_one_of_many_connections_is_served(stack, ada, new_show, tmp_path, count):
    """All connections ask at once, again and again: some from memory, some that are suspended meanwhile."""
    event_id = new_show()
    token = ada.session.headers["Authorization"]
    with Instance(stack, tmp_path, f"api-many-{count}",
                  connections_per_address_max=0) as instance, contextlib.ExitStack() as opened:
        connections = [opened.enter_context(contextlib.closing(connect(instance))) for _ in range(count)]
        for path in ("/healthz", f"/events/{event_id}", "/account", "/search?q=test", "/healthz"):
            for connection in connections:
                connection.request("GET", path, headers={"Authorization": token})
            for connection in connections:
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
        assert instance.stop() == 0


@pytest.mark.alone
def test_two_hundred_wait_at_once_and_none_blocks_another(stack, new_show, tmp_path):
    event_id = new_show(rows=10, seats=20, seats_per_buyer_max=1000)
    person = Buyer.signup(stack)
    with Instance(stack, tmp_path, "api-waiting") as instance:
        def reserve(seat):
            return requests.post(instance.url + "/reserve", json={"event_id": event_id, "ticket_ids": [str(seat)]},
                                 headers={"Authorization": person.session.headers["Authorization"],
                                          "Prefer": "wait=30"}, timeout=TIMEOUT).status_code

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            statuses = list(pool.map(reserve, range(200)))
        assert statuses.count(201) == 64 and statuses.count(409) == 136, "64 reservations a buyer and show"


@pytest.mark.alone
def test_limits_are_answered_429_and_503(stack, contract, tmp_path):
    with Instance(stack, tmp_path, "api-limits", rate_address_per_s=1, rate_address_burst=5, rate_user_per_s=1,
                  rate_user_burst=5) as instance:
        api = Api(contract, instance.url)
        answers = [api("POST", "/login", {"username": "nobody@example.com", "password": "x"}) for _ in range(10)]
        assert [a.status_code for a in answers[:4]] == [401] * 4 and answers[-1].status_code == 429
        assert int(answers[-1].headers["Retry-After"]) >= 1
        person = Api.of(contract, Buyer.signup(stack), instance.url)
        eventually(lambda: person("GET", "/account").status_code == 200, "logins can be checked again")
        answers = [person("GET", "/account") for _ in range(10)]
        assert answers[-1].status_code == 429
    with Instance(stack, tmp_path, "api-queues", database_threads=1, database_queue_max=1, password_threads=1,
                  password_queue_max=1, password_operations=20) as instance:
        body = {"username": "nobody@example.com", "password": "x"}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: requests.post(
                instance.url + "/login", json={**body, "username": f"n{n}@example.com"}, timeout=TIMEOUT), range(16)))
        statuses = {a.status_code for a in answers}
        assert statuses == {401, 503}, "some are served, and the rest is told to come again"
        assert all(a.headers.get("Retry-After") for a in answers if a.status_code == 503)


def test_bodies_have_a_limit_however_they_come(stack, contract, ada):
    api = Api.of(contract, ada)
    big = b'{"event_id":"' + b"x" * 70000 + b'"}'
    answer = api("POST", "/reserve", None, data=big, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    chunks = (big[i:i + 1000] for i in range(0, len(big), 1000))
    answer = api("POST", "/reserve", None, data=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413, "chunked, without a Content-Length"

    def endless():
        while True:
            yield b"x" * 65536

    with pytest.raises(requests.exceptions.RequestException):  # cut off
        requests.post(stack.url + "/reserve", data=endless(), timeout=TIMEOUT,
                      headers={"Content-Type": "application/json", **ada.session.headers})


@pytest.mark.alone
def test_who_trickles_is_cut_off(stack, ada, tmp_path):
    login = f"Authorization: {ada.session.headers['Authorization']}\r\nContent-Type: application/json\r\n".encode()
    with Instance(stack, tmp_path, "api-trickle", request_timeout_s=2, header_timeout_s=2) as instance:
        def trickle(beginning, drip):
            begun = time.monotonic()
            with socket.create_connection(("127.0.0.1", instance.port), timeout=10) as connection, \
                    contextlib.suppress(OSError):
                connection.sendall(beginning)
                connection.settimeout(0.2)
                while time.monotonic() - begun < 15:
                    connection.sendall(drip)
                    with contextlib.suppress(TimeoutError):
                        if connection.recv(4096) == b"":
                            break
            return time.monotonic() - begun

        assert 1.5 < trickle(b"GET / HTTP/1.1\r\n", b"X: y\r\n") < 9, "headers that never end"
        assert 1.5 < trickle(b"POST /reserve HTTP/1.1\r\nHost: a\r\n" + login + b"Content-Length: 9999\r\n\r\n",
                             b" ") < 9, "a body"
        idle = connect(instance)
        idle.sock.settimeout(9)
        assert idle.sock.recv(1) == b"", "nothing at all"


def certificate(folder, name):
    """A certificate of its own for 127.0.0.1, and its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "new.key", "-out", folder / "new.pem", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    (folder / "new.key").replace(folder / "tls.key")
    (folder / "new.pem").replace(folder / "tls.pem")


def subject(instance):
    """Whose certificate the instance shows."""
    pem = ssl.get_server_certificate(("127.0.0.1", instance.port), timeout=TIMEOUT)
    return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, text=True, capture_output=True,
                          check=True).stdout


def test_tls_takes_a_certificate_that_is_renewed(stack, ada, new_show, tmp_path):
    event_id = new_show()
    certificate(tmp_path, "first")
    with Instance(stack, tmp_path, "api-tls", tls_certificate_file=tmp_path / "tls.pem",
                  tls_key_file=tmp_path / "tls.key") as instance:
        headers = {"Authorization": ada.session.headers["Authorization"]}
        options = {"headers": headers, "verify": str(tmp_path / "tls.pem"), "timeout": TIMEOUT}
        with requests.Session() as session:
            assert session.get(instance.url + f"/events/{event_id}", **options).status_code == 200
            body = {"event_id": event_id, "ticket_ids": ["0"]}
            assert session.post(instance.url + "/reserve", json=body, **options).status_code == 201
        person = {"username": f"tls-{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
        requests.post(stack.url + "/signup", json=person, timeout=TIMEOUT)
        logged_in = requests.post(instance.url + "/login", json=person, verify=False, timeout=TIMEOUT)
        assert "Secure" in logged_in.headers["Set-Cookie"]
        assert "first" in subject(instance)
        certificate(tmp_path, "second")
        eventually(lambda: "second" in subject(instance), "the new certificate is shown")
        (tmp_path / "tls.pem").write_text("this is no certificate")
        time.sleep(11)
        assert "second" in subject(instance), "what cannot be read leaves the old one in use"
        assert instance.stop() == 0


@pytest.mark.alone
def test_a_stop_answers_those_who_wait(stack, new_show, tmp_path):
    event_id = new_show()
    person = Buyer.signup(stack)
    with Instance(stack, tmp_path, "api-stopping") as instance, paused(stack, "seatlog-reservation"), \
            concurrent.futures.ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(lambda seat=seat: requests.post(
            instance.url + "/reserve", json={"event_id": event_id, "ticket_ids": [str(seat)]}, timeout=TIMEOUT,
            headers={"Authorization": person.session.headers["Authorization"], "Prefer": "wait=30"}))
            for seat in range(20)]
        eventually(lambda: b"seatlog_waits_requests 20" in
                   requests.get(instance.url + "/metrics", timeout=TIMEOUT).content, "all of them wait")
        begun = time.monotonic()
        assert instance.stop() == 0
        assert time.monotonic() - begun < 15
        answers = [future.result() for future in waiting]
    assert {a.status_code for a in answers} == {202}
    for answer in answers:
        held = eventually(lambda: (look := person.request("GET", answer.headers["Location"], wait=20, expect=None)
                                   ).status_code == 200 and look.json(), "the record was on the log", timeout=120)
        assert held["state"] == "held"


@pytest.mark.alone
def test_a_body_that_trickles_does_not_hold_up_a_stop(stack, ada, tmp_path):
    login = f"Authorization: {ada.session.headers['Authorization']}\r\nContent-Type: application/json\r\n".encode()
    with Instance(stack, tmp_path, "api-hurry") as instance, \
            socket.create_connection(("127.0.0.1", instance.port)) as slow:
        slow.sendall(b"POST /reserve HTTP/1.1\r\nHost: a\r\n" + login + b"Content-Length: 9999\r\n\r\n{")
        time.sleep(0.5)
        begun = time.monotonic()
        assert instance.stop() == 0
        assert time.monotonic() - begun < 15


def test_without_postgresql_holds_go_on_for_those_logged_in(stack, contract, new_show, tmp_path):
    event_id, other_id = new_show(), new_show()
    person = Buyer.signup(stack)
    url = urllib.parse.urlsplit(stack["SEATLOG_POSTGRES_URL"])
    cable = Cable(url.port, url.hostname)
    through = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{cable.port}").replace(
        url.hostname, "127.0.0.1")).geturl()
    with contextlib.closing(cable), Instance(stack, tmp_path, "api-alone", postgres_url=through) as instance:
        api = Api.of(contract, person, instance.url)
        stranger = Api.of(contract, Buyer.signup(stack), instance.url)
        assert api("GET", f"/events/{event_id}").status_code == 200, "remembered from here on, as the login is"
        cable.cut()
        time.sleep(2)  # whatever trust there was in silence is over
        held = api("POST", "/reserve", {"event_id": event_id, "ticket_ids": ["0"]})
        assert held.status_code == 201 and held.json()["tickets"][0]["row"] == "A"
        held_other = api("POST", "/reserve", {"event_id": other_id, "ticket_ids": ["0"]})
        assert held_other.status_code == 201 and held_other.json()["tickets"][0]["id"] == "0", "without labels"
        sold = api("POST", "/book",
                   {"reservation_id": held.json()["reservation_id"], "source_id": "cnon:card-nonce-ok"},
                   headers={"Prefer": "wait=30"})
        assert sold.status_code == 200, "payment's own PostgreSQL is there"
        assert api("GET", f"/events/{event_id}").status_code == 200
        for path in ("/search?q=x", f"/events/{other_id}", "/orders", f"/reservations/{held.json()['reservation_id']}"):
            answer = api("GET", path)
            assert answer.status_code == 503 and answer.headers["Retry-After"], path
        assert stranger("GET", "/account").status_code == 503, "nobody can say who that is"
        name = {"username": "x@example.com", "password": "correct horse"}
        assert api("POST", "/login", name).status_code == 503
        assert api("POST", "/signup", name).status_code == 503
        assert api("POST", "/logout").status_code == 503, "revoking needs PostgreSQL, and says so"
        cable.mend()
        eventually(lambda: api("GET", "/orders").status_code == 200, "everything catches up")
        assert api("GET", "/orders").json()["orders"][0]["state"] == "sold"
        assert api("POST", "/logout").status_code == 204
        assert api("GET", "/account").status_code == 401
        assert instance.stop() == 0


def test_without_kafka_nothing_is_enqueued(stack, contract, new_show, tmp_path):
    event_id = new_show()
    person = Buyer.signup(stack)
    with Instance(stack, tmp_path, "api-unplugged", **{"kafka.message.timeout.ms": 3000}) as instance:
        api = Api.of(contract, person, instance.url)
        assert api("POST", "/reserve", {"event_id": event_id, "ticket_ids": ["0"]}).status_code == 201
        if not stack.pids("java"):
            pytest.skip("the broker is not this stack's own process")
        with paused(stack, "java"):
            answer = api("POST", "/reserve", {"event_id": event_id, "ticket_ids": ["1"]}, headers={"Prefer": "wait=2"})
            assert answer.status_code in (202, 503)
            assert api("GET", f"/events/{event_id}").status_code == 200, "reading goes on"
        if answer.status_code == 202:
            look = api("GET", answer.headers["Location"], headers={"Prefer": "wait=0"})
            assert look.status_code in (200, 202)


def test_an_instance_says_how_it_is(stack, contract):
    api = Api(contract, stack.url)
    assert api("GET", "/healthz").text == "ok\n"
    assert api("GET", "/readyz").text == "ready\n"
    metrics = api("GET", "/metrics").text
    for name in ("seatlog_http_requests_total", "seatlog_http_request_duration_seconds_bucket",
                 "seatlog_tail_events_total", 'seatlog_pool_queue_jobs{pool="postgresql"}', "seatlog_waits_requests"):
        assert name in metrics
    head = requests.head(stack.url + "/healthz", timeout=TIMEOUT)
    assert head.status_code == 200 and head.content == b"" and head.headers["Content-Length"] == "3"


def test_the_contract_is_a_valid_openapi_document(contract):
    from openapi_spec_validator import OpenAPIV31SpecValidator
    OpenAPIV31SpecValidator(contract.document).validate()


def test_the_registry_speaks_as_confluents(stack, contract):
    api = Api(contract, stack.url)
    subjects = api("GET", "/subjects").json()
    assert "seatlog.events-seatlog.events.Sold" in subjects and subjects == sorted(subjects)
    for subject in subjects:
        for version in api("GET", f"/subjects/{subject}/versions").json():
            schema = api("GET", f"/subjects/{subject}/versions/{version}").json()
            by_id = api("GET", f"/schemas/ids/{schema['id']}")
            assert by_id.json()["schema"] == schema["schema"]
        assert api("GET", f"/subjects/{subject}/versions/latest").json()["version"] == version
    assert api("GET", "/subjects/none/versions").json()["error_code"] == 40401
    assert api("GET", f"/subjects/{subjects[0]}/versions/99").json()["error_code"] == 40402
    assert api("GET", f"/subjects/{subjects[0]}/versions/0").json()["error_code"] == 42202
    assert api("GET", "/schemas/ids/999999").json()["error_code"] == 40403
    assert api("GET", "/schemas/ids/x").json()["error_code"] == 40403
    from confluent_kafka.schema_registry import SchemaRegistryClient
    client = SchemaRegistryClient({"url": stack.url})
    schema = client.get_schema(schema["id"])
    assert schema.schema_str == by_id.json()["schema"]
    assert client.get_latest_version(subjects[0]).subject == subjects[0]


def test_traces_go_through(stack, log, ada, new_show):
    event_id = new_show()
    trace = secrets.token_hex(16)
    answer = ada.session.post(stack.url + "/reserve", json={"event_id": event_id, "ticket_ids": ["0"]},
                              headers={"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}, timeout=TIMEOUT)
    assert answer.status_code == 201
    command = next(r for r in log.read("seatlog.commands", event_id) if r.kind == "Reserve")
    assert command.headers["traceparent"].decode().split("-")[1] == trace
    event = next(r for r in log.events(event_id) if r.kind == "Reserved")
    assert event.headers["traceparent"].decode().split("-")[1] == trace
    assert event.headers["seatlog-command-id"] == command.headers["seatlog-command-id"]
