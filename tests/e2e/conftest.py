# SPDX-License-Identifier: Apache-2.0
"""One Seatlog for the whole run, started by its own launcher as a person would, in a state folder of its own."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

from clients import Buyer, Log, Mailbox, Postgres, Provider, Stack, environment_read

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWS = 300


def launcher(state, *arguments, timeout=600):
    return subprocess.run([str(ROOT / "seatlog"), *arguments], env={**os.environ, "SEATLOG_STATE": str(state)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=timeout)


@pytest.fixture(scope="session")
def stack():
    given = os.environ.get("SEATLOG_TEST_STATE")  # a stack that is up already, for trying one test
    folder = pathlib.Path(given) if given else pathlib.Path(tempfile.mkdtemp(prefix="seatlog-e2e-", dir="/var/tmp"))
    folder.chmod(0o755)
    started = launcher(folder, "up", "--yes", "--shows", str(SHOWS), timeout=1200)
    assert started.returncode == 0, started.stdout
    values = environment_read(launcher(folder, "env").stdout)
    running = Stack(values, folder, lambda *arguments, **options: launcher(folder, *arguments, **options))
    yield running
    if given:
        return
    stopped = launcher(folder, "down")
    if os.environ.get("SEATLOG_TEST_KEEP"):
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    assert stopped.returncode == 0, stopped.stdout


@pytest.fixture(scope="session")
def log(stack):
    return Log(stack)


@pytest.fixture(scope="session")
def postgres(stack):
    return Postgres(stack)


@pytest.fixture(scope="session")
def mailbox(stack):
    return Mailbox(stack)


@pytest.fixture
def provider(stack):
    """The payment provider, well-behaved again after each test."""
    provider = Provider(stack)
    provider.behave()
    yield provider
    provider.behave()


@pytest.fixture(scope="session")
def organizer(stack):
    return Buyer.login(stack, stack["SEATLOG_ORGANIZER"], stack["SEATLOG_ORGANIZER_PASSWORD"])


@pytest.fixture(scope="session")
def operator(stack):
    return Buyer.login(stack, stack["SEATLOG_OPERATOR"], stack["SEATLOG_OPERATOR_PASSWORD"])


@pytest.fixture(scope="session")
def ada(stack):
    return Buyer.signup(stack)


@pytest.fixture
def new_show(organizer):
    """Makes a show of its own for a test: rows of seats, by default two of ten, and a floor of fifty."""

    def make(rows=2, seats=10, floor=50, **changes):
        starts = time.time() + 30 * 86400
        body = {
            "title": "The Test of Time", "type": "theatre", "venue": "Playhouse", "city": "Chico", "region": "CA",
            "country": "US", "time_zone": "America/Los_Angeles", "currency": "USD", "seats_per_buyer_max": 20,
            "starts_at": time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(starts)),
            "ends_at": time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(starts + 7200)),
            "categories": [{"name": "Seat", "price_minor": 2500}, {"name": "Standing", "price_minor": 1200}],
            "sections": [
                {"name": "Stalls", "category": "Seat",
                 "rows": [{"label": chr(65 + row), "seats": seats} for row in range(rows)]},
                {"name": "Floor", "category": "Standing", "capacity": floor}],
            **changes}
        made = organizer.post("/events", body, expect=201)
        event_id = made["event_id"]
        organizer.eventually(lambda: organizer.get(f"/events/{event_id}", expect=None).status_code == 200,
                             "the show is in the catalog")
        return event_id

    return make
