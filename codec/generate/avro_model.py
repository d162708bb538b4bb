# SPDX-License-Identifier: Apache-2.0
"""The record schemas as a model: what ids.tsv registers, parsed by the avro package.

Used by generate.py (C code) and register.py (the ids file). Nothing here writes.
"""
import hashlib
import json
import pathlib
import re
import sys
from dataclasses import dataclass

import avro.schema

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
ID_FIRST = 1001


class SchemaError(Exception):
    """The schemas break a rule; the message says which and where."""


@dataclass(frozen=True)
class Topic:
    """A family of records: its folder, its topic, the namespace of its records, and how they are called in C."""

    folder: str
    name: str
    namespace: str
    prefix: str
    union: str


TOPICS = (
    Topic("commands", "seatlog.commands", "seatlog.commands", "command", "command"),
    Topic("events", "seatlog.events", "seatlog.events", "event", "event"),
    Topic("tickets", "seatlog.tickets", "seatlog.tickets", "ticket", "ticket_record"),
    Topic("snapshots", "seatlog.snapshots", "seatlog.snapshots", "snapshot", "snapshot_record"),
    Topic("dead-letters", "seatlog.dead-letters", "seatlog.deadletters", "dead",
          "dead_letter_record"),
    # On the topic of events, but no event: whoever decodes events never meets one (runtime/term).
    Topic("claims", "seatlog.events", "seatlog.events", "event", "claim_record"),
)
TOPIC_BY_NAMESPACE = {topic.namespace: topic for topic in TOPICS}
TOPIC_BY_FOLDER = {topic.folder: topic for topic in TOPICS}


@dataclass
class File:
    """One .avsc file."""

    path: str  # relative to the schemas folder, with /
    topic: Topic
    version: int
    source: bytes
    schema: avro.schema.RecordSchema

    @property
    def subject(self):
        return f"{self.topic.name}-{self.schema.fullname}"

    @property
    def digest(self):
        return hashlib.blake2b(self.source, digest_size=32).hexdigest()


@dataclass
class Registration:
    """One line of ids.tsv."""

    id: int
    subject: str
    version: int
    path: str
    digest: str


def snake(name):
    """ShowDetails -> show_details"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def read_file(root, path):
    match = re.fullmatch(r"([a-z-]+)/([A-Z][A-Za-z0-9]*)\.v([1-9][0-9]*)\.avsc", path)
    if not match or match.group(1) not in TOPIC_BY_FOLDER:
        raise SchemaError(f"{path}: expected <topic>/<Name>.v<N>.avsc")
    topic, name, version = TOPIC_BY_FOLDER[match.group(1)], match.group(2), int(match.group(3))
    source = (root / path).read_bytes()
    try:
        schema = avro.schema.parse(source.decode("utf-8"))
    except (avro.schema.AvroException, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SchemaError(f"{path}: {error}") from error
    if schema.type != "record" or schema.fullname != f"{topic.namespace}.{name}":
        raise SchemaError(f"{path}: must hold the record {topic.namespace}.{name}")
    return File(path, topic, version, source, schema)


def read_files(root):
    """All .avsc files, by topic, then name, then version."""
    paths = []
    for topic in TOPICS:
        folder = root / topic.folder
        paths += sorted(f"{topic.folder}/{path.name}" for path in folder.glob("*.avsc"))
    files = [read_file(root, path) for path in paths]
    files.sort(key=lambda file: (TOPICS.index(file.topic), file.schema.fullname, file.version))
    return files


def read_ids(root):
    """The registrations of ids.tsv, in its order."""
    registrations = []
    path = root / "ids.tsv"
    if not path.exists():
        return registrations
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 5:
            raise SchemaError(f"ids.tsv line {number}: expected five columns")
        registrations.append(
            Registration(int(columns[0]), columns[1], int(columns[2]), columns[3], columns[4]))
    return registrations


@dataclass
class Registered:
    """A registered schema with its file."""

    id: int
    file: File


def changed(path):
    return (f"{path} is registered and has changed since: make it a new version"
            " (or, before the first release only, register.py --rebuild)")


def read_registered(root):
    """Registered schemas by ascending id; refuses files and lines that do not agree."""
    files = {file.path: file for file in read_files(root)}
    registered = []
    for line in read_ids(root):
        file = files.pop(line.path, None)
        if file is None:
            raise SchemaError(f"ids.tsv: {line.path} is registered as {line.id} but is not there")
        if (file.subject, file.version) != (line.subject, line.version):
            raise SchemaError(f"ids.tsv: id {line.id} and {line.path} do not agree")
        if file.digest != line.digest:
            raise SchemaError(changed(line.path))
        registered.append(Registered(line.id, file))
    if files:
        raise SchemaError(f"not registered: {', '.join(files)}: run codec/generate/register.py")
    ids = [schema.id for schema in registered]
    if ids != sorted(set(ids)) or any(number < ID_FIRST for number in ids):
        raise SchemaError(f"ids.tsv: ids must ascend from {ID_FIRST}")
    return registered


def read_logic(root, registered):
    """{path: logic version that wrote it first} of every event that has an older version."""
    since = {}
    path = root / "logic.tsv"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        version, _, name = line.partition("\t")
        if not version.isdecimal() or not name or name in since:
            raise SchemaError(f"logic.tsv line {number}: expected a logic version and a file, once")
        since[name] = int(version)
    wanted = {schema.file.path: schema for schema in registered
              if schema.file.topic.union == "event" and schema.file.version > 1}
    for name in sorted(since.keys() ^ wanted.keys()):
        raise SchemaError(f"logic.tsv: {name}: every later version of an event, and nothing else, is"
                          " named with the logic version that wrote it first")
    for name, schema in wanted.items():
        before = name.replace(f".v{schema.file.version}.", f".v{schema.file.version - 1}.")
        if since[name] <= since.get(before, 1):
            raise SchemaError(f"logic.tsv: {name} is not written later than {before}")
    return since


def default_of(field):
    """(True, value) where a field has a default."""
    return (field.has_default, field.default if field.has_default else None)


def signature(schema):
    """What decides how a schema's values are laid out in binary: equal signatures, equal layout."""
    if schema.type == "record":
        return ("record", schema.fullname,
                tuple((field.name, signature(field.type)) for field in schema.fields))
    if schema.type == "enum":
        return ("enum", schema.fullname, tuple(schema.symbols))
    if schema.type == "fixed":
        return ("fixed", schema.fullname, schema.size)
    if schema.type == "array":
        return ("array", signature(schema.items))
    return (schema.type,)


def walk_named(schema, path, visit):
    """Calls visit(schema, path) for every named type in it, those it is made of first."""
    if schema.type == "record":
        for field in schema.fields:
            walk_named(field.type, f"{path}.{field.name}", visit)
        visit(schema, path)
    elif schema.type == "array":
        walk_named(schema.items, path, visit)
    elif schema.type in ("enum", "fixed"):
        visit(schema, path)
    elif schema.type not in ("int", "long", "boolean", "string", "bytes"):
        raise SchemaError(f"{path}: {schema.type} is not used in these schemas")


def size_min(schema):
    """Fewest octets a value takes."""
    if schema.type == "record":
        return sum(size_min(field.type) for field in schema.fields)
    if schema.type == "fixed":
        return schema.size
    return 1


def die(error):
    print(f"schemas: {error}", file=sys.stderr)
    sys.exit(1)
