# SPDX-License-Identifier: Apache-2.0
"""Events with texts of every kind, written straight to the log as an older Seatlog would have: chained, and in order.

Nothing decides here: what the core of logic versions 1 and 2 took (all but control characters and DEL) is in logs that
exist, and every consumer must get on with it. Seeded: the same seed makes the same records.
"""

import hashlib
import io
import json
import pathlib
import random
import sys
import unicodedata
import uuid

import fastavro

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES_PER_CATEGORY = 40
DAY_MS = 86400_000

# What is more than single characters: combining sequences, emoji, directions, and what is no character at all.
SEQUENCES = {
    "combining": ["e\u0301\u0323\u0308", "a" + "\u0300" * 12, "\u0301", "क्षि", "กำ้", "각"],
    "emoji": ["🎉", "👨‍👩‍👧‍👦", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "1️⃣", "❤️"],
    "flags": ["🇯🇵", "🇺🇸", "🇺", "🇿🇿🇿"],
    "bidi": ["שלום", "مرحبا", "\u202eabc", "\u2066abc", "abc\u2069", "a\u200fb", "עברית 123 (x)"],
    "cjk": ["道德", "朗読劇", "한국어", "𠮷野家", "ｶﾞ", "々〆"],
    "noncharacters": ["\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe", "\U0010ffff"],
    "invisible": ["\u200b\u200b", "   ", "\u3000", "\u00ad", "\u2060", "\u180e", "\u115f", "\u3164"],
    "separators": ["\u2028", "\u2029", "\u0085", "\u00a0"],
    "markup": ["<b>&amp;</b>", "\"'\\", "%s%n", "{{7*7}}", "'; DROP TABLE x; --", "$1", "=1+1", "]]>", "&#0;",
               "\\u0000"],
    "four bytes": ["𐍈", "𝔘𝔫𝔦", "\U0001f600", "\U000e0041", "\U00040000"],
    "plain": ["Hamlet", "Sold out!", "A", "Ünïcödé"],
}


def classes():
    """Name and characters of each class of text."""
    found = {}
    for number in range(0x20, sys.maxunicode + 1):
        category = unicodedata.category(chr(number))
        if category != "Cs" and number != 0x7f:
            found.setdefault(category, []).append(chr(number))
    pick = random.Random(1)
    made = {category: pick.sample(chars, min(SAMPLES_PER_CATEGORY, len(chars))) for category, chars in found.items()}
    return {**made, **SEQUENCES}


class Writer:
    """Texts of one class, each within so many bytes."""

    def __init__(self, rng, characters):
        self.rng, self.characters = rng, characters

    def text(self, bytes_max, empty=False, unique=""):
        """`unique` is put behind it, so that labels of a row differ."""
        how = self.rng.choice(["one", "few", "full"] + (["none"] if empty else []))
        made, room = "", bytes_max - len(unique.encode())
        for _ in range({"none": 0, "one": 1, "few": self.rng.randint(2, 6), "full": bytes_max}[how]):
            piece = self.rng.choice(self.characters)
            if len((made + piece).encode()) > room:
                break
            made += piece
        return made + unique if made + unique or empty else "x"


class Codec:
    """Values in the Confluent wire format, by version 1 of each schema, as it stands in the tree."""

    def __init__(self):
        self.schemas = {}
        for line in (ROOT / "schemas/ids.tsv").read_text().splitlines():
            if line.startswith("#"):
                continue
            number, subject, version, file, _ = line.split("\t")
            if version == "1" and file.startswith("events/"):
                parsed = fastavro.parse_schema(json.loads((ROOT / "schemas" / file).read_text()))
                self.schemas[subject.rsplit(".", 1)[1]] = (int(number), parsed)

    def encode(self, kind, record):
        number, schema = self.schemas[kind]
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        return b"\0" + number.to_bytes(4, "big") + out.getvalue()


class Show:
    """The events of one show: `add` chains them."""

    def __init__(self, codec, rng, writer, buyer_id, now_ms):
        self.codec, self.rng, self.writer, self.buyer_id, self.now_ms = codec, rng, writer, buyer_id, now_ms
        self.show_id = self.uuid()
        self.owner_id = self.uuid()
        self.hash, self.seq, self.values = bytes(32), 0, []
        starts = now_ms + 30 * DAY_MS
        self.summary = {"title": writer.text(200), "venue": writer.text(200), "city": writer.text(100),
                        "starts_at": starts, "ends_at": starts + 7200_000, "time_zone": "America/Los_Angeles"}
        self.section, self.category = writer.text(40), writer.text(40)
        self.row = writer.text(16)
        self.labels = [writer.text(16, unique=str(number)) for number in range(4)]
        self.orders, self.called_off = [], False

    def uuid(self):
        return uuid.UUID(int=self.rng.getrandbits(128), version=4).bytes

    def add(self, kind, **fields):
        counted = kind not in ("Refused", "Rejected", "Noted", "Undecodable")
        self.seq += counted
        head = {"hash": bytes(32), "show_id": self.show_id, "seq": self.seq if counted else 0, "at": self.now_ms,
                "owner_id": self.owner_id, "command_id": self.uuid(), "command_offset": 1 << 40,
                "command_hash": self.rng.randbytes(32), "logic_version": 2}
        wire = bytearray(self.codec.encode(kind, {"head": head, **fields}))
        wire[5:37] = hashlib.blake2b(self.hash + bytes(wire[:5]) + bytes(wire[37:]), digest_size=32).digest()
        self.hash = bytes(wire[5:37])
        self.values.append(bytes(wire))

    def place(self, seat):
        return {"seat": seat, "section_index": 0, "section": self.section, "row": self.row, "label": self.labels[seat],
                "category": self.category, "price_minor": 2500}

    def create(self):
        show = {**self.summary, "type": "THEATRE", "description": self.writer.text(1000, empty=True),
                "region": self.writer.text(100, empty=True), "country": "US", "currency": "USD", "hold_ttl_ms": 600_000,
                "seats_per_buyer_max": 10, "categories": [{"name": self.category, "price_minor": 2500}],
                "sections": [{"name": self.section, "category": 0, "kind": "SEATED", "capacity": 0,
                              "rows": [{"label": self.row, "seats": self.labels}]}]}
        self.add("ShowCreated", show=show)

    def who(self):
        return {"reservation_id": self.uuid(), "buyer_id": self.buyer_id}

    def reserve(self, who, seats):
        self.add("Reserved", **who, selection="NAMED", seats=seats, section=-1, category=-1, quantity=len(seats),
                 total_minor=2500 * len(seats), currency="USD", expires_at=self.now_ms + 600_000)

    def money(self, code_max=0, **more):
        return {"amount_minor": 2500, "currency": "USD", **({"code": self.writer.text(code_max)} if code_max else {}),
                **more}

    def sell(self, seats):
        who = self.who()
        self.reserve(who, seats)
        self.add("Sold", **who, attempt=1, payment_id=self.writer.text(190), **self.money(), summary=self.summary,
                 places=[self.place(seat) for seat in seats])
        self.orders.append(str(uuid.UUID(bytes=who["reservation_id"])))
        return who

    def refuse(self):
        """A reservation that comes to nothing, with all that may be said on the way."""
        who = self.who()
        self.reserve(who, [2])
        for attempt in range(1, 17):
            self.add("PaymentDeclined", **who, attempt=attempt, code=self.writer.text(64, empty=True), state="HELD",
                     attempts_left=16 - attempt, expires_at=self.now_ms + 600_000)
            self.add("Noted", command="PAY", **who, view={
                "state": "HELD", "selection": "NAMED", "seats": [2], "section": -1, "quantity": 1, "total_minor": 2500,
                "currency": "USD", "expires_at": self.now_ms, "attempt": attempt,
                "code": self.writer.text(64, empty=True)})
            self.add("Refused", command="RESERVE", **who, reason="SEATS_TAKEN", seats=[0], state="NONE")
            self.add("Rejected", command="RESERVE", reservation_id=who["reservation_id"], reason="NO_SUCH_SHOW")
        self.add("Undecodable", reason=self.writer.text(200))
        self.add("Released", **who, reason="BUYER", seats=[2], section=-1, quantity=1)

    def pay(self):
        """What makes payment call the provider, which knows none of it."""
        who = self.who()
        self.reserve(who, [3])
        self.add("PaymentRequested", **who, attempt=1, **self.money(), source_id=self.writer.text(255),
                 expires_at=self.now_ms + 600_000)
        self.add("Secured", **who, attempt=1, payment_id=self.writer.text(190), **self.money(), reseated=False,
                 seats=[3],
                 section=-1, quantity=1)
        self.add("CaptureFailed", **who, attempt=1, payment_id=self.writer.text(190), **self.money(64),
                 summary=self.summary, places=[self.place(3)])

    def call_off(self, who):
        """The show with its order: money goes back, or does not."""
        self.called_off = True
        self.add("ShowCancelled", summary=self.summary, reason=self.writer.text(1000, empty=True))
        self.add("OrderCancelled", **who, reason="SHOW_CANCELLED", payment_id=self.writer.text(190), **self.money(),
                 summary=self.summary, places=[self.place(0)])
        self.add("RefundRequested", **who, refund_attempt=1, attempt=1, payment_id=self.writer.text(190),
                 **self.money(),
                 state="REFUNDING")
        self.add("RefundFailed", **who, refund_attempt=1, refund_id=self.writer.text(190), **self.money(64),
                 state="REFUND_FAILED", summary=self.summary, places=[self.place(0)])
        self.add("ShowClosed")


def shows(seed, count, buyer_id, now_ms):
    """So many shows, the classes of text in turn."""
    rng, codec = random.Random(seed), Codec()
    kinds = list(classes().items())
    made = []
    for number in range(count):
        name, characters = kinds[number % len(kinds)]
        show = Show(codec, rng, Writer(rng, characters), buyer_id, now_ms)
        show.kind = name
        show.create()
        sold = show.sell([0])
        show.refuse()
        if number % 5 == 0:
            show.pay()
        if number % 5 == 1:
            show.call_off(sold)
        made.append(show)
    return made
