# SPDX-License-Identifier: Apache-2.0
"""One Seatlog for the whole run, started by its own launcher as a person would, in a state folder of its own."""

import os
import signal
import time

import pytest

from api_support import Api, Contract
from bringup import room, seatlog
from clients import Buyer, Log, Mailbox, Postgres, Provider, Stack
from mail_support import PrivatePostgres

SHOWS = 300
WALK = "test_book_a_seat.py"


def pytest_addoption(parser):
    parser.addoption("--lane", choices=["shared", "apart"],
                     help="only files whose tests share one Seatlog, or only those that start what they need")


def pytest_configure(config):
    # What tests start is ended by it, even where a shell that runs them in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "alone: measures time or freezes programs: nothing else may run meanwhile")
    config.addinivalue_line("markers", "last(number): comes after all others, in the order of the numbers")


def turn(item, lane):
    """When a test has its turn. In a lane those that want to be alone come early, while the other lane has many short
    tests; but first the main job, with which the shared Seatlog comes up."""
    last = item.get_closest_marker("last")
    if last:
        return last.args[0]
    if lane and item.path.name == WALK:
        return -2
    return -1 if lane and item.get_closest_marker("alone") else 0


def pytest_collection_modifyitems(config, items):
    lane = config.getoption("--lane")
    if lane:
        shared = {item.path for item in items if "stack" in item.fixturenames}
        mine = [item for item in items if (item.path in shared) == (lane == "shared")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(mine)])
        items[:] = mine
    items.sort(key=lambda item: turn(item, lane))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Which of the two lanes may go on."""
    with room(alone=item.get_closest_marker("alone") is not None):
        yield


@pytest.fixture(scope="session")
def stack():
    # one that is up already, for trying one test
    with seatlog("e2e", "--shows", str(SHOWS), given=os.environ.get("SEATLOG_TEST_STATE")) as (folder, values):
        yield Stack(values, folder)


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


@pytest.fixture(scope="session")
def contract(stack):
    """What the API promises, by its own openapi.yaml."""
    return Contract(stack.url)


@pytest.fixture
def api(stack, contract):
    """The API for somebody who has not logged in."""
    return Api(contract, stack.url)


@pytest.fixture(scope="session")
def seller(contract, organizer):
    return Api.of(contract, organizer)


@pytest.fixture(scope="session")
def boss(contract, operator):
    return Api.of(contract, operator)


@pytest.fixture(scope="session")
def postgres_cluster():
    """A PostgreSQL without a Seatlog around it."""
    cluster = PrivatePostgres()
    yield cluster
    cluster.remove()


@pytest.fixture
def outbox(postgres_cluster):
    return postgres_cluster.database_new()


@pytest.fixture(scope="session")
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
