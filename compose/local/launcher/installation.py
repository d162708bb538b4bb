# SPDX-License-Identifier: Apache-2.0
"""A set-up of the pipeline in a state folder: its programs, their ports, what @WORDS@ stand for, and who is ready."""

import glob
import http.client
import os
import pathlib
import re
import shutil
import subprocess

from . import kafka, postgres
from .build import BIN, KAFKA_LIBRARIES
from .pipeline import LOCAL, ROOT, fill, programs
from .say import Failure
from .state import port_taken

# Where the search for a free port begins, in the order in which ports are chosen; daemons' admin ports come after.
PORTS = {"HTTP": 8080, "POSTGRES": 15432, "KAFKA": 19092, "KAFKA_CONTROLLER": 19093, "SMTP": 10025, "SIMULATOR": 18080}
PORT_ADMIN = 19101
# Ports that every instance of a program has for itself.
PORTS_OF = {"kafka": ("KAFKA", "KAFKA_CONTROLLER"), "ingest-api": ("HTTP",)}


def java_find():
    found = [path for path in sorted(glob.glob("/usr/lib/jvm/java-17-openjdk-*/bin/java")) if os.access(path, os.X_OK)]
    return found[0] if found else shutil.which("java") or ""


def http_status(port, path, seconds=2):
    """What an address of this machine answers, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class Installation:
    def __init__(self, state, setup="up", programs_folder=BIN):
        self.state, self.setup = state, setup
        self.bin = pathlib.Path(programs_folder)
        self.programs = programs(setup)
        self.postgres = postgres.Postgres(state)
        self.brokers = [program for program in self.programs if program.name == "kafka"]

    def of(self, stage=None, name=None):
        return [program for program in self.programs if stage in (None, program.stage) and
                name in (None, program.name)]

    def program(self, called):
        """By what supervisor calls it, or by its line's name; None where there is none."""
        return next((program for program in self.programs if called in (program.program, program.name)), None)

    # -- ports

    def ports_choose(self, base=None):
        """Chosen once and kept; from a base on all of them."""
        for name, wanted in PORTS.items():
            self.state.port_choose(name, base or wanted)
        for program in self.programs:
            for name in PORTS_OF.get(program.name, ()):
                self.state.port_choose(program.port(name), base or PORTS[name])
        for program in self.programs:
            if program.is_daemon:
                self.state.port_choose(program.admin_port, base or PORT_ADMIN)

    # -- what @WORDS@ stand for

    def values(self):
        state = self.state
        values = {"ROOT": ROOT, "LOCAL": LOCAL, "TOOLS": ROOT / "tools", "STATE": state.folder, "ETC": state.etc,
                  "RUN": state.run, "MAILS": state.mails, "BIN": self.bin, "KAFKA_LIBRARIES": KAFKA_LIBRARIES,
                  "POSTGRES_BIN": postgres.BIN, "POSTGRES": state.postgres, "JAVA": java_find(),
                  "SIMULATOR_TOKEN": state.secret("SIMULATOR_TOKEN", 24)}
        values |= {f"PORT_{name}": state.port(name) for name in PORTS}
        values["KAFKA"] = ",".join(f"127.0.0.1:{state.port(broker.port('KAFKA'))}" for broker in self.brokers)
        values["URL"] = f"http://127.0.0.1:{values['PORT_HTTP']}"
        values["POSTGRES_URL"] = self.postgres.url.replace("//seatlog@", f"//seatlog:{self.postgres.password}@")
        return values

    def values_of(self, program):
        """With what is a program's own."""
        values = self.values() | {"PROGRAM": program.program, "INSTANCE": f"{program.name}-{program.instance}"}
        for name in PORTS_OF.get(program.name, ()):
            values[f"PORT_{name}"] = self.state.port(program.port(name))
        if program.is_daemon:
            values["ADMIN"] = f"127.0.0.1:{self.state.port(program.admin_port)}"
        if program.name == "kafka":
            values |= {"NUMBER": program.instance, "PORT": values["PORT_KAFKA"],
                       "CONTROLLER_PORT": values["PORT_KAFKA_CONTROLLER"], "DATA": self.kafka_data(program)}
        return values

    def command(self, program):
        """The words that start it."""
        values = self.values_of(program)
        command = program.command
        if program.is_daemon:
            command = f"@BIN@/{command} --config @ETC@/@PROGRAM@.conf"
        return [fill(word, values) for word in command.split()]

    def runs_as(self, program):
        """Options for subprocess: who it runs as."""
        return postgres.as_user() if program.name == "postgres" else {}

    # -- Kafka

    def kafka_data(self, broker):
        return self.state.folder / broker.program

    def kafka_properties(self, broker):
        controllers = [(other.instance, self.state.port(other.port("KAFKA_CONTROLLER"))) for other in self.brokers]
        return kafka.properties(self.values_of(broker), controllers)

    def kafka_make(self, step):
        if len(self.brokers) > 1 and (self.state.folder / "kafka").exists():
            raise Failure("the log of this installation is of one broker; how many there are is chosen before its "
                          "first ./seatlog up")
        cluster = kafka.cluster_id()
        for broker in self.brokers:
            kafka.data_format(step, self.values_of(broker), cluster, self.kafka_data(broker),
                              self.state.etc / f"{broker.program}.properties")

    def topics_make(self, step, seconds=60):
        copies = min(len(self.brokers), 3)
        step.run(self.bin / "seatlog-topics", f"--kafka.bootstrap.servers={self.values()['KAFKA']}",
                 f"--wait_s={seconds}", *([f"--replication={copies}"] if copies > 1 else []))

    def claims(self):
        """(partitions of the events that are claimed, that have a history without a claim), as the log has it."""
        told = subprocess.run([self.bin / "seatlog-claims", f"--kafka.bootstrap.servers={self.values()['KAFKA']}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        found = re.search(r"^claims: (\d+) of \d+, history (\d+)$", told.stdout, re.MULTILINE)
        if told.returncode != 0 or not found:
            raise Failure(f"the log does not say who has claimed it: {told.stderr.strip() or told.stdout.strip()}")
        return int(found[1]), int(found[2])

    # -- who is ready

    def ready(self, program):
        if program.name == "postgres":
            return postgres.ready(self.postgres.port)
        if program.name == "kafka":
            return port_taken(self.state.port(program.port("KAFKA")))
        if program.name == "mail-catcher":
            return port_taken(self.state.port("SMTP"))
        return http_status(self.state.port(program.admin_port), "/readyz") in range(200, 400)
