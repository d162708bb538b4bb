# SPDX-License-Identifier: Apache-2.0
"""Independent clients: none of them shares code with Seatlog."""

import email
import email.policy
import io
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import time
import uuid

import confluent_kafka
import fastavro
import psycopg
import requests

from bringup import ROOT, launch

sys.path.append(str(ROOT / "examples"))

import seatlog_rule  # noqa: E402 (the path comes first)

TIMEOUT = 60
PASSWORD = "correct horse battery"  # everybody's

# What keeps a text of another direction together, where it is shown between ours (Unicode, UAX #9).
ISOLATES = dict.fromkeys(range(0x2066, 0x206A))


def eventually(condition, what, timeout=TIMEOUT, pause=0.05):
    """Waits until the condition gives something true, and returns it."""
    until = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < until, f"not within {timeout} s: {what}"
        time.sleep(pause)


def freeze(parent):
    """SIGSTOP to a process (first, so that it makes no more of them) and to its children. Returns all, for thaw."""
    os.kill(parent, signal.SIGSTOP)
    children = subprocess.run(["pgrep", "-P", str(parent)], stdout=subprocess.PIPE, text=True).stdout.split()
    frozen = [parent, *map(int, children)]
    for pid in frozen[1:]:
        os.kill(pid, signal.SIGSTOP)
    return frozen


def thaw(frozen):
    for pid in reversed(frozen):
        os.kill(pid, signal.SIGCONT)


def names_folder(command, folder):
    """Whether a command line (words that end with a zero) names a folder, or a file in it; not one that only begins as
    it does."""
    return re.search(rb"(?<![\w./-])" + re.escape(os.fsencode(folder)) + rb"(?![^/\0])", command) is not None


class Stack(dict):
    """What `./seatlog env` says, and what can be done to the programs."""

    def __init__(self, values, folder):
        super().__init__(values)
        self.folder = folder
        self.url = self["SEATLOG_URL"]

    def launcher(self, *arguments, **options):
        return launch(self.folder, *arguments, **options)

    def pids(self, *names):
        """Process ids of the pipeline's programs, as the operating system knows them."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if not names_folder(command, self.folder):
                continue
            program = os.path.basename(os.fsdecode(command.split(b"\0")[0]))
            if not names or program in names:
                found.append(int(entry.name))
        return found

    def kill(self, *names, how=signal.SIGKILL):
        pids = self.pids(*names)
        assert pids, f"nothing runs of {names}"
        if not names:  # their supervisor before all, or it starts again what has died
            pids.sort(key=lambda pid: b"supervisord" not in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
        for pid in pids:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass
        return pids


class Buyer:
    """A person with an account, using the HTTP API."""

    def __init__(self, stack, token, user_id, username):
        self.stack = stack
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.user_id = user_id
        self.username = username

    @classmethod
    def signup(cls, stack, name="buyer"):
        username = f"{name}-{secrets.token_hex(6)}@example.com"
        body = {"username": username, "password": PASSWORD, "location": "Chico"}
        answer = retried(lambda: requests.post(stack.url + "/signup", json=body, timeout=TIMEOUT))
        assert answer.status_code == 201, answer.text
        return cls.login(stack, username, body["password"])

    @classmethod
    def login(cls, stack, username, password):
        body = {"username": username, "password": password}
        answer = retried(lambda: requests.post(stack.url + "/login", json=body, timeout=TIMEOUT))
        assert answer.status_code == 200, answer.text
        return cls(stack, answer.json()["token"], answer.json()["user_id"], username)

    def request(self, method, path, body=None, key=None, wait=None, expect=200, **options):
        """The parsed answer where `expect` is a status, the response itself where it is None."""
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = key
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        answer = self.session.request(method, self.stack.url + path, json=body, headers=headers, timeout=TIMEOUT,
                                      **options)
        if expect is None:
            return answer
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        options.setdefault("wait", 30)
        return self.request("POST", path, body, **options)

    def delete(self, path, **options):
        options.setdefault("wait", 30)
        return self.request("DELETE", path, **options)

    def eventually(self, condition, what, **options):
        return eventually(condition, what, **options)

    def seats(self, event_id):
        """State of every seat by (section, row, seat), and its id."""
        event = self.get(f"/events/{event_id}")
        return {(s["section"], s["row"], s["seat"]): s for s in event["tickets"]}

    def reserve(self, event_id, ids, **options):
        options.setdefault("expect", 201)
        return self.post("/reserve", {"event_id": event_id, "ticket_ids": ids}, **options)

    def book(self, reservation, source="cnon:card-nonce-ok", **options):
        return self.post("/book", {"reservation_id": reservation["reservation_id"], "source_id": source}, **options)

    def reservation(self, reservation):
        return self.get(f"/reservations/{reservation['reservation_id']}", expect=None)

    def until_state(self, reservation, *states, timeout=TIMEOUT):
        """Asks until the reservation stands at one of the states."""

        def look():
            answer = self.reservation(reservation)
            return answer.status_code == 200 and answer.json()["state"] in states and answer.json()

        return eventually(look, f"state {' or '.join(states)}", timeout=timeout)


def retried(call):
    """Does as a 429 or 503 asks: waits, and tries again."""
    for _ in range(120):
        answer = call()
        if answer.status_code not in (429, 503):
            return answer
        time.sleep(min(float(answer.headers.get("Retry-After", "1")), 5))
    return answer


class Registry:
    """Schemas from Seatlog's registry, by the id in the record."""

    def __init__(self, url):
        self.url = url
        self.schemas = {}

    def decode(self, value):
        assert value[0] == 0, "Confluent wire format"
        schema_id = int.from_bytes(value[1:5], "big")
        if schema_id not in self.schemas:
            answer = requests.get(f"{self.url}/schemas/ids/{schema_id}", timeout=TIMEOUT)
            assert answer.status_code == 200, answer.text
            self.schemas[schema_id] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
        schema = self.schemas[schema_id]
        rest = io.BytesIO(value[5:])
        record = fastavro.schemaless_reader(rest, schema)
        assert rest.read() == b"", "octets are left over"
        return schema["name"].rsplit(".", 1)[1], record


class Record:
    def __init__(self, message, registry):
        self.partition = message.partition()
        self.offset = message.offset()
        self.key = message.key()
        self.octets = message.value()
        self.headers = dict(message.headers() or [])
        self.kind, self.value = registry.decode(message.value())

    def __getitem__(self, name):
        return self.value[name]

    @property
    def show_id(self):
        head = self.value.get("head", self.value)
        return str(uuid.UUID(bytes=head["show_id"]))


class Log:
    """Reads topics with confluent-kafka and fastavro, committed records only."""

    def __init__(self, stack):
        self.stack = stack
        self.registry = Registry(stack.url)

    def read(self, topic, show_id=None):
        """Everything on the topic up to now, in order within a partition; of the events those that count."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.stack["SEATLOG_KAFKA"], "group.id": f"e2e-{secrets.token_hex(4)}",
            "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
        try:
            partitions = consumer.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions
            rules = {number: seatlog_rule.Partition(self.command_offset) for number in partitions}
            consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
            ended, records = set(), []
            while len(ended) < len(partitions):
                message = consumer.poll(TIMEOUT)
                assert message is not None, f"{topic}: no answer"
                if message.error() is not None:
                    assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                    ended.add(message.partition())
                    continue
                counts = [message]
                if topic == "seatlog.events":
                    counts = self.counts(consumer, rules[message.partition()], message)
                records += [Record(one, self.registry) for one in counts
                            if show_id is None or one.key() == show_id.encode()]
            return records
        finally:
            consumer.close()

    def command_offset(self, message):
        return self.registry.decode(message.value())[1]["head"]["command_offset"]

    @staticmethod
    def counts(consumer, rule, message):
        """By the rule for readers outside (examples/seatlog_rule.py)."""
        labels = [value for name, value in message.headers() or [] if name == seatlog_rule.HEADER]
        counts = rule.take(message.offset(), labels, message)
        if counts is None:
            consumer.seek(confluent_kafka.TopicPartition(message.topic(), message.partition(), rule.next_offset))
            return []
        return counts

    def events(self, show_id):
        return self.read("seatlog.events", show_id)

    def kinds(self, show_id):
        return [record.kind for record in self.events(show_id)]

    def tickets(self, show_id):
        return self.read("seatlog.tickets", show_id)


class Postgres:
    def __init__(self, stack):
        self.url = stack["SEATLOG_POSTGRES_URL"]

    def rows(self, sql, *values):
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql, *values):
        with psycopg.connect(self.url) as connection:
            connection.execute(sql, values)


class Mailbox:
    """Mails as the SMTP catcher has put them into its folder."""

    def __init__(self, stack):
        self.folder = pathlib.Path(stack["SEATLOG_MAILS"])

    def to(self, address):
        found = []
        for path in sorted(self.folder.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if address in str(message["To"]):
                found.append(message)
        return found

    def wait(self, address, count=1, subject=""):
        def look():
            found = [mail for mail in self.to(address) if subject in mail["Subject"].translate(ISOLATES)]
            return len(found) >= count and found

        return eventually(look, f"{count} mail(s) to {address}")


class Provider:
    """The payment provider: its books through its own API, and its admin side to make it misbehave."""

    def __init__(self, stack):
        self.url = stack["SEATLOG_SIMULATOR_URL"]
        self.headers = {"Authorization": f"Bearer {stack['SEATLOG_SIMULATOR_TOKEN']}"}

    def behave(self, **changes):
        wanted = {"latency_ms": 0, "latency_jitter_ms": 0, "refund_settle_ms": 0, "refund_outcome": "COMPLETED",
                  "faults": [], **changes}
        answer = requests.put(self.url + "/admin/behaviour", json=wanted, headers=self.headers, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text

    def all(self, what="payments"):
        found, cursor = [], None
        while True:
            answer = requests.get(f"{self.url}/v2/{what}", params={"cursor": cursor} if cursor else {},
                                  headers=self.headers, timeout=TIMEOUT)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page.get(what, [])
            cursor = page.get("cursor")
            if not cursor:
                return found

    def payments_of(self, reservation_uuid):
        return [p for p in self.all() if p.get("reference_id") == reservation_uuid]


def reservation_uuid(public_id):
    """The reservation's own id: the second half of the public one."""
    import base64

    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(public_id + "=")[16:]))


def pdf_qr_codes(pdf):
    """What zbar reads on each page of a PDF, as pdftoppm draws it."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "tickets.pdf").write_bytes(pdf)
        subprocess.run(["pdftoppm", "-r", "150", "-png", "tickets.pdf", "page"], cwd=path, check=True)
        codes = []
        for page in sorted(path.glob("page*.png")):
            read = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(page)],
                                  check=True, capture_output=True, text=True)
            codes.append(read.stdout.rstrip("\n"))
        return codes
