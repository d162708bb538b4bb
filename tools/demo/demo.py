#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, through HTTP as anybody would do it: sign up, search, reserve two seats, pay, get the mail
with both tickets, and check them as a door would, with nothing but the public key.

Python's standard library, and pdftoppm, zbarimg and openssl for what the tickets say. Every step is printed
with its time; the first one that goes wrong ends the demo with exit status 1.
"""
import argparse
import base64
import email
import email.policy
import json
import os
import secrets
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PENDING_SECONDS_MAX = 60
MAIL_SECONDS_MAX = 60
TICKET_OCTETS = 117
CLAIMS_OCTETS = 53
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
# An Ed25519 public key as SubjectPublicKeyInfo (RFC 8410) is this prefix and its 32 octets.
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


class Wrong(Exception):
    """A step did not come out as it must; the text says how."""


class Steps:
    """Prints each step with how long it took, and counts them."""

    def __init__(self):
        self.count = 0
        self.began = time.monotonic()

    def done(self, name, note=""):
        now = time.monotonic()
        self.count += 1
        print(f"  {now - self.began:6.2f} s  {name:<22} {note}".rstrip(), flush=True)
        self.began = now


class Api:
    """The HTTP API, with a login once there is one."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.token = None

    def send(self, method, path, body=None, headers=None):
        """Returns status, headers and octets of the answer."""
        request = urllib.request.Request(urllib.parse.urljoin(self.url + "/", path), method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.token is not None:
            request.add_header("Authorization", "Bearer " + self.token)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.status, answer.headers, answer.read()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise Wrong(f"{method} {path}: no answer from {self.url} ({error}). Is it up? ./seatlog status") from error

    def ask(self, method, path, body=None, wanted=(200,), headers=None):
        """One call; follows a 202 to what came of it. Returns the JSON."""
        until = time.monotonic() + PENDING_SECONDS_MAX
        status, answer_headers, octets = self.send(method, path, body, headers)
        while status == 202 and time.monotonic() < until:
            time.sleep(min(2.0, float(answer_headers.get("Retry-After", "1"))))
            path = answer_headers.get("Location", path)
            status, answer_headers, octets = self.send("GET", path)
        if status not in wanted and not (status == 200 and 201 in wanted):
            raise Wrong(f"{method} {path}: status {status}: {octets[:600].decode('utf-8', 'replace')}")
        return json.loads(octets) if octets else None


def money(minor, currency):
    return f"${minor / 100:,.2f}" if currency == "USD" else f"{minor} minor units of {currency}"


def seat_name(ticket):
    return f"{ticket['section']} {ticket['row']} {ticket['seat']}"


def neighbours_choose(event):
    """Two free seats side by side: the row nearest to the middle of the house, the pair nearest to the middle of it."""
    rows = {}
    for ticket in event["tickets"]:
        rows.setdefault((ticket["section"], ticket["row"]), []).append(ticket)
    pairs = []
    for number, row in enumerate(rows.values()):
        for place, (left, right) in enumerate(zip(row, row[1:])):
            if left["state"] == right["state"] == "free":
                pairs.append((abs(number - len(rows) / 2), abs(place + 1 - len(row) / 2), left, right))
    return min(pairs, key=lambda pair: pair[:2])[2:] if pairs else None


def show_choose(api, query, city):
    """The first of the shows found that has two free neighbours left."""
    parameters = urllib.parse.urlencode({"q": query, "city": city})
    found = api.ask("GET", f"/search?{parameters}")["events"]
    exact = [event for event in found if event["title"] == query and event["city"] == city]
    if not exact:
        raise Wrong(f"nothing called {query} in {city} among {len(found)} found")
    return found, exact


def seats_choose(api, shows):
    for show in shows:
        event = api.ask("GET", f"/events/{show['event_id']}")
        pair = neighbours_choose(event)
        if pair is not None:
            return event, pair
    raise Wrong("no two free seats side by side are left in any of the shows")


def mail_await(folder, address):
    """The mails to the address, once there is one; their files' paths."""
    until = time.monotonic() + MAIL_SECONDS_MAX
    while time.monotonic() < until:
        found = sorted(name for name in os.listdir(folder) if not name.startswith(".") and f"-{address}-" in name)
        if found:
            return [os.path.join(folder, name) for name in found]
        time.sleep(0.1)
    raise Wrong(f"no mail to {address} within {MAIL_SECONDS_MAX} s in {folder}. ./seatlog logs notifier")


def mail_read(path):
    """The message, and its PDF attachments as octets."""
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    pdfs = [part.get_content() for part in message.walk() if part.get_content_type() == "application/pdf"]
    if not pdfs:
        raise Wrong(f"no PDF in the mail {path}")
    return message, pdfs


def qr_codes_read(pdf_path):
    """What the QR codes of a PDF say, page by page."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["pdftoppm", "-r", "200", "-png", pdf_path, os.path.join(folder, "page")], check=True)
        codes = []
        for page in sorted(os.listdir(folder)):
            result = subprocess.run(
                ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", os.path.join(folder, page)],
                capture_output=True,
                text=True,
                check=False,
            )
            codes += [line for line in result.stdout.split("\n") if line]
        return codes


def base45_decode(text):
    """RFC 9285."""
    numbers = [BASE45.index(character) for character in text]
    octets = bytearray()
    for i in range(0, len(numbers), 3):
        group = numbers[i : i + 3]
        value = sum(number * 45**power for power, number in enumerate(group))
        octets += value.to_bytes(len(group) - 1, "big")
    return bytes(octets)


def signature_is_good(public_key, message, signature):
    """Ed25519, by openssl."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("key", "message", "signature")}
        for name, octets in (("key", ED25519_PREFIX + public_key), ("message", message), ("signature", signature)):
            with open(paths[name], "wb") as file:
                file.write(octets)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths["key"], "-rawin"]
        command += ["-in", paths["message"], "-sigfile", paths["signature"]]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def token_check(text, keys):
    """What a genuine ticket says: its ticket id, show id and seat. The layout is in ticketgen/README.md."""
    try:
        octets = base45_decode(text)
    except (ValueError, OverflowError):
        raise Wrong(f"the QR code is not base45: {text[:60]}") from None
    if len(octets) != TICKET_OCTETS:
        raise Wrong(f"the QR code holds {len(octets)} octets, {TICKET_OCTETS} are wanted")
    claims, signature = octets[:CLAIMS_OCTETS], octets[CLAIMS_OCTETS:]
    version, key_id, ticket_id, show_id, begins, ends, _, _, seat = struct.unpack(">B4s16s16sIIHHI", claims)
    if version != 1 or key_id.hex() not in keys:
        raise Wrong(f"version {version}, key {key_id.hex()}: not a ticket of this house")
    if not signature_is_good(keys[key_id.hex()], claims, signature):
        raise Wrong("the signature is not good")
    forged = bytearray(claims)
    forged[-1] ^= 1  # another seat
    if signature_is_good(keys[key_id.hex()], bytes(forged), signature):
        raise Wrong("a forged ticket would pass too")
    if not begins <= time.time() <= ends:
        raise Wrong("the ticket is not valid now")
    return str(uuid.UUID(bytes=ticket_id)), str(uuid.UUID(bytes=show_id)), str(seat)


def keys_read(api):
    keys = api.ask("GET", "/keys")["keys"]
    return {key["key_id"]: base64.urlsafe_b64decode(key["public_key"] + "==") for key in keys}


def tickets_await(api, order_id):
    """The order once its tickets are issued."""
    until = time.monotonic() + PENDING_SECONDS_MAX
    while time.monotonic() < until:
        order = api.ask("GET", f"/orders/{order_id}")
        if order["tickets"] and all("pdf" in ticket for ticket in order["tickets"]):
            return order
        time.sleep(0.1)
    raise Wrong(f"the order has no tickets after {PENDING_SECONDS_MAX} s. ./seatlog logs ticketgen indexer")


def sign_up_and_log_in(api, steps):
    address = f"demo-{secrets.token_hex(4)}@example.com"
    password = secrets.token_urlsafe(12)
    api.ask("POST", "/signup", {"username": address, "password": password, "location": "Chico"}, (201,))
    steps.done("sign up", address)
    api.token = api.ask("POST", "/login", {"username": address, "password": password})["token"]
    steps.done("log in")
    return address


def buy(api, steps, options):
    """Search, look, reserve, pay. Returns the event, the seats and the order id."""
    found, shows = show_choose(api, options.query, options.city)
    steps.done("search", f"{options.query} in {options.city}: {len(found)} found, {len(shows)} of that very name")
    event, seats = seats_choose(api, shows)
    steps.done(
        "look at the seats",
        f"{event['venue']}, {event['starts_at_local'][:16].replace('T', ' ')}, {event['available']} places free",
    )
    reservation = api.ask(
        "POST",
        "/reserve",
        {"event_id": event["event_id"], "ticket_ids": [seat["id"] for seat in seats]},
        (201,),
        {"Idempotency-Key": secrets.token_hex(8)},
    )
    if reservation["state"] != "held" or reservation["total_minor"] != sum(seat["price_minor"] for seat in seats):
        raise Wrong(f"the reservation is not what was asked for: {reservation}")
    steps.done(
        "reserve two seats",
        f"{', '.join(seat_name(seat) for seat in seats)}: "
        f"{money(reservation['total_minor'], reservation['currency'])}, held until {reservation['expires_at']}",
    )
    order = api.ask(
        "POST",
        "/book",
        {"reservation_id": reservation["reservation_id"], "source_id": "cnon:card-nonce-ok"},
        headers={"Prefer": "wait=30"},
    )
    if order["state"] != "sold":
        raise Wrong(f"the order is {order['state']}, not sold")
    steps.done("pay", f"sold, order {order['order_id']}")
    return event, seats, order["order_id"]


def tickets_take(api, steps, options, address, event, seats, order_id):
    """The mail, its PDFs and their QR codes. Returns how many tickets are good."""
    order = tickets_await(api, order_id)
    steps.done("tickets issued", ", ".join(ticket["ticket_id"] for ticket in order["tickets"]))
    mails = mail_await(options.mails, address)
    message, pdfs = mail_read(mails[0])
    steps.done("mail received", f"“{message['Subject']}”, {len(pdfs)} PDF")

    folder = os.path.join(options.folder, order_id)
    os.makedirs(folder, exist_ok=True)
    with open(mails[0], "rb") as source, open(os.path.join(folder, "mail.eml"), "wb") as target:
        target.write(source.read())
    codes = []
    for number, pdf in enumerate(pdfs, 1):
        path = os.path.join(folder, f"ticket-{number}.pdf")
        with open(path, "wb") as file:
            file.write(pdf)
        codes += qr_codes_read(path)
    steps.done("mail and PDF saved", folder)

    keys = keys_read(api)
    checked = [token_check(code, keys) for code in codes]
    wanted = {(ticket["ticket_id"], event["event_id"], ticket["id"]) for ticket in order["tickets"]}
    if set(checked) != wanted or len(checked) != len(seats):
        raise Wrong(f"the QR codes say {checked}, the order says {sorted(wanted)}")
    steps.done("QR codes checked", f"{len(checked)} signatures good, forged ones refused")

    for ticket in order["tickets"]:
        status, _, octets = api.send("GET", ticket["pdf"], headers={"Prefer": "wait=10"})
        if status != 200 or not octets.startswith(b"%PDF"):
            raise Wrong(f"GET {ticket['pdf']}: status {status}")
    steps.done("tickets downloaded", f"{len(order['tickets'])} PDF")
    return len(checked)


def seats_are_sold(api, steps, event, seats):
    """The seat map says so too, within a moment."""
    until = time.monotonic() + PENDING_SECONDS_MAX
    wanted = {seat["id"] for seat in seats}
    while time.monotonic() < until:
        tickets = api.ask("GET", f"/events/{event['event_id']}")["tickets"]
        if all(ticket["state"] == "sold" for ticket in tickets if ticket["id"] in wanted):
            steps.done("seat map", "both seats are sold")
            return
        time.sleep(0.1)
    raise Wrong("the seat map still does not say that the seats are sold")


def run(options):
    api, steps = Api(options.url), Steps()
    address = sign_up_and_log_in(api, steps)
    event, seats, order_id = buy(api, steps, options)
    count = tickets_take(api, steps, options, address, event, seats, order_id)
    seats_are_sold(api, steps, event, seats)
    mails = mail_await(options.mails, address)
    if len(mails) != 1:
        raise Wrong(f"{len(mails)} mails came, one was to come")
    if api.send("POST", "/logout")[0] != 204 or api.send("GET", "/orders")[0] != 401:
        raise Wrong("logged out, but the token still works")
    steps.done("log out", "the token is worth nothing any more")
    print(f"demo: ok, {steps.count} steps, order {order_id}, {count} tickets")


def main():
    arguments = argparse.ArgumentParser(description="The main job of Seatlog, through HTTP.")
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--mails", required=True, help="folder of the mail catcher")
    arguments.add_argument("--folder", required=True, help="where mail and tickets are saved")
    arguments.add_argument("--query", default="Ghost")
    arguments.add_argument("--city", default="Chico")
    options = arguments.parse_args()
    try:
        run(options)
    except Wrong as wrong:
        print(f"demo: failed: {wrong}", file=sys.stderr)
        sys.exit(1)
    except (KeyError, json.JSONDecodeError, OSError) as error:
        print(f"demo: failed: an answer is not as the contract says: {error!r}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
