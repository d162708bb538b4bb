# SPDX-License-Identifier: Apache-2.0
"""What the tests of the HTTP API share: the contract as a judge of answers, and instances of their own."""

import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import threading
import time

import jsonschema
import requests
import yaml

from clients import TIMEOUT, eventually


class Contract:
    """schemas/openapi.yaml as the instance serves it; refuses an answer that it does not describe."""

    def __init__(self, url):
        answer = requests.get(url + "/openapi.yaml", timeout=TIMEOUT)
        assert answer.status_code == 200
        self.document = yaml.safe_load(answer.text)
        self.operations = []
        for path, methods in self.document["paths"].items():
            pattern = re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$")
            for method in methods:
                self.operations.append((method.upper(), pattern, path))

    def resolve(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def check(self, answer):
        request = answer.request
        path = requests.utils.urlparse(request.url).path
        asked = "GET" if request.method == "HEAD" else request.method  # a GET without its body
        for method, pattern, name in self.operations:  # noqa: B007 (used below)
            if method == asked and pattern.match(path):
                break
        else:
            assert answer.status_code in (404, 405), f"{request.method} {path} is not in the contract"
            return
        responses = self.document["paths"][name][method.lower()]["responses"]
        described = responses.get(str(answer.status_code)) or responses.get("default")
        assert described is not None, f"{method} {name}: {answer.status_code} is not in the contract"
        content = self.resolve(described).get("content", {})
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if not content:
            assert answer.content == b"", f"{method} {name}: {answer.status_code} has no body"
            return
        assert kind in content, f"{method} {name}: {answer.status_code} as {kind}"
        if request.method == "HEAD":
            assert answer.content == b"", f"HEAD {name}: a body"
            return
        if kind.endswith("json"):
            # The whole document is the schema's root, so that its references resolve.
            schema = {**self.document, "allOf": [content[kind]["schema"]]}
            jsonschema.Draft202012Validator(schema).validate(answer.json())
        if kind == "application/problem+json":
            assert answer.json()["status"] == answer.status_code
            assert answer.json()["type"].startswith("urn:seatlog:problem:")


class Api:
    """Requests whose every answer is held against the contract."""

    def __init__(self, contract, url, token=None):
        self.contract = contract
        self.url = url
        self.session = requests.Session()
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method, path, body=None, **options):
        options.setdefault("timeout", TIMEOUT)
        answer = self.session.request(method, self.url + path, json=body, **options)
        self.contract.check(answer)
        return answer

    @classmethod
    def of(cls, contract, buyer, url=None):
        token = buyer.session.headers["Authorization"].removeprefix("Bearer ")
        return cls(contract, url or buyer.stack.url, token)


def fields(answer):
    """The fields a problem document names."""
    return [error["field"] for error in answer.json()["errors"]]


def named(event_id, *ids):
    """Body of POST /reserve, of seats by their ids."""
    return {"event_id": event_id, "ticket_ids": list(ids)}


def pay(reservation, source="cnon:card-nonce-ok"):
    """Body of POST /book."""
    return {"reservation_id": reservation["reservation_id"], "source_id": source}


def event_body(**changes):
    """A valid event, changed; ... takes a member away."""
    starts = time.time() + 20 * 86400
    body = {
        "title": "幽霊 Ghost", "type": "film", "venue": "Pageant Theatre", "city": "Chico", "country": "US",
        "starts_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(starts)),
        "ends_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(starts + 7200)),
        "time_zone": "America/Los_Angeles", "currency": "USD",
        "categories": [{"name": "Seat", "price_minor": 1250}],
        "sections": [{"name": "Stalls", "category": "Seat", "rows": [{"label": "A", "seats": 4}]}]}
    body.update(changes)
    return {name: value for name, value in body.items() if value is not ...}


class Instance:
    """An ingest-api of the test's own, beside the stack's, on the same Kafka and PostgreSQL."""

    def __init__(self, stack, folder, name, **options):
        self.log_path = pathlib.Path(folder) / f"{name}.log"
        settings = {"kafka.bootstrap.servers": stack["SEATLOG_KAFKA"], "postgres_url": stack["SEATLOG_POSTGRES_URL"],
                    "listen": "127.0.0.1:0", "instance_id": name, "rate_address_per_s": 0, "rate_user_per_s": 0,
                    **options}
        self.tls = "tls_certificate_file" in settings
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(stack["SEATLOG_BIN"], "seatlog-ingest-api"),
                 *(f"--{key}={value}" for key, value in settings.items())],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.port = int(eventually(self.listening, "the instance listens").group(1))
            self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"
            eventually(lambda: requests.get(self.url + "/readyz", timeout=TIMEOUT, verify=False).status_code == 200,
                       "the instance is ready")
        except BaseException:
            self.process.kill()
            raise

    def listening(self):
        assert self.process.poll() is None, self.log_path.read_text()
        return re.search(r"message=listening .*port=(\d+)", self.log_path.read_text())

    def stop(self):
        """Ends it as supervisor does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Cable:
    """A TCP connection to somewhere, which can be cut and mended."""

    def __init__(self, port, host="127.0.0.1"):
        self.target = (host, port)
        self.pairs = []
        self.is_cut = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            pair = (client, socket.create_connection(self.target))
            self.pairs.append(pair)
            threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, client, server):
        with contextlib.suppress(OSError), client, server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (server if ready is client else client).sendall(data)

    def cut(self):
        self.is_cut = True
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()

    def mend(self):
        self.is_cut = False

    def close(self):
        self.cut()
        self.listener.close()


@contextlib.contextmanager
def paused(stack, *names):
    """The programs of the stack stand still meanwhile."""
    pids = stack.pids(*names)
    assert pids, f"nothing runs of {names}"
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
