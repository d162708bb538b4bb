#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever ingest-api says to people is whole sentences in plain words: read from its sources."""

import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[4] / "ingest-api"
# call: which of its arguments, counted from 0, are texts, and whether they are sentences or fragments
CALLS = {
    "problem_answer": (2, "sentence"), "problem_document": (1, "sentence"), "problem_answer_unavailable": (1, "clause"),
    "problem_answer_field": (2, "either"), "reader_error": (3, "either"), "reader_error_named": (2, "either")}
POOR = re.compile(r"octet|can not|whoever|anew\b|for ever|let go|called off|"
                  r"is to be had|of that id|\btoo if\b|Nothing was done", re.I)
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
faults = []
seen = 0


def arguments(source, start):
    """The arguments of the call whose parenthesis opens at start, as source text."""
    depth, quoted, parts, begun = 0, False, [], start + 1
    for at in range(start, len(source)):
        letter = source[at]
        if letter == '"' and source[at - 1] != "\\":
            quoted = not quoted
        if quoted:
            continue
        depth += (letter in "([{") - (letter in ")]}")
        if (letter == "," and depth == 1) or depth == 0:
            parts.append(source[begun:at])
            begun = at + 1
        if depth == 0:
            return parts
    return parts


def texts(argument):
    """Literals of an argument, those that stand side by side joined; PRId64 and the like count as a number."""
    for group in re.findall(r'(?:"(?:[^"\\]|\\.)*"(?:\s|PRI\w+)*)+', argument):
        yield "".join(TEXT.findall(group.replace('\\"', "'")))


def judge(place, text, kind):
    global seen
    seen += 1
    if POOR.search(text):
        faults.append(f"{place}: {POOR.search(text).group(0)!r} in {text!r}")
    if text in ("%s", "%.*s", "detail"):
        return
    capital = text[0].isupper() or text.startswith("%")
    if kind == "sentence" and not (capital and text.endswith((".", "%s"))):
        faults.append(f"{place}: not a sentence: {text!r}")
    if kind == "clause" and not (capital and not text.endswith(".")):
        faults.append(f"{place}: not a clause that goes on with a full stop: {text!r}")
    if kind == "either" and capital and not text.endswith((".", "%s")):
        faults.append(f"{place}: a sentence without its end: {text!r}")


for path in sorted(FOLDER.rglob("*.c")):
    source = path.read_text()
    for name, (index, kind) in CALLS.items():
        for call in re.finditer(rf"(?<![\w]){name}\(", source):
            parts = arguments(source, call.end() - 1)
            if len(parts) > index and "*" not in parts[0]:
                line = source.count("\n", 0, call.start()) + 1
                for text in texts(parts[index]):
                    judge(f"{path.name}:{line}", text, kind)
titles = re.findall(r'\[PROBLEM_\w+\] = \{"([\w-]+)", (\d+),\s*((?:"[^"]*"\s*)+)\}',
                    (FOLDER / "http" / "problem.c").read_text())
assert len(titles) > 30
for slug, _, title in titles:
    for text in texts(title):
        judge(f"title of {slug}", text, "clause")
print("\n".join(faults) or f"{seen} texts read, all of them sentences")
assert seen > 100, "the sources are not read"
sys.exit(1 if faults else 0)
