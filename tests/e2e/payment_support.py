# SPDX-License-Identifier: Apache-2.0
"""
Runs payment alone: real Kafka and PostgreSQL, the provider's stand-in, and this test in reservation's place, which
writes the events and reads the commands, with clients that share no code with Seatlog.
"""

import atexit
import contextlib
import functools
import io
import json
import os
import pathlib
import secrets
import signal
import subprocess
import time
import urllib.parse
import urllib.request
import uuid

import confluent_kafka
import confluent_kafka.admin
import fastavro
import psycopg

from bringup import ROOT, seatlog
from clients import eventually
from simulator_support import TOKEN, Simulator, binary, free_port

COMMANDS, EVENTS = "seatlog.commands", "seatlog.events"


EMPTY = {"int": 0, "long": 0, "boolean": False, "string": "", "bytes": b""}


def filled(schema, given, names):
    """The record with what is given, and something empty for every other field."""
    record = dict(given)
    for field in schema["fields"]:
        kind = field["type"]
        kind = names.get(kind, kind) if isinstance(kind, str) else kind
        if field["name"] in record or "default" in field:
            continue
        if isinstance(kind, str):
            record[field["name"]] = EMPTY[kind]
        elif kind["type"] == "array":
            record[field["name"]] = []
        elif kind["type"] == "enum":
            record[field["name"]] = kind["symbols"][0]
        elif kind["type"] == "fixed":
            record[field["name"]] = bytes(kind["size"])
        else:
            record[field["name"]] = filled(kind, {}, names)
    return record


class Schemas:
    """What schemas/ids.tsv says, by id and by record name."""

    def __init__(self):
        self.by_id, self.by_name, self.named = {}, {}, {}
        for line in (ROOT / "schemas" / "ids.tsv").read_text().splitlines():
            if line and not line.startswith("#"):
                number, subject, _version, file, _digest = line.split("\t")
                name = subject.split("-", 1)[1]
                schema = fastavro.parse_schema(json.loads((ROOT / "schemas" / file).read_text()),
                                               named_schemas=self.named.setdefault(name, {}))
                self.by_id[int(number)] = (name, schema)
                self.by_name[name] = (int(number), schema)

    def encode(self, name, record):
        number, schema = self.by_name[name]
        out = io.BytesIO()
        out.write(b"\0" + number.to_bytes(4, "big"))
        fastavro.schemaless_writer(out, schema, filled(schema, record, self.named[name]))
        return out.getvalue()

    def decode(self, value):
        name, schema = self.by_id[int.from_bytes(value[1:5], "big")]
        return name.rsplit(".", 1)[1], fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)


class Pillars:
    """Kafka and PostgreSQL: given ones, or some of our own for as long as the tests run."""

    def __init__(self):
        self.kafka = os.environ.get("SEATLOG_TEST_KAFKA")
        self.postgres = os.environ.get("SEATLOG_TEST_POSTGRES_URL")
        if not self.kafka or not self.postgres:
            made = contextlib.ExitStack()
            _, values = made.enter_context(seatlog("payment", "--infrastructure"))
            atexit.register(made.close)
            self.kafka, self.postgres = values["SEATLOG_KAFKA"], values["SEATLOG_POSTGRES_URL"]

    @staticmethod
    @functools.cache
    def shared():
        """The same for all tests of a run."""
        return Pillars()


class Reservation:
    """One buyer's reservation, and what the log says of it."""

    def __init__(self, house, amount=2500):
        self.house, self.amount = house, amount
        self.show, self.id, self.buyer = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        self.traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        self.seq = 0

    def tell(self, kind, **fields):
        self.seq += 1
        head = {"hash": bytes(32), "show_id": self.show.bytes, "seq": self.seq, "at": int(time.time() * 1000),
                "owner_id": bytes(16), "command_id": uuid.uuid4().bytes, "command_offset": 0,
                "command_hash": bytes(32), "logic_version": 1}
        self.house.produce(self, kind, {"head": head, "reservation_id": self.id.bytes,
                                        "buyer_id": self.buyer.bytes, **fields})

    def pay(self, source="cnon:card-nonce-ok", attempt=1, hold_s=60.0):
        self.tell("PaymentRequested", attempt=attempt, amount_minor=self.amount, currency="USD",
                  source_id=source, expires_at=int((time.time() + hold_s) * 1000))

    def secure(self, payment_id, attempt=1):
        self.tell("Secured", attempt=attempt, payment_id=payment_id, amount_minor=self.amount, currency="USD",
                  seats=[1, 2], section=-1, quantity=2)

    def void(self, payment_id, attempt=1):
        self.tell("VoidRequested", attempt=attempt, payment_id=payment_id, amount_minor=self.amount,
                  currency="USD", reason="SEATS_TAKEN")

    def refund(self, payment_id, refund_attempt=1, attempt=1):
        self.tell("RefundRequested", refund_attempt=refund_attempt, attempt=attempt, payment_id=payment_id,
                  amount_minor=self.amount, currency="USD")

    def key(self, action, attempt=1):
        return str(uuid.uuid5(self.id, f"{action}:{attempt}"))

    def commands(self):
        """(kind, fields, headers) of every command about it so far."""
        return self.house.commands().get(self.id.bytes, [])

    def command(self, kind, seconds=20, **expected):
        """Waits for the command; there is to be one of its kind and attempt."""
        def found():
            return [c for c in self.commands() if c[0] == kind and
                    all(c[1][name] == value for name, value in expected.items())]
        eventually(found, f"{kind} {expected}; there is {[c[0] for c in self.commands()]}", seconds)
        return found()[0][1]

    def authorized(self, **pay):
        self.pay(**pay)
        return self.command("PaymentAuthorized")["payment_id"]

    def captured(self, **pay):
        payment_id = self.authorized(**pay)
        self.secure(payment_id)
        self.command("PaymentCaptured")
        return payment_id


class House:
    """A payment daemon with its provider and a database of its own."""

    def __init__(self, pillars, folder, options=None, **behaviour):
        self.pillars, self.folder, self.schemas = pillars, pathlib.Path(folder), Schemas()
        self.database = f"payment_{secrets.token_hex(6)}"
        self.admin_port = free_port()
        self.options = {
            "instance_id": self.database, "admin_listen": f"127.0.0.1:{self.admin_port}",
            "kafka.bootstrap.servers": pillars.kafka, "kafka.session.timeout.ms": 6000,
            "provider_access_token": TOKEN,
            "provider_timeout_ms": 1500, "provider_settle_ms": 2000, "retry_base_ms": 50,
            "buyer_retry_maximum_ms": 400, "retry_maximum_ms": 1000, "refund_poll_ms": 100,
            "operator_retry_ms": 500, "lease_ms": 12000, "work_poll_ms": 50,
            "reconcile_interval_s": 1, "reconcile_overlap_s": 60, **(options or {})}
        self.process, self.known, self.ends = None, {}, {}
        self.producer = confluent_kafka.Producer({"bootstrap.servers": pillars.kafka, "linger.ms": 0,
                                                  "partitioner": "murmur2_random"})
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": pillars.kafka, "group.id": self.database, "enable.auto.commit": False,
            "isolation.level": "read_committed", "fetch.wait.max.ms": 20})
        self.simulator = Simulator(self.folder / "provider", **behaviour).start()
        self.options["provider_url"] = self.simulator.url
        self._database_make()
        self._follow()

    def _database_make(self):
        """One of our own; where the role may not make any, the one there is, with nothing in it of payment's."""
        url = self.pillars.postgres
        with psycopg.connect(url, autocommit=True) as admin:
            try:
                admin.execute(f"CREATE DATABASE {self.database}")
                url = urllib.parse.urlsplit(url)._replace(path=f"/{self.database}").geturl()
                subprocess.run([ROOT / "schemas" / "sql" / "migrate", url], check=True, stdout=subprocess.DEVNULL)
            except psycopg.errors.InsufficientPrivilege:
                self.database = None
                admin.execute("DROP SCHEMA payment CASCADE")
                admin.execute((ROOT / "schemas" / "sql" / "030_payment.sql").read_text())
                admin.execute("DELETE FROM public.sink_offset WHERE sink = 'payment'")
        self.options["postgres_url"] = url
        self.sql = psycopg.connect(url, autocommit=True)

    def _follow(self):
        """Commands and events from here on: what is before belongs to other tests."""
        partitions = self.consumer.list_topics(COMMANDS, 20).topics[COMMANDS].partitions
        self.options["partitions"] = len(partitions)
        assignment = []
        for number in partitions:
            _, end = self.consumer.get_watermark_offsets(confluent_kafka.TopicPartition(COMMANDS, number), 20)
            assignment.append(confluent_kafka.TopicPartition(COMMANDS, number, end))
            _, end = self.consumer.get_watermark_offsets(confluent_kafka.TopicPartition(EVENTS, number), 20)
            self.sql.execute("INSERT INTO public.sink_offset VALUES ('payment', %s, %s, %s)",
                             (EVENTS, number, end))
        self.consumer.assign(assignment)

    def start(self, wait=True):
        flags = [f"--{name}={value}" for name, value in self.options.items()]
        with open(self.folder / "payment.log", "ab") as log:
            self.process = subprocess.Popen([binary("seatlog-payment"), *flags], stdout=log, stderr=log)
        if wait:
            eventually(self.ready, "payment is ready", 30)
        return self

    def ready(self):
        assert self.process.poll() is None, self.log()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        return self.process.returncode

    def close(self):
        self.stop()
        self.simulator.stop()
        self.producer.flush(5)
        self.consumer.close()
        self.sql.close()
        if self.database:
            with psycopg.connect(self.pillars.postgres, autocommit=True) as admin:
                # Not by force, which may not end an autovacuum worker: it waits for what is just ending.
                admin.execute(f"DROP DATABASE {self.database}")

    def log(self):
        return (self.folder / "payment.log").read_text()

    def produce(self, reservation, kind, record):
        name = f"seatlog.events.{kind}"
        self.producer.produce(EVENTS, key=str(reservation.show), value=self.schemas.encode(name, record),
                              headers={"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": name,
                                       "ce_source": "test", "content-type": "application/avro",
                                       "traceparent": reservation.traceparent, "seatlog-waiter": "ingest-7"})
        self.producer.poll(0)

    def commands(self):
        while (message := self.consumer.poll(0.005)) is not None:
            assert message.error() is None, message.error()
            kind, fields = self.schemas.decode(message.value())
            assert message.key().decode() == str(uuid.UUID(bytes=fields["head"]["show_id"]))
            headers = {name: value.decode() for name, value in message.headers() or []}
            self.known.setdefault(fields["reservation_id"], []).append((kind, fields, headers))
        return self.known

    def rows(self, reservation):
        """The work of a reservation as dictionaries, oldest first."""
        with self.sql.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute("SELECT work_id, kind, attempt, step, result, payment_id, code, source_id, tries, "
                                  "expires_at, sent_at FROM payment.work WHERE reservation_id = %s "
                                  "ORDER BY work_id", (reservation.id,)).fetchall()

    def done(self, reservation, kind, seconds=20):
        return eventually(lambda: [row for row in self.rows(reservation)
                                   if row["kind"] == kind and row["step"] == "done"], f"{kind} is done",
                          seconds)[0]

    def payments(self, reservation):
        return [p for p in self.simulator.payments().values() if p.get("reference_id") == str(reservation.id)]

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.rsplit(" ", 1)[0] == name:
                    return float(line.rsplit(" ", 1)[1])
        return None
