# SPDX-License-Identifier: Apache-2.0
"""The worked reader of examples/, as a partner would run it."""

import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

from clients import TIMEOUT, Buyer, retried

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILLS = 6
BUYERS = 4


def reader(stack, output, *arguments):
    program = ROOT / "examples" / "read_events.py"
    return subprocess.Popen([sys.executable, "-B", program, "--output", output, *arguments],
                            env=os.environ | {name: stack[name] for name in ("SEATLOG_KAFKA", "SEATLOG_URL")},
                            stderr=subprocess.PIPE, text=True)


def test_a_reader_outside_has_every_event_that_counts_once_however_often_it_is_killed(stack, new_show, log, tmp_path):
    event_id = new_show(rows=5, seats=20, floor=1)
    output = tmp_path / "events.jsonl"
    over = threading.Event()

    def buy(number):
        buyer, seats = Buyer.signup(stack, "reader"), random.Random(number)
        while not over.is_set():
            answer = retried(lambda: buyer.post("/reserve", {"event_id": event_id, "ticket_ids":
                                                             [str(seats.randrange(100))]}, expect=None))
            if answer.status_code == 201:
                retried(lambda: buyer.book(answer.json(), expect=None))

    with concurrent.futures.ThreadPoolExecutor(BUYERS) as pool:
        buyers = [pool.submit(buy, number) for number in range(BUYERS)]
        try:
            for seed in range(KILLS):
                process = reader(stack, output)
                time.sleep(random.Random(seed).uniform(0.5, 3))
                assert process.poll() is None, process.stderr.read()
                process.kill()
                process.communicate()
        finally:
            over.set()
        for done in concurrent.futures.as_completed(buyers):
            done.result()
    process = reader(stack, output, "--until-end")
    _, said = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, said
    assert "stale records passed over" in said

    lines = [json.loads(line) for line in output.read_text().splitlines()]
    found = {(line["partition"], line["offset"]): line for line in lines}
    assert len(found) == len(lines), "an event is there twice"
    records = log.read("seatlog.events")
    assert records and all((record.partition, record.offset) in found for record in records if record["head"]["at"] <=
                           max(line["event"]["head"]["at"] for line in lines))
    ours = [found[record.partition, record.offset] for record in records
            if (record.partition, record.offset) in found]
    assert len(ours) == len(lines), "an event is there that does not count"
    for record in records:
        line = found.get((record.partition, record.offset))
        if line is not None:
            assert line["type"] == f"seatlog.events.{record.kind}"
            assert line["event"]["head"]["hash"] == record["head"]["hash"].hex()
    sequence = [line["event"]["head"]["seq"] for line in lines if line["event"]["head"]["show_id"] == event_id]
    assert sequence == list(range(1, len(sequence) + 1)) and len(sequence) > BUYERS
