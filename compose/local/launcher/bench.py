# SPDX-License-Identifier: Apache-2.0
"""./seatlog bench: the decider alone, and what is measured beside a Seatlog of its own."""

import os
import pathlib
import subprocess

from . import build
from .check import Check
from .help import Misuse
from .lanes import attend
from .pipeline import ROOT
from .say import Failure
from .scratch import seatlog

RECOVERY_SHOWS = "30000"


def bench_core(words):
    return subprocess.run([build.BIN / "bench_core", *words], check=False).returncode


def bench_beside(options, command):
    """Runs command(environment) beside a Seatlog of its own."""
    os.environ.pop("SEATLOG_TEST_KEEP", None)
    try:
        with seatlog("bench", *options, shown=True) as (_, values):
            return command({**os.environ, **values})
    except RuntimeError as problem:
        raise Failure(str(problem).strip()) from None


def bench_pipeline(words):
    """On a Kafka and a PostgreSQL as durable as users run them."""
    return bench_beside(["--infrastructure"], lambda environment: attend(subprocess.Popen(
        [ROOT / "tests/bench/pipeline.sh", *words], env=environment)))


def bench_waiting(words):
    """How long a client waits for its event, beside a decider that decides nothing."""
    return bench_beside(["--infrastructure"], lambda environment: attend(subprocess.Popen(
        [ROOT / "tests/bench/waiting.sh", *words], env=environment)))


def bench_recovery(words):
    """A whole Seatlog with as many shows as a country has; reservation is killed, its supervisor starts it again."""

    def measure(environment):
        state = pathlib.Path(environment["SEATLOG_STATE"])
        return subprocess.run(["/usr/bin/python3", "-B", ROOT / "tests/bench/recovery.py",
                               "--url", environment["SEATLOG_URL"], "--shows", state / "catalogue.ids", "--pid",
                               f"supervisorctl -c '{state}/etc/supervisord.conf' pid reservation", *words],
                              env=environment, check=False).returncode

    return bench_beside(["--shows", os.environ.get("BENCH_SHOWS") or RECOVERY_SHOWS], measure)


BENCHES = {"core": bench_core, "pipeline": bench_pipeline, "waiting": bench_waiting, "recovery": bench_recovery}


def benches_named(words):
    """(names in the order in which they are asked for, the words after them); all without a name."""
    names = []
    while words and not words[0].startswith("-"):
        if words[0] not in BENCHES:
            raise Misuse("bench", f"there is no bench {words[0]}")
        names, words = [*names, words[0]], words[1:]
    if words and len(names) != 1:
        raise Misuse("bench", f"{words[0]} is for one bench")
    return names or list(BENCHES), words


def command_bench(launcher, words):
    names, words = benches_named(words)
    launcher.state.make()
    build.packages_ensure(launcher.state, True, "build", "run", "test")
    Check(launcher.state).release()
    for name in names:
        status = BENCHES[name](words)
        if status != 0:
            return status
    return 0
