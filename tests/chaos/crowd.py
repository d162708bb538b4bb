# SPDX-License-Identifier: Apache-2.0
"""
Buyers and cancellers at a steady rate through HTTP, whatever happens to the servers. Each keeps notes: what was
asked, under which reservation, and what was answered. No answer is no note; the same key is asked again.
"""

import random
import secrets
import threading
import time
import uuid

import requests

REQUEST_SECONDS = 12
TRIES_MAX = 400
ASKED_AGAIN_MAX = 400
REMEMBERED_SECONDS = 3000  # what expired unpaid is forgotten after an hour, and then its key is new


class Note:
    """What was asked, about which reservation, and the answer; request: who asked, what for, under which key."""

    def __init__(self, what, show_id, reservation, answer, request=None):
        self.what, self.show_id, self.reservation = what, show_id, reservation
        self.status, self.request = answer.status_code, request
        self.at = time.monotonic()


class Client:
    """One account, asking any instance until there is an answer."""

    def __init__(self, ports, seed):
        self.ports = ports
        self.random = random.Random(seed)
        self.session = requests.Session()
        self.unanswered = 0
        self.user_id = None

    def ask(self, method, path, body=None, key=None, wait=8, stop=lambda: False):
        """The first answer that says something: not 429 or 5xx. None when stopped before."""
        headers = {"Prefer": f"wait={wait}"}
        if key:
            headers["Idempotency-Key"] = key
        for _ in range(TRIES_MAX):
            port = self.random.choice(self.ports)
            try:
                answer = self.session.request(method, f"http://127.0.0.1:{port}{path}", json=body, headers=headers,
                                              timeout=(2, REQUEST_SECONDS))
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            except requests.RequestException:
                self.unanswered += 1
            if stop():
                return None
            time.sleep(self.random.uniform(0.1, 0.5))
        return None

    def join(self):
        name = f"chaos-{secrets.token_hex(6)}@example.com"
        body = {"username": name, "password": "correct horse battery"}
        made = self.ask("POST", "/signup", body)
        assert made is not None and made.status_code in (201, 409), made and made.text
        login = self.ask("POST", "/login", body)
        assert login is not None and login.status_code == 200, login and login.text
        self.session.headers["Authorization"] = f"Bearer {login.json()['token']}"
        self.user_id = uuid.UUID(login.json()["user_id"])
        return self


class People:
    """Clients that live side by side, each in a thread of its own, until they are over."""
    WHO = "somebody"

    def __init__(self, clients, shows, pause):
        self.clients, self.shows, self.pause = clients, shows, pause
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.live, args=(number,), daemon=True)
                        for number in range(len(clients))]

    def live(self, number):
        raise NotImplementedError

    def start(self):
        for client in self.clients:
            client.join()
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Everybody finishes what is under way."""
        self.over.set()
        for thread in self.threads:
            thread.join(300)
        assert not any(thread.is_alive() for thread in self.threads), f"{self.WHO} still waits for an answer"


class Crowd(People):
    WHO = "a buyer"

    def __init__(self, ports, shows, buyers, seed, pause):
        super().__init__([Client(ports, f"{seed}-{number}") for number in range(buyers)], shows, pause)
        self.notes = []

    def note(self, what, show_id, reservation, answer, request=None):
        with self.lock:
            self.notes.append(Note(what, show_id, reservation, answer, request))

    def ask_again(self):
        """A request under the same key is the same reservation; how many were asked, and what is not, as sentences."""
        remembered = time.monotonic() - REMEMBERED_SECONDS
        notes = [note for note in self.notes if note.request and note.status in (200, 201) and note.at > remembered]
        asked = random.Random(0).sample(notes, min(len(notes), ASKED_AGAIN_MAX))
        wrong = []
        for note in asked:
            client, wish, key = note.request
            answer = client.ask("POST", "/reserve", wish, key=key)
            told = answer.json().get("reservation_id") if answer is not None and answer.ok else None
            if told != note.reservation:
                wrong.append(f"asked again under its key, {note.reservation} is answered "
                             f"{answer.status_code if answer is not None else 'nothing'} {told}")
        return len(asked), wrong

    def live(self, number):
        client = self.clients[number]
        while not self.over.is_set():
            self.visit(client)
            time.sleep(client.random.uniform(0, 2 * self.pause))

    def visit(self, client):
        """One visit: hold seats, then mostly pay, sometimes think better of it."""
        dice = client.random
        show_id = dice.choice(self.shows)
        wish = {"event_id": show_id}
        if dice.random() < 0.7:
            wish["ticket_ids"] = [str(seat) for seat in dice.sample(range(200), dice.randint(1, 3))]
        else:
            wish["best_available"] = {"quantity": dice.randint(1, 3)}
        key = secrets.token_hex(8)
        answer = client.ask("POST", "/reserve", wish, key=key)
        if answer is None:
            return
        body = answer.json()
        reservation = body.get("reservation_id")
        self.note("reserve", show_id, reservation, answer, (client, wish, key))
        if answer.status_code == 202:
            answer = self.follow(client, reservation)
            self.note("reserve", show_id, reservation, answer) if answer is not None else None
        if answer is None or answer.status_code not in (200, 201):
            return
        fate = dice.random()
        if fate < 0.1:
            return  # forgets about it
        if fate < 0.2:
            self.act(client, "release", show_id, reservation, "DELETE", f"/reservations/{reservation}")
            return
        self.pay(client, show_id, reservation)

    def follow(self, client, reservation):
        """Asks how it stands until it is decided."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            answer = client.ask("GET", f"/reservations/{reservation}")
            if answer is None or answer.status_code != 202:
                return answer
            time.sleep(0.5)
        return None

    def act(self, client, what, show_id, reservation, method, path, body=None):
        answer = client.ask(method, path, body, key=secrets.token_hex(8))
        if answer is not None:
            self.note(what, show_id, reservation, answer)
        return answer

    def pay(self, client, show_id, reservation):
        sources = ["cnon:card-nonce-ok"]
        if client.random.random() < 0.15:
            sources.insert(0, "cnon:card-nonce-declined")
        for source in sources:
            body = {"reservation_id": reservation, "source_id": source}
            answer = self.act(client, "book", show_id, reservation, "POST", "/book", body)
            if answer is not None and answer.status_code == 200 and client.random.random() < 0.2:
                self.act(client, "cancel", show_id, reservation, "POST", f"/orders/{reservation}/cancel")


class Probe:
    """Holds a seat and lets it go, over and over: when was there an answer?"""

    def __init__(self, ports, show_id, seed):
        self.client, self.show_id = Client(ports, f"{seed}-probe"), show_id
        self.answers = []  # monotonic times
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.live, daemon=True)

    def start(self):
        self.client.join()
        self.thread.start()

    def live(self):
        while not self.over.is_set():
            port = self.client.random.choice(self.client.ports)
            url = f"http://127.0.0.1:{port}"
            try:
                answer = self.client.session.post(f"{url}/reserve", json={"event_id": self.show_id,
                                                                          "best_available": {"quantity": 1}},
                                                  headers={"Prefer": "wait=1"}, timeout=(0.5, 1.5))
                if answer.status_code in (201, 409):
                    self.answers.append(time.monotonic())
                if answer.status_code == 201:
                    self.client.session.delete(f"{url}/reservations/{answer.json()['reservation_id']}",
                                               headers={"Prefer": "wait=1"}, timeout=(0.5, 1.5))
            except requests.RequestException:
                pass
            time.sleep(0.1)

    def recovery(self, applied):
        """
        The longest time without an answer from a fault on; None while there was no answer lately. What nobody
        notices counts as the time between two answers.
        """
        answers = list(self.answers)
        if not answers or answers[-1] < time.monotonic() - 1:
            return None
        first = next((index for index, at in enumerate(answers) if at > applied), None)
        if first is None:
            return None
        points = [answers[first - 1] if first > 0 else applied, *answers[first:]]
        return max(later - earlier for earlier, later in zip(points, points[1:]))
