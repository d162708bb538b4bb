# SPDX-License-Identifier: Apache-2.0
"""Who the requests of schemathesis come from: one account of the wanted role, made anew where a call ends it."""

import json
import os
import re
import secrets
import urllib.request

import schemathesis

URL = os.environ["SEATLOG_API_URL"]
TOKEN = os.environ.get("SEATLOG_API_TOKEN", "")
ENDS = {"logout", "deleteAccount"}  # whoever calls these has no login afterwards


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


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key stands for one request, and a place on the log is nobody's to invent: both are made usable where they
    are well-formed, so that their being refused is not taken for a fault."""
    headers = case.headers or {}
    if re.fullmatch(r"[!-~]{1,255}", headers.get("Idempotency-Key") or ""):
        headers["Idempotency-Key"] = headers["Idempotency-Key"][:200] + secrets.token_hex(8)
    query = case.query or {}
    if re.fullmatch(r"~?[0-9]{1,5}-[0-9]{1,16}", str(query.get("after", ""))):
        query["after"] = "0-0"
