#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows seatlog.events with stock clients, and writes every event that counts as a line of JSON, each exactly once,
in the order of its partition, however often it is killed.

    eval "$(./seatlog env)"
    pip install 'confluent-kafka[avro,schemaregistry]'
    examples/read_events.py --output events.jsonl [--until-end]

Beside the output stands OUTPUT.state: how long the output is, and where the reader stands in each partition. The one is
of no use without the other: what was written after the last state is cut off, and read again.
"""
import argparse
import collections
import json
import os
import pathlib
import sys
import uuid

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

import seatlog_rule

TOPIC = "seatlog.events"
BATCH_RECORDS_MAX = 1000


def header(message, name):
    return next((value.decode() for key, value in message.headers() or [] if key == name), None)


def plain(value):
    """What JSON has no word for: ids as such, other bytes in hexadecimal."""
    return str(uuid.UUID(bytes=value)) if len(value) == 16 else value.hex()


class Output:
    """The lines and the positions, which move together."""

    def __init__(self, path):
        self.state_path = pathlib.Path(f"{path}.state")
        state = json.loads(self.state_path.read_text()) if self.state_path.exists() else {"size": 0, "positions": {}}
        self.positions = {int(number): tuple(position) for number, position in state["positions"].items()}
        self.file = open(path, "ab")
        if not self.state_path.exists() and self.file.tell() > 0:
            sys.exit(f"{path} is there, and nothing says how much of it is good")
        self.file.truncate(state["size"])
        self.keep({})

    def write(self, line):
        self.file.write(json.dumps(line, default=plain, separators=(",", ":")).encode() + b"\n")

    def keep(self, partitions):
        """At ends of commands: a partition's position never stands inside one."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.positions |= {number: partition.position for number, partition in partitions.items()}
        state = {"size": os.fstat(self.file.fileno()).st_size, "positions": self.positions}
        new = self.state_path.with_suffix(".new")
        with open(new, "w", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.state_path)


class Follower:
    def __init__(self, arguments):
        self.decode = AvroDeserializer(SchemaRegistryClient({"url": arguments.registry}))
        self.consumer = Consumer({
            "bootstrap.servers": arguments.kafka, "group.id": "read-events",  # wanted by the client; never joined
            "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True,
            "auto.offset.reset": "error"})
        self.output = Output(arguments.output)
        numbers = self.consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
        self.partitions = {number: seatlog_rule.Partition(
            lambda message: self.event_of(message)["head"]["command_offset"],
            self.output.positions.get(number, (0, None, 0))) for number in numbers}
        self.ended = set()
        self.assign()

    def assign(self):
        """Exact offsets, and all partitions anew where one goes back: no seek, no offset that has a name."""
        self.consumer.assign([TopicPartition(TOPIC, number, partition.next_offset)
                              for number, partition in self.partitions.items()])

    def event_of(self, message):
        return self.decode(message.value(), SerializationContext(TOPIC, MessageField.VALUE))

    def take(self, message):
        """One message; whether an event counts by now."""
        if message.error():
            if message.error().code() == KafkaError._PARTITION_EOF:
                if self.partitions[message.partition()].end(message.offset()):
                    self.assign()
                else:
                    self.ended.add(message.partition())
            elif message.error().fatal() or message.error().code() == KafkaError._AUTO_OFFSET_RESET:
                raise KafkaException(message.error())  # the log does not have what comes next
            return
        self.ended.discard(message.partition())
        partition = self.partitions[message.partition()]
        labels = [value for name, value in message.headers() or [] if name == seatlog_rule.HEADER]
        was_deaf = partition.deaf
        records = partition.take(message.offset(), labels, message)
        if records is None:
            self.assign()
            return
        for record in records:
            self.output.write({"partition": record.partition(), "offset": record.offset(),
                               "type": header(record, "ce_type"), "event": self.event_of(record)})
        if partition.deaf and not was_deaf:
            print(f"partition {message.partition()}: something is missing before offset {message.offset()}; "
                  "nothing counts until the next claim", file=sys.stderr)

    def run(self, until_end):
        """One message is waited for; what is there already is taken with it."""
        while True:
            message, count = self.consumer.poll(1.0), 0
            while message is not None:
                self.take(message)
                count += 1
                message = self.consumer.poll(0) if count < BATCH_RECORDS_MAX else None
            if count > 0:
                self.output.keep(self.partitions)
            if until_end and self.ended == set(self.partitions):
                return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, help="file of the lines")
    parser.add_argument("--kafka", default=os.environ.get("SEATLOG_KAFKA"), help="ADDRESS:PORT; $SEATLOG_KAFKA")
    parser.add_argument("--registry", default=os.environ.get("SEATLOG_URL"), help="of the schemas; $SEATLOG_URL")
    parser.add_argument("--until-end", action="store_true", help="end where the log ends by then")
    arguments = parser.parse_args()
    if not arguments.kafka or not arguments.registry:
        parser.error('where is Seatlog? eval "$(./seatlog env)"')
    follower = Follower(arguments)
    try:
        follower.run(arguments.until_end)
    except seatlog_rule.Forgotten as forgotten:
        sys.exit(f"the log has lost what this output is made of: {forgotten}")
    except KeyboardInterrupt:
        pass
    stale = sum((partition.stale for partition in follower.partitions.values()), start=collections.Counter())
    print(f"{stale.total()} stale records passed over", dict(stale), file=sys.stderr)


if __name__ == "__main__":
    main()
