# SPDX-License-Identifier: Apache-2.0
"""./seatlog status: asks every program, PostgreSQL and Kafka how they are, all at once and with deadlines."""

import concurrent.futures
import dataclasses
import os
import re
import socket
import struct
import subprocess
import textwrap
import urllib.error
import urllib.request

from .help import arguments_none
from .say import colour, say

ANSWER_SECONDS = 3.0
WIDTH = 80
PARTITIONS = 6  # of every topic that ./seatlog up makes
OVERDUE_SECONDS = 600  # a mail or a payment that has waited for so long is no matter of course
ROW = "{:<17} {:<8} {:>7} {:>8} {:>7} {:>6} {:>8}  {}"

# What waits and what went wrong, one value a line; nothing of an installation without tables.
QUESTION = """
SELECT 'mails_queued', count(*) FILTER (WHERE state = 'queued') FROM mail.outbox
UNION ALL SELECT 'mails_oldest_s', coalesce(extract(epoch FROM now() - min(queued_at))::bigint, 0)
          FROM mail.outbox WHERE state = 'queued'
UNION ALL SELECT 'mails_sent', count(*) FILTER (WHERE state = 'sent') FROM mail.outbox
UNION ALL SELECT 'mails_refused', count(*) FILTER (WHERE state IN ('refused', 'expired')) FROM mail.outbox
UNION ALL SELECT 'payments_open', count(*) FROM payment.work WHERE step <> 'done'
UNION ALL SELECT 'payments_oldest_s', coalesce(extract(epoch FROM now() - min(created_at))::bigint, 0)
          FROM payment.work WHERE step <> 'done'
"""


@dataclasses.dataclass
class Where:
    """Where things are."""

    postgres_url: str
    postgres_password: str
    kafka_port: str
    smtp_port: str
    letters: str  # the program that can read dead letters
    supervisor: str  # its configuration


@dataclasses.dataclass
class Program:
    name: str
    kind: str  # daemon: has an admin port; other: has none
    port: str
    restarts: int
    state: str = "unknown"
    pid: str = "-"
    up: str = "-"
    memory: str = "-"
    lag: str = "-"
    ready: str = "-"
    problem: str = ""


class Silence(Exception):
    """No answer, or not the right one; the text says what came instead."""


def http_get(port, path):
    """Status and text."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_SECONDS) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode("utf-8", "replace")
    except OSError as error:
        raise Silence(silence_of(error)) from error


def silence_of(error):
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"it does not answer within {ANSWER_SECONDS:.0f} s"
    if isinstance(reason, ConnectionRefusedError):
        return "nothing listens on its port"
    return str(reason)


def metric_sum(text, name):
    values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
    return sum(float(value) for value in values) if values else None


def daemon_ask(program):
    try:
        status, text = http_get(program.port, "/readyz")
        lag = metric_sum(http_get(program.port, "/metrics")[1], "seatlog_consumer_lag_records")
    except Silence as silence:
        program.ready = "no answer"
        program.problem = str(silence)
        return
    program.lag = "-" if lag is None else f"{lag:.0f}"
    program.ready = "ready" if status == 200 else "not ready"
    if status != 200:
        program.problem = " ".join(text.split())


def postgres_ask(where):
    """Key by key what QUESTION asks for. The password goes by the environment."""
    environment = {**os.environ, "PGPASSWORD": where.postgres_password, "PGCONNECT_TIMEOUT": "3"}
    try:
        asked = subprocess.run(["psql", "-XqAt", "-F", "=", "-c", QUESTION, where.postgres_url],
                               capture_output=True, text=True, timeout=ANSWER_SECONDS, env=environment, check=False,
                               stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise Silence(f"it does not answer within {ANSWER_SECONDS:.0f} s") from error
    if asked.returncode == 0:
        return dict(line.split("=") for line in asked.stdout.split())
    if "does not exist" in asked.stderr:
        return {}
    raise Silence((asked.stderr.strip().splitlines() or ["no answer"])[-1])


def octets_read(connection, count):
    octets = b""
    while len(octets) < count:
        part = connection.recv(count - len(octets))
        if not part:
            raise Silence("it hangs up")
        octets += part
    return octets


def text_pack(text):
    return struct.pack(">h", len(text)) + text.encode()


def offsets_ask(connection, topic, when):
    """Offsets by partition (ListOffsets, version 1): the end of the topic for -1, its start for -2."""
    body = struct.pack(">hhi", 2, 1, 1) + text_pack("seatlog-status") + struct.pack(">ii", -1, 1) + text_pack(topic)
    body += struct.pack(">i", PARTITIONS) + b"".join(struct.pack(">iq", number, when) for number in range(PARTITIONS))
    connection.sendall(struct.pack(">i", len(body)) + body)
    answer = octets_read(connection, *struct.unpack(">i", octets_read(connection, 4)))
    at = 4 + 4 + 2 + len(topic) + 4  # correlation, topics, name, partitions
    parts = [struct.unpack_from(">ihqq", answer, at + 22 * number) for number in range(PARTITIONS)]
    return [offset for _, error, _, offset in parts if error == 0]


def kafka_ask(where):
    """Dead letters, open and settled; asking for them is asking Kafka how it is."""
    try:
        with socket.create_connection(("127.0.0.1", int(where.kafka_port)), ANSWER_SECONDS) as kafka:
            kafka.settimeout(ANSWER_SECONDS)
            ends, starts = (offsets_ask(kafka, "seatlog.dead-letters", when) for when in (-1, -2))
            if len(ends) != PARTITIONS:
                raise Silence(f"it has {len(ends)} of {PARTITIONS} partitions of its topics")
    except (OSError, struct.error) as error:
        raise Silence(silence_of(error)) from error
    return letters_count(where) if sum(ends) > sum(starts) else (0, 0)


def letters_count(where):
    """Open and settled, by the program that can read them: transactions' markers have offsets too. None: unknown."""
    environment = {**os.environ, "PGPASSWORD": where.postgres_password, "SEATLOG_POSTGRES_URL": where.postgres_url}
    try:
        told = subprocess.run([where.letters, "count",
                               f"--kafka.bootstrap.servers=127.0.0.1:{where.kafka_port}"],
                              capture_output=True, text=True, env=environment,
                              timeout=ANSWER_SECONDS, check=False, stdin=subprocess.DEVNULL)
        return tuple(map(int, told.stdout.split())) if told.returncode == 0 else (None, None)
    except (subprocess.TimeoutExpired, OSError):
        return None, None


def smtp_ask(where):
    try:
        with socket.create_connection(("127.0.0.1", int(where.smtp_port)), ANSWER_SECONDS) as server:
            server.settimeout(ANSWER_SECONDS)
            if not server.recv(3).startswith(b"220"):
                raise Silence("it does not greet")
    except OSError as error:
        raise Silence(silence_of(error)) from error


def supervisor_ask(where, programs):
    """State, process and age of each."""
    try:
        told = subprocess.run(["/usr/bin/supervisorctl", "-c", where.supervisor, "status"],
                              capture_output=True, text=True, timeout=2 * ANSWER_SECONDS, check=False,
                              stdin=subprocess.DEVNULL).stdout
    except subprocess.TimeoutExpired:
        return "supervisord does not answer"
    lines = {line.split()[0]: line for line in told.splitlines() if len(line.split()) > 1}
    for program in programs:
        line = lines.get(program.name, "")
        words = line.split()
        program.state = words[1].lower() if len(words) > 1 else "unknown"
        pid = re.search(r" pid (\d+), uptime (.*)$", line)
        if pid:
            program.pid = pid[1]
            days = re.match(r"(\d+) days?, (\d+)", pid[2])
            program.up = f"{days[1]}d {days[2]}h" if days else pid[2]
            program.memory = memory_of(pid[1])
            if process_is_stopped(pid[1]):
                program.state = "frozen"
    return ""


def process_is_stopped(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False


def memory_of(pid):
    """Of a process and its children, in MB; pages that processes share are counted once (PSS)."""
    pids = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pids += file.read().split()
    except OSError:
        pass
    total = 0
    for one in pids:
        try:
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(r"^Pss: +(\d+)", file.read(), re.MULTILINE)[1])
        except (OSError, TypeError):
            pass
    return f"{total // 1024} MB" if total else "-"


def asked(future, program):
    """The answer of what a program without an admin port was asked, or None; the program bears what came instead."""
    try:
        answer = future.result()
        program.ready = "ready"
        return answer
    except Silence as silence:
        program.ready = "no answer"
        program.problem = str(silence)
        return None


def count_say(count, one, many):
    return f"{count} {one if int(count) == 1 else many}"


def since_say(seconds):
    seconds = int(seconds)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def waiting_say(books, dead_letters):
    """Lines of what waits, and the problems among it."""
    lines, problems = [], []
    if books:
        mails = f"{books['mails_sent']} sent, {books['mails_queued']} queued"
        if int(books["mails_oldest_s"]) > 0 and int(books["mails_queued"]) > 0:
            mails += f" (the oldest for {since_say(books['mails_oldest_s'])})"
        if int(books["mails_refused"]) > 0:
            mails += f", {books['mails_refused']} refused or given up"
        payments = f"{books['payments_open']} open"
        if int(books["payments_open"]) > 0:
            payments += f" (the oldest for {since_say(books['payments_oldest_s'])})"
        lines += [("mails", mails), ("payments", payments)]
        if int(books["mails_queued"]) > 0 and int(books["mails_oldest_s"]) > OVERDUE_SECONDS:
            problems.append(f"a mail has been waiting for {since_say(books['mails_oldest_s'])}: "
                            "./seatlog logs notifier")
        if int(books["payments_open"]) > 0 and int(books["payments_oldest_s"]) > OVERDUE_SECONDS:
            problems.append(f"a payment has been open for {since_say(books['payments_oldest_s'])}: "
                            "./seatlog logs payment")
    if dead_letters is not None:
        left, settled = dead_letters
        counted = "some" if left is None else f"{left} set aside" + (f", {settled} settled" if settled else "")
        lines.append(("dead letters", "none" if dead_letters == (0, 0) else
                      f"{counted}: ./seatlog dead-letters list"))
    return lines, problems


def programs_print(programs):
    print(ROW.format("daemon", "state", "pid", "up", "memory", "lag", "restarts", "ready"))
    for program in programs:
        line = ROW.format(program.name, program.state, program.pid, program.up, program.memory, program.lag,
                          program.restarts, program.ready).rstrip()
        print(line if program_is_well(program) else colour(line, 31))


def program_is_well(program):
    return program.state == "running" and program.ready in ("ready", "-")


def wrapped_print(label, text, first="  "):
    head = f"{first}{label:<14}"
    print("\n".join(textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head),
                                  break_long_words=False, break_on_hyphens=False)))


def ask_all(where, programs):
    """Everybody at once. Returns PostgreSQL's books, dead letters open and settled (None: no answer), a problem."""
    by_name = {program.name: program for program in programs}
    with concurrent.futures.ThreadPoolExecutor(len(programs) + 4) as pool:
        supervisor = pool.submit(supervisor_ask, where, programs)
        daemons = [pool.submit(daemon_ask, program) for program in programs if program.kind == "daemon"]
        postgres, kafka, smtp = (pool.submit(ask, where) for ask in (postgres_ask, kafka_ask, smtp_ask))
        books = asked(postgres, by_name["postgres"])
        dead_letters = asked(kafka, by_name["kafka"])
        asked(smtp, by_name["mail-catcher"])
        for daemon in daemons:
            daemon.result()
        if dead_letters is None:  # what a daemon last heard of the log's end is no lag
            for program in programs:
                program.lag = "-" if program.lag == "-" else "?"
        return books, dead_letters, supervisor.result()


def places(launcher):
    """(label, text) of what people may want to go to."""
    state, values = launcher.state, launcher.here.values()
    metrics = state.port(launcher.here.of("daemon")[0].admin_port)
    return [("address", values["URL"]),
            ("ports", f"PostgreSQL {values['PORT_POSTGRES']}, Kafka {values['PORT_KAFKA']}, "
                      f"SMTP {values['PORT_SMTP']}, payment simulator {values['PORT_SIMULATOR']}; "
                      f"metrics from {metrics} on"),
            ("mails land in", str(state.mails))]


def wrongs(programs):
    for program in programs:
        if program.state != "running":
            words = "is stopped by a signal" if program.state == "frozen" else f"is {program.state}"
            yield f"{program.name} {words}: ./seatlog logs {program.name}"
        elif program.problem:
            yield f"{program.name}: {program.problem}"


def command_status(launcher, words):
    """Exit status: 0 all is well, 1 something is not, 3 it is down."""
    arguments_none("status", words)
    launcher.need_set_up()
    state, here = launcher.state, launcher.here
    if not launcher.supervised():
        say(f"seatlog: it is down. ./seatlog up starts it. Everything is kept in\n  {state.folder}")
        return 3
    where = Where(here.postgres.url, here.postgres.password, state.port("KAFKA"), state.port("SMTP"),
                  str(here.bin / "seatlog-dead-letters"), str(launcher.supervisor.settings))
    programs = [Program(program.program, "daemon" if program.is_daemon else "other",
                        state.port(program.admin_port) if program.is_daemon else "-",
                        launcher.supervisor.restarts(program.program)) for program in here.programs]
    books, dead_letters, trouble = ask_all(where, programs)
    programs_print(programs)
    lines, problems = waiting_say(books, dead_letters)
    problems = [*([trouble] if trouble else []), *problems, *wrongs(programs)]
    print()
    for label, text in [*lines, *places(launcher)]:
        wrapped_print(label, text)
    print()
    for problem in problems:
        wrapped_print("wrong", problem)
    if not problems:
        print(colour("All is well.", 32))
    return 1 if problems else 0
