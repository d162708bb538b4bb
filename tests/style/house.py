#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no compiler knows: what may include what, how large a room may be, that a table of names
has one for each, and that every path that a README or a comment names is there. Prints a line a fault; exits 1 if there
is one.

    tests/style/house.py
"""
import pathlib
import re
import sys

from tree import DAEMONS, INCLUDE, ROOMS, ROOT, tracked

SOURCES_IN_A_ROOM_MAX = 30

# Headers of the C library that only compute, and what a core may stand on besides itself. Nothing here does I/O, reads
# a clock or draws a random number.
PURE_HEADERS = {"assert.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}
CORE_MAY_INCLUDE = {
    "runtime/term/": ("runtime/term/",),
    "reservation/core/": ("reservation/core/", "codec/text/", "seatlog_bounds.h", "seatlog_types.h"),
    "payment/core/": ("payment/core/", "codec/value.h"),
    "indexer/core/": ("indexer/core/", "seatlog_types.h", "codec/", "jansson.h"),
    "ticketgen/core/": ("ticketgen/core/", "seatlog_types.h", "codec/", "runtime/base/identity.h", "sodium.h"),
    "notifier/core/": ("notifier/core/", "seatlog_types.h", "codec/", "runtime/present/", "runtime/base/",
                       "jansson.h", "stdio.h"),
}


def rooms_are_small(files):
    counts = {}
    for path in files:
        if path.endswith((".c", ".h")) and path.split("/")[0] in ROOMS:
            folder = path.rpartition("/")[0]
            counts[folder] = counts.get(folder, 0) + 1
    for folder, count in sorted(counts.items()):
        if count > SOURCES_IN_A_ROOM_MAX:
            yield f"{folder}: {count} sources and headers, at most {SOURCES_IN_A_ROOM_MAX}"


def includes_point_down(files):
    """Daemons do not include each other; libraries include no daemon; cores include only what is pure."""
    for path in files:
        top = path.split("/")[0]
        if not path.endswith((".c", ".h")) or top not in ROOMS:
            continue
        for included in INCLUDE.findall((ROOT / path).read_text(encoding="utf-8")):
            target = included.split("/")[0] if "/" in included else top
            if target != top and target in DAEMONS and (top in DAEMONS or top in ("runtime", "codec")):
                yield f"{path}: includes {included} of another daemon"
            if top == "codec" and target == "runtime":
                yield f"{path}: the codec stands below {included}"
            for core, may in CORE_MAY_INCLUDE.items():
                if path.startswith(core) and included not in PURE_HEADERS and not included.startswith(may):
                    yield f"{path}: a core includes {included}"


ENUM = re.compile(r"\benum(?: \w+)? \{(.*?)\}", re.DOTALL)
TABLE = re.compile(r"const char \*const (\w+)\[(\w*)\] = \{(.*?)\};", re.DOTALL)
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', re.DOTALL)


def tables_of_names_are_whole(files):
    """A table by the values of an enumeration of ours names each of them; one without the values at its names is
    counted by the compiler."""
    texts = {path: COMMENT_OR_TEXT.sub("", (ROOT / path).read_text(encoding="utf-8"))
             for path in files if path.endswith((".c", ".h")) and path.split("/")[0] in ROOMS}
    siblings = {}
    for text in texts.values():
        for body in ENUM.findall(text):
            values = {value.split("=")[0].strip() for value in body.split(",")} - {""}
            siblings.update(dict.fromkeys(values, values))
    for path, text in texts.items():
        for name, size, body in TABLE.findall(text):
            named = set(re.findall(r"\[(\w+)\] =", body))
            for value in sorted(next((siblings.get(value, set()) for value in named), set()) - named):
                if not value.endswith("_COUNT"):
                    yield f"{path}: {name} has no name for {value}"
            if size and not named:
                yield f"{path}: nobody sees whether {name} has all its {size} names: let the compiler count, and assert"


PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)}|schemas|compose|tests|docs)/[\w./-]*\w)")
PLACEHOLDER = re.compile(r"\*|NNN|NAME|FOLDER|TOPIC|_$")
LINK = re.compile(r"\]\(([^)#:\s]+)\)")


def path_exists(folder, name, files, folders):
    for base in ("", f"{folder}/" if folder else ""):
        full = str(pathlib.PurePosixPath(base + name))
        if full in files or full in folders or any(f"{full}.{ending}" in files for ending in ("c", "h")):
            return True
    return False


def comments(text):
    return "\n".join(re.findall(r"/\*.*?\*/", text, re.DOTALL))


def named_paths_exist(files):
    known = set(files)
    folders = {str(parent) for path in files for parent in pathlib.PurePosixPath(path).parents}
    for path in files:
        folder = path.rpartition("/")[0]
        if path.endswith(".md"):
            text = (ROOT / path).read_text(encoding="utf-8")
            for name in LINK.findall(text):
                target = (ROOT / folder / name).resolve()
                if not target.exists():
                    yield f"{path}: links to {name}, which is not there"
            spans = re.findall(r"`([^`\n]+)`|^(?: {4}|\t)(.*)$", text, re.MULTILINE)
            named = [name for span in spans for name in PATH.findall(" ".join(span))]
        elif path.endswith((".c", ".h")):
            named = PATH.findall(comments((ROOT / path).read_text(encoding="utf-8")))
        else:
            continue
        for name in sorted(set(named)):
            if not PLACEHOLDER.search(name) and not path_exists(folder, name, known, folders):
                yield f"{path}: names {name}, which is not there"


def main():
    files = tracked()
    faults = [fault for check in (rooms_are_small, includes_point_down,
                                              tables_of_names_are_whole, named_paths_exist) for fault in check(files)]
    for fault in faults:
        print(fault)
    print(f"house: {len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
