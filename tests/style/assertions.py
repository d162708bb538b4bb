#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many assertions a function has on the average, in each core. Prints a line a core; exits 1 if one of those that
have reached two a function has fallen below it.

    tests/style/assertions.py

A function is a body in a source or header, inline ones too. An assertion is a use of assert, of a core's own macro
(RESERVATION_ASSERT, …_SLOW_ASSERT), or of static_assert, outside of macros' definitions. What is checked of input is
none.
"""
import re
import sys

from tree import ROOT, sources

ASSERTIONS_PER_FUNCTION_MIN = 2.0
REACHED = ("indexer/core", "notifier/core", "payment/core", "reservation/core", "runtime/term", "ticketgen/core")
PURE = ("runtime/term",)  # cores that are called otherwise

# Comments, literals, and preprocessor lines with their continuations: nothing in them counts.
BLANK = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*',
                   re.DOTALL | re.MULTILINE)
ASSERTION = re.compile(r"\b(?:assert|static_assert|_Static_assert|[A-Z]+(?:_SLOW)?_ASSERT)\s*\(")


def functions_of(text):
    """Braces outside of all others that follow a parameter list."""
    count = depth = 0
    before = ""
    for character in text:
        if character == "{":
            count += depth == 0 and before == ")"
            depth += 1
        elif character == "}":
            depth -= 1
        if not character.isspace():
            before = character
    return count


def cores():
    counts = {}
    for path in sources():
        parts = path.split("/")
        if len(parts) < 3 or (parts[1] != "core" and "/".join(parts[:2]) not in PURE):
            continue
        text = BLANK.sub(" ", (ROOT / path).read_text(encoding="utf-8"))
        count = counts.setdefault("/".join(parts[:2]), [0, 0])
        count[0] += functions_of(text)
        count[1] += len(ASSERTION.findall(text))
    return counts


def main():
    failed = 0
    for core, (functions, assertions) in sorted(cores().items()):
        average = assertions / max(functions, 1)
        few = core in REACHED and average < ASSERTIONS_PER_FUNCTION_MIN
        failed += few
        print(f"{core}: {functions} functions, {assertions} assertions, {average:.2f} a function"
              + (f": at least {ASSERTIONS_PER_FUNCTION_MIN} are due" if few else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
