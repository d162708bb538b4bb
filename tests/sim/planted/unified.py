# SPDX-License-Identifier: Apache-2.0
"""Reads, applies and writes the patches of planted bugs.

A patch is prose, then a unified diff against the root of the tree, as `git diff` writes it. It applies where all its
lines stand exactly once, in the function that the hunk names; how far they have moved does not matter.
"""
import difflib
import pathlib
import re

CONTEXT = 3
LINES_MIN = 2  # that a hunk is recognized by, however much context has changed
HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@ ?(.*)")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class PatchError(Exception):
    """What is wrong with a patch, as a sentence."""


class Hunk:
    def __init__(self, function, size_old=0, size_new=0):
        self.function = function
        self.sizes = (size_old, size_new)  # as the hunk's head says
        self.lines = []  # (" ", "-" or "+", text)

    def is_whole(self):
        return (len(self.old()), len(self.new())) == self.sizes

    def old(self):
        return [text for sign, text in self.lines if sign != "+"]

    def new(self):
        return [text for sign, text in self.lines if sign != "-"]

    def narrowed(self, by):
        """The same change with up to so many lines less of context at each end."""
        hunk = Hunk(self.function)
        first = next(i for i, line in enumerate(self.lines) if line[0] != " ")
        last = len(self.lines) - next(i for i, line in enumerate(reversed(self.lines)) if line[0] != " ")
        hunk.lines = self.lines[min(by, first):len(self.lines) - min(by, len(self.lines) - last)]
        return hunk


    def functions(self, lines, at):
        """The names that its head may give at a place: of what the change is in, and, as git has it, of what begins
        above the hunk."""
        change = next(i for i, line in enumerate(self.lines) if line[0] != " ")
        return name_of(function_at(lines, at + change)), name_of(function_at(lines, at))

    def places(self, lines, fuzz):
        """Where it fits, with as little fuzz as it takes, and the hunk without the context that does not fit."""
        found, fitting = places_of(lines, self.old()), self
        for by in range(1, fuzz + 1):
            candidate = self.narrowed(by)
            if not found and len(candidate.old()) >= LINES_MIN:
                found, fitting = places_of(lines, candidate.old()), candidate
        return found, fitting


class Patch:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        self.what = ""
        self.files = {}  # path in the tree -> list of Hunk
        self._parse(self.path.read_text(encoding="utf-8"))

    def fail(self, sentence):
        raise PatchError(f"{self.path}: {sentence}")

    def _parse(self, text):
        if not NAME.fullmatch(self.name):
            self.fail("its name is not made of lower-case words and hyphens")
        prose, file, hunk = [], None, None
        for line in text.splitlines():
            header = HUNK.match(line)
            if hunk is not None and not hunk.is_whole():
                hunk.lines.append((line[:1] or " ", line[1:]))
            elif header and file:
                hunk = Hunk(header[3], int(header[1] or 1), int(header[2] or 1))
                self.files[file].append(hunk)
            elif line.startswith(("diff --git ", "--- ")):
                file = file or ""
            elif line.startswith("+++ "):
                file = self._file(line)
                self.files.setdefault(file, [])
            elif file is None:
                prose.append(line)
        self.what = " ".join(" ".join(prose).split())
        if not self.what:
            self.fail("begins with the diff; a sentence of what the bug is comes first")
        if not self.files or not all(self.files.values()):
            self.fail("has no diff, or a file without a change")
        for hunks in self.files.values():
            for each in hunks:
                if not each.is_whole() or {sign for sign, _ in each.lines} - {" ", "-", "+"}:
                    self.fail("has a hunk whose lines are not as many as its head says; is it cut off?")
                if all(sign == " " for sign, _ in each.lines):
                    self.fail("has a hunk that changes nothing")

    def _file(self, line):
        path = line[4:].split("\t")[0]
        if not path.startswith("b/"):
            self.fail(f"names {path}; a bug changes files that are there, named as git names them: b/PATH")
        return path[2:]

    def apply(self, root, fuzz=0):
        """The patched text of each file. With fuzz up to so many lines of context at the ends of a hunk may differ, and
        the function may have another name."""
        return {file: self._apply_file(pathlib.Path(root), file, hunks, fuzz) for file, hunks in self.files.items()}

    def follow(self, root, fuzz):
        """Files that were moved or split are looked for in their room: where else do all lines of a hunk stand?"""
        root = pathlib.Path(root)
        for file in [file for file in self.files if self._has_gone(root, file, fuzz)]:
            room = root / file.split("/")[0]
            for hunk in self.files.pop(file):
                found = [path for path in sorted(room.rglob("*.[ch]")) if hunk.places(lines_of(path), fuzz)[0]]
                if len(found) != 1:
                    self.fail(f"changes {file}, and its lines are in {len(found)} files of {room.name}/ now")
                self.files.setdefault(str(found[0].relative_to(root)), []).append(hunk)

    def _has_gone(self, root, file, fuzz):
        return not (root / file).is_file() or \
            not any(hunk.places(lines_of(root / file), fuzz)[0] for hunk in self.files[file])

    def _apply_file(self, root, file, hunks, fuzz):
        if not (root / file).is_file():
            self.fail(f"changes {file}, which is not there")
        lines = lines_of(root / file)
        places = []
        for number, hunk in enumerate(hunks, 1):
            found, candidate = hunk.places(lines, fuzz)
            places.append((self._place(lines, file, number, candidate, found, fuzz > 0), candidate))
        for at, hunk in sorted(places, key=lambda place: -place[0]):
            lines[at:at + len(hunk.old())] = hunk.new()
        return "\n".join(lines) + "\n"

    def _place(self, lines, file, number, hunk, found, anywhere):
        named = name_of(hunk.function)
        if not found:
            self.fail(f"does not apply to {file} (hunk {number}, in {named or 'no function'}): the lines that it "
                      "changes, and those around them, are not there any more")
        if named and not (anywhere and len(found) == 1):
            ours = [at for at in found if named in hunk.functions(lines, at)]
            if not ours:
                self.fail(f"does not apply to {file} (hunk {number}): its lines are in "
                          f"{hunk.functions(lines, found[0])[0]} now, and the patch is for {named}")
            found = ours
        if len(found) > 1:
            self.fail(f"does not apply to {file} (hunk {number}): its lines are there {len(found)} times")
        return found[0]


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def places_of(lines, block):
    first = block[0]
    return [at for at in range(len(lines) - len(block) + 1)
            if lines[at] == first and lines[at:at + len(block)] == block]


def function_at(lines, at):
    """What stands behind @@: the nearest line above that begins in the first column with a letter."""
    for line in reversed(lines[:at]):
        if re.match(r"[A-Za-z_$]", line):
            return line.rstrip()
    return ""


def name_of(function):
    """The name before the parenthesis, so that a new parameter does not matter."""
    match = re.search(r"(\w+)\s*\(", function)
    return match[1] if match else function.strip()


def render(what, root, patched):
    """The text of a patch: what, and the difference between the tree and the patched texts."""
    out = [what.strip(), ""]
    for file in sorted(patched):
        old = lines_of(pathlib.Path(root) / file)
        new = patched[file].splitlines()
        hunks = list(difflib.unified_diff(old, new, f"a/{file}", f"b/{file}", n=CONTEXT, lineterm=""))
        if not hunks:
            raise PatchError(f"{file}: the bug changes nothing in it")
        for i, line in enumerate(hunks):
            header = re.match(r"@@ -(\d+)", line)
            if header:
                change = next(j for j, each in enumerate(hunks[i + 1:]) if each[0] != " ")
                line = f"{line} {function_at(old, int(header[1]) - 1 + change)[:80]}".rstrip()
            out.append(line)
    return "\n".join(out) + "\n"
