# SPDX-License-Identifier: Apache-2.0
"""
Breaks a whole Seatlog while people use it, then lets it settle and checks everything: the log by `replay verify`
with the projections, the provider's books, the tickets and the mails; and the buyers' notes.
"""

import argparse
import collections
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import faults
from bringup import ROOT
from clients import Log
from cluster import BIN, Cluster
from crowd import Crowd, Probe
from judge import Judge

SETTLE_SECONDS = 420
SHOWS = 30


def say(text):
    print(text, flush=True)


def shows_make(cluster):
    """A catalogue of films in houses of 200 seats; their ids."""
    made = subprocess.run([str(BIN / "seatlog-catalogue"), f"--kafka.bootstrap.servers={cluster.kafka}",
                           f"--data_folder={ROOT / 'tools' / 'catalogue' / 'data'}", f"--owner_id={uuid.uuid4()}",
                           "--days=30",
                           f"--first_day={time.strftime('%Y-%m-%d', time.gmtime(time.time() + 86400))}",
                           f"--shows={SHOWS}"], check=True, capture_output=True, text=True)
    return made.stdout.split()


def verify(cluster):
    return subprocess.run([str(BIN / "seatlog-replay"), "verify", f"--kafka.bootstrap.servers={cluster.kafka}",
                           "--projections", "--payments", "--tickets", "--mails",
                           f"--postgres_url={cluster.postgres_url}", f"--payments_url={cluster.simulator_url}",
                           f"--payments_token={cluster.token}", f"--mails_folder={cluster.mails}",
                           "--follow_timeout_ms=20000", "--log_level=error"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def settle(cluster):
    """Orders on their way come to their end; then nothing may be wrong. Returns the last verification."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        checked = verify(cluster)
        if checked.returncode == 0 or time.monotonic() > until:
            return checked
        time.sleep(5)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.applied = collections.Counter()
        self.recoveries = []

    def fault(self, cluster, probe, number, kind):
        began = time.monotonic()
        what = faults.apply(cluster, self.random, kind)
        self.applied[kind] += 1
        time.sleep(self.random.uniform(1.0, 3.0))
        recovered = None
        until = time.monotonic() + 240
        while recovered is None and time.monotonic() < until:
            recovered = probe.recovery(began)
            time.sleep(0.05)
        if recovered is None:
            raise RuntimeError(f"no reservation was answered within 240 s of: {kind} ({what})")
        self.recoveries.append(recovered)
        say(f"  {number + 1:4}  {kind:28} {what:28} longest without an answer {recovered:6.2f} s")

    def report(self, crowd, verified, lost, doubled):
        answered = sum(note.status in (200, 201) for note in crowd.notes)
        refused = sum(400 <= note.status < 500 for note in crowd.notes)
        pending = sum(note.status == 202 for note in crowd.notes)
        say("faults by kind:")
        for kind, count in self.applied.most_common():
            say(f"  {count:4}  {kind}")
        for line in (lost + doubled)[:20]:
            say(f"  {line}")
        good = verified.returncode == 0 and not lost and not doubled
        say(f"chaos: {'ok' if good else 'failed'}, faults {sum(self.applied.values())}, lost {len(lost)}, "
            f"doubled {len(doubled)}, answered {answered}, refused {refused}, pending {pending}, "
            f"unanswered {sum(client.unanswered for client in crowd.clients)}, "
            f"recovery p50 {percentile(self.recoveries, 0.5):.2f} s p99 {percentile(self.recoveries, 0.99):.2f} s")
        return good

    def go(self, cluster):
        options = self.options
        began = time.monotonic()
        cluster.up()
        shows = shows_make(cluster)
        say(f"up after {time.monotonic() - began:.0f} s: {len(cluster.of('kafka'))} brokers, "
            f"{len(cluster.of('indexer'))} instances of each daemon, {len(shows)} shows; seed {options.seed}")
        time.sleep(3)
        probe = Probe(cluster.api_ports, shows[-1], options.seed)
        crowd = Crowd(cluster.api_ports, shows[:-1], options.buyers, options.seed, options.pause)
        probe.start()
        crowd.start()
        for number, kind in enumerate(faults.plan(self.random, options.faults)):
            self.fault(cluster, probe, number, kind)
        cluster.ready_wait(120)
        probe.over.set()
        crowd.stop()
        cluster.ready_wait(120)
        asked, doubled = crowd.ask_again()
        say(f"{asked} reservations asked for again under their keys, {len(doubled)} of them not the same")
        say(f"quiet after {time.monotonic() - began:.0f} s; settling")
        verified = settle(cluster)
        say(re.sub(r"^", "  ", verified.stdout.rstrip(), flags=re.M))
        log = Log(type("Where", (dict,), {"url": f"http://127.0.0.1:{cluster.api_ports[0]}"})(
            SEATLOG_KAFKA=cluster.kafka))
        judge = Judge(log.read("seatlog.events"))
        return self.report(crowd, verified, judge.lost(crowd.notes), doubled + judge.count_doubled())


def main():
    parser = argparse.ArgumentParser(prog="seatlog chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--buyers", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between a buyer's visits, on average")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seatlog-chaos-", dir="/var/tmp"))
    folder.chmod(0o755)
    cluster = Cluster(folder)
    good = False
    try:
        good = Run(options).go(cluster)
    except (RuntimeError, AssertionError, subprocess.CalledProcessError, OSError) as problem:
        say(f"chaos: failed, {problem}")
    finally:
        cluster.down()
        if good and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"logs: {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
