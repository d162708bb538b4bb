# SPDX-License-Identifier: Apache-2.0
"""Gives every .avsc file its id in ids.tsv, once and forever.

    register.py            append what is new; refuses a change that could not read what is written
    register.py --check    change nothing; fail if anything is missing, changed or incompatible
    register.py --rebuild  only before the first release: rewrite the lines from the files as they
                           are, keeping the id of every subject and version known

Ids are never reused and registered files never change: records on the log point to them forever.
"""
import argparse
import pathlib
import sys

import avro.compatibility

from avro_model import (
    ID_FIRST,
    SCHEMAS,
    Registration,
    SchemaError,
    changed,
    default_of,
    die,
    read_files,
    read_ids,
    read_logic,
    read_registered,
)

HEADING = """# Schema ids as they stand in records: append only, never reused. Written by codec/generate/register.py.
# id	subject	version	file	BLAKE2b-256 of the file
"""


def same_type(new, old, where):
    """Fields keep their type: no promotions, which C readers do not do; new fields have defaults."""
    if new.type != old.type:
        raise SchemaError(f"{where}: was {old.type}, now {new.type}")
    if new.type == "array":
        same_type(new.items, old.items, where)
    if new.type not in ("record", "enum", "fixed"):
        return
    if new.fullname != old.fullname:
        raise SchemaError(f"{where}: was {old.fullname}, now {new.fullname}")
    if new.type == "fixed" and new.size != old.size:
        raise SchemaError(f"{where}: was {old.size} octets, now {new.size}")
    if new.type == "enum" and list(new.symbols[:len(old.symbols)]) != list(old.symbols):
        raise SchemaError(f"{where}: symbols may only be added at the end")
    if new.type == "record":
        before = {field.name: field for field in old.fields}
        for field in new.fields:
            if field.name in before:
                same_type(field.type, before[field.name].type, f"{where}.{field.name}")
            elif not default_of(field)[0]:
                raise SchemaError(f"{where}.{field.name}: a new field needs a default")


def check_compatible(file, older):
    """The newer version must read what the older ones wrote."""
    for before in older:
        where = f"{file.path} (reads {before.path})"
        same_type(file.schema, before.schema, where)
        result = avro.compatibility.ReaderWriterCompatibilityChecker().get_compatibility(
            file.schema, before.schema)
        if result.compatibility is not avro.compatibility.SchemaCompatibilityType.compatible:
            raise SchemaError(f"{where}: {'; '.join(sorted(result.messages))}")


def check_all(files):
    """Versions of a subject count 1, 2, 3, … and each reads all before it."""
    by_subject = {}
    for file in files:
        older = by_subject.setdefault(file.subject, [])
        if file.version != len(older) + 1:
            raise SchemaError(f"{file.path}: version {len(older) + 1} of it is not there")
        check_compatible(file, older)
        older.append(file)


def write(root, registrations):
    lines = [f"{r.id}\t{r.subject}\t{r.version}\t{r.path}\t{r.digest}\n" for r in registrations]
    (root / "ids.tsv").write_text(HEADING + "".join(lines), encoding="utf-8")


def append(files, registrations):
    """The registrations with new files added; refuses changed or vanished ones."""
    by_path = {file.path: file for file in files}
    for line in registrations:
        if line.path not in by_path:
            raise SchemaError(f"{line.path} is registered as {line.id} and must stay")
        if by_path[line.path].digest != line.digest:
            raise SchemaError(changed(line.path))
    known = {line.path for line in registrations}
    next_id = max([ID_FIRST - 1] + [line.id for line in registrations]) + 1
    result = list(registrations)
    for file in files:
        if file.path not in known:
            result.append(Registration(next_id, file.subject, file.version, file.path, file.digest))
            next_id += 1
    return result


def rebuild(files, registrations):
    """The registrations as the files are now."""
    by_key = {(file.subject, file.version): file for file in files}
    kept = []
    for line in registrations:
        file = by_key.pop((line.subject, line.version), None)
        if file is not None:
            kept.append(Registration(line.id, line.subject, line.version, file.path, file.digest))
    remaining = [file for file in files if (file.subject, file.version) in by_key]
    next_id = max([ID_FIRST - 1] + [line.id for line in registrations]) + 1
    for number, file in enumerate(remaining, next_id):
        kept.append(Registration(number, file.subject, file.version, file.path, file.digest))
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail on any finding")
    parser.add_argument("--rebuild", action="store_true",
                        help="only before the first release: accept changed files")
    parser.add_argument("--root", type=pathlib.Path, default=SCHEMAS, help="the schemas folder")
    arguments = parser.parse_args()
    try:
        files = read_files(arguments.root)
        check_all(files)
        if arguments.check:
            registered = read_registered(arguments.root)
            read_logic(arguments.root, registered)
            print(f"{len(registered)} schemas, all registered, unchanged and compatible")
            return
        before = read_ids(arguments.root)
        after = (rebuild if arguments.rebuild else append)(files, before)
    except SchemaError as error:
        die(error)
    write(arguments.root, after)
    print(f"{len(after)} schemas registered, {len(after) - len(before)} of them new")


if __name__ == "__main__":
    sys.exit(main())
