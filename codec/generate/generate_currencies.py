#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""generate_currencies.py OUTPUT: the rows of currencies.tsv for currency.c."""
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "currencies.tsv"


def rows():
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Z]{3})\t([0-4])\t[^\t]+", line)
        if not match:
            sys.exit(f"{TABLE}:{number}: a line is a code, its decimals and its name")
        yield match.groups()


def main():
    known = list(rows())
    if [code for code, _ in known] != sorted({code for code, _ in known}):
        sys.exit(f"{TABLE}: codes stand once, in their order")
    lines = [f'    {{"{code}", {decimals}}},' for code, decimals in known]
    pathlib.Path(sys.argv[1]).write_text("/* From schemas/currencies.tsv. */\n" + "\n".join(lines) + "\n",
                                         encoding="utf-8")


main()
