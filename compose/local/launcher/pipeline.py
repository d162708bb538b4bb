# SPDX-License-Identifier: Apache-2.0
"""Reads pipeline.tsv, and fills in templates."""

import dataclasses
import pathlib
import re

LOCAL = pathlib.Path(__file__).resolve().parents[1]
ROOT = LOCAL.parents[1]
WORD = re.compile(r"@([A-Z_]+)@")
SETUPS = ("up", "chaos")  # columns of instances: what ./seatlog up starts, and what the chaos tests start


@dataclasses.dataclass(frozen=True)
class Program:
    """One process of the pipeline."""

    stage: str  # infra or daemon
    name: str  # of its line in pipeline.tsv
    instance: int  # 1, 2, …
    instances: int
    stop_signal: str
    stop_seconds: int
    command: str

    @property
    def program(self):
        """What it is called where there are several."""
        return self.name if self.instances == 1 else f"{self.name}-{self.instance}"

    @property
    def is_daemon(self):
        """A daemon of ours has an admin port, the parts from elsewhere do not."""
        return self.command[0] not in "@/"

    @property
    def admin_port(self):
        return "ADMIN_" + self.program.replace("-", "_").upper()

    def port(self, name):
        """The name of a port of its own: instances after the first have others."""
        return name if self.instance == 1 else f"{name}_{self.instance}"


def programs(setup="up", text=None):
    """Every process, in the order of the table."""
    found = []
    for line in (text or (LOCAL / "pipeline.tsv").read_text(encoding="utf-8")).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        stage, name, *columns, stop, command = line.split(None, len(SETUPS) + 3)
        instances = int(columns[SETUPS.index(setup)])
        how, seconds = stop.split("/")
        found += [Program(stage, name, number, instances, how, int(seconds), command)
                  for number in range(1, instances + 1)]
    return found


def fill(text, values):
    """Puts the values in place of @WORDS@. A word without a value is an error."""

    def value(found):
        if found[1] not in values:
            raise LookupError(f"a template asks for @{found[1]}@, which nobody sets")
        return str(values[found[1]])

    return WORD.sub(value, text)
