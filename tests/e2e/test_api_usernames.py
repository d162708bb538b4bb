# SPDX-License-Identifier: Apache-2.0
"""Usernames in one normal form, passwords in characters, and what a repeated sign-up or API key is told."""

import concurrent.futures
import secrets
import unicodedata
import uuid

import pytest

from api_support import Api, Instance, fields
from clients import PASSWORD, Buyer, eventually


@pytest.fixture(scope="module")
def worldly(stack, contract, tmp_path_factory):
    """An instance whose mail server takes any address."""
    folder = tmp_path_factory.mktemp("worldly")
    with Instance(stack, folder, "api-worldly", mail_smtputf8="yes") as instance:
        yield Api(contract, instance.url)


@pytest.fixture(scope="module")
def narrow(stack, contract, tmp_path_factory):
    """An instance whose mail server takes ASCII alone before the @."""
    folder = tmp_path_factory.mktemp("narrow")
    with Instance(stack, folder, "api-narrow", mail_smtputf8="no") as instance:
        yield Api(contract, instance.url)


def mark():
    return secrets.token_hex(6)


def sign_up(api, username, password=PASSWORD, **more):
    return api("POST", "/signup", {"username": username, "password": password, **more})


def log_in(api, username, password=PASSWORD):
    return api("POST", "/login", {"username": username, "password": password})


# ---- one normal form ----

@pytest.mark.parametrize("first, second", [
    ("josé-{}@example.com", "jose\u0301-{}@example.com"),
    ("jürgen-{}@example.com", "JÜRGEN-{}@EXAMPLE.com"),
    ("νίκος-{}@example.com", "ΝΊΚΟΣ-{}@example.com"),
    ("ann-{}@umläute.example", "ANN-{}@UMLÄUTE.example"),
    ("ann-{}@umläute.example", "ann-{}@xn--umlute-dua.example"),
    ("ann-{}@umläute.example", "ann-{}@umla\u0308ute.example"),
    ("ann-{}@example.com", '"ann-{}"@example.com'),
    ('"ann {}"@example.com', '"Ann {}"@Example.com'),
])
def test_spellings_of_one_address_are_one_account(worldly, first, second):
    stamp = mark()
    first, second = first.format(stamp), second.format(stamp)
    made = sign_up(worldly, first)
    assert made.status_code == 201, made.text
    taken = sign_up(worldly, second)
    assert taken.status_code == 409 and taken.json()["field"] == "/username"
    logged_in = log_in(worldly, second)
    assert logged_in.status_code == 200 and logged_in.json()["user_id"] == made.json()["user_id"]
    assert logged_in.json()["username"] == made.json()["username"]
    assert logged_in.json()["notices"] == []


def test_an_international_domain_is_taken_everywhere(api):
    made = sign_up(api, f"test-{mark()}@umläute.example")
    assert made.status_code == 201 and made.json()["username"].endswith("@umläute.example")


def test_what_the_mail_server_cannot_deliver_is_refused_in_words(narrow, worldly):
    name = f"jürgen-{mark()}@example.com"
    refused = sign_up(narrow, name)
    assert refused.status_code == 422 and fields(refused) == ["/username"]
    assert "mail server" in refused.json()["detail"] and refused.json()["detail"].endswith("fine.")
    assert sign_up(worldly, name).status_code == 201


@pytest.mark.parametrize("username, words", [
    ("x@-example.com", "hyphen"),
    ("x@example.c", "single letter"),
    ("x@exam_ple.com", "character"),
    (f"x@{'x' * 64}.com", "63 bytes"),
    ("x\u200by@example.com", "cannot be seen"),
    ("x@exa\u200bmple.com", "cannot be seen"),
    ("x@example.com ", "space"),
    (" x@example.com", "space"),
    ("x@example.com,y@example.com", "list"),
    ("x@example.com;--", "list"),
    ("x@example.com[", "character"),
    ("x@[127.0.0.1]", "IP address"),
    ("x@127.0.0.1", "number"),
    ("x@localhost", "dot"),
    ("x@example..com", "dots"),
    (f"{'x' * 65}@example.com", "64 bytes"),
    ("x..y@example.com", "dots"),
    ("x@y@example.com", "one @"),
    ("Ann <ann@example.com>", "quotes"),
    ("x@ﬁne.com", "character"),
    ("\u202ex@example.com", "cannot be seen"),
    ("x@example.com\r\nBcc: y@example.com", "character"),
    ("no address", "space"),
    ("", "empty"),
])
def test_what_is_no_address_is_told_why(worldly, username, words):
    refused = sign_up(worldly, username)
    assert refused.status_code == 422 and fields(refused) == ["/username"], refused.text
    assert words in refused.json()["errors"][0]["detail"]


@pytest.mark.parametrize("after", [",other@example.com", ", other@example.com", ";--", ";other@example.com", "[", " ",
                                   "\t", "\n", ">", "\\", "(a)", "\u200b", "\u00a0", ".", ":", '"'])
def test_a_name_with_something_behind_it_is_nobodys(api, after):
    name = f"user-{mark()}@example.com"
    assert sign_up(api, name).status_code == 201
    answer = log_in(api, name + after)
    assert answer.status_code == 401
    assert answer.json() == log_in(api, f"nobody-{mark()}@example.com").json()


@pytest.mark.parametrize("before", [" ", "<", "other@example.com,", "\u200b", "(a)", ";", "\u202e"])
def test_a_name_with_something_before_it_is_nobodys(api, before):
    name = f"user-{mark()}@example.com"
    assert sign_up(api, name).status_code == 201
    assert log_in(api, before + name).status_code == 401


# ---- accounts of before ----

class Older:
    """Rows as they were before there was a normal form."""

    def __init__(self, postgres, api):
        self.postgres, self.api = postgres, api

    def insert(self, username, age_days, password=PASSWORD):
        donor = f"donor-{mark()}@example.com"
        made = sign_up(self.api, donor, password)
        assert made.status_code == 201
        user_id = str(uuid.uuid4())
        self.postgres.rows(
            "INSERT INTO account.person (user_id, username, password_hash, location, created_at)"
            " SELECT %s, %s, password_hash, 'Chico', now() - make_interval(days => %s)"
            " FROM account.person WHERE user_id = %s RETURNING 1",
            user_id, username, age_days, made.json()["user_id"])
        return user_id

    def pending(self):
        return self.postgres.rows("SELECT count(*) FROM account.person WHERE username_rule = 0")[0][0]

    def settle(self):
        eventually(lambda: self.pending() == 0, "normal forms are worked out", timeout=30)


@pytest.fixture
def older(postgres, api):
    return Older(postgres, api)


def test_of_two_that_fall_together_the_older_keeps_the_name_and_the_other_is_told(older, api):
    stamp = mark()
    composed = f"josé-{stamp}@example.com"
    decomposed = unicodedata.normalize("NFD", composed)
    younger = older.insert(composed, 10, "the younger's password")
    elder = older.insert(decomposed, 20, "the elder's password")
    older.settle()

    answer = log_in(api, composed.upper(), "the elder's password")
    assert answer.status_code == 200 and answer.json()["user_id"] == elder
    answer = log_in(api, decomposed, "the elder's password")
    assert answer.status_code == 200 and answer.json()["user_id"] == elder
    assert "username-shared" not in [notice["code"] for notice in answer.json()["notices"]]

    answer = log_in(api, composed, "the younger's password")
    assert answer.status_code == 200 and answer.json()["user_id"] == younger, "by its own spelling"
    notice, = [n for n in answer.json()["notices"] if n["code"] == "username-shared"]
    assert "older account" in notice["detail"] and "orders" in notice["detail"]
    assert log_in(api, composed, "the elder's password").status_code == 401, "nothing is merged"
    assert log_in(api, composed.upper(), "the younger's password").status_code == 401, "that spelling is the elder"


def test_the_older_keeps_it_whichever_is_looked_at_first(older, postgres, worldly):
    stamp = mark()
    young = sign_up(worldly, f"jürgen-{stamp}@example.com")
    assert young.status_code == 201
    elder = older.insert(f"JÜRGEN-{stamp}@example.com".replace("J", "j"), 400)
    older.settle()
    rows = dict(postgres.rows("SELECT user_id::text, username_normal FROM account.person "
                              "WHERE user_id = ANY (%s::uuid[])",
                              [young.json()["user_id"], elder]))
    assert rows[elder] == f"jürgen-{stamp}@example.com" and rows[young.json()["user_id"]] is None
    assert log_in(worldly, f"jürgen-{stamp}@example.com").json()["user_id"] == young.json()["user_id"]


@pytest.mark.parametrize("username",
                         ["x-{}@-example.com", "x-{}@example.c", "x-{}@exam_ple.com", "x\u200b-{}@example.com",
                                      "x-{}@localhost.a", "jürgen-{}@example.com"])
def test_an_account_whose_address_is_refused_today_still_logs_in_and_is_told(older, narrow, username):
    username = username.format(mark())
    user_id = older.insert(username, 5)
    older.settle()
    answer = log_in(narrow, username)
    assert answer.status_code == 200 and answer.json()["user_id"] == user_id
    notice, = answer.json()["notices"]
    assert notice["code"] == "address-unreachable" and "mail" in notice["detail"]
    assert log_in(narrow, username + "x").status_code == 401


def test_many_accounts_are_done_by_several_instances_at_once(stack, older, postgres, tmp_path):
    stamp = mark()
    postgres.rows(
        "INSERT INTO account.person (user_id, username, password_hash, location, created_at)"
        " SELECT gen_random_uuid(), 'u' || n || '-' || %s || CASE n %% 3 WHEN 0 THEN '@umläute.example'"
        "  WHEN 1 THEN '@xn--umlute-dua.example' ELSE '@example.com' END, '', '', now() - make_interval(secs => n)"
        " FROM generate_series(1, 30000) AS n RETURNING 1", stamp)
    twins = postgres.rows(
        "INSERT INTO account.person (user_id, username, password_hash, location, created_at)"
        " SELECT gen_random_uuid(), replace(username, 'umläute', 'xn--umlute-dua'), '', '', created_at + interval '1 s'"
        " FROM account.person WHERE username LIKE %s RETURNING 1", f"%-{stamp}@umläute.example")
    with Instance(stack, tmp_path, "api-a"), Instance(stack, tmp_path, "api-b"):
        eventually(lambda: older.pending() == 0, "all are done", timeout=60)
    done, alone, normals = postgres.rows(
        "SELECT count(*), count(username_normal), count(DISTINCT username_normal) FROM account.person"
        " WHERE username LIKE %s", f"%-{stamp}@%")[0]
    assert done == 30000 + len(twins) and alone == normals == 30000
    assert postgres.rows("SELECT count(*) FROM account.person WHERE username LIKE %s AND username_normal IS NULL"
                         " AND username NOT LIKE '%%xn--%%'", f"%-{stamp}@%")[0][0] == 0
    postgres.rows("DELETE FROM account.person WHERE username LIKE %s RETURNING 1", f"%-{stamp}@%")


def test_an_operator_finds_an_account_by_any_spelling(stack, contract, operator, api):
    name = f"test-{mark()}@umläute.example"
    made = sign_up(api, name).json()
    boss = Api.of(contract, operator)
    for spelling in (name, name.upper(), name.replace("umläute", "xn--umlute-dua")):
        assert boss("GET", "/users", params={"username": spelling}).json()["user_id"] == made["user_id"]
    assert boss("GET", "/users", params={"username": name + ","}).status_code == 404


# ---- passwords ----

@pytest.mark.parametrize("password, good", [
    ("😀😀", False), ("😀" * 7, False), ("😀" * 8, True), ("ü" * 7, False), ("ü" * 8, True),
    ("u\u0308" * 7, False), ("u\u0308" * 8, True), ("x" * 8, True), ("x" * 7, False), ("x" * 256, True),
    ("x" * 257, False), ("😀" * 256, True), ("😀" * 257, False), ("한" * 256, True), (" " * 8, True),
    ("\x01" * 8, True), ("", False)])
def test_a_password_has_8_to_256_characters(api, password, good):
    answer = sign_up(api, f"p-{mark()}@example.com", password)
    assert answer.status_code == (201 if good else 422)
    if not good:
        assert fields(answer) == ["/password"]
        assert "8 to 256 characters" in answer.json()["detail"]


def test_a_password_is_the_same_in_every_normal_form(api):
    name = f"p-{mark()}@example.com"
    composed = "pässwörd-é"
    assert sign_up(api, name, unicodedata.normalize("NFD", composed)).status_code == 201
    assert log_in(api, name, composed).status_code == 200
    assert log_in(api, name, unicodedata.normalize("NFD", composed)).status_code == 200
    assert log_in(api, name, "password-e").status_code == 401


def test_a_password_hashed_as_it_was_typed_before_still_works(older, postgres, api):
    from nacl import pwhash
    name = f"old-{mark()}@example.com"
    typed = unicodedata.normalize("NFD", "pässwörd-é")
    older.insert(name, 3)
    hashed = pwhash.argon2id.str(typed.encode(), opslimit=2, memlimit=19456 * 1024).decode()
    postgres.rows("UPDATE account.person SET password_hash = %s WHERE username = %s RETURNING 1", hashed, name)
    assert log_in(api, name, typed).status_code == 200
    assert log_in(api, name, "wrong").status_code == 401


# ---- what the contract says ----

@pytest.mark.parametrize("more, wrong", [
    ({"role": None}, "/role"), ({"role": ""}, "/role"), ({"role": ["buyer"]}, "/role"), ({"role": "operator"}, "/role"),
    ({"location": None}, "/location"), ({"location": 7}, "/location"), ({"location": "a\u0000b"}, "/location"),
    ({"location": "a\nb"}, "/location"), ({"location": "a\u0085b"}, "/location"),
    ({"location": "x" * 101}, "/location"),
    ({"username": None}, "/username"), ({"username": ["a@b.co"]}, "/username"), ({"password": None}, "/password"),
    ({"nickname": "x"}, "/nickname")])
def test_what_is_wrong_with_a_signup_is_named(api, more, wrong):
    answer = api("POST", "/signup", {"username": f"w-{mark()}@example.com", "password": PASSWORD, **more})
    assert answer.status_code in (400, 422)
    if "\u0000" not in str(more.get("location")):
        assert answer.status_code == 422 and fields(answer) == [wrong]


def test_a_location_is_counted_in_characters(api):
    assert sign_up(api, f"l-{mark()}@example.com", location="ü" * 100).status_code == 201
    assert sign_up(api, f"l-{mark()}@example.com", location="ü" * 101).status_code == 422


@pytest.mark.parametrize("body, wrong", [
    ({"username": "", "password": "x"}, "/username"), ({"username": "x" * 255, "password": "x"}, "/username"),
    ({"username": "a@b.co", "password": ""}, "/password"), ({"username": "a@b.co", "password": "x" * 257}, "/password"),
    ({"username": None, "password": "x"}, "/username"), ({"password": "x"}, "/username")])
def test_what_is_wrong_with_a_login_is_named(api, body, wrong):
    answer = api("POST", "/login", body)
    assert answer.status_code == 422 and fields(answer) == [wrong]


# ---- again, under the same key ----

def test_a_signup_again_under_its_key_is_the_same_account(api):
    key = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"username": f"again-{mark()}@example.com", "password": PASSWORD, "location": "Chico"}
    made = api("POST", "/signup", body, headers=key)
    again = api("POST", "/signup", body, headers=key)
    assert made.status_code == again.status_code == 201 and made.json() == again.json()

    for other in ({"password": "another password"}, {"location": "Reno"}):
        refused = api("POST", "/signup", {**body, **other}, headers=key)
        assert refused.status_code == 422 and refused.json()["type"].endswith(":idempotency-key-reused"), refused.text
    assert log_in(api, body["username"]).status_code == 200
    assert api("POST", "/signup", body).status_code == 409, "without the key"
    assert api("POST", "/signup", body, headers={"Idempotency-Key": mark()}).status_code == 409, "under another key"


def test_signups_at_once_under_one_key_are_one_account(api, stack, contract):
    key = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"username": f"once-{mark()}@example.com", "password": PASSWORD}
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: Api(contract, stack.url)("POST", "/signup", body, headers=key), range(8)))
    assert [a.status_code for a in answers] == [201] * 8
    assert len({a.json()["user_id"] for a in answers}) == 1


@pytest.fixture
def partner(stack, contract, operator):
    person = Buyer.signup(stack)
    answer = Api.of(contract, operator)("PUT", f"/users/{person.user_id}/roles", {"roles": ["buyer", "partner"]})
    assert answer.status_code == 200
    api = Api.of(contract, person)
    eventually(lambda: api("GET", "/account").json()["roles"] == ["buyer", "partner"], "the role counts")
    api.person = person
    return api


def test_an_api_key_again_under_its_key_has_the_same_secret(stack, contract, partner, postgres):
    key = {"Idempotency-Key": secrets.token_hex(8)}
    made = partner("POST", "/api-keys", {"name": "box office"}, headers=key)
    again = partner("POST", "/api-keys", {"name": "box office"}, headers=key)
    assert made.status_code == again.status_code == 201 and made.json() == again.json()
    program = Api(contract, stack.url, made.json()["api_key"])
    assert program("GET", "/account").json()["user_id"] == partner.person.user_id
    (row,) = postgres.rows("SELECT key_hash, secret_salt FROM account.api_key WHERE key_id = %s", made.json()["key_id"])
    assert all(made.json()["api_key"].encode() not in bytes(value) for value in row)

    reused = partner("POST", "/api-keys", {"name": "another"}, headers=key)
    assert reused.status_code == 422 and reused.json()["type"].endswith(":idempotency-key-reused")

    elsewhere = Api.of(contract, Buyer.login(stack, partner.person.username, PASSWORD))
    refused = elsewhere("POST", "/api-keys", {"name": "box office"}, headers=key)
    assert refused.status_code == 409 and refused.json()["type"].endswith(":api-key-exists")
    assert refused.json()["key_id"] == made.json()["key_id"] and "api_key" not in refused.json()
    assert program("GET", "/account").status_code == 200, "the first secret is still good"

    postgres.rows("UPDATE account.api_key SET secret_salt = NULL WHERE key_id = %s RETURNING 1", made.json()["key_id"])
    assert partner("POST", "/api-keys", {"name": "box office"}, headers=key).status_code == 409, "a day later"

    deleted = {"Idempotency-Key": secrets.token_hex(8)}
    path = f"/api-keys/{made.json()['key_id']}"
    assert [partner("DELETE", path, headers=deleted).status_code for _ in range(2)] == [204, 204]
    assert partner("POST", "/api-keys", {"name": "box office"}, headers=key).status_code == 409, "it does not come back"
    eventually(lambda: program("GET", "/account").status_code == 401, "the key is revoked", timeout=5)


def test_twenty_api_keys_are_twenty_however_many_ask(stack, contract, partner):
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(
            lambda n: Api.of(contract, partner.person)("POST", "/api-keys", {"name": f"key {n}"}), range(32)))
    assert sorted(a.status_code for a in answers) == [201] * 20 + [403] * 12
    assert len(partner("GET", "/api-keys").json()["api_keys"]) == 20


@pytest.mark.parametrize("name", ["", "a\nb", "a\u0007b", None, 7, "x" * 101])
def test_the_name_of_an_api_key_is_a_line(partner, name):
    answer = partner("POST", "/api-keys", {"name": name})
    assert answer.status_code == 422 and fields(answer) == ["/name"]
