# SPDX-License-Identifier: Apache-2.0
"""Writes a tree of schemas as it may look after a release or two: for test_schemas.c.

    test_schemas_evolve.py SCHEMAS_FOLDER OUTPUT_FOLDER

Every record that holds a Selection gets a next version in which Selection has one symbol more;
Reserve also gains fields with defaults, loses one and changes their order; CancelShow loses its
only text and gains a field with a default of every kind. Noted gains one too; events are written in
their next version from logic version 1000 on.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

UUID_DEFAULT = "".join(chr(octet) for octet in range(0xF0, 0x100))


def add_symbol(node):
    """Adds STANDING to the definition of Selection inside the node; whether there is one."""
    found = False
    if isinstance(node, dict):
        if node.get("type") == "enum" and node.get("name") == "Selection":
            node["symbols"].append("STANDING")
            return True
        for child in node.values():
            found = add_symbol(child) or found
    elif isinstance(node, list):
        for child in node:
            found = add_symbol(child) or found
    return found


def evolve_reserve(schema):
    fields = [field for field in schema["fields"] if field["name"] != "category"]
    head, rest = fields[0], fields[1:]
    rest.reverse()
    # The definition of a named type must stand at its first use.
    added = [
        {"name": "note", "type": "string", "default": "né \"as is\"?\n"},
        {"name": "priority", "type": "int", "default": -2147483648},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    ]
    schema["fields"] = [head] + added[:2] + rest + added[2:]


def evolve_cancel_show(schema):
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "reason"]
    schema["fields"][1:1] = [
        {"name": "boolean_new", "type": "boolean", "default": True},
        {"name": "long_new", "type": "long", "default": -9223372036854775808},
        {"name": "bytes_new", "type": "bytes", "default": ""},
        {"name": "uuid_new", "type": "seatlog.Uuid", "default": UUID_DEFAULT},
        {"name": "enum_new", "default": "STORM",
         "type": {"type": "enum", "name": "Weather", "namespace": "seatlog",
                  "symbols": ["RAIN", "STORM"]}},
        {"name": "record_new", "default": {"name": "VIP"},
         "type": {"type": "record", "name": "Voucher", "namespace": "seatlog", "fields": [
             {"name": "name", "type": "string"},
             {"name": "price_minor", "type": "long", "default": 4200}]}},
    ]


def main():
    source, output = (pathlib.Path(argument) for argument in sys.argv[1:3])
    newest = {}
    for path in sorted(source.glob("*/*.v*.avsc")):
        target = output / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        name, version = re.fullmatch(r"(.*)\.v(\d+)\.avsc", path.name).groups()
        key = (path.parent.name, name)
        newest[key] = max(newest.get(key, 0), int(version))
    shutil.copyfile(source / "ids.tsv", output / "ids.tsv")
    logic = (source / "logic.tsv").read_text("utf-8")
    for (folder, name), version in newest.items():
        schema = json.loads((source / folder / f"{name}.v{version}.avsc").read_text("utf-8"))
        changed = add_symbol(schema)
        if (folder, name) == ("commands", "Reserve"):
            evolve_reserve(schema)
        elif (folder, name) == ("commands", "CancelShow"):
            evolve_cancel_show(schema)
        elif (folder, name) == ("events", "Noted"):
            schema["fields"].append({"name": "note", "type": "string", "default": "not said"})
        elif not changed:
            continue
        if folder == "events":
            logic += f"1000\t{folder}/{name}.v{version + 1}.avsc\n"
        path = output / folder / f"{name}.v{version + 1}.avsc"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (output / "logic.tsv").write_text(logic, "utf-8")
    register = pathlib.Path(__file__).resolve().parents[3] / "codec" / "generate" / "register.py"
    subprocess.run([sys.executable, "-B", register, "--root", output], check=True,
                   stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
