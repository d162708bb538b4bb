# SPDX-License-Identifier: Apache-2.0
"""The schema files: registration, what may change, and an independent reader of what C writes.

    test_schemas.py TEST_CODEC_PROGRAM
"""
import io
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import avro.io
import avro.schema

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCHEMAS = ROOT / "schemas"
GENERATE = ROOT / "codec" / "generate"
CODEC_PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else None


def ids_of(root):
    lines = (root / "ids.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def run(script, *arguments):
    return subprocess.run([sys.executable, "-B", GENERATE / script, *map(str, arguments)],
                          capture_output=True, text=True, check=False)


class Registration(unittest.TestCase):
    """register.py and generate.py on a copy of the schemas."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for path in SCHEMAS.glob("*/*.avsc"):
            (self.root / path.parent.name).mkdir(exist_ok=True)
            shutil.copyfile(path, self.root / path.parent.name / path.name)
        for name in ("ids.tsv", "logic.tsv"):
            shutil.copyfile(SCHEMAS / name, self.root / name)
        self.ids_before = (self.root / "ids.tsv").read_bytes()

    def register(self, *options):
        return run("register.py", "--root", self.root, *options)

    def newest(self, record):
        """The schema of the record's newest version, and the path of its next."""
        paths = self.root.glob(f"{record}.v*.avsc")
        version, path = max((int(re.search(r"\.v(\d+)\.", path.name).group(1)), path)
                            for path in paths)
        return (json.loads(path.read_text(encoding="utf-8")),
                path.with_name(f"{path.name.split('.')[0]}.v{version + 1}.avsc"))

    def change(self, record, change):
        """Writes the record's next version, changed."""
        schema, path = self.newest(record)
        change(schema)
        path.write_text(json.dumps(schema, indent=2), encoding="utf-8")

    def expect_refusal(self, result, text):
        self.assertNotEqual(result.returncode, 0, result.stdout)
        self.assertIn(text, result.stderr)
        self.assertEqual((self.root / "ids.tsv").read_bytes(), self.ids_before)

    def test_as_they_are(self):
        result = run("register.py", "--check")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.register().returncode, 0)
        self.assertEqual((self.root / "ids.tsv").read_bytes(), self.ids_before)

    def test_a_compatible_version_is_appended(self):
        self.change("commands/Pay", lambda schema: schema["fields"].append(
            {"name": "note", "type": "string", "default": ""}))
        self.assertNotEqual(self.register("--check").returncode, 0)
        result = self.register()
        self.assertEqual(result.returncode, 0, result.stderr)
        after = (self.root / "ids.tsv").read_bytes()
        self.assertTrue(after.startswith(self.ids_before))
        ids = ids_of(self.root)
        self.assertEqual(int(ids[-1][0]), int(ids[-2][0]) + 1)
        self.assertEqual(ids[-1][1], "seatlog.commands-seatlog.commands.Pay")
        self.assertEqual(self.register("--check").returncode, 0)

    def test_incompatible_versions_are_refused(self):
        def field(schema, name):
            return next(field for field in schema["fields"] if field["name"] == name)

        def symbols(schema):
            return field(schema, "selection")["type"]["symbols"]

        def hold(schema):
            return field(schema, "holds")["type"]["items"]["fields"]

        changes = [
            ("commands/Pay", lambda schema: schema["fields"].append(
                {"name": "note", "type": "string"}), "needs a default"),
            ("commands/Pay", lambda schema: field(schema, "source_id").update(type="bytes"),
             "was string, now bytes"),
            ("commands/PaymentDeclined", lambda schema: field(schema, "attempt").update(type="long"),
             "was int, now long"),
            ("commands/Pay", lambda schema: field(schema, "source_id").update(name="source"),
             "needs a default"),
            ("commands/Reserve", lambda schema: symbols(schema).pop(),
             "symbols may only be added at the end"),
            ("commands/Reserve", lambda schema: symbols(schema).reverse(),
             "symbols may only be added at the end"),
            ("commands/Reserve", lambda schema: symbols(schema).insert(1, "STANDING"),
             "symbols may only be added at the end"),
            ("commands/Reserve", lambda schema: field(schema, "seats")["type"].update(items="long"),
             "was int, now long"),
            ("events/HoldsExpired", lambda schema: hold(schema).append(
                {"name": "note", "type": "string"}), "needs a default"),
        ]
        for record, change, reason in changes:
            with self.subTest(record=record, reason=reason):
                self.change(record, change)
                self.expect_refusal(self.register(), reason)
                self.expect_refusal(self.register("--check"), reason)
                self.drop_newest(record)

    def drop_newest(self, record):
        """Removes what change() has written."""
        paths = self.root.glob(f"{record}.v*.avsc")
        max(paths, key=lambda path: int(re.search(r"\.v(\d+)\.", path.name).group(1))).unlink()

    def test_registered_files_stay_as_they_are(self):
        path = self.root / "commands" / "Pay.v1.avsc"
        original = path.read_bytes()
        path.write_bytes(original + b"\n")
        self.expect_refusal(self.register(), "make it a new version")
        self.expect_refusal(self.register("--check"), "make it a new version")
        self.assertNotEqual(run("generate.py", "--root", self.root, self.root / "out").returncode, 0)
        path.unlink()
        self.expect_refusal(self.register(), "commands/Pay.v1.avsc")
        self.expect_refusal(self.register("--check"), "commands/Pay.v1.avsc")

    def test_versions_have_no_gaps(self):
        schema, path = self.newest("commands/Pay")
        version = int(re.search(r"\.v(\d+)\.", path.name).group(1)) + 1
        path.with_name(f"Pay.v{version}.avsc").write_text(json.dumps(schema), encoding="utf-8")
        self.expect_refusal(self.register(), "is not there")

    def test_names_agree_with_places(self):
        schema, path = self.newest("commands/Pay")
        path.with_name("Payed.v1.avsc").write_text(json.dumps(schema), encoding="utf-8")
        self.expect_refusal(self.register(), "must hold the record seatlog.commands.Payed")

    def test_rebuild_keeps_ids(self):
        path = self.root / "commands" / "Pay.v1.avsc"
        schema = json.loads(path.read_text(encoding="utf-8"))
        schema["fields"].append({"name": "note", "type": "string"})
        path.write_text(json.dumps(schema), encoding="utf-8")
        before = ids_of(self.root)
        self.assertEqual(self.register("--rebuild").returncode, 0)
        after = ids_of(self.root)
        self.assertEqual([line[:4] for line in after], [line[:4] for line in before])
        self.assertEqual([old[1] for old, new in zip(before, after) if old != new],
                         ["seatlog.commands-seatlog.commands.Pay"])

    def test_newest_versions_share_one_definition(self):
        """A shared type cannot change in one record alone: there is one C struct of it."""
        def add(schema):
            details = next(field for field in schema["fields"] if field["name"] == "show")["type"]
            details["fields"].append({"name": "age_min", "type": "int", "default": 0})

        self.change("commands/CreateShow", add)
        self.assertEqual(self.register().returncode, 0)
        result = run("generate.py", "--root", self.root, self.root / "out")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("seatlog.ShowDetails", result.stderr)
        self.assertFalse((self.root / "out").exists())
        for record in ("events/ShowCreated", "snapshots/ShowSnapshot"):
            self.change(record, add)
        self.written_since(1000, "events/ShowCreated.v2.avsc")
        self.assertEqual(self.register().returncode, 0)
        result = run("generate.py", "--root", self.root, self.root / "out")
        self.assertEqual(result.returncode, 0, result.stderr)

    def written_since(self, logic_version, file):
        with open(self.root / "logic.tsv", "a", encoding="utf-8") as table:
            table.write(f"{logic_version}\t{file}\n")

    def generate(self):
        return run("generate.py", "--root", self.root, self.root / "out")

    def test_logic_versions_of_events(self):
        """Every later version of an event says from which logic version on it is written."""
        self.change("events/Noted", lambda schema: schema["fields"].append(
            {"name": "note", "type": "string", "default": ""}))
        self.assertEqual(self.register().returncode, 0)
        for result in (self.generate(), self.register("--check")):
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("events/Noted.v2.avsc", result.stderr)
        table = (self.root / "logic.tsv").read_bytes()
        for version, file in ((1, "events/Noted.v2.avsc"), (4, "events/Noted.v1.avsc"),
                              (4, "commands/Reserve.v2.avsc"), (4, "events/Refused.v2.avsc")):
            with self.subTest(version=version, file=file):
                self.written_since(version, file)
                self.assertNotEqual(self.generate().returncode, 0)
                (self.root / "logic.tsv").write_bytes(table)
        self.written_since(4, "events/Noted.v2.avsc")
        result = self.generate()
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_older_logic_writes_fields_that_are_left(self):
        def drop(schema):
            schema["fields"] = [field for field in schema["fields"] if field["name"] != "buyer_id"]

        self.change("events/Noted", drop)
        self.written_since(4, "events/Noted.v2.avsc")
        self.assertEqual(self.register().returncode, 0)
        result = self.generate()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("older logic still writes it", result.stderr)

    def test_types_that_the_codec_lacks_are_refused(self):
        for avro_type, default in ((["null", "string"], None), ({"type": "map", "values": "int"}, {}),
                                   ("double", 0.5)):
            with self.subTest(type=avro_type):
                self.change("commands/Pay", lambda schema, added=avro_type, value=default:
                            schema["fields"].append({"name": "x", "type": added, "default": value}))
                self.assertEqual(self.register().returncode, 0)
                result = run("generate.py", "--root", self.root, self.root / "out")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("is not used in these schemas", result.stderr)
                self.drop_newest("commands/Pay")
                (self.root / "ids.tsv").write_bytes(self.ids_before)


def plain(value):
    """A decoded value as the C program prints it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@unittest.skipIf(CODEC_PROGRAM is None, "no codec program given")
class IndependentReader(unittest.TestCase):
    """The avro package reads what the C codec writes, and writes the same octets."""

    def test_every_kind(self):
        schemas = {int(line[0]): avro.schema.parse((SCHEMAS / line[3]).read_text(encoding="utf-8"))
                   for line in ids_of(SCHEMAS)}
        output = subprocess.run([CODEC_PROGRAM, "--print-samples"], capture_output=True, check=True)
        seen = set()
        for line in output.stdout.decode("utf-8").split("\n")[:-1]:
            wire, printed = line.split("\t")
            wire = bytes.fromhex(json.loads(wire))
            zero, schema_id = struct.unpack(">BI", wire[:5])
            self.assertEqual(zero, 0)
            schema = schemas[schema_id]
            stream = io.BytesIO(wire[5:])
            value = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(stream))
            self.assertEqual(stream.read(), b"")
            self.assertEqual(plain(value), json.loads(printed), schema.fullname)
            again = io.BytesIO()
            avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(again))
            self.assertEqual(again.getvalue(), wire[5:], schema.fullname)
            seen.add(schema.fullname)
        self.assertEqual(seen, {schema.fullname for schema in schemas.values()})


class AsyncApi(unittest.TestCase):
    """asyncapi.yaml names the newest version of every record, and nothing else."""

    def test_messages(self):
        text = (SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8")
        newest = {}
        for _, subject, version, path, _ in ids_of(SCHEMAS):
            if int(version) > newest.get(subject, (0, ""))[0]:
                newest[subject] = (int(version), path)
        files = re.findall(r"\$ref: \./(\S+\.avsc)", text)
        self.assertEqual(sorted(files), sorted(path for _, path in newest.values()))
        blocks = re.split(r"\n    (?=\w+\.\w+:\n)", text[text.index("\n  messages:\n"):])[1:]
        self.assertEqual(len(blocks), len(newest))
        addresses = dict(re.findall(r"\n  (\w+):\n    address: (\S+)", text))
        listed = re.findall(r"'#/components/messages/(\w+)\.(\w+)'", text)
        for block in blocks:
            channel, name = re.match(r"(\w+)\.(\w+):", block).groups()
            self.assertEqual(listed.count((channel, name)), 1)
            full_name = re.search(r"\n      name: (\S+)", block).group(1)
            subject = f"{addresses[channel]}-{full_name}"
            self.assertIn(subject, newest)
            self.assertIn(f"$ref: ./{newest[subject][1]}", block)
        self.assertEqual(len(listed), len(blocks))


if __name__ == "__main__":
    unittest.main(verbosity=1)
