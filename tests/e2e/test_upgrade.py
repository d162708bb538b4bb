# SPDX-License-Identifier: Apache-2.0
"""An installation that an earlier version made comes up with everything in it.

tests/history/installation_N.tar.xz is the state folder of such a one, stopped; the .txt beside it is what
installation.py said of it before (tests/history/README.md says how both are made).
"""

import pathlib
import shutil
import subprocess
import tempfile

import pytest

from clients import Buyer, Stack, environment_read
from conftest import ROOT, launcher
from installation import inventory

ARCHIVES = sorted((ROOT / "tests" / "history").glob("installation_*.tar.xz"))


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.name.split(".")[0])
def upgraded(request):
    """What `up` said, the stack, and the inventory of the installation before."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seatlog-upgrade-", dir="/var/tmp"))
    folder.chmod(0o755)
    subprocess.run(["tar", "-C", folder, "-xpf", request.param], check=True)
    up = launcher(folder, "up", "--yes", timeout=600)
    assert up.returncode == 0, up.stdout
    stack = Stack(environment_read(launcher(folder, "env").stdout), folder,
                  lambda *arguments, **options: launcher(folder, *arguments, **options))
    before = request.param.with_name(request.param.name.replace(".tar.xz", ".txt")).read_text().splitlines()
    yield up.stdout, stack, before
    stopped = launcher(folder, "down")
    assert stopped.returncode == 0, stopped.stdout
    shutil.rmtree(folder, ignore_errors=True)


def test_up_says_that_and_how_it_brought_the_installation_up_to_date(upgraded):
    said, stack, _ = upgraded
    assert "This installation ran an earlier version; now it is " in said
    assert "tables were brought up to date: " in said
    again = stack.launcher("up", "--yes")
    assert again.returncode == 0, again.stdout
    assert "earlier version" not in again.stdout and "up to date" not in again.stdout and "with " not in again.stdout


def test_everything_that_was_in_it_still_is(upgraded):
    _, stack, before = upgraded
    assert len(before) > 50
    assert set(before) - set(inventory(stack["SEATLOG_POSTGRES_URL"])) == set()


def test_an_auditor_finds_its_history_in_order(upgraded):
    _, stack, _ = upgraded
    verified = stack.launcher("replay", "verify", "--projections", "--payments", "--tickets", "--mails")
    assert verified.returncode == 0, verified.stdout
    assert "verify: ok" in verified.stdout


def test_its_buyers_log_in_and_have_their_tickets(upgraded):
    _, stack, _ = upgraded
    buyer = Buyer.login(stack, stack["SEATLOG_BUYER"], stack["SEATLOG_BUYER_PASSWORD"])
    orders = buyer.get("/orders", expect=200)["orders"]
    assert {order["state"] for order in orders} == {"sold", "refunded"}
    [sold] = [order for order in orders if order["state"] == "sold"]
    pdf = buyer.get(sold["tickets"][0]["pdf"], expect=None)
    assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF")


def test_its_shows_go_on_being_sold(upgraded):
    _, stack, _ = upgraded
    demo = stack.launcher("demo")
    assert demo.returncode == 0, demo.stdout
    assert "demo: ok" in demo.stdout
