# SPDX-License-Identifier: Apache-2.0
"""Makes requests that the contract's schemas allow acceptable where a rule of Seatlog is none of JSON Schema's.

Each function says which rule it is. What keeps the rule already is left as it was generated, and nothing here touches a
request that breaks the contract: those must be refused as they are.
"""

import base64
import datetime
import json
import re
import time
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib

BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs that are drawn as nothing
CURRENCIES = ["AUD", "CAD", "EUR", "GBP", "JPY", "USD"]
ZONES = {"Asia/Kolkata": "+05:30", "Etc/UTC": "Z", "America/Los_Angeles": "Z", "Asia/Calcutta": "+05:30"}
PLACES_MAX, ROWS_MAX = 60000, 4096


def chosen(text, options):
    """One of the options: always the same one for this text."""
    return options[zlib.crc32(str(text).encode("utf-8", "replace")) % len(options)]


def seen(character):
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK


def text_fit(text, size_max, needed, paragraph=False):
    """Texts that people see (schemas/text/text_check.h): Unicode's categories, and a length in bytes."""
    kept = ""
    for character in unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")):
        mark = unicodedata.category(character) in ("Mn", "Mc") and unicodedata.combining(character) > 0
        if seen(character) or unicodedata.category(character) == "Zs" or (paragraph and character in "\n\t"):
            kept += character
        elif mark and kept and seen(kept[-1]):
            kept += character
    kept = unicodedata.normalize("NFC", kept)
    while len(kept.encode()) > size_max:
        kept = kept[:-1]
    visible = any(seen(character) for character in kept)
    if kept.strip() and not visible or needed and not visible:
        return "x"
    return kept if kept.strip() else ""


def unique(text, used, size_max):
    """Names and labels are unique, as they are compared: without blanks around them."""
    name = text.strip()
    number = 0
    while name in used:
        number += 1
        name = str(number)[:size_max]
    used.add(name)
    return text if text.strip() == name else name


def field_fit(value, name, size_max, needed=False, paragraph=False):
    if isinstance(value.get(name), str):
        value[name] = text_fit(value[name], size_max, needed, paragraph)


def signup(body):
    """Addresses that mail can reach, and a password that is counted in NFC."""
    if not re.fullmatch(r"[A-Za-z0-9]+@(?:[a-z0-9]{1,63}\.)+[a-z]{2,30}", body["username"]):
        body["username"] = f"p{zlib.crc32(body['username'].encode('utf-8', 'replace')):08x}@example.com"
    if not 8 <= len(unicodedata.normalize("NFC", body["password"])) <= 256:
        body["password"] = "correct horse battery"
    field_fit(body, "location", 400)


def api_key(body):
    field_fit(body, "name", 100, needed=True)


def event_cancel(body):
    field_fit(body, "reason", 4000, paragraph=True)


def times_fit(body):
    """A future start, an end within 31 days after it, a zone of the IANA database whose offset the times have."""
    zone = chosen(body["time_zone"], sorted(ZONES))
    offset = ZONES[zone]
    start = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(
        days=1 + zlib.crc32(body["starts_at"].encode()) % 3600)
    end = start + datetime.timedelta(minutes=1 + zlib.crc32(body["ends_at"].encode()) % (31 * 1440 - 1))
    shift = datetime.timedelta(hours=5, minutes=30) if offset != "Z" else datetime.timedelta()
    body["time_zone"] = zone
    body["starts_at"], body["ends_at"] = ((time + shift).strftime("%Y-%m-%dT%H:%M:%S") + offset
                                          for time in (start, end))


def row_fit(row, labels, places_left):
    row["label"] = unique(text_fit(row["label"], 16, True), labels, 16)
    if isinstance(row["seats"], list):
        used = set()
        row["seats"] = [unique(text_fit(label, 16, True), used, 16) for label in row["seats"][:places_left]]
        return len(row["seats"])
    row["seats"] = min(int(row["seats"]), places_left)
    return row["seats"]


def section_fit(section, names, categories, room):
    """Names that occur once, categories that there are, and no more rows and places than an event may have."""
    section["name"] = unique(text_fit(section["name"], 80, True), names, 80)
    section["category"] = chosen(section["category"], categories)
    if "capacity" in section:
        section["capacity"] = min(int(section["capacity"]), room["places"])
        room["places"] -= section["capacity"]
        return
    rows, labels = [], set()
    for row in section["rows"]:
        if room["places"] > 0 and room["rows"] > 0:
            room["places"] -= row_fit(row, labels, room["places"])
            room["rows"] -= 1
            rows.append(row)
    section["rows"] = rows


def event(body):
    for name, size_max in {"title": 200, "venue": 200, "city": 100}.items():
        field_fit(body, name, size_max, needed=True)
    field_fit(body, "region", 100)
    field_fit(body, "description", 4000, paragraph=True)
    times_fit(body)
    if body["currency"] not in CURRENCIES:  # those that the payment provider takes
        body["currency"] = chosen(body["currency"], CURRENCIES)
    used = set()
    for category in body["categories"]:
        category["name"] = unique(text_fit(category["name"], 80, True), used, 80)
    names, room = set(), {"places": PLACES_MAX, "rows": ROWS_MAX}
    sections = []
    for section in body["sections"]:
        if room["places"] > 0 and room["rows"] > 0:
            section_fit(section, names, [category["name"] for category in body["categories"]], room)
            sections.append(section)
    body["sections"] = sections


def reserve(body, show):
    """Seats, sections and categories that the event has; show is None where there is no such event."""
    for part in (body, body.get("best_available") or {}):
        for name in ("section", "category"):
            field_fit(part, name, 80, needed=True)
    if show is None:
        return
    ids = [ticket["id"] for ticket in show["tickets"]]
    general = [section["name"] for section in show["sections"] if section["kind"] == "general"]
    seated = [section for section in show["sections"] if section["kind"] == "seated"]
    quantity = int(body.get("quantity") or (body.get("best_available") or {}).get("quantity") or 1)
    first = str(body.get("ticket_ids") or body.get("section") or quantity)
    event_id = body["event_id"]
    body.clear()
    body["event_id"] = event_id
    if general and (not ids or zlib.crc32(first.encode("utf-8", "replace")) % 3 == 0):
        body.update(section=chosen(first, general), quantity=quantity)
    elif zlib.crc32(first.encode("utf-8", "replace")) % 2:
        body["ticket_ids"] = [chosen(first, ids)]
    else:
        section = chosen(first, seated)
        body["best_available"] = {"quantity": quantity, "section": section["name"], "category": section["category"]}


def day_fit(text):
    """A day that the month has, no leap second, nothing before 1970 in UTC."""
    text = re.sub(r"-(29|30|31)(?=[Tt ]|$)", "-28", text)
    text = re.sub(r"^1970-01-01", "1970-01-03", text)
    return re.sub(r":60", ":59", text)


def search(query):
    """`to` is not before `from`, and days exist."""
    for name in ("from", "to"):
        if isinstance(query.get(name), str):
            query[name] = day_fit(query[name])
    if query.get("from") and query.get("to"):
        query["to"] = "9999-12-28"
        if query["from"].startswith("9999"):
            query["from"] = "2030" + query["from"][4:]


def partition_of(key, count):
    """Kafka's partition of a key (murmur2)."""
    data, mask, size = key.encode(), 0xFFFFFFFF, len(key)
    value = (0x9747B28C ^ size) & mask
    for at in range(0, size - size % 4, 4):
        word = int.from_bytes(data[at:at + 4], "little") * 0x5BD1E995 & mask
        word = (word ^ word >> 24) * 0x5BD1E995 & mask
        value = value * 0x5BD1E995 & mask ^ word
    rest = data[size - size % 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    value = (value ^ value >> 13) * 0x5BD1E995 & mask
    return ((value ^ value >> 15) & 0x7FFFFFFF) % count


def after_fit(path, count):
    """A place on the log of this event's partition that is decided: an invented one would be waited for."""
    if "event_id" in path:
        key = str(path["event_id"])
    else:
        text = str(path.get("order_id") or path.get("reservation_id"))
        if len(text) != 43:
            return None
        key = base64.urlsafe_b64decode(text + "=")[:16].hex()
    try:
        return f"{partition_of(str(uuid.UUID(key)), count)}-0"
    except ValueError:
        return None


def show_of(url, token, event_id, known):
    """The event as GET /events/{event_id} answers, None where there is none. 202: it is still on its way."""
    request = urllib.request.Request(f"{url}/events/{urllib.parse.quote(event_id, safe='')}",
                                     headers={"Authorization": f"Bearer {token}"} if token else {})
    until = time.monotonic() + 60
    while event_id not in known and time.monotonic() < until:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                if answer.status == 200:
                    known[event_id] = json.load(answer)
        except urllib.error.HTTPError:
            return None
    return known.get(event_id)
