#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""generate_bounds.py OUTPUT: schemas/bounds.tsv as a header of C."""
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "bounds.tsv"
UNITS_MS = {"": 1, "ms": 1, "s": 1000, "min": 60 * 1000, "h": 60 * 60 * 1000, "d": 24 * 60 * 60 * 1000}


def bounds():
    """Each bound: its name, its value in C, whether it is a duration, its places in openapi.yaml, what it bounds."""
    seen = set()
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Z][A-Z_]*_(?:MAX|MIN|DEFAULT))\t(\d+)(ms|s|min|h|d|)\t([^\t]+)\t([^\t]+)", line)
        if not match or match.group(1) in seen:
            sys.exit(f"{TABLE}:{number}: a line is a name that stands once, a value, places or -, and what it bounds")
        name, value, unit, places, what = match.groups()
        seen.add(name)
        yield name, int(value) * UNITS_MS[unit], bool(unit), places, what


def main():
    lines = ["/* From schemas/bounds.tsv: what crosses a process boundary is bounded by. */",
             "#ifndef SEATLOG_BOUNDS_H", "#define SEATLOG_BOUNDS_H", ""]
    for name, value, _, _, what in bounds():
        lines += [f"/* {what} */", f"#define {name} {value}{'LL' if value >= 10**9 else ''}"]
    lines += ["", "#endif", ""]
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
