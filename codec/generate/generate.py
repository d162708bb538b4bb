# SPDX-License-Identifier: Apache-2.0
"""Generates the C side of the record schemas.

    generate.py [--root SCHEMAS_FOLDER] OUTPUT_FOLDER

writes seatlog_types.h (structs, enums; pure), seatlog_codec.h and seatlog_codec.c (encode, decode,
the schema registry) and, for tests, seatlog_samples.h and seatlog_samples.c from the .avsc files
that ids.tsv registers. The newest version of a record is what the structs are; every version ever
registered can be decoded, and logic.tsv says which version of an event older logic writes.
"""
import argparse
import pathlib

import generate_codec
import generate_samples
import generate_types
from avro_model import (
    SCHEMAS,
    TOPIC_BY_NAMESPACE,
    TOPICS,
    SchemaError,
    die,
    read_logic,
    read_registered,
    signature,
    snake,
    walk_named,
)

FIXED_NAMES = {"seatlog.Uuid": ("uuid", 16), "seatlog.Hash": ("hash", 32), "seatlog.Nonce": ("nonce", 8)}


class Model:
    """What both generators need: current records, named types, and their names in C."""

    def __init__(self, registered, logic):
        self.registered = registered
        self.logic = logic
        self.current = self._current(registered)
        self.named = {}  # full name -> current schema, dependencies first
        for schema in self.current:
            walk_named(schema.file.schema, schema.file.path, self._add_named)
        self.unions = [(topic, self._kinds(topic)) for topic in TOPICS]
        names = [self.type_name(schema) for schema in self.named.values()]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise SchemaError(f"two types give one C name: {', '.join(sorted(doubled))}")

    @staticmethod
    def _current(registered):
        newest = {}
        for schema in registered:
            known = newest.get(schema.file.subject)
            if known is None or known.file.version < schema.file.version:
                newest[schema.file.subject] = schema
        # In the order of the first registration: a new version must not move a kind.
        return list(newest.values())

    def written_since(self, registered):
        """The logic version that wrote it first, 0: the first one."""
        return self.logic.get(registered.file.path, 0)

    def older(self, registered):
        """The versions before it that older logic still writes, oldest first: events' only."""
        if registered.file.topic.union != "event":
            return []
        return sorted((other for other in self.registered if other.file.subject == registered.file.subject
                       and other.file.version < registered.file.version), key=lambda other: other.file.version)

    def _add_named(self, schema, path):
        known = self.named.setdefault(schema.fullname, schema)
        if signature(known) != signature(schema):
            raise SchemaError(f"{path}: another {schema.fullname} than elsewhere; newest versions"
                              " must share one definition")
        if schema.type == "fixed" and FIXED_NAMES.get(schema.fullname, ("", 0))[1] != schema.size:
            raise SchemaError(f"{path}: the only fixed types are {', '.join(FIXED_NAMES)}")

    def _kinds(self, topic):
        records = [schema for schema in self.current if schema.file.topic == topic]
        if topic.union != "command":
            return records
        order = [symbol.lower() for symbol in self.named["seatlog.CommandType"].symbols[1:]]
        by_name = {snake(schema.file.schema.name): schema for schema in records}
        if sorted(by_name) != sorted(order):
            raise SchemaError("seatlog.CommandType must name every command, after UNKNOWN")
        return [by_name[name] for name in order]

    @staticmethod
    def head(records):
        """The type that all of them begin with, or None."""
        heads = {(record.file.schema.fields[0].name, record.file.schema.fields[0].type.fullname)
                 for record in records if record.file.schema.fields[0].type.type == "record"}
        same = len(heads) == 1 and next(iter(heads))[0] == "head"
        return records[0].file.schema.fields[0].type if same else None

    @staticmethod
    def type_name(schema):
        """seatlog.events.SoldOut -> event_sold_out; a prefix is not doubled."""
        name = snake(schema.name)
        topic = TOPIC_BY_NAMESPACE.get(schema.namespace)
        if topic is None or name == topic.prefix or name.startswith(topic.prefix + "_"):
            return name
        return f"{topic.prefix}_{name}"

    def c_type(self, schema):
        simple = {"int": "int32_t", "long": "int64_t", "boolean": "bool", "string": "struct text",
                  "bytes": "struct octets"}
        if schema.type in simple:
            return simple[schema.type]
        if schema.type == "fixed":
            return "struct " + FIXED_NAMES[schema.fullname][0]
        if schema.type == "enum":
            return "enum " + self.type_name(schema)
        if schema.type == "record":
            return "struct " + self.type_name(schema)
        return "struct " + self.list_name(schema)

    def list_name(self, schema):
        """The list type of an array."""
        items = schema.items
        simple = {"int": "integers", "long": "longs", "string": "texts"}
        if items.type in simple:
            return simple[items.type]
        if items.type == "fixed":
            return {"uuid": "uuids", "hash": "hashes"}[FIXED_NAMES[items.fullname][0]]
        if items.type == "record":
            return self.type_name(items) + "_list"
        raise SchemaError(f"array of {items.type} is not used in these schemas")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=SCHEMAS, help="the schemas folder")
    parser.add_argument("output", type=pathlib.Path, help="folder of the generated files")
    arguments = parser.parse_args()
    try:
        registered = read_registered(arguments.root)
        model = Model(registered, read_logic(arguments.root, registered))
        files = {
            "seatlog_types.h": generate_types.header(model),
            "seatlog_codec.h": generate_codec.header(model),
            "seatlog_codec.c": generate_codec.source(model),
            "seatlog_samples.h": generate_samples.header(model),
            "seatlog_samples.c": generate_samples.source(model),
        }
    except SchemaError as error:
        die(error)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = arguments.output / name
        # A file that stays as it is keeps its time: what includes it is not built again.
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
