# SPDX-License-Identifier: Apache-2.0
"""An auditor decides everything again that the other tests have led to."""

import concurrent.futures
import hashlib
import re
import struct
import threading
import uuid

import pytest
import requests

from clients import eventually

pytestmark = pytest.mark.last(3)  # when all the others have left their traces
HEAD = struct.Struct(">QqIII")
HASH = 32
NONE = 0xFFFFFFFF
SHOW_ID = 5 + 32  # after the wire format's prefix and the event's hash


def replay(stack, *arguments):
    return stack.launcher("replay", *arguments, timeout=600)


def last_line(run):
    return run.stdout.strip().splitlines()[-1]


def test_everything_that_happened_is_decided_again_byte_for_byte(stack, provider):
    """Orders under way come to their end first; then nothing may be wrong, with anybody's books."""
    runs = []

    def right():
        runs.append(replay(stack, "verify", "--projections", "--payments", "--tickets", "--mails"))
        return runs[-1].returncode == 0

    try:
        eventually(right, "verify is ok", timeout=400, pause=5)
    except AssertionError:
        pytest.fail(runs[-1].stdout)
    assert re.search(r"^terms: claims \d+, stale foreign \d+, again \d+, hole \d+, mismatch \d+, "
                     r"of commands cut off \d+$", runs[-1].stdout, re.MULTILINE)
    assert re.fullmatch(r"verify: ok, commands [1-9]\d*, events [1-9]\d*, differing 0, violated 0, \d+ commands/s",
                        last_line(runs[-1]))


def test_one_octet_of_one_stored_event_is_found_and_named(stack, tmp_path):
    exported = replay(stack, "export", str(tmp_path / "export"))
    assert exported.returncode == 0, exported.stdout
    assert replay(stack, "verify", f"--directory={tmp_path / 'export'}").returncode == 0
    segment, offset = change_an_octet(tmp_path / "export" / "seatlog.events")
    changed = replay(stack, "verify", f"--directory={tmp_path / 'export'}")
    assert changed.returncode == 1, changed.stdout
    assert f"partition {segment}, event offset {offset}," in changed.stdout
    assert "differing 1" in last_line(changed)


def test_what_is_exported_while_people_buy_holds_together(stack, ada, new_show, tmp_path):
    """The log goes on during the export: no event may come without its command."""
    event_id = new_show(rows=1, seats=5, floor=2000, seats_per_buyer_max=1000)
    over = threading.Event()

    def buy():
        while not over.is_set():
            headers = {**ada.session.headers, "Idempotency-Key": uuid.uuid4().hex}  # none is the one before again
            hold = requests.post(f"{stack.url}/reserve", headers=headers, timeout=60,
                                 json={"event_id": event_id, "section": "Floor", "quantity": 1})
            assert hold.status_code in (201, 409, 429), hold.text

    with concurrent.futures.ThreadPoolExecutor(4) as crowd:
        busy = [crowd.submit(buy) for _ in range(4)]
        try:
            folders = [tmp_path / f"export-{number}" for number in range(5)]
            for folder in folders:
                assert replay(stack, "export", str(folder)).returncode == 0
        finally:
            over.set()
    for buyer in busy:
        buyer.result()
    with concurrent.futures.ThreadPoolExecutor(2) as auditors:
        for checked in auditors.map(lambda folder: replay(stack, "verify", f"--directory={folder}"), folders):
            assert checked.returncode == 0, checked.stdout


def records(octets):
    """Each record of a segment: its offset, where it begins, the sizes of its key, value and label."""
    at = octets.index(b"\n") + 1
    while True:
        offset, _, *sizes = HEAD.unpack_from(octets, at)
        if offset == 2 ** 64 - 1:
            return
        sizes = [0 if size == NONE else size for size in sizes]
        yield offset, at, sizes
        at += HEAD.size + sum(sizes) + HASH


def change_an_octet(folder):
    """Flips a bit of one event's show id, and makes the file's own hash of the record right again."""
    for number in range(100):
        path = folder / f"{number}.segment"
        octets = bytearray(path.read_bytes())
        for offset, at, sizes in records(octets):
            if sizes[0] == 0:
                continue  # a claim: an event has a key
            end = at + HEAD.size + sum(sizes)
            octets[at + HEAD.size + sizes[0] + SHOW_ID] ^= 1
            octets[end:end + HASH] = hashlib.blake2b(octets[at:end], digest_size=HASH).digest()
            path.write_bytes(octets)
            return number, offset
    raise AssertionError("no partition has an event")


def test_a_seal_shows_that_history_was_not_rewritten(stack, tmp_path):
    seals = tmp_path / "seals"
    seals.mkdir()
    sealed = replay(stack, "seal", str(seals), f"--seal_key_file={tmp_path / 'key'}")
    assert sealed.returncode == 0, sealed.stdout
    assert replay(stack, "verify", f"--seals={seals}").returncode == 0
    path, = seals.glob("*.seal")
    told = path.read_text()
    path.write_text(re.sub(r"events \d", lambda found: "events 3" if found[0] == "events 2" else "events 2", told,
                           count=1))
    assert path.read_text() != told
    assert replay(stack, "verify", f"--seals={seals}").returncode == 1


def test_the_catalog_is_rebuilt_while_it_is_read(stack, ada, new_show):
    event_id = new_show()
    ada.reserve(event_id, ["3"])
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "4")]["state"] == "held", "the map is up to date")
    rebuilt = replay(stack, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout
    assert ada.seats(event_id)[("Stalls", "A", "4")]["state"] == "held"
    ada.reserve(event_id, ["5"])
    eventually(lambda: ada.seats(event_id)[("Stalls", "A", "6")]["state"] == "held", "and the indexer goes on")
    assert replay(stack, "verify", "--projections").returncode == 0


def test_a_shows_story_is_prose(stack, ada, new_show):
    event_id = new_show()
    ada.book(ada.reserve(event_id, ["0", "1"]))
    told = replay(stack, "show", event_id)
    assert told.returncode == 0, told.stdout
    for words in ("goes on sale", "holds Stalls A 1, A 2", "sold to buyer"):
        assert words in told.stdout
    assert last_line(told) == "show: events 5, places sold 2, held or being paid 0"
