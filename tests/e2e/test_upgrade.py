# SPDX-License-Identifier: Apache-2.0
"""An installation that an earlier version made comes up with everything in it.

tests/history/installation_N.tar.xz is the state folder of such a one, stopped; the .txt beside it is what
installation.py said of it before (tests/history/README.md says how both are made).
"""

import subprocess

import pytest

from bringup import ROOT, environment, folder_of, launch
from clients import Buyer, Stack
from installation import inventory

ARCHIVES = sorted((ROOT / "tests" / "history").glob("installation_*.tar.xz"))


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda archive: archive.name.split(".")[0])
def upgraded(request):
    """What `up` said, the stack, and the inventory of the installation before."""
    before = request.param.with_name(request.param.name.replace(".tar.xz", ".txt")).read_text().splitlines()
    with folder_of("upgrade") as folder:
        subprocess.run(["tar", "-C", folder, "-xpf", request.param], check=True)
        up = launch(folder, "up", "--yes")
        assert up.returncode == 0, up.stdout
        yield up.stdout, Stack(environment(folder), folder), before


def test_up_says_that_and_how_it_brought_the_installation_up_to_date(upgraded):
    said, stack, _ = upgraded
    assert "This installation ran an earlier version; now it is " in said
    assert "tables were brought up to date: " in said
    again = stack.launcher("up", "--yes")
    assert again.returncode == 0, again.stdout
    assert "earlier version" not in again.stdout and "up to date" not in again.stdout and "with " not in again.stdout


def test_a_folder_that_was_moved_is_not_taken_for_one_that_somebody_edited(upgraded):
    """What an earlier version wrote names the folder where it was made, and nobody has changed a line of it."""
    said, stack, _ = upgraded
    assert "kept" not in said
    assert not list((stack.folder / "etc").glob("*.kept"))


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
