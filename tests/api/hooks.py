# SPDX-License-Identifier: Apache-2.0
"""Who the requests of schemathesis come from: one account of the wanted role, made anew where a call ends it; and what
is done to them before they are sent (positive.py says why)."""

import json
import os
import re
import secrets
import urllib.request

import schemathesis

import positive

URL = os.environ["SEATLOG_API_URL"]
TOKEN = os.environ.get("SEATLOG_API_TOKEN", "")
PARTITIONS = int(os.environ["SEATLOG_API_PARTITIONS"])
ENDS = {"logout", "deleteAccount"}  # whoever calls these has no login afterwards
BODIES = {"signup": positive.signup, "createApiKey": positive.api_key, "cancelEvent": positive.event_cancel,
          "createEvent": positive.event}
EVENT = os.environ["SEATLOG_API_EVENT"]  # one that there is: ids are never guessed
LOOKER = os.environ["SEATLOG_API_LOOKER"]  # an operator's, to know what an event has, whoever asks
SHOWS = {}


def post(path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def token_new():
    person = {"username": f"brief-{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
    post("/signup", person)
    return post("/login", person)["token"]


if TOKEN:
    @schemathesis.auth(refresh_interval=None)
    class Login:
        def get(self, case, context):
            return token_new() if case.operation.definition.raw.get("operationId") in ENDS else TOKEN

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def is_positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


def body_fit(case, name):
    if not isinstance(case.body, dict):
        return
    body = json.loads(json.dumps(case.body))
    if name == "reserve":
        body["event_id"] = positive.chosen(body["event_id"], [EVENT, body["event_id"]])
        positive.reserve(body, positive.show_of(URL, LOOKER, str(body["event_id"]), SHOWS))
    elif name in BODIES:
        BODIES[name](body)
    if body != case.body:
        case.body = body


@schemathesis.hook
def before_call(context, case, kwargs):
    """An Idempotency-Key stands for one request: each gets its own, where it is well-formed."""
    name = case.operation.definition.raw.get("operationId")
    headers = case.headers or {}
    if re.fullmatch(r"[!-~]{1,255}", headers.get("Idempotency-Key") or ""):
        headers["Idempotency-Key"] = headers["Idempotency-Key"][:200] + secrets.token_hex(8)
    query = case.query or {}
    if re.fullmatch(r"~?[0-9]{1,5}-[0-9]{1,16}", str(query.get("after", ""))):
        after = positive.after_fit(case.path_parameters or {}, PARTITIONS)
        if after is not None:
            query["after"] = after
    if is_positive(case):
        if name == "search":
            positive.search(query)
        body_fit(case, name)
