# SPDX-License-Identifier: Apache-2.0
"""How often a password may be guessed: over all instances, over restarts, and without keeping the owner out."""

import collections
import concurrent.futures
import secrets

import pytest

from api_support import Api, Instance
from clients import PASSWORD, eventually


@pytest.fixture(scope="module")
def instances(stack, contract, tmp_path_factory):
    """Two instances that believe what is said of the client's address."""
    folder = tmp_path_factory.mktemp("limit")
    settings = {"trusted_proxies": "127.0.0.1", "password_queue_max": 1000}
    with Instance(stack, folder, "api-1", **settings) as one, Instance(stack, folder, "api-2", **settings) as two:
        yield [one.url, two.url]


@pytest.fixture
def name(stack, contract):
    name = f"limit-{secrets.token_hex(6)}@example.com"
    made = Api(contract, stack.url)("POST", "/signup", {"username": name, "password": PASSWORD})
    assert made.status_code == 201
    return name


def log_in(contract, url, username, password, address="198.51.100.1"):
    return Api(contract, url)("POST", "/login", {"username": username, "password": password},
                              headers={"X-Forwarded-For": address})


def guess_at_once(contract, instances, username, count=150, addresses=("198.51.100.1",)):
    with concurrent.futures.ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(
            lambda n: log_in(contract, instances[n % 2], username, f"guess {n}", addresses[n % len(addresses)]),
            range(count)))
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
    return collections.Counter(answer.status_code for answer in answers)


def test_guesses_at_once_on_two_instances_are_limited_together(contract, instances, name):
    assert guess_at_once(contract, instances, name) == {401: 15, 429: 135}
    assert log_in(contract, instances[0], name, PASSWORD).status_code == 429, "not even the right one from there"
    owner = log_in(contract, instances[1], name, PASSWORD, "203.0.113.9")
    assert owner.status_code == 200, "the owner is elsewhere"


def test_names_that_nobody_has_are_limited_alike(contract, instances):
    unknown = f"nobody-{secrets.token_hex(6)}@example.com"
    assert guess_at_once(contract, instances, unknown) == {401: 15, 429: 135}


def test_guesses_from_many_addresses_are_limited_together(contract, instances, name):
    home = "203.0.113.20"
    assert log_in(contract, instances[0], name, PASSWORD, home).status_code == 200
    many = [f"198.51.100.{n}" for n in range(10, 35)]
    assert guess_at_once(contract, instances, name, 150, many) == {401: 30, 429: 120}
    assert log_in(contract, instances[1], name, PASSWORD, home).status_code == 200, "where he has been before"
    assert log_in(contract, instances[1], name, PASSWORD, "192.0.2.1").status_code == 429


def test_the_addresses_of_an_ipv6_network_are_one(contract, instances, name):
    many = [f"2001:db8:1:2::{n:x}" for n in range(1, 60)]
    assert guess_at_once(contract, instances, name, 60, many) == {401: 15, 429: 45}
    assert log_in(contract, instances[0], name, PASSWORD, "2001:db8:1:3::1").status_code == 200


def test_the_count_outlives_every_instance(contract, stack, name, tmp_path):
    settings = {"trusted_proxies": "127.0.0.1"}
    with Instance(stack, tmp_path, "api-before", **settings) as before:
        answers = [log_in(contract, before.url, name, "guess").status_code for _ in range(16)]
        assert answers == [401] * 15 + [429]
        assert before.stop() == 0
    with Instance(stack, tmp_path, "api-after", **settings) as after:
        assert log_in(contract, after.url, name, PASSWORD).status_code == 429


def test_a_login_gives_back_what_was_taken(contract, instances, name):
    for _ in range(20):
        assert log_in(contract, instances[0], name, PASSWORD).status_code == 200, "logins do not count"
    for _ in range(2):
        for _ in range(8):
            assert log_in(contract, instances[1], name, "guess").status_code == 401
        assert log_in(contract, instances[0], name, PASSWORD).status_code == 200, "as if there had been no failure"


def test_every_spelling_of_a_name_counts_as_one(contract, instances, name):
    spellings = [name, name.upper(), name.title(), f'"{name.split("@")[0]}"@example.com']
    answers = [log_in(contract, instances[n % 2], spellings[n % 4], "guess").status_code for n in range(17)]
    assert answers == [401] * 15 + [429] * 2


def test_no_hash_is_computed_beyond_the_limit(contract, instances, name):
    guess_at_once(contract, instances, name, 20)
    right = min(log_in(contract, instances[0], name, PASSWORD, "203.0.113.40").elapsed.total_seconds()
                for _ in range(5))
    refused = [log_in(contract, instances[0], name, "guess") for _ in range(5)]
    assert {answer.status_code for answer in refused} == {429}
    assert min(answer.elapsed.total_seconds() for answer in refused) < right


def test_what_does_not_count_any_more_is_removed(contract, instances, name, postgres):
    log_in(contract, instances[0], name, "guess", "192.0.2.77")
    count, = postgres.rows("SELECT count(*) FROM account.login_limit")[0]
    assert count > 0
    postgres.rows("UPDATE account.login_limit SET empty_at = now() - interval '1 s' RETURNING 1")
    eventually(lambda: postgres.rows("SELECT count(*) FROM account.login_limit")[0][0] == 0, "all are gone", timeout=90)


def test_erasing_an_account_erases_where_it_was(contract, instances, name, postgres):
    session = log_in(contract, instances[0], name, PASSWORD).json()
    assert postgres.rows("SELECT 1 FROM account.login_address WHERE user_id = %s", session["user_id"])
    api = Api(contract, instances[0], session["token"])
    assert api("DELETE", "/account").status_code == 204
    assert postgres.rows("SELECT 1 FROM account.login_address WHERE user_id = %s", session["user_id"]) == []
