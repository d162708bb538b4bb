#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
./seatlog bench recovery: how long until the next answer after reservation was killed with kill -9, as a buyer sees
it: over HTTP, with the supervisor that starts it again. The moment after the kill many ask at once, each for a seat of
another show: "next answer" is that of one of them, "all answers" the last of them, so of every partition.
"""
import argparse
import concurrent.futures
import json
import os
import random
import secrets
import signal
import subprocess
import time
import urllib.request

WAIT_SECONDS = 30
ASKING = 24


class Api:
    """A buyer over HTTP."""

    def __init__(self, url):
        self.url, self.token = url, None

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json", "Prefer": f"wait={WAIT_SECONDS}"})
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=WAIT_SECONDS + 5) as answer:
            return answer.status, json.loads(answer.read() or b"{}")

    def join(self):
        who = {"username": f"recovery-{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
        self.ask("POST", "/signup", who)
        self.token = self.ask("POST", "/login", who)[1]["token"]
        return self

    def hold(self, show_id):
        """Holds one seat; when that was answered."""
        status, answer = self.ask("POST", "/reserve", {"event_id": show_id, "best_available": {"quantity": 1}})
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
    buyers = [Api(options.url).join() for _ in range(ASKING)]
    pool = concurrent.futures.ThreadPoolExecutor(ASKING)

    def everybody():
        return list(pool.map(Api.hold, buyers, dice.sample(shows, ASKING)))

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
