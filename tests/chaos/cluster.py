# SPDX-License-Identifier: Apache-2.0
"""Real processes to break: three Kafka brokers, PostgreSQL, SMTP, the provider, two of every daemon."""

import base64
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / "compose" / "local"
BIN = pathlib.Path(os.environ.get("SEATLOG_BIN", ROOT / "build" / "release" / "bin"))
JARS = os.environ.get("SEATLOG_JARS", ROOT / "build" / "kafka")
POSTGRES_BIN = "/usr/lib/postgresql/15/bin"
DAEMONS = ("reservation", "payment", "ticketgen", "notifier", "indexer", "ingest-api")
TOKEN = "chaos-token"
SESSION_MS = 6000
RESTART_PAUSE = 0.4
# PostgreSQL refuses to run as root. Nothing may stand between it and us: runuser stops when its child is stopped.
AS_POSTGRES = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.3).close()
        return True
    except OSError:
        return False


def wait_for(condition, what, seconds):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Program:
    """One process slot; whoever looks after it starts it again while it is wanted."""

    def __init__(self, name, command, folder, kind, ready_port=None, health=None, **options):
        self.name, self.command, self.kind, self.options = name, command, kind, options
        self.log = folder / "log" / f"{name}.log"
        self.ready_port, self.health = ready_port, health
        self.process, self.wanted, self.starts, self.paused = None, False, 0, False
        self.lock = threading.Lock()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        with self.lock:
            self.wanted = True
            if not self.alive():
                with open(self.log, "ab") as log:
                    self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    cwd="/", start_new_session=True, **self.options)
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
        if not self.alive():
            return False
        if self.ready_port is not None:
            return port_open(self.ready_port)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health}/readyz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False


class Cluster:
    def __init__(self, folder, brokers=3, instances=2):
        self.folder = pathlib.Path(folder)
        self.brokers, self.instances = brokers, instances
        self.mails = self.folder / "mails"
        self.programs = {}
        self.over = threading.Event()
        for name in ("log", "mails", "books", "keys"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def keep(self):
        """The supervisor: what is wanted and dead is started again."""
        while not self.over.is_set():
            for program in list(self.programs.values()):
                if program.wanted and not program.alive():
                    time.sleep(RESTART_PAUSE)
                    if program.wanted and not self.over.is_set():
                        program.start()
            time.sleep(0.1)

    def of(self, kind):
        return [program for program in self.programs.values() if program.kind == kind]

    def add(self, program):
        self.programs[program.name] = program
        program.start()
        return program

    # -- Kafka

    def kafka_make(self):
        self.kafka_ports = [free_port() for _ in range(self.brokers)]
        controllers = [free_port() for _ in range(self.brokers)]
        voters = ",".join(f"{n + 1}@127.0.0.1:{port}" for n, port in enumerate(controllers))
        template = (LOCAL / "kafka" / "server.properties.in").read_text()
        cluster_id = "A" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")[1:]  # never a dash first
        for number in range(self.brokers):
            data = self.folder / f"kafka-{number + 1}"
            text = (template.replace("@PORT@", str(self.kafka_ports[number]))
                    .replace("@CONTROLLER_PORT@", str(controllers[number])).replace("@DATA@", str(data)))
            changes = {"node.id": str(number + 1), "controller.quorum.voters": voters}
            if self.brokers >= 3:
                changes |= {"default.replication.factor": "3", "min.insync.replicas": "2",
                            "offsets.topic.replication.factor": "3", "transaction.state.log.replication.factor": "3",
                            "transaction.state.log.min.isr": "2", "replica.lag.time.max.ms": "5000"}
            lines = [line for line in text.splitlines() if line.split("=", 1)[0] not in changes]
            path = self.folder / f"kafka-{number + 1}.properties"
            path.write_text("\n".join(lines + [f"{key}={value}" for key, value in changes.items()]) + "\n")
            subprocess.run(self.java("256m") + ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(path)],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.add(Program(f"kafka-{number + 1}", self.java("512m") + ["kafka.Kafka", str(path)], self.folder,
                             "broker", ready_port=self.kafka_ports[number]))
        self.kafka = ",".join(f"127.0.0.1:{port}" for port in self.kafka_ports)

    def java(self, heap):
        return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC",
                f"-Dlog4j2.configurationFile={LOCAL / 'kafka' / 'log4j2.properties'}", "-cp", f"{JARS}/*"]

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

    # -- PostgreSQL

    def postgres_make(self):
        port = free_port()
        data = self.folder / "postgres"
        data.mkdir()
        if AS_POSTGRES:
            shutil.chown(data, AS_POSTGRES["user"], AS_POSTGRES["group"])
        subprocess.run([f"{POSTGRES_BIN}/initdb", "-D", str(data), "-U", "seatlog", "--auth=trust", "--encoding=UTF8",
                        "--locale=C.UTF-8"], check=True, cwd="/", stdout=subprocess.DEVNULL, **AS_POSTGRES)
        with open(data / "postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses='127.0.0.1'\nport={port}\nunix_socket_directories='{data}'\n"
                           "max_connections=150\njit=off\n")
        self.postgres_url = f"postgresql://seatlog@127.0.0.1:{port}/seatlog"
        self.add(Program("postgres", [f"{POSTGRES_BIN}/postgres", "-D", str(data)], self.folder, "postgres",
                         ready_port=port, **AS_POSTGRES))
        ready = [f"{POSTGRES_BIN}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_for(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL", 60)
        subprocess.run(["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "seatlog", "seatlog"], check=True)
        subprocess.run([str(ROOT / "schemas" / "sql" / "migrate"), self.postgres_url], check=True)

    # -- the rest

    def catchers_make(self):
        self.smtp_port, simulator = free_port(), free_port()
        self.simulator_url = f"http://127.0.0.1:{simulator}"
        self.add(Program("mail-catcher", ["/usr/bin/python3", "-u", str(ROOT / "tools" / "mail-catcher" / "mail_catcher.py"), "--listen",
                                          f"127.0.0.1:{self.smtp_port}", "--folder", str(self.mails)],
                         self.folder, "smtp", ready_port=self.smtp_port))
        self.add(Program("simulator", [str(BIN / "seatlog-payment-simulator"), f"--listen=127.0.0.1:{simulator}",
                                       f"--books={self.folder / 'books'}", f"--access_token={TOKEN}", "--admin=yes",
                                       "--die_with_parent=no"], self.folder, "provider", ready_port=simulator))

    def daemons_make(self):
        common = {"kafka.bootstrap.servers": self.kafka, "postgres_url": self.postgres_url, "die_with_parent": "no",
                  "kafka.session.timeout.ms": str(SESSION_MS)}
        extra = {
            "reservation": {"session_timeout_ms": str(SESSION_MS), "snapshot_interval_ms": "5000"},
            "ticketgen": {"session_timeout_ms": str(SESSION_MS),
                          "signing_key_file": str(self.folder / "keys" / "ticket")},
            "notifier": {"smtp_server": f"127.0.0.1:{self.smtp_port}", "smtp_tls": "off", "smtp_helo": "localhost",
                         "retry_s_max": "5", "unreachable_retry_s_max": "5"},
            "payment": {"provider_url": self.simulator_url, "provider_access_token": TOKEN,
                        "provider_timeout_ms": "3000", "provider_settle_ms": "6000", "lease_ms": "14000",
                        "reconcile_interval_s": "20", "retry_maximum_ms": "3000"},
            "ingest-api": {"rate_address_per_s": "0", "rate_user_per_s": "0"},
        }
        self.api_ports = []
        for daemon in DAEMONS:
            for number in range(1, self.instances + 1):
                health = free_port()
                options = {**common, **extra.get(daemon, {}), "instance_id": f"{daemon}-{number}",
                           "admin_listen": f"127.0.0.1:{health}"}
                if daemon == "ingest-api":
                    self.api_ports.append(free_port())
                    options["listen"] = f"127.0.0.1:{self.api_ports[-1]}"
                flags = [f"--{key}={value}" for key, value in options.items()]
                self.add(Program(f"{daemon}-{number}", [str(BIN / f"seatlog-{daemon}"), *flags], self.folder, daemon,
                                 health=health))

    def up(self):
        self.keeper.start()
        self.kafka_make()
        self.postgres_make()
        self.catchers_make()
        for program in self.of("broker"):
            wait_for(program.ready, program.name, 120)
        subprocess.run([str(BIN / "seatlog-topics"), f"--kafka.bootstrap.servers={self.kafka}", "--wait_s=120",
                        f"--replication={min(self.brokers, 3)}"], check=True, stdout=subprocess.DEVNULL)
        self.daemons_make()
        self.ready_wait(180)

    def ready_wait(self, seconds):
        for program in list(self.programs.values()):
            wait_for(program.ready, f"{program.name} is ready", seconds)

    def down(self):
        self.over.set()
        for program in reversed(list(self.programs.values())):
            program.wanted = False
            program.send(signal.SIGCONT)
            program.send(signal.SIGQUIT if program.kind == "postgres" else signal.SIGKILL)
        for program in self.programs.values():
            program.stop()
