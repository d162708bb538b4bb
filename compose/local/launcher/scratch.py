# SPDX-License-Identifier: Apache-2.0
"""A Seatlog of its own for a test or a bench: made by ./seatlog up in a folder of its own, and gone afterwards."""

import contextlib
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from .pipeline import ROOT

PLACE = "/var/tmp"


def launch(folder, *arguments, timeout=600, **options):
    """./seatlog over a state folder, as a person would, without a terminal; what it says is in stdout."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **options}
    return subprocess.run([str(ROOT / "seatlog"), *map(str, arguments)], stdin=subprocess.DEVNULL, timeout=timeout,
                          env={**os.environ, "SEATLOG_STATE": str(folder)}, check=False, **options)


def environment_read(text):
    """What a shell would have after `eval "$(./seatlog env)"`, as a dict."""
    return dict(word.split("=", 1) for word in shlex.split(text) if word != "export")


def environment(folder):
    return environment_read(launch(folder, "env").stdout)


def folder_make(purpose):
    """Others may enter: PostgreSQL runs as a user of its own where we are root."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"seatlog-{purpose}-", dir=PLACE))
    folder.chmod(0o755)
    return folder


@contextlib.contextmanager
def folder_of(purpose, shown=False):
    """A folder whose Seatlog is stopped in the end. SEATLOG_TEST_KEEP keeps what was in it."""
    folder = folder_make(purpose)
    try:
        yield folder
    finally:
        # Where people look on, the last line of what they are shown is the result.
        stopped = launch(folder, "down", **({"stdout": sys.stderr, "stderr": sys.stderr} if shown else {}))
        if os.environ.get("SEATLOG_TEST_KEEP"):
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    assert stopped.returncode == 0, stopped.stdout


@contextlib.contextmanager
def seatlog(purpose, *options, given=None, shown=False):
    """(folder, what ./seatlog env says) of one made by `up --yes` with these options; given: the folder of one that is
    taken as it is, and stays up; shown: what up says is printed."""
    with contextlib.nullcontext(pathlib.Path(given)) if given else folder_of(purpose, shown) as folder:
        started = launch(folder, "up", "--yes", *options, timeout=1200,
                         **({"stdout": None, "stderr": None} if shown else {}))
        if started.returncode != 0:
            raise RuntimeError(f"./seatlog up: exit status {started.returncode}\n{started.stdout or ''}")
        yield folder, environment(folder)
