# SPDX-License-Identifier: Apache-2.0
"""The tree as the checks of its style see it."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAEMONS = ("ingest-api", "reservation", "payment", "ticketgen", "notifier", "indexer")
ROOMS = (*DAEMONS, "replay", "runtime", "codec", "tools")
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)


def tracked():
    """Every file that git has and the work tree too."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for path in listed.split("\0") if path and (ROOT / path).is_file()]


def sources():
    """The sources and headers of the rooms."""
    return [path for path in tracked() if path.endswith((".c", ".h")) and path.split("/")[0] in ROOMS]
