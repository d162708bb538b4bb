# SPDX-License-Identifier: Apache-2.0
"""A short chaos: every kind of fault once, and some again. `./seatlog chaos` is the long one."""

import subprocess
import sys

import pytest

from bringup import ROOT

FAULTS = 15


@pytest.mark.last(4)
def test_nothing_is_lost_or_doubled_whatever_breaks():
    run = subprocess.run([sys.executable, "-B", str(ROOT / "tests" / "chaos" / "chaos.py"), f"--faults={FAULTS}",
                          "--seed=1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=1500)
    assert run.returncode == 0, run.stdout
    assert f"chaos: ok, faults {FAULTS}, lost 0, doubled 0," in run.stdout
