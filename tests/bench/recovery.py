#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
./seatlog bench recovery: how long until the next answer after reservation was killed with kill -9, as a buyer sees
it: over HTTP, with the supervisor that starts it again. The moment after the kill many ask at once, each for a seat of
another show: "next answer" is that of one of them, "all answers" the last of them, so of every partition.
"""
import argparse
import concurrent.futures
import itertools
import os
import pathlib
import random
import secrets
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo"))

from demo import Api

WAIT_SECONDS = 30
ASKING = 24


def join(url):
    """The API, logged in as somebody new."""
    api = Api(url)
    who = {"username": f"recovery-{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
    api.ask("POST", "/signup", who, wanted=(201,))
    api.token = api.ask("POST", "/login", who)["token"]
    return api


def hold(api, show_id):
    """Holds one seat; when that was answered."""
    status, _, answer = api.send("POST", "/reserve", {"event_id": show_id, "best_available": {"quantity": 1}},
                                 {"Prefer": f"wait={WAIT_SECONDS}"})
    if status != 201:
        raise SystemExit(f"recovery: a hold was answered {status}: {answer}")
    return time.monotonic()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--pid", required=True, help="a command that prints reservation's process id")
    parser.add_argument("--shows", required=True, help="a file of show ids")
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    dice = random.Random(1)
    with open(options.shows) as lines:
        shows = lines.read().split()
    if len(shows) < (options.kills + 1) * ASKING:
        parser.error(f"{options.kills} kills want {(options.kills + 1) * ASKING} shows, there are {len(shows)}")
    dice.shuffle(shows)
    unasked = iter(shows)  # who asks again for the same would be told of the hold there is
    buyers = [join(options.url) for _ in range(ASKING)]
    pool = concurrent.futures.ThreadPoolExecutor(ASKING)

    def everybody():
        return list(pool.map(hold, buyers, itertools.islice(unasked, ASKING)))

    everybody()
    first, every = [], []
    for _ in range(options.kills):
        time.sleep(dice.uniform(1.5, 2.5))
        os.kill(int(subprocess.check_output(options.pid, shell=True)), signal.SIGKILL)
        killed = time.monotonic()
        took = [answered - killed for answered in everybody()]
        first.append(dice.choice(took))
        every.append(max(took))
        print(f"  next answer {first[-1]:5.2f} s   all answers {every[-1]:5.2f} s", flush=True)
    print(f"recovery: kills {options.kills}, shows {len(shows)}, next answer p50 {percentile(first, .5):.2f} s "
          f"p99 {percentile(first, .99):.2f} s, all answers p50 {percentile(every, .5):.2f} s "
          f"p99 {percentile(every, .99):.2f} s")


if __name__ == "__main__":
    main()
