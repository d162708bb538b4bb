#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a header promises and who leans on whom, as far as the text tells. Prints a line a fault; exits 1 if there is
one.

- A header declares what its own source defines: each function that x.h declares is defined in x.c, beside it. A header
  without a source holds types and inline functions only.
- No circle: a source and its header are one unit; a unit leans on the units whose headers it includes and whose
  functions it calls. Following that never leads back.
- Every source says at its top, after the licence line, what it is for.

    tests/style/headers.py
"""
import re
import sys

from tree import INCLUDE, ROOT, sources

# What still is otherwise; the list only shrinks, and what it no longer needs to name is told.
HEADERS_LATER = set()
CIRCLES_LATER = {"reservation/daemon/"}

CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof"}
NOT_A_FUNCTION = {"__attribute__", "_Static_assert", "static_assert", "_Alignas", "__typeof__", "sizeof"}


def bare(text):
    """The text without comments, strings and what the preprocessor reads."""
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                  lambda match: '""' if match.group().startswith('"') else " ", text, flags=re.DOTALL)
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", "", text, flags=re.MULTILINE)


def statements(text):
    """What stands outside all braces, cut at ; and }: (head, whether a body in braces follows it)."""
    head, depth = [], 0
    for piece in re.findall(r"[{};]|[^{};]+", text):
        if piece == "{":
            if depth == 0:
                head.append(" { ")
            depth += 1
        elif piece == "}":
            depth -= 1
            if depth == 0 and is_function(head):
                yield "".join(head[:-1]), True
                head = []
        elif depth == 0 and piece == ";":
            yield "".join(head), False
            head = []
        elif depth == 0:
            head.append(piece)


def is_function(head):
    """Whether what stands before a body is a function's: not a struct's, an enum's or a table's."""
    text = "".join(head[:-1]).strip()
    return text.endswith(")") and function_name(text) is not None


def function_name(head):
    """The function that a head declares or defines, or None: no typedef, no variable, no pointer to a function."""
    head = re.sub(r"__attribute__\s*\(\(.*?\)\)|\b_Alignas\s*\([^()]*\)", " ", head, flags=re.DOTALL)
    if "=" in head or re.match(r"\s*(typedef|extern\s+const)\b", head):
        return None
    match = CALL.search(head)
    return match.group(1) if match and match.group(1) not in NOT_A_FUNCTION and match.start() > 0 else None


def made_by_macros(text):
    """The functions that a source defines by macros such as LIST(integers, int32_t, int), which paste names."""
    for name, parameters, body in re.findall(r"^#define (\w+)\(([^)]*)\)((?:[^\n\\]|\\.|\\\n)*)", text, re.MULTILINE):
        if "##" not in body:
            continue
        for arguments in re.findall(rf"^{name}\(([^)]*)\)", text, re.MULTILINE):
            made = body
            for parameter, argument in zip(parameters.split(","), arguments.split(",")):
                made = re.sub(rf"\b{parameter.strip()}\b", argument.strip(), made)
            yield from CALL.findall(re.sub(r"\s*##\s*", "", made))


class File:
    def __init__(self, path):
        self.path = path
        self.text = (ROOT / path).read_text(encoding="utf-8")
        self.bare = bare(self.text)
        self.declares, self.defines, self.own = [], set(), set()
        for head, body in statements(self.bare):
            name = function_name(head)
            if name is None:
                continue
            if re.search(r"\bstatic\b", head):
                self.own.add(name)
            elif body:
                self.defines.add(name)
            else:
                self.declares.append(name)
        self.defines.update(set(made_by_macros(self.text)) - KEYWORDS)


def unit(path):
    return path[:-2]


def headers_declare_their_own(files):
    for path, header in files.items():
        if not path.endswith(".h"):
            continue
        source = files.get(unit(path) + ".c")
        foreign = [name for name in header.declares if source is None or name not in source.defines]
        if foreign:
            owner = "has no source of its name" if source is None else f"{source.path} does not define it all"
            yield path, f"{path}: {owner}, and declares {', '.join(foreign)}"


def leans(files):
    """For each unit, the units that it leans on, and by what."""
    home = {}
    for path, file in files.items():
        for name in file.defines:
            home.setdefault(name, set()).add(unit(path))
    arrows = {}
    for path, file in files.items():
        here = arrows.setdefault(unit(path), {})
        for included in INCLUDE.findall(file.text):
            folder = path.rpartition("/")[0]
            for target in (included, f"{folder}/{included}"):
                if target in files and unit(target) != unit(path):
                    here.setdefault(unit(target), set()).add(f"#include {included}")
        declared = set(file.declares) | file.own | file.defines
        for name in set(CALL.findall(file.bare)) - declared:
            homes = home.get(name, set())
            if len(homes) == 1 and unit(path) not in homes:
                here.setdefault(next(iter(homes)), set()).add(f"{name}()")
    return arrows


def knots(arrows):
    """The strongly connected parts with more than one unit (Tarjan, without recursion)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for root in sorted(arrows):
        if root in index:
            continue
        work = [(root, iter(sorted(arrows[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            here, ahead = work[-1]
            step = next((target for target in ahead
                         if target in arrows and (target not in index or target in on)), None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == index[here]:
                    knot = set()
                    while here not in knot:
                        knot.add(stack.pop())
                    on -= knot
                    if len(knot) > 1:
                        found.append(knot)
            elif step in index:
                low[here] = min(low[here], index[step])
            else:
                index[step] = low[step] = len(index)
                stack.append(step)
                on.add(step)
                work.append((step, iter(sorted(arrows[step]))))
    return found


def no_circles(files):
    arrows = leans(files)
    for knot in knots(arrows):
        ties = [f"{here} -> {target} ({', '.join(sorted(by)[:4])})" for here in sorted(knot)
                for target, by in sorted(arrows[here].items()) if target in knot]
        folders = {here.rpartition("/")[0] + "/" for here in knot}
        yield min(folders) if len(folders) == 1 else "", f"circle of {len(knot)}: " + "; ".join(ties)


def sources_have_a_purpose(files):
    for path, file in files.items():
        if path.endswith(".c") and not file.text.split("\n", 2)[1].startswith("/*"):
            yield path.split("/")[0] + "/", f"{path}: does not say at its top what it is for"


def main():
    files = {path: File(path) for path in sources()}
    faults = 0
    for check, later in ((headers_declare_their_own, HEADERS_LATER), (no_circles, CIRCLES_LATER),
                         (sources_have_a_purpose, set())):
        found = list(check(files))
        for where, fault in found:
            if where not in later:
                print(fault)
                faults += 1
        for where in sorted(later - {where for where, _ in found}):
            print(f"headers: {where} needs no exception any more: strike it from {check.__name__}'s")
    print(f"headers: {len(files)} files, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
