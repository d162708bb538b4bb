# SPDX-License-Identifier: Apache-2.0
"""Makes a PostgreSQL cluster for a unit test, by the launcher's own bring-up: initdb.py DATA SUPERUSER."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "compose" / "local"))

from launcher import postgres  # noqa: E402 (the path comes first)

with tempfile.TemporaryFile() as said:
    try:
        postgres.initdb(pathlib.Path(sys.argv[1]), sys.argv[2], durable=False, output=said)
    except subprocess.CalledProcessError:
        said.seek(0)
        sys.exit(said.read().decode(errors="replace"))
