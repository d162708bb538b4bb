# SPDX-License-Identifier: Apache-2.0
"""Real processes to break: the pipeline as compose/local/pipeline.tsv has it for chaos (three brokers, two instances of
every daemon), set up by the launcher; but looked after here, where programs are killed and paused on purpose.
"""

import os
import pathlib
import signal
import subprocess
import threading
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from bringup import ROOT
from launcher.configuration import Configuration
from launcher.installation import Installation
from launcher.say import step
from launcher.state import State

BIN = pathlib.Path(os.environ.get("SEATLOG_BIN", ROOT / "build" / "release" / "bin"))
SESSION_MS = 6000
RESTART_PAUSE = 0.4
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


class Cluster:
    def __init__(self, folder):
        state = State(folder)
        self.installation = Installation(state, "chaos", BIN)
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

    def settings_make(self):
        state = self.installation.state
        state.make()
        self.installation.ports_choose()
        for name, settings in SETTINGS.items():
            (state.overrides / name).write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        values = self.installation.values()
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
