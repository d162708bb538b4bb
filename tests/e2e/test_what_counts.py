# SPDX-License-Identifier: Apache-2.0
"""Events that do not count, written by stock clients among those that do, lead to nothing: no ticket, no answer."""

import concurrent.futures
import random
import time
import uuid

import confluent_kafka
import pytest

from any_text import Codec, Show, Writer
from clients import Log, Postgres, eventually
from term_support import Decider, admin, partition_of, stale, undecided


@pytest.fixture(scope="module")
def apart():
    with undecided("counts") as running:
        yield running


def show_of(stack, seed, title):
    writer = Writer(random.Random(seed), [title])
    writer.text = lambda size_max, empty=False, unique="": (title + unique)[-size_max:]
    return Show(Codec(), random.Random(seed), writer, uuid.UUID(stack.reader.user_id).bytes, int(time.time() * 1000))


def key_of(show):
    return str(uuid.UUID(bytes=show.show_id)).encode()


class Story:
    """What was written: a show whose three orders count, and orders of a ghost that do not."""

    def __init__(self, stack):
        self.show, self.ghost = show_of(stack, time.time_ns(), "Hamlet"), show_of(stack, time.time_ns() + 1, "Ghost")
        self.key = key_of(self.show)
        self.partition = partition_of(self.key)
        self.stack = stack
        first = Decider(stack, self.partition)
        self.show.create()
        first.decide(self.key, self.taken())
        self.order(first, 0)
        first.write(self.key, self.haunt(), first.label(1, 2, first.cursor - 1))  # as a copy
        first.write(self.key, self.haunt())  # of nobody
        first.write(self.key, self.haunt(), "17-c0ffee")  # not even a label
        late = first.label(1, 2)
        first.write(self.key, self.haunt(), first.label(0, 2))  # half a command
        first.flush()
        second = Decider(stack, self.partition)
        assert second.cursor == first.cursor
        first.write(self.key, self.haunt(), late)  # the other half, too late
        first.flush()
        self.order(second, 1)
        second.cursor += 1
        second.decide(self.key, [self.haunt()])  # behind a hole
        second.flush()
        self.last = Decider(stack, self.partition)
        self.order(self.last, 2)
        self.last.flush()

    def taken(self):
        values, self.show.values = self.show.values, []
        return values

    def order(self, decider, seat):
        self.show.sell([seat])
        decider.decide(self.key, self.taken())
        decider.flush()

    def haunt(self):
        self.ghost.sell([0])
        return self.ghost.values[-1]


@pytest.fixture(scope="module")
def story(apart):
    told = Story(apart)
    eventually(lambda: set(told.show.orders) <= set(orders_of(apart, told)), "tickets of every order that counts")
    return told


def orders_of(stack, story):
    keys = {story.key, key_of(story.ghost)}
    return [str(uuid.UUID(bytes=record["order_id"])) for record in Log(stack).read("seatlog.tickets")
            if record.key in keys]


def test_orders_have_tickets_once_if_they_count_and_none_else(apart, story):
    assert sorted(orders_of(apart, story)) == sorted(story.show.orders)
    issued = {str(row[0]) for row in Postgres(apart).rows("SELECT order_id FROM ticket.issue")}
    assert not issued & set(story.ghost.orders)
    letters = [letter for letter in Log(apart).read("seatlog.dead-letters") if letter["daemon"] == "ticketgen"]
    assert letters == [], "what is stale is no dead letter"
    assert stale(apart, "ticketgen") == {"foreign": 3, "again": 1, "hole": 1, "mismatch": 0}


def test_a_restart_of_ticketgen_tells_nothing_again(apart, story):
    before = orders_of(apart, story)
    killed = apart.kill("seatlog-ticketgen")
    eventually(lambda: set(apart.pids("seatlog-ticketgen")) - set(killed), "ticketgen is started again")
    eventually(lambda: admin(apart, "ticketgen", "/readyz").status_code == 200, "ticketgen is ready")
    story.show.sell([3])
    story.last.decide(story.key, story.taken())
    story.last.flush()
    eventually(lambda: story.show.orders[-1] in orders_of(apart, story), "tickets of a further order")
    assert sorted(orders_of(apart, story)) == sorted([*before, story.show.orders[-1]])


def test_tail_shows_what_counts_and_with_all_the_rest_with_the_reason(apart, story):
    key = story.key.decode()
    shown = apart.launcher("tail", "--from-start", "--no-follow", "--show", key).stdout
    assert shown.count("Hamlet") >= 7 and "Ghost" not in shown and "does not count" not in shown
    lines = apart.launcher("tail", "--from-start", "--no-follow", "--all", "--show", key).stdout.splitlines()
    for reason, count in (("a copy", 1), ("of another term", 3), ("its command was never whole", 1),
                          ("an event before it is missing", 1)):
        assert sum(f"does not count ({reason}): " in line for line in lines) == count, (reason, lines)
    assert sum("claimed by a-test on nowhere" in line for line in lines) == 3


def command_id_next(stack, consumer, key):
    """Of the next command of a show."""
    def look():
        message = consumer.poll(0.1)
        assert message is None or message.error() is None
        if message is not None and message.key() == key:
            return dict(message.headers())["seatlog-command-id"].decode()
        return None

    return eventually(look, "the command is on the log")


def answer_of(story, kind, command_id, **fields):
    """An event that would answer the command."""
    head = {"hash": bytes(32), "show_id": story.show.show_id, "seq": 0, "at": int(time.time() * 1000),
            "owner_id": story.show.owner_id, "command_id": uuid.UUID(command_id).bytes, "command_offset": 0,
            "command_hash": bytes(32), "logic_version": 2}
    return story.show.codec.encode(kind, {"head": head, "command": "RESERVE", "reservation_id": bytes(16), **fields})


def test_a_buyer_is_answered_by_what_counts_and_is_whole(apart, story):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": apart["SEATLOG_KAFKA"], "group.id": "commands",
                                         "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.assign([confluent_kafka.TopicPartition("seatlog.commands", story.partition, 0)])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(apart.reader.reserve, key_of(story.show).decode(), ["0"], expect=None, wait=30)
        command_id = command_id_next(apart, consumer, story.key)
        consumer.close()
        wrong = answer_of(story, "Rejected", command_id, reason="NO_SUCH_SHOW")
        before = stale(apart, "ingest-api")
        story.last.write(story.key, wrong)  # of nobody
        story.last.write(story.key, wrong, story.last.label(0, 2))  # half a command
        story.last.write(story.key, wrong)
        story.last.flush()
        eventually(lambda: stale(apart, "ingest-api")["foreign"] >= before["foreign"] + 2, "the API has seen them")
        assert not call.done()
        right = answer_of(story, "Refused", command_id, buyer_id=uuid.UUID(apart.reader.user_id).bytes,
                          reason="SEATS_TAKEN", seats=[0], state="NONE")
        successor = Decider(apart, story.partition)
        successor.decide(story.key, [right])
        successor.flush()
        answer = call.result(60)
    assert answer.status_code == 409, answer.text
    assert admin(apart, "ingest-api", "/readyz").status_code == 200
