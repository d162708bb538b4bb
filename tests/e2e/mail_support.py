# SPDX-License-Identifier: Apache-2.0
"""What the notifier's tests need: a PostgreSQL of their own, mail servers that misbehave on demand, and the daemon."""

import json
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
import uuid

import psycopg

from bringup import ROOT, postgres
from clients import eventually
from simulator_support import binary, free_port

SUPPORT = pathlib.Path(__file__).resolve().parent


class PrivatePostgres:
    """A cluster in a folder of its own, without a durability that no test here is about."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="seatlog-mail-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.data = self.folder / "data"
        self.process = None
        postgres.owned(self.folder)
        postgres.initdb(self.data, "seatlog", durable=False)
        self.start()
        subprocess.run([ROOT / "schemas/sql/migrate", self.url("postgres")], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = postgres.start(self.data, log, port=self.port, listen_addresses="127.0.0.1",
                                          unix_socket_directories=self.folder, fsync="off")
        eventually(lambda: postgres.ready(self.port), "PostgreSQL is ready")

    def stop(self):
        """At once, as if it were killed."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database):
        return f"postgresql://seatlog@127.0.0.1:{self.port}/{database}"

    def database_new(self):
        """A migrated database that nobody else uses."""
        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url("template1"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
        return Outbox(self.url(name))


class Outbox:
    """The tables that the notifier reads, filled as the other daemons and its own sink would."""

    def __init__(self, url):
        self.url = url

    def execute(self, sql, *values):
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else None

    def person(self, address=None):
        user_id = uuid.uuid4()
        address = address or f"buyer-{secrets.token_hex(4)}@example.com"
        self.execute("INSERT INTO account.person (user_id, username, password_hash, location) VALUES (%s, %s, '', '')",
                     user_id, address)
        return user_id, address

    def mail(self, buyer_id, template="order_cancelled", order_id=None, title="Ghost", reason="BUYER", pdf=None,
             queued_at=None):
        """Adds a mail to the outbox; returns its mail_id."""
        order_id, mail_id, show_id = order_id or uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
        place = {"seat": 14, "section_index": 0, "section": "Stalls", "row": "F", "label": "12", "category": "Premium",
                 "price_minor": 1450}
        facts = {"title": title, "venue": "Pageant Theatre", "city": "Chico", "starts_at": 1795761900000,
                 "ends_at": 1795769100000, "time_zone": "America/Los_Angeles", "amount_minor": 2900,
                 "currency": "USD", "reason": reason, "places": [place, {**place, "seat": 15, "label": "13"}]}
        if pdf is not None:
            self.execute("INSERT INTO ticket.issue (order_id, show_id, owner_id, buyer_id, sold_partition, sold_offset,"
                         " sold_seq, issued_at) VALUES (%s, %s, %s, %s, 0, 0, 1, now())",
                         order_id, show_id, uuid.uuid4(), buyer_id)
            self.execute("INSERT INTO ticket.document VALUES (%s, %s, %s, now() + interval '1 day')",
                         order_id, order_id, pdf)
        self.execute("INSERT INTO mail.outbox (mail_id, message_id, template, show_id, order_id, buyer_id, facts,"
                     " happened_at, queued_at) VALUES (%s, %s, %s, %s, %s, %s, %s, to_timestamp(1795000000),"
                     " coalesce(%s, now()))", mail_id, f"<{mail_id}@seatlog.example>", template, show_id, order_id,
                     buyer_id, json.dumps(facts), queued_at)
        return mail_id

    def row(self, mail_id):
        columns = "state, attempts, last_code, last_answer, message_id, order_id"
        [values] = self.execute(f"SELECT {columns} FROM mail.outbox WHERE mail_id = %s", mail_id)
        return dict(zip(columns.split(", "), values))

    def order_mail(self, order_id):
        """What is told of the order's mail: a list of one row, or of none."""
        columns = "mail_state, reason, sentence, sent_count, resends"
        return [dict(zip(columns.split(", "), values)) for values in
                self.execute(f"SELECT {columns} FROM mail.order_mail WHERE order_id = %s", order_id)]

    def until(self, mail_id, state, timeout=20):
        try:
            return eventually(lambda: (row := self.row(mail_id))["state"] == state and row, state, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.row(mail_id)}") from None


class ScriptedSmtp:
    """A mail server that answers by a script: verb → answers for the first, second, … time; then as it should.

    Verbs: GREETING, EHLO, MAIL, RCPT, DATA, BDAT, END (of the message), QUIT. An answer is a line, or DROP (hang up),
    or STALL (say nothing until the server is closed).
    """

    DROP, STALL = object(), object()

    def __init__(self, script=None, extensions=(), port=None):
        self.script = {verb: list(answers) for verb, answers in (script or {}).items()}
        self.extensions = extensions
        self.mails = []
        self.verbs = []
        self.closed = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", port or 0), reuse_port=True)
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closed.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def accept(self):
        while not self.closed.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def answer(self, stream, verb, default):
        self.verbs.append(verb)
        waiting = self.script.get(verb)
        line = waiting.pop(0) if waiting else default
        if line is self.STALL:
            self.closed.wait(600)
        if line in (self.DROP, self.STALL):
            raise ConnectionError
        stream.write(line.encode() + b"\r\n")
        stream.flush()
        return line[0] in "23"

    def message(self, stream):
        lines = []
        while (line := stream.readline()) != b".\r\n":
            if not line:
                raise ConnectionError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def converse(self, connection):
        stream = connection.makefile("rwb")
        envelope = {}
        try:
            self.answer(stream, "GREETING", "220 ready")
            while command := stream.readline().decode().rstrip("\r\n"):
                verb = command.split(" ")[0].upper()
                if verb == "EHLO":
                    lines = ["tests", *self.extensions]
                    text = "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)
                    self.answer(stream, "EHLO", text)
                elif verb == "MAIL":
                    envelope = {"from": command, "to": [], "octets": b""}
                    self.answer(stream, "MAIL", "250 2.1.0 ok")
                elif verb == "RCPT":
                    if self.answer(stream, "RCPT", "250 2.1.5 ok"):
                        envelope["to"].append(command[command.index("<") + 1:command.index(">")])
                elif verb == "DATA":
                    if not envelope["to"]:
                        self.answer(stream, "DATA", "554 5.5.1 no recipients")
                    elif self.answer(stream, "DATA", "354 go on"):
                        envelope["octets"] = self.message(stream)
                        if self.answer(stream, "END", "250 2.0.0 taken"):
                            self.mails.append(envelope)
                elif verb == "BDAT":
                    envelope["octets"] += stream.read(int(command.split(" ")[1]))
                    if self.answer(stream, "BDAT", "250 2.0.0 ok") and command.endswith("LAST"):
                        self.mails.append(envelope)
                elif verb == "QUIT":
                    self.answer(stream, "QUIT", "221 bye")
                    return
                else:
                    self.answer(stream, verb, "502 what?")
        except (ConnectionError, OSError):
            pass
        finally:
            stream.close()
            connection.close()


class TlsSmtp:
    """Twisted's mail server, in a process of its own, with STARTTLS and AUTH."""

    def __init__(self, folder, certificate, key, user=None, password=None):
        self.mails_folder = pathlib.Path(folder) / f"mails-{secrets.token_hex(4)}"
        self.mails_folder.mkdir()
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, SUPPORT / "mail_tls_server.py", str(self.port), self.mails_folder, certificate, key,
             user or "", password or ""], stderr=open(self.mails_folder / "log", "wb"))
        eventually(self.answers, "the mail server is up")

    def answers(self):
        assert self.process.poll() is None, (self.mails_folder / "log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    @property
    def mails(self):
        return [path.read_bytes() for path in sorted(self.mails_folder.glob("*.eml"))]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


class Notifier:
    """The daemon, with a database of its own and without a Kafka: only what is in the outbox matters here."""

    def __init__(self, outbox, server, log, **options):
        self.outbox, self.log = outbox, log
        self.admin_port = free_port()
        self.options = {"smtp_server": server, "smtp_tls": "off", "mail_from": "Seatlog <tickets@seatlog.example>",
                        "postgres_url": outbox.url, "admin_listen": f"127.0.0.1:{self.admin_port}",
                        "smtp_timeout_ms": 3000, "smtp_accept_timeout_ms": 3000, "retry_s_max": 1,
                        "kafka.bootstrap.servers": "127.0.0.1:1", **options}
        self.process = None

    def start(self):
        flags = [f"--{name}={value}" for name, value in self.options.items()]
        self.process = subprocess.Popen([binary("seatlog-notifier"), *flags], stderr=open(self.log, "ab"))
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
