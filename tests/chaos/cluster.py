# SPDX-License-Identifier: Apache-2.0
"""Real processes to break: the pipeline as compose/local/pipeline.tsv has it for chaos (three brokers, two instances of
every daemon), set up by the launcher; but looked after here, where programs are killed and paused on purpose.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from bringup import ROOT
from launcher import kafka
from launcher.configuration import Configuration
from launcher.installation import Installation
from launcher.say import step
from launcher.state import State

BIN = pathlib.Path(os.environ.get("SEATLOG_BIN", ROOT / "build" / "release" / "bin"))
SESSION_MS = 6000
RESTART_PAUSE = 0.4
PROGRAMS = ROOT / "build" / "chaos"  # tests/chaos/programs, built
PORT_CLIENTS, PORT_SLOW = 29092, 29192  # where the search for a free port begins
# What differs from an installation as it comes: sooner over what was killed, and without limits for the crowd.
DAEMON = {"die_with_parent": "no", "kafka.session.timeout.ms": SESSION_MS}
SETTINGS = {
    "kafka.properties": {"replica.lag.time.max.ms": 5000},
    "postgres.conf": {"max_connections": 150},
    "payment-simulator.conf": {"die_with_parent": "no"},
    "reservation.conf": {**DAEMON, "session_timeout_ms": SESSION_MS, "snapshot_interval_ms": 5000},
    "ticketgen.conf": {**DAEMON, "session_timeout_ms": SESSION_MS},
    "notifier.conf": {**DAEMON, "retry_s_max": 5, "unreachable_retry_s_max": 5},
    "payment.conf": {**DAEMON, "provider_timeout_ms": 3000, "provider_settle_ms": 6000, "lease_ms": 14000,
                     "reconcile_interval_s": 20, "retry_maximum_ms": 3000},
    "indexer.conf": DAEMON,
    "ingest-api.conf": {**DAEMON, "rate_address_per_s": 0, "rate_user_per_s": 0},
}


def wait_for(condition, what, seconds):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Unseen:
    """A step of the launcher of which nothing is told."""

    @staticmethod
    def run(*command):
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Process:
    """One program of the pipeline; whoever looks after it starts it again while it is wanted."""

    def __init__(self, installation, program):
        self.installation, self.program = installation, program
        self.name, self.kind = program.program, program.name
        self.log = installation.state.log / f"{self.name}.log"
        self.process, self.wanted, self.starts = None, False, 0
        self.lock = threading.Lock()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        with self.lock:
            self.wanted = True
            if not self.alive():
                with open(self.log, "ab") as log:
                    self.process = subprocess.Popen(self.installation.command(self.program), stdin=subprocess.DEVNULL,
                                                    stdout=log, stderr=log, cwd="/", start_new_session=True,
                                                    **self.installation.runs_as(self.program))
                self.starts += 1

    def send(self, how):
        with self.lock:
            if self.alive():
                os.kill(self.pid(), how)

    def pid(self):
        return self.process.pid

    def stop(self, how=signal.SIGKILL):
        """Ends it for good, until start."""
        self.wanted = False
        self.send(signal.SIGCONT)
        self.send(how)
        if self.process is not None:
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.send(signal.SIGKILL)
                self.process.wait(20)

    def ready(self):
        return self.alive() and self.installation.ready(self.program)


class Network:
    """Between the daemons and what they stand on; good until told otherwise (tests/chaos/programs/slow)."""

    def __init__(self, installation):
        self.state, self.brokers = installation.state, installation.brokers
        self.process, self.lock = None, threading.Lock()
        self.links = {}  # name: (port here, port there)

    def ports_choose(self):
        for broker in self.brokers:
            self.state.port_choose(broker.port("KAFKA_CLIENTS"), PORT_CLIENTS)
            self.link(broker.program, broker.port("KAFKA_CLIENTS"))
        for name, port in (("postgres", "POSTGRES"), ("smtp", "SMTP"), ("provider", "SIMULATOR")):
            self.link(name, port)

    def link(self, name, target):
        here = "SLOW_" + name.replace("-", "_").upper()
        self.state.port_choose(here, PORT_SLOW)
        self.links[name] = (self.state.port(here), self.state.port(target))

    def address(self, name):
        return f"127.0.0.1:{self.links[name][0]}"

    def settings(self, values):
        """What makes daemons go through it: brokers tell clients of that listener the address of the link."""
        kafka_servers = ",".join(self.address(broker.program) for broker in self.brokers)
        postgres = values["POSTGRES_URL"].replace(f"127.0.0.1:{self.links['postgres'][1]}", self.address("postgres"))
        files = {"notifier.conf": {"smtp_server": self.address("smtp")},
                 "payment.conf": {"provider_url": f"http://{self.address('provider')}"}}
        for name in ("reservation", "payment", "ticketgen", "notifier", "indexer", "ingest-api"):
            files.setdefault(f"{name}.conf", {})["kafka.bootstrap.servers"] = kafka_servers
            if name != "reservation":
                files[f"{name}.conf"]["postgres_url"] = postgres
        for broker in self.brokers:
            port, controller = (self.state.port(broker.port(name)) for name in ("KAFKA", "KAFKA_CONTROLLER"))
            files[f"{broker.program}.properties"] = {
                "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},"
                             f"CLIENTS://127.0.0.1:{self.links[broker.program][1]}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},CLIENTS://{self.address(broker.program)}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENTS:PLAINTEXT"}
        return files

    def start(self):
        words = [f"{name}=127.0.0.1:{here}=127.0.0.1:{there}" for name, (here, there) in self.links.items()]
        with open(self.state.log / "slow.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "slow", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=log, text=True, cwd="/", start_new_session=True)

    def weather(self, name, latency_ms=0, jitter_ms=0, bytes_per_s=0, lost="none"):
        """Of all links whose names begin so."""
        with self.lock:
            self.process.stdin.write(f"{name} {latency_ms} {jitter_ms} {bytes_per_s} {lost}\n")
            self.process.stdin.flush()
            told = self.process.stdout.readline()
        if told != "ok\n":
            raise RuntimeError(f"the network: {told or 'it has ended'}")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Claims:
    """Who has claimed a partition of the events since now: a decider that goes on is heard of here."""

    def __init__(self, servers):
        self.consumer = Consumer({"bootstrap.servers": servers, "group.id": "chaos-claims", "enable.auto.commit": False,
                                  "isolation.level": "read_committed"})
        partitions = self.consumer.list_topics("seatlog.events", 10).topics["seatlog.events"].partitions
        ends = [TopicPartition("seatlog.events", number) for number in partitions]
        for partition in ends:
            partition.offset = self.consumer.get_watermark_offsets(partition, 10)[1]
        self.consumer.assign(ends)

    def heard(self, seconds):
        """Partitions that were claimed within so long; the first ends the wait."""
        found, until = set(), time.monotonic() + seconds
        while not found and time.monotonic() < until:
            for message in self.consumer.consume(500, 0.2):
                label = dict(message.headers() or []).get("seatlog-log", b"") if message.error() is None else b""
                if label.startswith(b"claim "):
                    found.add(message.partition())
        return found

    def close(self):
        self.consumer.close()


class Cluster:
    def __init__(self, folder):
        state = State(folder)
        self.installation = Installation(state, "chaos", BIN)
        self.network = Network(self.installation)
        self.folder, self.mails = state.folder, state.mails
        self.over = threading.Event()
        self.programs = {program.program: Process(self.installation, program) for program in self.installation.programs}
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def keep(self):
        """The supervisor: what is wanted and dead is started again."""
        while not self.over.is_set():
            for program in self.programs.values():
                if program.wanted and not program.alive():
                    time.sleep(RESTART_PAUSE)
                    if program.wanted and not self.over.is_set():
                        program.start()
            time.sleep(0.1)

    def of(self, *kinds):
        return [program for program in self.programs.values() if program.kind in kinds]

    def daemons(self):
        return [program for program in self.programs.values() if program.program.stage == "daemon"]

    def replicas_wait(self, seconds):
        """One broker of three may be gone, not two: until every partition has all its copies again."""
        admin = AdminClient({"bootstrap.servers": self.kafka})

        def whole():
            try:
                topics = admin.list_topics(timeout=5).topics.values()
            except KafkaException:
                return False
            return all(len(partition.isrs) == len(partition.replicas) for topic in topics
                       for partition in topic.partitions.values())

        wait_for(whole, "every partition has all its copies", seconds)

    def out_of_isr_wait(self, broker, seconds):
        """Until no partition counts on its copy: what is acknowledged from then on stands elsewhere."""
        admin = AdminClient({"bootstrap.servers": self.kafka})

        def out():
            try:
                topics = admin.list_topics(timeout=5).topics.values()
            except KafkaException:
                return False
            return topics and all(broker.program.instance not in partition.isrs for topic in topics
                                  for partition in topic.partitions.values())

        wait_for(out, f"no partition counts on {broker.name}", seconds)

    def disk_lose(self, broker):
        """Of a broker that does not run: its folder is made anew, for the same cluster, with nothing in it."""
        data = self.installation.kafka_data(broker.program)
        lines = (data / "meta.properties").read_text(encoding="ascii").splitlines()
        cluster = next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))
        shutil.rmtree(data)
        values, settings = self.installation.values_of(broker.program), self.installation.state.etc
        kafka.data_format(Unseen, values, cluster, data, settings / f"{broker.name}.properties")

    def settings_make(self):
        state = self.installation.state
        state.make()
        self.installation.ports_choose()
        self.network.ports_choose()
        values = self.installation.values()
        settings = {name: dict(lines) for name, lines in SETTINGS.items()}
        for name, lines in self.network.settings(values).items():
            settings.setdefault(name, {}).update(lines)
        for name, lines in settings.items():
            (state.overrides / name).write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        self.kafka, self.postgres_url = values["KAFKA"], values["POSTGRES_URL"]
        self.simulator_url, self.token = f"http://127.0.0.1:{values['PORT_SIMULATOR']}", values["SIMULATOR_TOKEN"]
        self.api_ports = [state.port(program.port("HTTP")) for program in self.installation.of(name="ingest-api")]

    def infrastructure_up(self, it):
        configuration = Configuration(self.installation)
        configuration.write_all()
        self.installation.kafka_make(it)
        self.installation.postgres.make(it)
        configuration.postgres_write()
        infrastructure = [program for program in self.programs.values() if program not in self.daemons()]
        for program in infrastructure:
            program.start()
        self.ready_wait(120, infrastructure)
        self.installation.postgres.database_make(it, may_create=False)
        self.installation.postgres.migrate(it)
        self.installation.topics_make(it, 120)
        it.note = f"{len(self.installation.brokers)} brokers"

    def up(self):
        self.settings_make()
        self.network.start()
        self.keeper.start()
        step(self.installation.state, "chaos", self.infrastructure_up)
        for program in self.daemons():
            program.start()
        self.ready_wait(180)

    def ready_wait(self, seconds, programs=None):
        for program in programs or self.programs.values():
            wait_for(program.ready, f"{program.name} is ready", seconds)

    def down(self):
        self.over.set()
        for program in reversed(list(self.programs.values())):
            program.wanted = False
            program.send(signal.SIGCONT)
            program.send(signal.SIGQUIT if program.kind == "postgres" else signal.SIGKILL)
        for program in self.programs.values():
            program.stop()
        self.network.stop()
