#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The option tables of the READMEs are what the daemons print: every option of `seatlog-DAEMON --help=markdown` is in
the daemon's README or in runtime/README.md, row for row, and no README has one that does not exist. Prints a fault a
line; exits 1 if there is one.

    tests/style/options.py FOLDER_OF_PROGRAMS            compare
    tests/style/options.py FOLDER_OF_PROGRAMS --write    write the daemons' tables as they should be
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
READMES = {"ingest-api": "ingest-api/README.md", "reservation": "reservation/daemon/README.md",
           "payment": "payment/README.md", "ticketgen": "ticketgen/README.md", "notifier": "notifier/README.md",
           "indexer": "indexer/README.md"}
COMMON = "runtime/README.md"
ROW = re.compile(r"^\| `([a-z0-9_.*]+)` \| (?:integer|boolean|text|secret|real|choice)[ ,|].*$", re.MULTILINE)


def rows(text):
    return {match.group(1): match.group(0).strip() for match in ROW.finditer(text)}


def faults(programs):
    common = rows((ROOT / COMMON).read_text(encoding="utf-8"))
    printed_anywhere = {}
    for daemon, readme in READMES.items():
        told = rows((ROOT / readme).read_text(encoding="utf-8"))
        help_text = subprocess.run([programs / f"seatlog-{daemon}", "--help=markdown"], check=True,
                                   capture_output=True, text=True).stdout
        printed = rows(help_text)
        if not printed:
            yield f"seatlog-{daemon} --help=markdown prints no options"
        printed_anywhere.update(printed)
        for key, row in printed.items():
            if key not in told and key not in common:
                yield f"{readme}: lacks {row}"
            elif key in told and told[key] != row:
                yield f"{readme}: says {told[key]}\n    the daemon {row}"
        for key in told:
            if key not in printed:
                yield f"{readme}: has {key}, which the daemon has not"
    for key, row in common.items():
        if printed_anywhere.get(key) != row:
            yield f"{COMMON}: says {row}\n    the daemons {printed_anywhere.get(key)}"


SECTION = re.compile(r"(?<=\n## Options\n).*?(?=\n## |\Z)", re.DOTALL)
END = "\nand those common to all daemons ([runtime/README.md](%sruntime/README.md)).%s\n"


def write(programs):
    """The section *Options* of a daemon's README: its own rows, in the order of --help, and what follows the table."""
    common = rows((ROOT / COMMON).read_text(encoding="utf-8"))
    for daemon, readme in READMES.items():
        printed = rows(subprocess.run([programs / f"seatlog-{daemon}", "--help=markdown"], check=True,
                                      capture_output=True, text=True).stdout)
        own = [row for key, row in printed.items() if key not in common]
        text = (ROOT / readme).read_text(encoding="utf-8")
        after = re.search(r"and those common to all daemons \([^\n]*?\)\.([^\n]*)", SECTION.search(text).group(0))
        table = "\n".join(["| key | type | default | what |", "| --- | --- | --- | --- |", *own, ""])
        section = table + END % ("../" * readme.count("/"), after.group(1) if after else "")
        (ROOT / readme).write_text(SECTION.sub(lambda _: section, text, count=1), encoding="utf-8")


def main():
    if sys.argv[2:] == ["--write"]:
        write(pathlib.Path(sys.argv[1]))
    found = list(faults(pathlib.Path(sys.argv[1])))
    for fault in found:
        print(fault)
    print(f"options: {len(READMES)} daemons, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
