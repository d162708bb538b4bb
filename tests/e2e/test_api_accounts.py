# SPDX-License-Identifier: Apache-2.0
"""Accounts, sessions, roles and API keys, over HTTP alone."""

import secrets

import pytest
import requests

from api_support import Api, Instance, fields
from clients import PASSWORD, TIMEOUT, Buyer, eventually


def new_name():
    return f"person-{secrets.token_hex(6)}@example.com"


def test_a_person_signs_up_logs_in_looks_and_logs_out(api):
    name = new_name()
    made = api("POST", "/signup", {"username": name.upper(), "password": PASSWORD, "location": "Chico"})
    assert made.status_code == 201
    assert made.json()["username"] == name and made.json()["roles"] == ["buyer"]
    logged_in = api("POST", "/login", {"username": name, "password": PASSWORD})
    assert logged_in.status_code == 200 and logged_in.json()["user_id"] == made.json()["user_id"]
    cookie = logged_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    api.session.cookies.clear()
    api.session.headers["Authorization"] = f"Bearer {logged_in.json()['token']}"
    assert api("GET", "/account").json() == made.json()
    assert api("POST", "/logout").status_code == 204
    assert api("GET", "/account").status_code == 401
    assert api("POST", "/logout").status_code == 204, "again is fine"


def test_a_username_is_taken_once(api):
    name = new_name()
    assert api("POST", "/signup", {"username": name, "password": PASSWORD}).status_code == 201
    taken = api("POST", "/signup", {"username": name.title(), "password": "another password"})
    assert taken.status_code == 409 and taken.json()["field"] == "/username"


@pytest.mark.parametrize("body, wrong", [
    ({}, ["/username", "/password"]),
    ({"username": "no address", "password": PASSWORD}, ["/username"]),
    ({"username": "a@b.co", "password": "short"}, ["/password"]),
    ({"username": "a@b.co", "password": "x" * 257}, ["/password"]),
    ({"username": "a@b.co", "password": 12345678}, ["/password"]),
    ({"username": "a@b.co", "password": PASSWORD, "location": "x" * 101}, ["/location"]),
    ({"username": "a@b.co", "password": PASSWORD, "role": "operator"}, ["/role"]),
    ({"username": "a@b.co", "password": PASSWORD, "roles": ["operator"]}, ["/roles"]),
    ({"username": "a@b.co\r\nBcc: x@y.z", "password": PASSWORD}, ["/username"]),
    ({"username": None, "password": PASSWORD}, ["/username"]),
])
def test_what_is_wrong_with_a_signup_is_named(api, body, wrong):
    answer = api("POST", "/signup", body)
    assert answer.status_code == 422 and fields(answer) == wrong


def test_nobody_makes_himself_an_organizer_unless_it_is_allowed(api):
    answer = api("POST", "/signup", {"username": new_name(), "password": PASSWORD, "role": "organizer"})
    assert answer.status_code == 403


def test_a_wrong_password_and_an_unknown_name_look_the_same(api):
    name = new_name()
    api("POST", "/signup", {"username": name, "password": PASSWORD})
    wrong = api("POST", "/login", {"username": name, "password": "not the password"})
    unknown = api("POST", "/login", {"username": new_name(), "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()

    # The fastest of each, taken in turn, so that a busy machine slows both.
    other = new_name()
    fastest = {name: 60.0, other: 60.0}
    for _ in range(8):
        for username in fastest:
            took = api("POST", "/login", {"username": username, "password": "x"}).elapsed.total_seconds()
            fastest[username] = min(fastest[username], took)
    assert 0.4 < fastest[name] / fastest[other] < 2.5, fastest


def test_too_many_wrong_passwords_are_slowed_down(api):
    name = new_name()
    api("POST", "/signup", {"username": name, "password": PASSWORD})
    for _ in range(40):
        answer = api("POST", "/login", {"username": name, "password": "guess"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1
    assert api("POST", "/login", {"username": new_name(), "password": "guess"}).status_code == 401, "others are not"


def test_a_password_is_stored_as_argon2id_and_a_token_not_at_all(api, postgres):
    name = new_name()
    api("POST", "/signup", {"username": name, "password": PASSWORD})
    token = api("POST", "/login", {"username": name, "password": PASSWORD}).json()["token"]
    (stored, user_id), = postgres.rows("SELECT password_hash, user_id FROM account.person WHERE username = %s", name)
    assert stored.startswith("$argon2id$") and PASSWORD not in stored
    (hashed,), = postgres.rows("SELECT token_hash FROM account.session WHERE user_id = %s", user_id)
    assert token.encode() not in bytes(hashed) and len(bytes(hashed)) == 32


def test_the_cookie_works_for_this_site_alone(api, stack):
    name = new_name()
    api("POST", "/signup", {"username": name, "password": PASSWORD})
    api("POST", "/login", {"username": name, "password": PASSWORD})
    assert "seatlog_session" in api.session.cookies
    assert api("GET", "/account").status_code == 200
    assert api("DELETE", "/account").status_code == 403, "nothing says where it comes from"
    assert api("DELETE", "/account", headers={"Origin": "https://evil.example"}).status_code == 403
    assert api("DELETE", "/account", headers={"Sec-Fetch-Site": "cross-site", "Origin": stack.url}).status_code == 403
    assert api("DELETE", "/account", headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert api("GET", "/account").status_code == 200
    assert api("DELETE", "/account", headers={"Origin": stack.url}).status_code == 204
    assert api("GET", "/account").status_code == 401


def test_a_cookie_is_for_tls_alone_where_a_trusted_proxy_speaks_it(stack, contract, tmp_path):
    body = {"username": new_name(), "password": PASSWORD}
    with Instance(stack, tmp_path, "api-proxied", trusted_proxies="127.0.0.1") as proxied:
        api = Api(contract, proxied.url)
        api("POST", "/signup", body)
        assert "Secure" not in api("POST", "/login", body).headers["Set-Cookie"]
        assert "Secure" in api("POST", "/login", body, headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    api = Api(contract, stack.url)
    assert "Secure" not in api("POST", "/login", body, headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]


def test_a_logout_counts_on_every_instance_within_a_second(stack, contract, tmp_path):
    person = Buyer.signup(stack)
    with Instance(stack, tmp_path, "api-logout") as other:
        here = Api.of(contract, person)
        there = Api.of(contract, person, other.url)
        assert there("GET", "/account").status_code == 200
        assert there("GET", "/account").status_code == 200, "remembered by now"
        assert here("POST", "/logout").status_code == 204
        eventually(lambda: there("GET", "/account").status_code == 401, "it counts there", timeout=3)


def test_an_erased_account_is_gone_and_its_order_ids_are_nobodys(stack, contract, postgres):
    person = Buyer.signup(stack)
    api = Api.of(contract, person)
    assert api("DELETE", "/account").status_code == 204
    assert api("GET", "/account").status_code == 401
    assert postgres.rows("SELECT 1 FROM account.person WHERE user_id = %s", person.user_id) == []
    assert postgres.rows("SELECT 1 FROM account.session WHERE user_id = %s", person.user_id) == []


def test_an_operator_gives_roles_and_they_count_at_once(stack, contract, operator):
    person = Buyer.signup(stack)
    api, boss = Api.of(contract, person), Api.of(contract, operator)
    assert api("POST", "/api-keys", {"name": "mine"}).status_code == 403
    assert api("GET", "/users", params={"username": person.username}).status_code == 403
    found = boss("GET", "/users", params={"username": person.username})
    assert found.json()["user_id"] == person.user_id
    path = f"/users/{person.user_id}/roles"
    assert api("PUT", path, {"roles": ["operator"]}).status_code == 403
    changed = boss("PUT", path, {"roles": ["partner", "buyer"]})
    assert changed.status_code == 200 and changed.json()["roles"] == ["buyer", "partner"]
    eventually(lambda: api("POST", "/api-keys", {"name": "mine"}).status_code == 201, "the role counts", timeout=5)
    assert boss("PUT", path, {"roles": ["buyer"]}).status_code == 200
    eventually(lambda: api("POST", "/api-keys", {"name": "mine"}).status_code == 403, "the role is gone", timeout=5)


@pytest.mark.parametrize("roles, wrong", [
    ([], ["/roles"]), (["king"], ["/roles/0"]), (["buyer", "buyer"], ["/roles/1"]), ("buyer", ["/roles"]),
    ([7], ["/roles/0"])])
def test_roles_that_do_not_exist_are_refused(contract, operator, roles, wrong):
    answer = Api.of(contract, operator)("PUT", f"/users/{operator.user_id}/roles", {"roles": roles})
    assert answer.status_code == 422 and fields(answer) == wrong


def test_nobody_has_an_unknown_id(contract, operator):
    boss = Api.of(contract, operator)
    unknown = "00000000-0000-4000-8000-000000000000"
    assert boss("PUT", f"/users/{unknown}/roles", {"roles": ["buyer"]}).status_code == 404
    assert boss("PUT", "/users/me/roles", {"roles": ["buyer"]}).status_code == 404
    assert boss("GET", "/users", params={"username": new_name()}).status_code == 404
    assert boss("GET", "/users").status_code == 422


def test_an_api_key_stands_for_its_owner_until_it_is_revoked(stack, contract, organizer):
    api = Api.of(contract, organizer)
    key = secrets.token_hex(8)
    made = api("POST", "/api-keys", {"name": "box office"}, headers={"Idempotency-Key": key})
    assert made.status_code == 201
    again = api("POST", "/api-keys", {"name": "box office"}, headers={"Idempotency-Key": key})
    assert again.status_code == 201 and again.json() == made.json(), "the same key, with the same secret"
    program = Api(contract, stack.url, made.json()["api_key"])
    assert program("GET", "/account").json()["user_id"] == organizer.user_id
    listed = api("GET", "/api-keys").json()["api_keys"]
    assert [k for k in listed if k["key_id"] == made.json()["key_id"]] and "api_key" not in listed[0]
    assert api("DELETE", f"/api-keys/{made.json()['key_id']}").status_code == 204
    assert api("DELETE", f"/api-keys/{made.json()['key_id']}").status_code == 404
    eventually(lambda: program("GET", "/account").status_code == 401, "the key is revoked", timeout=5)


def test_every_call_but_a_few_needs_a_login(api, contract):
    needed = 0
    for path, methods in contract.document["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") is not None:
                continue
            needed += 1
            body = {} if "requestBody" in operation else None
            answer = api(method.upper(), path.replace("{", "").replace("}", ""), body)
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert needed > 20


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer " + "A" * 43])
def test_what_is_no_token_is_no_login(stack, value):
    answer = requests.get(stack.url + "/account", headers={"Authorization": value}, timeout=TIMEOUT)
    assert answer.status_code == 401


def test_an_instance_may_let_anyone_browse_and_organizers_sign_up(stack, contract, new_show, tmp_path):
    event_id = new_show()
    with Instance(stack, tmp_path, "api-open", browse_without_login="yes", self_service_organizers="yes") as open_one:
        api = Api(contract, open_one.url)
        assert api("GET", f"/events/{event_id}").status_code == 200
        assert api("GET", "/search", params={"q": "test"}).status_code == 200
        assert api("GET", "/orders").status_code == 401
        made = api("POST", "/signup", {"username": new_name(), "password": PASSWORD, "role": "organizer"})
        assert made.status_code == 201 and made.json()["roles"] == ["buyer", "organizer"]
