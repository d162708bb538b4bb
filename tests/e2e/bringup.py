# SPDX-License-Identifier: Apache-2.0
"""The one bring-up, compose/local/launcher/, as tests use it."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "compose" / "local"))

from launcher import postgres  # noqa: E402 (the path comes first)
from launcher.lanes import room  # noqa: E402
from launcher.pipeline import ROOT  # noqa: E402
from launcher.scratch import (  # noqa: E402
    environment,
    environment_read,
    folder_of,
    launch,
    seatlog,
)

__all__ = ["ROOT", "environment", "environment_read", "folder_of", "launch", "postgres", "room", "seatlog"]
