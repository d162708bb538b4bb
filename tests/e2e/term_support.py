# SPDX-License-Identifier: Apache-2.0
"""A decider that decides nothing: it claims a partition of seatlog.events and writes what it is told. Stock clients."""

import contextlib
import io
import json
import os
import re
import secrets
import signal
import sys
import time

import confluent_kafka
import fastavro
import requests

from bringup import ROOT, seatlog
from clients import TIMEOUT, Buyer, Log, Stack

sys.path.append(str(ROOT / "examples"))

import seatlog_rule  # noqa: E402 (the path comes first)

EVENTS = "seatlog.events"
CLAIMED = "claims/Claimed.v1.avsc"


@contextlib.contextmanager
def undecided(purpose, given=None):
    """A Seatlog of its own whose decider stands still: what is on its events is the test's to write."""
    with seatlog(purpose, "--shows", "1", given=given) as (folder, values):
        running = Stack(values, folder)
        running.reader = Buyer.signup(running, "reader")
        stopped = running.pids("seatlog-reservation")
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield running
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


def admin(stack, daemon, path):
    ports = dict(line.split("=", 1) for line in (stack.folder / "env").read_text().splitlines() if "=" in line)
    port = ports["PORT_ADMIN_" + daemon.upper().replace("-", "_")]
    return requests.get(f"http://127.0.0.1:{port}{path}", timeout=30)


def stale(stack, daemon):
    """seatlog_stale_records_total of a daemon by kind."""
    found = re.findall(r'^seatlog_stale_records_total\{kind="(\w+)"\} (\d+)$', admin(stack, daemon, "/metrics").text,
                       re.MULTILINE)
    return {kind: int(count) for kind, count in found}


def partition_of(key):
    """murmur2, as the log's producers have it."""
    mask, mix = 0xFFFFFFFF, 0x5BD1E995
    value = 0x9747B28C ^ len(key)
    for at in range(0, len(key) - len(key) % 4, 4):
        word = int.from_bytes(key[at:at + 4], "little") * mix & mask
        value = (value * mix & mask) ^ ((word ^ word >> 24) * mix & mask)
    if rest := key[len(key) - len(key) % 4:]:
        value = (value ^ int.from_bytes(rest, "little")) * mix & mask
    value = (value ^ value >> 13) * mix & mask
    return ((value ^ value >> 15) & 0x7FFFFFFF) % 6


def schema(file):
    """(id, parsed) of a record's schema, as it stands in the tree."""
    for line in (ROOT / "schemas" / "ids.tsv").read_text().splitlines():
        if line.split("\t")[3:4] == [file]:
            parsed = fastavro.parse_schema(json.loads((ROOT / "schemas" / file).read_text()))
            return int(line.split("\t")[0]), parsed
    raise LookupError(file)


def cursor(stack, partition):
    """Where every reader of the partition stands at its end: the cursor."""
    log = Log(stack)
    rule = seatlog_rule.Partition(log.command_offset)
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": stack["SEATLOG_KAFKA"], "group.id": f"e2e-{secrets.token_hex(4)}",
        "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
    try:
        consumer.assign([confluent_kafka.TopicPartition(EVENTS, partition, 0)])
        while (message := consumer.poll(TIMEOUT)) is not None:
            if message.error() is not None:
                assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                return rule.cursor
            log.counts(consumer, rule, message)
        raise TimeoutError(f"partition {partition} of the events does not come to an end")
    finally:
        consumer.close()


class Decider:
    """Of one partition, which it claims at once. `cursor` is what its next command extends."""

    def __init__(self, stack, partition):
        self.producer = confluent_kafka.Producer({"bootstrap.servers": stack["SEATLOG_KAFKA"],
                                                  "enable.idempotence": True, "linger.ms": 5})
        self.partition, self.failed = partition, []
        self.cursor = cursor(stack, partition)
        nonce = secrets.token_hex(8)
        self.term = f"{self.claim(nonce)}-{nonce}"

    def claim(self, nonce):
        number, parsed = schema(CLAIMED)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, {
            "nonce": bytes.fromhex(nonce), "instance": "a-test", "host": "nowhere", "logic_version": 2,
            "at": int(time.time() * 1000)})
        found = []
        self.producer.produce(EVENTS, partition=self.partition, value=b"\0" + number.to_bytes(4, "big") +
                              out.getvalue(), headers={seatlog_rule.HEADER: f"claim {nonce}"},
                              on_delivery=lambda error, message: found.append(error or message.offset()))
        self.flush()
        assert isinstance(found[0], int), found
        return found[0]

    def write(self, key, value, label=None):
        """A record as it is given, at the end of the partition; without a label: as from before there were terms."""
        self.producer.produce(EVENTS, partition=self.partition, key=key, value=value,
                              headers={} if label is None else {seatlog_rule.HEADER: label},
                              on_delivery=lambda error, _: error and self.failed.append(error))
        self.producer.poll(0)

    def label(self, index, count, before=None):
        before = self.cursor if before is None else before
        return f"{self.term} {before} {before + 1} {index} {int(index == count - 1)}"

    def decide(self, key, values):
        """The events of a command, whole."""
        for index, value in enumerate(values):
            self.write(key, value, self.label(index, len(values)))
        self.cursor += 1

    def flush(self):
        assert self.producer.flush(120) == 0 and not self.failed, self.failed
