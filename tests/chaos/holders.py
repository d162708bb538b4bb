# SPDX-License-Identifier: Apache-2.0
"""
People who hold seats, ask again and let go, over and over, on few seats. Every call is written down with the moments
of its call and its answer, an answer that says nothing (202, 5xx, none) as unknown: a history, whose linearizability
programs/linear judges. Nobody pays here: what a provider does comes at a time of its own.
"""

import base64
import collections
import hashlib
import itertools
import json
import secrets
import subprocess
import time
import uuid

import requests

from crowd import Client, People

SEATS = 6  # of a show, that they are after
WAIT_SECONDS, PATIENCE_SECONDS = 1, 1.5
TRIES_MAX = 2000
VISITS_MAX = 50  # of a buyer to a show: of 64 that are known there, what was released counts too


def public_id(show_id, reservation):
    return base64.urlsafe_b64encode(uuid.UUID(show_id).bytes + reservation.bytes).decode().rstrip("=")


def reservation_of(told):
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(told + "=")[16:]))


def reservation_id(show_id, buyer_id, key):
    """UUID version 5 of the show, the buyer and the key; uuid5 takes names that are text only."""
    digest = hashlib.sha1(uuid.UUID(show_id).bytes + buyer_id.bytes + key.encode()).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def answer_read(answer):
    """(what it says, the reservation that it tells of, the seats that it says are taken)"""
    if answer is None or answer.status_code in (202, 429) or answer.status_code >= 500:
        return "unknown", "", []
    body = answer.json()
    if answer.status_code in (200, 201):
        return body["state"], reservation_of(body["reservation_id"]), []
    problem = body["type"].rpartition(":")[2]
    if problem == "seats-taken":
        return "taken", "", [int(seat["id"]) for seat in body["taken"]]
    return {"buyer-limit": "limit", "not-found": "missing"}.get(problem, f"{answer.status_code} {problem}"), "", []


class Holders(People):
    WHO = "a holder"

    def __init__(self, ports, shows, count, seed, pause):
        super().__init__([Client(ports, f"{seed}-holder-{number}") for number in range(count)], shows, pause)
        self.ports, self.seed = ports, seed
        self.numbers = itertools.count(count)
        self.buyers = list(range(count))  # of each client's account, in the history
        self.visits = [collections.Counter() for _ in range(count)]
        self.calls = []

    def unknown(self):
        return sum(call["answer"] == "unknown" for call in self.calls)

    def call(self, number, call, method, path, body, key):
        """One try; what it said."""
        client = self.clients[number]
        port = client.random.choice(client.ports)
        began = time.monotonic_ns()
        try:
            answer = client.session.request(
                method, f"http://127.0.0.1:{port}{path}", json=body, timeout=(0.5, PATIENCE_SECONDS),
                headers={"Prefer": f"wait={WAIT_SECONDS}", "Idempotency-Key": key})
        except requests.RequestException:
            answer = None
        ended = time.monotonic_ns()
        said, told, taken = answer_read(answer)
        with self.lock:
            self.calls.append({**call, "buyer": self.buyers[number], "call": began, "return": ended, "answer": said,
                               "as": told, "taken": taken})
        return said

    def until_known(self, number, *call):
        """Asked again under its key until there is an answer, so that what was unknown becomes known soon; what it is,
        and after how many tries."""
        said, tries = "unknown", 0
        while said == "unknown" and tries < TRIES_MAX and not (tries and self.over.is_set()):
            if tries:
                time.sleep(self.clients[number].random.uniform(0.2, 0.6))
            said, tries = self.call(number, *call), tries + 1
        return said, tries

    def visit(self, number):
        client = self.clients[number]
        show_id, key = client.random.choice(self.shows), secrets.token_hex(8)
        self.visits[number][show_id] += 1
        seats = sorted(client.random.sample(range(SEATS), client.random.randint(1, 3)))
        reservation = reservation_id(show_id, client.user_id, key)
        path = f"/reservations/{public_id(show_id, reservation)}"
        wish = {"event_id": show_id, "ticket_ids": [str(seat) for seat in seats]}
        about = {"show": show_id, "reservation": str(reservation), "seats": seats}
        reserve = ({**about, "op": "reserve"}, "POST", "/reserve", wish, key)
        said, tries = self.until_known(number, *reserve)
        if said == "held":
            time.sleep(client.random.uniform(0, 4 * self.pause))
            if client.random.random() < 0.2:
                self.until_known(number, *reserve)
        # What was refused may be held all the same, by a try whose answer got lost.
        if said == "held" or tries > 1:
            self.until_known(number, {**about, "op": "release"}, "DELETE", path, None, secrets.token_hex(8))
            if client.random.random() < 0.1:
                self.until_known(number, *reserve)

    def renew(self, number):
        """Somebody else takes this one's place."""
        buyer = next(self.numbers)
        self.clients[number] = Client(self.ports, f"{self.seed}-holder-{buyer}").join()
        self.buyers[number], self.visits[number] = buyer, collections.Counter()

    def live(self, number):
        while not self.over.is_set():
            self.visit(number)
            if max(self.visits[number].values()) >= VISITS_MAX:
                self.renew(number)
            time.sleep(self.clients[number].random.uniform(0, 2 * self.pause))

    def judge(self, program, limit, file, seconds):
        """(whether all of it was good, what the judge printed); the history is kept in the file."""
        with open(file, "w", encoding="ascii") as history:
            for call in self.calls:
                history.write(json.dumps(call) + "\n")
        with open(file, encoding="ascii") as history:
            judged = subprocess.run([program, str(limit), str(seconds)], stdin=history, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
        return judged.returncode == 0, judged.stdout
