#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./seatlog order: an operator finds an order by its id or its buyer's address, reads it, cancels it for the buyer,
or has its mail sent again. Everything through the API's calls for operators (schemas/openapi.yaml).

Standard library only. Exit status: 0 done, 1 it could not be done (it says why), 2 it was not understood.
"""
import argparse
import base64
import json
import os
import re
import sys
import textwrap
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import uuid

WIDTH = 80
LABEL = 9
SETTLE_SECONDS = 30
ANSWER_SECONDS = 40
ID = re.compile(r"[A-Za-z0-9_-]{43}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
# ISO 4217: currencies whose minor unit is not a hundredth.
DIGITS = {**dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
          **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3), "CLF": 4, "UYW": 4}
STATES = {
    "held": "held, not paid", "paying": "being paid", "secured": "paid for, the charge is under way",
    "sold": "sold", "released": "released, nothing was charged", "refunding": "cancelled, the refund is under way",
    "refunded": "cancelled and refunded", "refund_failed": "cancelled, but the refund failed"}


class Wrong(Exception):
    """It cannot be done; the text says why."""


class Api:
    """The API, with the token of an operator."""

    def __init__(self, url, token=""):
        self.url = url.rstrip("/")
        self.token = token
        self.logged_in = False

    def call(self, method, path, body=None, key=None, missing=None):
        """The JSON of the answer; follows a 202 to what came of it. missing: what 404 means."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            status, headers, answer = self.send(method, path, body, key)
            if status != 202:
                break
            if time.monotonic() > until:
                raise Wrong(f"It is not decided after {SETTLE_SECONDS} s. It will be: look again in a while.")
            time.sleep(min(2.0, float(headers.get("Retry-After", "1"))))
            method, path, body, key = "GET", headers.get("Location", path), None, None
        if status == 404 and missing:
            raise Wrong(missing)
        if status >= 400:
            raise Wrong(problem_say(status, answer))
        return json.loads(answer) if answer else {}

    def send(self, method, path, body, key):
        request = urllib.request.Request(urllib.parse.urljoin(self.url + "/", path), method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        if key:
            request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()
        except OSError as error:
            raise Wrong(f"No answer from {self.url} ({getattr(error, 'reason', error)}). ./seatlog status") from error

    def login(self, username, password):
        self.token = self.call("POST", "/login", {"username": username, "password": password})["token"]
        self.logged_in = True

    def logout(self):
        if self.logged_in:
            self.send("POST", "/logout", None, None)


def problem_say(status, answer):
    try:
        problem = json.loads(answer)
        return problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        return f"The API answered with status {status}."


def shown(text):
    """What somebody wrote neither breaks the line nor steers the terminal."""
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in str(text))


def money(minor, currency):
    digits = DIGITS.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f} {currency}"


def uuid_of(order_id):
    """The UUID within a public id: its second half is the reservation's (base64url of two UUIDs)."""
    if len(order_id) != 43:
        return order_id.lower()
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(order_id + "=")[16:]))


def line(label, text):
    print("\n".join(textwrap.wrap(shown(text), WIDTH, initial_indent=f"{label:<{LABEL}}",
                                  subsequent_indent=" " * LABEL, break_on_hyphens=False) or [label]))


def place(ticket):
    words = [ticket.get(part) for part in ("section", "row", "seat")]
    return shown(" ".join(word for word in words if word))


def event_when(event):
    when = event["starts_at_local"]
    return f"{when[:10]} {when[11:16]}, {event['time_zone']}"


def state_say(order):
    text = STATES.get(order["state"], order["state"])
    if order.get("reason"):
        text += f" ({order['reason'].replace('_', ' ')})"
    if order["state"] == "held" and order.get("seconds_left") is not None:
        text += f", {order['seconds_left']} s left"
    return text


def payments_say(order):
    for number, payment in enumerate(order.get("payments", [])):
        text = f"{payment['kind']}: {payment['state'].replace('_', ' ')}, " \
               f"{money(payment['amount_minor'], payment['currency'])}, {payment['updated_at'][:19]}Z"
        if payment.get("code"):
            text += f", {payment['code']}"
        if payment.get("payment_id"):
            text += f", payment {payment['payment_id']}"
        line("payment" if number == 0 else "", text)


def order_print(order):
    buyer = order.get("buyer", {})
    line("order", order["order_id"])
    line("", f"{order.get('order_uuid', uuid_of(order['order_id']))} in SQL, logs, topics")
    line("buyer", f"{buyer.get('username') or 'the account was erased'} ({buyer.get('user_id', '?')})")
    if "event" in order:
        event = order["event"]
        line("event", f"{event['title']}, {event['venue']}, {event['city']}")
        line("", event_when(event))
    line("", order["event_id"])
    line("state", state_say(order))
    if order.get("created_at"):
        line("", f"reserved {order['created_at'][:19]}Z, last change {order.get('updated_at', '')[:19]}Z")
    for number, ticket in enumerate(order["tickets"]):
        line("places" if number == 0 else "", f"{place(ticket)}, {ticket.get('category', '')}, "
             f"{money(ticket.get('price_minor', 0), order['currency'])}")
        if ticket.get("ticket_id"):
            line("", f"ticket {ticket['ticket_id']}" + (" (revoked)" if order.get("tickets_revoked_at") else ""))
    line("total", money(order["total_minor"], order["currency"]))
    payments_say(order)
    mail = order.get("mail")
    line("mail", "none so far" if not mail else
         f"{mail['state']}: {mail['detail']}" + (f" ({mail['reason']})" if mail.get("reason") else ""))


def orders_print(orders, more):
    for order in orders:
        print(f"{order['order_id']}  {shown(STATES.get(order['state'], order['state']))[:35]}")
        event = order.get("event", {})
        text = f"{order['quantity']} × {event.get('title', order['event_id'])}"
        if event:
            text += f", {event['city']}, {event_when(event)}"
        line("", f"{text}: {money(order['total_minor'], order['currency'])}")
    if more:
        line("", "There are more, older ones: --page 2, and so on.")


def path_of(order_id, call=""):
    return f"/operator/orders/{urllib.parse.quote(order_id)}{call}"


def order_get(api, order_id):
    return api.call("GET", path_of(order_id), missing=f"There is no order {order_id}.")


def order_cancel(api, order_id, options):
    order = order_get(api, order_id)
    order_print(order)
    if order["state"] in ("refunding", "refunded", "refund_failed"):
        print("\nIt is cancelled already. Nothing was changed.")
        return 0
    if not options.yes:
        if not sys.stdin.isatty():
            print("seatlog order: cancelling asks first; without a terminal say --yes", file=sys.stderr)
            return 2
        answer = input("\nCancel this order and pay the money back? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("Nothing was changed.")
            return 1
    after = api.call("POST", path_of(order_id, "/cancel"), key=str(uuid.uuid4()))
    print(f"\nIt is now: {state_say(after)}.")
    return 0


def order_resend(api, order_id):
    order = order_get(api, order_id)
    asked = api.call("POST", path_of(order_id, "/resend-mail"), key=str(uuid.uuid4()))
    line("", f"The {asked['template'].replace('_', ' ')} for {order['buyer'].get('username')} is queued again.")
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        mail = order_get(api, order_id).get("mail") or {"state": "waiting", "detail": "Nothing is known of it yet."}
        if mail["state"] != "waiting" or time.monotonic() > until:
            line("mail", f"{mail['state']}: {mail['detail']}" + (f" ({mail['reason']})" if mail.get("reason") else ""))
            return 0 if mail["state"] != "refused" else 1
        time.sleep(0.5)


def address_run(api, options):
    if options.action:
        print(f"seatlog order: {options.action} wants the id of an order, not an address", file=sys.stderr)
        return 2
    found = api.call("GET", "/operator/orders?" + urllib.parse.urlencode(
        {"username": options.what, "page": options.page, "per_page": 20}))
    if not found["orders"]:
        raise Wrong(f"{options.what} has no orders" + ("." if options.page == 1 else " on this page."))
    if len(found["orders"]) == 1 and options.page == 1:
        order_print(order_get(api, found["orders"][0]["order_id"]))
    else:
        orders_print(found["orders"], found["more"])
    return 0


def run(api, options):
    if "@" in options.what:
        return address_run(api, options)
    if options.action == "cancel":
        return order_cancel(api, options.what, options)
    if options.action == "resend":
        return order_resend(api, options.what)
    order_print(order_get(api, options.what))
    return 0


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, textwrap.fill(f"seatlog order: {message}", 80) + "\n./seatlog order --help says more\n")


def arguments_read():
    parser = Arguments(prog="seatlog order", add_help=False)
    parser.add_argument("what")
    parser.add_argument("action", nargs="?", choices=("cancel", "resend"))
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--page", type=int, default=1)
    parser.add_argument("--url", default=os.environ.get("ORDER_URL"))
    parser.add_argument("--token-file")
    words = sys.argv[1:]
    first = next((i for i, word in enumerate(words) if ID.fullmatch(word)), None)
    if first is not None:  # an id may begin with a dash, which argparse would take for an option
        words = words[:first] + words[first + 1:] + ["--", words[first]]
        action = [word for word in words if word in ("cancel", "resend")][:1]
        words = [word for word in words if word not in action] + action
    options = parser.parse_args(words)
    if "@" not in options.what and not ID.fullmatch(options.what):
        parser.error(f"{options.what} is neither the id of an order (43 characters, or a UUID) nor an address")
    return options


def main():
    options = arguments_read()
    api = Api(options.url)
    try:
        if options.token_file:
            with open(options.token_file, encoding="ascii") as file:
                api.token = file.read().strip()
        else:
            api.login(os.environ["ORDER_USERNAME"], os.environ["ORDER_PASSWORD"])
        try:
            status = run(api, options)
        finally:
            api.logout()
    except (Wrong, OSError) as wrong:
        print(f"seatlog order: {wrong}", file=sys.stderr)
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
