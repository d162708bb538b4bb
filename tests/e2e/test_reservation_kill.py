# SPDX-License-Identifier: Apache-2.0
"""Two deciders are killed and frozen while commands stream in; then the whole log is decided again and compared."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from clients import environment_read

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS, INSTANCES = 8, 2


@pytest.fixture
def kafka():
    """A scratch cluster: the log must hold nothing but what this test's deciders decide."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seatlog-kill-", dir="/var/tmp"))
    folder.chmod(0o755)

    def launch(*arguments):
        run = subprocess.run([str(ROOT / "seatlog"), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=1200,
                             env={**os.environ, "SEATLOG_STATE": str(folder)})
        assert run.returncode == 0, run.stdout
        return run.stdout

    launch("up", "--yes", "--infrastructure")
    values = environment_read(launch("env"))
    yield values["SEATLOG_KAFKA"]
    launch("down")
    shutil.rmtree(folder, ignore_errors=True)


def test_every_command_is_decided_once_and_in_order(kafka):
    programs = os.environ.get("SEATLOG_BIN") or str(ROOT / "build" / "release" / "bin")
    run = subprocess.run([str(ROOT / "tests" / "chaos" / "decider_kill.sh"), programs, kafka, str(ROUNDS),
                          str(INSTANCES)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=600)
    print(run.stdout)
    assert run.returncode == 0, run.stdout
    assert "differing 0, violated 0" in run.stdout
