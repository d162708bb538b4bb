# SPDX-License-Identifier: Apache-2.0
"""`./seatlog`: python3 compose/local/launcher STATE COMMAND…; STATE is the folder that the entry has chosen."""

import pathlib
import sys

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])

from launcher.commands import main  # noqa: E402 (the path comes first)

main(sys.argv[1], sys.argv[2:])
