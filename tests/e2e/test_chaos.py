# SPDX-License-Identifier: Apache-2.0
"""A short chaos: every kind of fault once. `./seatlog chaos` is the long one."""

import subprocess
import sys

import pytest

from bringup import ROOT

FAULTS = 19
PROGRAMS = ROOT / "tests" / "chaos" / "programs"


@pytest.mark.last(4)
def test_nothing_is_lost_or_doubled_whatever_breaks():
    run = subprocess.run([sys.executable, "-B", str(ROOT / "tests" / "chaos" / "chaos.py"), f"--faults={FAULTS}",
                          "--seed=1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=2400)
    assert run.returncode == 0, run.stdout
    last = run.stdout.rstrip().splitlines()[-1]
    assert last.startswith(f"chaos: ok, faults {FAULTS}, lost 0, doubled 0,") and " linear: Ok, " in last
    assert not [line for line in run.stdout.splitlines() if line.startswith("%")], "librdkafka speaks on the terminal"


def test_the_judge_of_histories_and_the_slow_network_do_what_they_say():
    tested = subprocess.run(["go", "test", "-count=1", "./..."], cwd=PROGRAMS, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    assert tested.returncode == 0, tested.stdout
    assert tested.stdout.count("ok  ") == 2
