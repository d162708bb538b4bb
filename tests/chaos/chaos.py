# SPDX-License-Identifier: Apache-2.0
"""
Breaks a whole Seatlog while people use it, then lets it settle and checks everything: the log by `replay verify`
with the projections, the provider's books, the tickets and the mails; the buyers' notes; and whether the answers that
holders of seats had are linearizable.
"""

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import faults
from bringup import ROOT
from clients import Log
from cluster import BIN, PROGRAMS, Cluster
from crowd import Crowd, Probe
from holders import Holders
from judge import Judge

SETTLE_SECONDS = 420
SHOWS = 40
SHOWS_HELD = 2  # by holders alone: every call on them is in the history
LINEAR_SECONDS = 120  # for a show


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


def partition_of(key, partitions):
    """Kafka's: murmur2 of the key."""
    mask, value, octets = 0xFFFFFFFF, 0x9747B28C ^ len(key), key.encode()
    for at in range(0, len(octets) // 4 * 4, 4):
        piece = int.from_bytes(octets[at:at + 4], "little") * 0x5BD1E995 & mask
        value = value * 0x5BD1E995 & mask ^ (piece ^ piece >> 24) * 0x5BD1E995 & mask
    rest = octets[len(octets) // 4 * 4:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    value = (value ^ value >> 13) * 0x5BD1E995 & mask
    return ((value ^ value >> 15) & 0x7FFFFFFF) % partitions


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.applied = collections.Counter()
        self.recoveries = collections.defaultdict(list)

    def fault(self, cluster, probes, number, kind):
        began = time.monotonic()
        what = faults.apply(cluster, self.random, kind)
        self.applied[kind] += 1
        time.sleep(self.random.uniform(1.0, 3.0))
        recovered = None
        until = time.monotonic() + 240
        while recovered is None and time.monotonic() < until:
            gaps = [probe.recovery(began) for probe in probes]
            recovered = None if None in gaps else max(gaps)
            time.sleep(0.05)
        if recovered is None:
            raise RuntimeError(f"no reservation was answered within 240 s of: {kind} ({what})")
        self.recoveries[kind].append(recovered)
        say(f"  {number + 1:4}  {kind:28} {what:28} longest without an answer {recovered:6.2f} s")

    def recoveries_say(self):
        say("longest time without an answer, by kind of fault:")
        say(f"  {'fault':30} {'count':>5} {'p50 s':>7} {'p99 s':>7} {'max s':>7}")
        for kind, values in sorted(self.recoveries.items()):
            say(f"  {kind:30} {len(values):5} {percentile(values, 0.5):7.2f} {percentile(values, 0.99):7.2f} "
                f"{max(values):7.2f}")

    def report(self, crowd, verified, lost, doubled, linear):
        answered = sum(note.status in (200, 201) for note in crowd.notes)
        refused = sum(400 <= note.status < 500 for note in crowd.notes)
        pending = sum(note.status == 202 for note in crowd.notes)
        self.recoveries_say()
        for line in (lost + doubled)[:20]:
            say(f"  {line}")
        good = verified.returncode == 0 and not lost and not doubled and linear[0]
        every = [value for values in self.recoveries.values() for value in values]
        say(f"chaos: {'ok' if good else 'failed'}, faults {sum(self.applied.values())}, lost {len(lost)}, "
            f"doubled {len(doubled)}, answered {answered}, refused {refused}, pending {pending}, "
            f"unanswered {sum(client.unanswered for client in crowd.clients)}, "
            f"recovery p50 {percentile(every, 0.5):.2f} s p99 {percentile(every, 0.99):.2f} s, {linear[1]}")
        return good

    def linear(self, cluster, holders):
        """(whether, the judge's last line)"""
        client = holders.clients[0]
        show = client.ask("GET", f"/events/{holders.shows[0]}")
        good, told = holders.judge(PROGRAMS / "linear", show.json()["seats_per_buyer_max"],
                                   cluster.folder / "history.jsonl", LINEAR_SECONDS)
        *lines, last = told.rstrip().splitlines()
        for line in lines:
            say(line)
        return good, last

    def go(self, cluster):
        options = self.options
        began = time.monotonic()
        cluster.up()
        shows = shows_make(cluster)
        say(f"up after {time.monotonic() - began:.0f} s: {len(cluster.of('kafka'))} brokers, "
            f"{len(cluster.of('indexer'))} instances of each daemon, {len(shows)} shows; seed {options.seed}")
        time.sleep(3)
        probed = {partition_of(show, 6): show for show in shows[SHOWS_HELD:]}
        probes = [Probe(cluster.api_ports, show, f"{options.seed}-{number}") for number, show in probed.items()]
        holders = Holders(cluster.api_ports, shows[:SHOWS_HELD], options.holders, options.seed, 0.15)
        crowd = Crowd(cluster.api_ports, [show for show in shows[SHOWS_HELD:] if show not in probed.values()],
                      options.buyers, options.seed, options.pause)
        for people in (*probes, holders, crowd):
            people.start()
        for number, kind in enumerate(faults.plan(self.random, options.faults, options.only)):
            self.fault(cluster, probes, number, kind)
        cluster.ready_wait(120)
        for probe in probes:
            probe.over.set()
        holders.stop()
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
        return self.report(crowd, verified, judge.lost(crowd.notes), doubled + judge.count_doubled(),
                           self.linear(cluster, holders))


def clients_quiet(log):
    """What librdkafka says of brokers that are gone goes there: it writes to the standard error by itself."""
    sys.stderr.flush()
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 2)
    os.close(file)


def main():
    parser = argparse.ArgumentParser(prog="seatlog chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--buyers", type=int, default=8)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between a buyer's visits, on average")
    parser.add_argument("--holders", type=int, default=6, help="how many people hold seats and let go")
    parser.add_argument("--only", default="", help="only faults with these words in their name")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    if not any(options.only in kind for kind in faults.KINDS):
        parser.error(f"there is no such fault; there are: {', '.join(faults.KINDS)}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="seatlog-chaos-", dir="/var/tmp"))
    folder.chmod(0o755)
    clients_quiet(folder / "clients.log")
    cluster = Cluster(folder)
    good = False
    try:
        good = Run(options).go(cluster)
    except (RuntimeError, AssertionError, subprocess.CalledProcessError, OSError) as problem:
        say(f"chaos: failed, {problem}")
    except BaseException:
        say(traceback.format_exc())
        raise
    finally:
        cluster.down()
        if good and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say(f"logs: {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
