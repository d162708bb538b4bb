# SPDX-License-Identifier: Apache-2.0
"""What the HTTP side does before it knows what is asked: bodies of strangers, silence, methods, origins, TLS."""

import concurrent.futures
import contextlib
import gzip
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest
import requests

from api_support import Api, Instance, fields
from clients import TIMEOUT, Buyer, eventually

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS")
JSON = {"Content-Type": "application/json"}
MEGABYTES = 4 * 1024 * 1024


@pytest.fixture(scope="module")
def buyer(stack, contract):
    return Api.of(contract, Buyer.signup(stack, "clumsy"))


def open_socket(port, timeout=20):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def read_head(connection):
    """Status line and headers of what comes back, in full, and how the connection went on."""
    answer = b""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def memory_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


# ---- bodies ----

@pytest.mark.alone
@pytest.mark.parametrize("authorization", [None, "Bearer " + "A" * 43])
def test_large_bodies_of_strangers_are_refused_by_their_headers(stack, tmp_path, authorization):
    headers = (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               + (f"Authorization: {authorization}\r\n".encode() if authorization else b"")
               + b"Content-Length: %d\r\n\r\n" % MEGABYTES)
    with Instance(stack, tmp_path, "api-strangers") as instance:
        before = memory_kib(instance.process.pid)

        def send(_):
            with open_socket(instance.port) as connection:
                connection.sendall(headers)
                answered = time.monotonic()
                head = connection.recv(65536)  # before any of the body
                assert time.monotonic() - answered < 5
                with contextlib.suppress(OSError):
                    connection.sendall(b"[" * MEGABYTES)
                return head

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            sending = [pool.submit(send, n) for n in range(12)]
            slowest = 0
            while not all(one.done() for one in sending):
                begun = time.monotonic()
                assert requests.get(instance.url + "/healthz", timeout=TIMEOUT).status_code == 200
                slowest = max(slowest, time.monotonic() - begun)
            for one in sending:
                assert one.result().startswith(b"HTTP/1.1 401 ") and b"Connection: close" in one.result()
        assert slowest < 1, "others are served meanwhile"
        assert memory_kib(instance.process.pid) - before < 24 * 1024, "the bodies are not kept"
        assert instance.stop() == 0


def test_who_sends_all_before_reading_sees_the_answer(stack):
    for _ in range(20):
        answer = requests.post(stack.url + "/events", data=b"[" * MEGABYTES, headers=JSON, timeout=TIMEOUT)
        assert answer.status_code == 401 and answer.json()["type"] == "urn:seatlog:problem:login-required"


@pytest.mark.parametrize("method, path, status", [
    ("DELETE", "/account", 401), ("PUT", f"/users/{'0' * 8}-0000-4000-8000-{'0' * 12}/roles", 401),
    ("PATCH", "/search", 405), ("GET", "/account", 401), ("POST", "/nothing", 404), ("BREW", "/search", 501)])
def test_a_refused_request_with_a_body_is_answered_once(stack, method, path, status):
    """And whatever follows on the connection is not taken for a part of the body, nor the body for a request."""
    body = b"GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n"
    with open_socket(urllib.parse.urlsplit(stack.url).port) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        answer = read_head(connection)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()) and answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"application/problem+json" in answer


def test_large_bodies_of_organizers_are_bounded_together_and_given_back(stack, contract, organizer, tmp_path):
    with Instance(stack, tmp_path, "api-memory", body_memory_mib=6) as instance:
        api = Api.of(contract, organizer, instance.url)
        wide = b'{"sections":[' + b"[]," * 150000 + b"[]]}"
        assert api("POST", "/events", None, data=wide, headers=JSON).status_code == 503, "what it takes once parsed"
        token = organizer.session.headers["Authorization"].encode()
        head = (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: " + token
                + b"\r\nContent-Length: %d\r\n\r\n{" % MEGABYTES)
        with open_socket(instance.port) as first, open_socket(instance.port) as second:
            first.sendall(head)
            time.sleep(0.5)
            second.sendall(head)
            answer = second.recv(65536)
            assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: " in answer
        eventually(lambda: api("POST", "/events", None, data=b'{"title":"' + b"x" * (MEGABYTES - 100) + b'"}',
                               headers=JSON).status_code == 422, "the memory is there again")
        assert instance.stop() == 0


def test_memory_of_large_bodies_comes_back(stack, organizer, tmp_path):
    with Instance(stack, tmp_path, "api-back", body_memory_mib=512) as instance:
        body = b'{"sections":[' + b"[],[1,2]," * 49000 + b"[]]}"
        headers = {**JSON, "Authorization": organizer.session.headers["Authorization"]}

        def send(_):
            return requests.post(instance.url + "/events", data=body, headers=headers, timeout=TIMEOUT).status_code

        assert send(0) == 422
        before = eventually(lambda: memory_kib(instance.process.pid), "it runs")
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            assert set(pool.map(send, range(24))) == {422}

        def calm():
            requests.get(instance.url + "/healthz", timeout=TIMEOUT)
            return memory_kib(instance.process.pid) - before < 32 * 1024

        eventually(calm, "what they took is given back", timeout=20)
        assert instance.stop() == 0


def test_a_body_with_more_values_than_any_event_has_is_refused(stack, contract, organizer):
    api = Api.of(contract, organizer)
    answer = api("POST", "/events", None, data=b'{"sections":[' + b"0," * 300000 + b"0]}", headers=JSON)
    assert answer.status_code == 400 and "too many values" in answer.json()["detail"]


# ---- refusals say why ----

@pytest.mark.parametrize("body, headers, status, words", [
    (b'{"event_id":"a\\u0000b"}', {}, 400, "U+0000"),
    (b'{"event_id":9223372036854775808}', {}, 400, "9223372036854775808"),
    (b'{"event_id":1e400}', {}, 400, "too large"),
    (b'{"event_id":"a","event_id":"b"}', {}, 400, '"event_id" stands twice'),
    (b'\xef\xbb\xbf{}', {}, 400, "byte order mark"),
    (b'{"event_id":"\xff"}', {}, 400, "not valid UTF-8"),
    (b'{"event_id":"a"', {}, 400, "ends too early"),
    (b'{"a":\n\n  }', {}, 400, "line 3"),
    (b"", {}, 400, "is empty"),
    (b"[]", {}, 422, "not a list"),
    (b'"text"', {}, 422, "not text"),
    (gzip.compress(b"{}"), {"Content-Encoding": "gzip"}, 415, "Content-Encoding"),
    (b"{}", {"Content-Type": "text/plain"}, 415, "Content-Type"),
    (b"{}", {"Content-Type": None}, 415, "Content-Type"),
])
def test_what_cannot_be_read_is_refused_for_its_true_reason(buyer, body, headers, status, words):
    answer = buyer("POST", "/reserve", None, data=body, headers={**JSON, **headers})
    assert answer.status_code == status and words in answer.json()["detail"], answer.text


def test_a_whole_number_is_an_integer_however_it_is_written(buyer, new_show):
    event_id = new_show()
    for number, statuses in (("1.0", {201}), ("1e0", {200, 201}), ("1.5", {422}), ("101.0", {422})):
        body = f'{{"event_id":"{event_id}","section":"Floor","quantity":{number}}}'
        answer = buyer("POST", "/reserve", None, data=body.encode(), headers=JSON)
        assert answer.status_code in statuses, answer.text
        assert answer.ok or fields(answer) == ["/quantity"]


@pytest.mark.parametrize("body, status", [
    (b'{"ticket_ids":["8"]}', 422), (b"nonsense", 400), (b"[]", 422), (b"null", 422), (b"{}", 404), (b"", 404)])
def test_a_call_without_a_body_refuses_one(buyer, body, status):
    for method, path in (("POST", f"/orders/{'A' * 43}/cancel"), ("DELETE", f"/reservations/{'A' * 43}")):
        answer = buyer(method, path, None, data=body, headers=JSON)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("path, field, words", [
    ("/search?citty=Chico", "citty", "did you mean city?"), ("/search?query=Ghost", "query", "did you mean q?"),
    ("/search?q=a&q=b", "q", "twice"), ("/search?sort=price", "sort", "this call takes: q city"),
    ("/account?x=1", "x", "takes no parameters"), ("/orders?pages=2", "pages", "did you mean page?"),
    ("/healthz?x", "x", "takes no parameters"), ("/keys?a=1", "a", "takes no parameters"),
    (f"/reservations/{'A' * 43}?afterr=1", "afterr", "did you mean after?"), ("/search?=x", "", "without a name")])
def test_parameters_that_are_not_known_are_refused(buyer, path, field, words):
    answer = buyer("GET", path)
    assert answer.status_code == 422 and fields(answer) == [field] and words in answer.json()["detail"]
    assert ".." not in answer.json()["detail"] and "?." not in answer.json()["detail"]


def test_ampersands_between_which_nothing_stands_are_nothing(buyer):
    for path in ("/search?q=Ghost&&page=1", "/search?q=Ghost&", "/search?&q=Ghost", "/orders?&&"):
        assert buyer("GET", path).status_code == 200, path


def test_what_is_too_long_is_told_in_a_problem_document(stack, buyer):
    answer = requests.get(stack.url + "/search?q=" + "x" * 70000, timeout=TIMEOUT)
    assert answer.status_code == 414 and answer.json()["type"] == "urn:seatlog:problem:target-too-long"
    answer = requests.get(stack.url + "/" + "x" * 70000, timeout=TIMEOUT)
    assert answer.status_code == 414 and answer.json()["status"] == 414
    answer = requests.get(stack.url + "/healthz", headers={"X-Long": "x" * 60000}, timeout=TIMEOUT)
    assert answer.status_code == 431 and answer.json()["type"] == "urn:seatlog:problem:headers-too-large"


def test_methods_and_slashes_are_judged_as_the_contract_says(stack, buyer):
    headers = buyer.session.headers
    assert requests.get(stack.url + "/search/?q=test", headers=headers, timeout=TIMEOUT).json()["events"]
    assert requests.get(stack.url + "/account/", headers=headers, timeout=TIMEOUT).json()["user_id"]
    head = buyer("HEAD", "/search")
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) > 0
    options = requests.options(stack.url + "/events/x", timeout=TIMEOUT)
    assert options.status_code == 204 and options.headers["Allow"] == "GET, HEAD, OPTIONS"
    answer = requests.request("PATCH", stack.url + "/search", timeout=TIMEOUT)
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    answer = requests.request("BREW", stack.url + "/search", timeout=TIMEOUT)
    assert answer.status_code == 501 and answer.json()["type"] == "urn:seatlog:problem:not-implemented"
    with open_socket(urllib.parse.urlsplit(stack.url).port) as connection:
        connection.sendall(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_head(connection).startswith(b"HTTP/1.1 204 ")


# ---- other origins ----

SHOP = "https://shop.example.com"


def cors_headers(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def test_without_the_setting_no_page_of_another_origin_may_call(stack):
    answer = requests.get(stack.url + "/healthz", headers={"Origin": SHOP}, timeout=TIMEOUT)
    assert cors_headers(answer) == {} and "Vary" not in answer.headers
    preflight = requests.options(stack.url + "/reserve", timeout=TIMEOUT,
                                 headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204 and cors_headers(preflight) == {}


def test_pages_of_allowed_origins_may_call_with_a_token(stack, ada, tmp_path):
    token = ada.session.headers["Authorization"]
    with Instance(stack, tmp_path, "api-cors", cors_origins=f"{SHOP},http://localhost:3000") as instance:
        preflight = requests.options(instance.url + "/reserve", timeout=TIMEOUT, headers={
            "Origin": SHOP, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"})
        assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Origin"] == SHOP
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"authorization", "content-type", "idempotency-key", "prefer", "if-none-match"} <= set(allowed)
        assert preflight.headers["Vary"] == "Origin" and int(preflight.headers["Access-Control-Max-Age"]) > 0
        for path, headers, status in (("/account", {"Authorization": token}, 200), ("/account", {}, 401),
                                      ("/nothing", {}, 404), ("/search?x=1", {"Authorization": token}, 422)):
            answer = requests.get(instance.url + path, headers={"Origin": SHOP, **headers}, timeout=TIMEOUT)
            assert answer.status_code == status and answer.headers["Access-Control-Allow-Origin"] == SHOP
            exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
            assert {"Location", "Retry-After", "ETag"} <= set(exposed) and answer.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in answer.headers
        for origin in ("https://evil.example.com", "null", SHOP + ":8443", SHOP.upper()):
            answer = requests.get(instance.url + "/healthz", headers={"Origin": origin}, timeout=TIMEOUT)
            assert cors_headers(answer) == {} and answer.headers["Vary"] == "Origin"
        cookie = {"Cookie": "seatlog_session=" + token.removeprefix("Bearer "), "Origin": SHOP}
        answer = requests.post(instance.url + "/logout", headers=cookie, timeout=TIMEOUT)
        assert answer.status_code == 403, "a cookie is no login for another site"
        assert instance.stop() == 0
    with Instance(stack, tmp_path, "api-cors-all", cors_origins="*") as instance:
        answer = requests.get(instance.url + "/account", timeout=TIMEOUT,
                              headers={"Origin": "https://any.example.net", "Authorization": token})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


# ---- connections that say nothing ----

@pytest.mark.alone
def test_silent_connections_of_one_address_shut_nobody_out(stack, tmp_path):
    with Instance(stack, tmp_path, "api-silent", connections_max=400, connections_per_address_max=300,
                  header_timeout_s=3) as instance, contextlib.ExitStack() as opened:
        silent = [opened.enter_context(open_socket(instance.port)) for _ in range(1000)]
        other = opened.enter_context(socket.create_connection(("127.0.0.1", instance.port), timeout=10,
                                                              source_address=("127.0.0.2", 0)))
        other.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_head(other).startswith(b"HTTP/1.1 200 "), "somebody else is served at once"
        begun = time.monotonic()
        for connection in silent:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b"", "and the silent ones are gone after seconds"
        assert time.monotonic() - begun < 10
        assert requests.get(instance.url + "/healthz", timeout=TIMEOUT).status_code == 200
        metrics = requests.get(instance.url + "/metrics", timeout=TIMEOUT).text
        refused = next(line for line in metrics.splitlines()
                       if line.startswith("seatlog_http_connections_refused_total"))
        assert int(refused.split()[1]) >= 700
        assert instance.stop() == 0


def test_a_reserve_is_left_for_addresses_with_few_connections(stack, tmp_path):
    with Instance(stack, tmp_path, "api-reserve", connections_max=100, connections_per_address_max=0,
                  header_timeout_s=30) as instance, contextlib.ExitStack() as opened:
        for _ in range(300):
            opened.enter_context(open_socket(instance.port))
        other = opened.enter_context(socket.create_connection(("127.0.0.1", instance.port), timeout=10,
                                                              source_address=("127.0.0.3", 0)))
        other.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_head(other).startswith(b"HTTP/1.1 200 ")


def test_a_trusted_proxy_is_bound_by_the_total_alone_and_may_be_silent(stack, tmp_path):
    with Instance(stack, tmp_path, "api-behind", connections_max=500, connections_per_address_max=10,
                  header_timeout_s=1, trusted_proxies="127.0.0.1") as instance, contextlib.ExitStack() as opened:
        opened_ahead = [opened.enter_context(open_socket(instance.port)) for _ in range(60)]
        time.sleep(3)
        for connection in opened_ahead:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        for connection in opened_ahead:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


# ---- TLS ----

def pair(folder, name, key=None):
    """A certificate with an RSA key, in its place under the names that the instance reads."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "new.key", "-out",
                    folder / "new.pem", "-days", "2", "-subj", f"/CN={name}", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    if key is None:
        (folder / "new.key").replace(folder / "tls.key")
    (folder / "new.pem").replace(folder / "tls.pem")


def shown(port):
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=TIMEOUT)
    return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, text=True, capture_output=True,
                          check=True).stdout


class HeldHandshake:
    """RSA key exchange: the server's key is used when the client's second flight comes, which is held back."""

    def __init__(self, port):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256:@SECLEVEL=0")
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.socket = open_socket(port, timeout=60)
        self.step()
        self.socket.sendall(self.outgoing.read())
        while self.outgoing.pending == 0:  # the server's first flight
            self.incoming.write(self.socket.recv(65536))
            self.step()

    def step(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            return True
        return False

    def finish(self):
        self.socket.sendall(self.outgoing.read())
        while not self.step():
            data = self.socket.recv(65536)
            assert data, "the server hung up"
            self.incoming.write(data)
        self.tls.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.socket.sendall(self.outgoing.read())
        answer = b""
        while not answer.endswith(b"ok\n"):
            data = self.socket.recv(65536)
            assert data, answer
            self.incoming.write(data)
            with contextlib.suppress(ssl.SSLWantReadError):
                while part := self.tls.read(65536):
                    answer += part
        self.socket.close()


def test_a_handshake_outlives_two_renewals_of_its_key(stack, tmp_path):
    """A use after free, found by the asan suite; without it the answer shows that the right key was used."""
    pair(tmp_path, "first")
    with Instance(stack, tmp_path, "api-held", tls_certificate_file=tmp_path / "tls.pem",
                  tls_key_file=tmp_path / "tls.key", header_timeout_s=120) as instance:
        held = [HeldHandshake(instance.port)]
        for name in ("second", "third", "fourth"):
            pair(tmp_path, name)
            eventually(lambda name=name: name in shown(instance.port), f"the {name} certificate is shown")
            held.append(HeldHandshake(instance.port))
        for handshake in held:
            handshake.finish()
        assert instance.stop() == 0


def test_a_certificate_without_its_key_is_not_taken_into_use(stack, tmp_path):
    pair(tmp_path, "first")
    with Instance(stack, tmp_path, "api-misfit", tls_certificate_file=tmp_path / "tls.pem",
                  tls_key_file=tmp_path / "tls.key") as instance:
        pair(tmp_path, "second", key="stays behind")
        eventually(lambda: "not that of the certificate" in instance.log_path.read_text(), "it is said")
        assert "first" in shown(instance.port)
        (tmp_path / "new.key").replace(tmp_path / "tls.key")
        eventually(lambda: "second" in shown(instance.port), "the key has come along")
        assert instance.stop() == 0
    pair(tmp_path, "third", key="stays behind")
    started = subprocess.run(
        [os.path.join(stack["SEATLOG_BIN"], "seatlog-ingest-api"), "--listen=127.0.0.1:0",
         f"--kafka.bootstrap.servers={stack['SEATLOG_KAFKA']}", f"--postgres_url={stack['SEATLOG_POSTGRES_URL']}",
         f"--tls_certificate_file={tmp_path / 'tls.pem'}", f"--tls_key_file={tmp_path / 'tls.key'}"],
        capture_output=True, text=True, timeout=TIMEOUT)
    assert started.returncode != 0 and "not that of the certificate" in started.stderr + started.stdout


# ---- PostgreSQL comes back ----

def test_a_restart_of_postgresql_costs_no_request(stack, ada, new_show, postgres, tmp_path):
    event_id = new_show()
    headers = {"Authorization": ada.session.headers["Authorization"]}
    threads = 4
    paths = ["/orders", "/search?q=test", "/account", f"/events/{event_id}"]
    with Instance(stack, tmp_path, "api-restart", database_threads=threads) as instance:
        def ask(path):
            return requests.get(instance.url + path, headers=headers, timeout=TIMEOUT).status_code

        def login(n):
            answer = requests.post(instance.url + "/login", timeout=TIMEOUT, json={
                "username": f"nobody-{n}@example.com", "password": "correct horse battery"})
            return answer.status_code

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, paths * 4)) == {200}
        [server] = [pid for pid in stack.pids("postgres")
                    if b"-D" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(server, signal.SIGINT)

        def back():
            with contextlib.suppress(Exception):
                return stack.pids("postgres") and server not in stack.pids("postgres") and postgres_answers(stack)

        eventually(back, "PostgreSQL is up again", timeout=120)
        for _ in range(2):
            assert [ask(path) for path in paths * threads] == [200] * len(paths) * threads
        assert {login(n) for n in range(2 * threads)} == {401}
        assert instance.stop() == 0


def postgres_answers(stack):
    import psycopg
    with psycopg.connect(stack["SEATLOG_POSTGRES_URL"], connect_timeout=2) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)
