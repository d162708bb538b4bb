# SPDX-License-Identifier: Apache-2.0
"""Two deciders are killed and frozen while commands stream in; then the whole log is decided again and compared."""

import os
import subprocess

import pytest

from bringup import ROOT, seatlog

ROUNDS, INSTANCES = 8, 2


@pytest.fixture
def kafka():
    """A scratch cluster: the log must hold nothing but what this test's deciders decide."""
    with seatlog("kill", "--infrastructure") as (_, values):
        yield values["SEATLOG_KAFKA"]


def test_every_command_is_decided_once_and_in_order(kafka):
    programs = os.environ.get("SEATLOG_BIN") or str(ROOT / "build" / "release" / "bin")
    run = subprocess.run([str(ROOT / "tests" / "chaos" / "decider_kill.sh"), programs, kafka, str(ROUNDS),
                          str(INSTANCES)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=600)
    print(run.stdout)
    assert run.returncode == 0, run.stdout
    assert "differing 0, violated 0" in run.stdout
