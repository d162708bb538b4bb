# SPDX-License-Identifier: Apache-2.0
"""No record that the core took may stop a consumer: ten thousand of them, with texts of every kind.

They are written straight to the log, in a Seatlog of their own whose decider stands still, by one that decides nothing:
what older logic versions took, the one of today may refuse. SEED chooses others.
"""

import collections
import os
import random
import time
import uuid

import confluent_kafka
import pytest

from any_text import shows
from clients import Log, Postgres, eventually
from term_support import Decider, admin, partition_of, undecided

SEED = int(os.environ.get("SEED", time.time_ns() % 1_000_000))
SHOWS = 168  # each class of text some four times; drawing tickets in many scripts is what takes the time
RECORDS_MIN = 10_000
SINKS = ("indexer", "notifier", "payment")
DAEMONS = SINKS + ("ticketgen",)
PATIENCE = 600
pytestmark = pytest.mark.last(1)  # nothing else is done for so long
GARBAGE = [b"", b"\0", b"garbage", b"\0\0\0\x04\x03" + bytes(20), bytes(300)]


@pytest.fixture(scope="module")
def apart():
    with undecided("text", os.environ.get("SEATLOG_TEST_TEXT_STATE")) as running:
        yield running


def produce(stack, records):
    """(key, value) of each, in order, as a command of its own; the partition is that of the key."""
    deciders = [Decider(stack, number) for number in range(6)]
    for key, value in records:
        deciders[partition_of(key)].decide(key, [value])
    for decider in deciders:
        decider.flush()


def ends(stack):
    """Where each partition of the events ends."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": stack["SEATLOG_KAFKA"], "group.id": "ends"})
    found = {number: consumer.get_watermark_offsets(confluent_kafka.TopicPartition("seatlog.events", number),
                                                    timeout=30)[1]
             for number in range(6)}
    consumer.close()
    return found


def handled(stack, daemon):
    """How far the daemon has come for certain, by partition: what it has committed, never what it tells of itself."""
    if daemon in SINKS:
        return dict(Postgres(stack).rows("SELECT partition, next_offset FROM public.sink_offset WHERE sink = %s AND "
                                         "topic = 'seatlog.events'", daemon))
    consumer = confluent_kafka.Consumer({"bootstrap.servers": stack["SEATLOG_KAFKA"], "group.id": daemon,
                                         "enable.auto.commit": False})
    partitions = [confluent_kafka.TopicPartition("seatlog.events", number) for number in range(6)]
    committed = {partition.partition: partition.offset for partition in consumer.committed(partitions, timeout=30)}
    consumer.close()
    return committed


def behind(stack, daemon):
    """Offsets not handled yet, by partition."""
    offsets = handled(stack, daemon)
    return {number: end - offsets.get(number, 0) for number, end in ends(stack).items()}


@pytest.fixture(scope="module")
def history(apart):
    """All is on the log, and every consumer has had the time for it."""
    print(f"SEED={SEED}")
    made = shows(SEED, SHOWS, uuid.UUID(apart.reader.user_id).bytes, int(time.time() * 1000))
    rng = random.Random(SEED)
    records = [(str(uuid.UUID(bytes=show.show_id)).encode(), value) for show in made for value in show.values]
    assert len(records) >= RECORDS_MIN
    for value in GARBAGE:
        records.insert(rng.randrange(len(records)), (str(uuid.uuid4()).encode(), value))
    produce(apart, records)
    for daemon in DAEMONS:
        def drained(daemon=daemon):
            # The decider's own markers at the end of a partition have offsets and are no records.
            return all(left <= 2 for left in behind(apart, daemon).values())
        eventually(drained, f"{daemon} has handled everything (SEED={SEED})", timeout=PATIENCE, pause=1)
    return made


def test_every_consumer_is_through_with_every_record_and_ready(apart, history):
    for daemon in DAEMONS:
        left = behind(apart, daemon)
        assert all(0 <= offsets <= 2 for offsets in left.values()), (daemon, left)
    for daemon in DAEMONS:
        answer = admin(apart, daemon, "/readyz")
        assert answer.status_code == 200, (daemon, answer.text)


def test_only_what_is_garbage_is_set_aside_by_each_consumer_with_its_reason(apart, history):
    letters = [letter.value for letter in Log(apart).read("seatlog.dead-letters")]
    unexpected = [(letter["daemon"], letter["offset"], letter["reason"]) for letter in letters
                  if letter["value"] not in GARBAGE]
    assert not unexpected, (f"SEED={SEED}", unexpected[:10])
    assert all(letter["reason"].startswith("undecodable: ") for letter in letters), "at once, not after many tries"
    counts = collections.Counter(letter["daemon"] for letter in letters)
    assert counts == dict.fromkeys(DAEMONS, len(GARBAGE))


def test_every_sold_order_has_its_tickets_and_its_mail(apart, history):
    orders = {order: show for show in history for order in show.orders}
    issued = {str(uuid.UUID(bytes=record["order_id"])) for record in Log(apart).read("seatlog.tickets")
              if record.kind == "TicketsIssued"}
    without = [(orders[order].kind, ascii(orders[order].summary["title"])) for order in orders if order not in issued]
    assert not without, (f"SEED={SEED}", without[:10])
    postgres = Postgres(apart)
    documents = {str(row[0]) for row in postgres.rows("SELECT document_id FROM ticket.document")}
    valid = {order for order, show in orders.items() if not show.called_off}
    assert valid and valid <= documents, "each that was not called off has a PDF"

    def unsettled():
        rows = postgres.rows("SELECT order_id::text, state, last_answer FROM mail.outbox "
                             "WHERE template = 'confirmation'")
        states = {order: state for order, state, _ in rows}
        return [(orders[order].kind, ascii(orders[order].summary["title"]), states.get(order)) for order in orders
                if states.get(order) not in ("sent", "superseded")]

    eventually(lambda: not unsettled(), "every confirmation is sent, or was called off first", timeout=PATIENCE,
               pause=2)


def test_the_catalogue_has_every_show_with_its_own_words(apart, history):
    rows = dict(Postgres(apart).rows("SELECT show_id::text, title FROM catalog.show"))
    wrong = [ascii(show.summary["title"]) for show in history
             if rows.get(str(uuid.UUID(bytes=show.show_id))) != show.summary["title"]]
    assert not wrong, (f"SEED={SEED}", wrong[:10])
