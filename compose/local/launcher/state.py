# SPDX-License-Identifier: Apache-2.0
"""What a Seatlog keeps in its folder, and the ports that it has chosen.

    env        ports and what was done, KEY=value a line
    secrets    generated passwords, readable by the owner only
    keys       what tickets are signed with
    etc        configuration of every program, written by up
    overrides  settings that people make: up reads them and never writes them
    running    what each program was started from
    log        their logs            mails            mails as they arrived
    postgres, kafka                  data
"""

import base64
import fcntl
import hashlib
import os
import pathlib
import re
import socket
import time

from .say import Failure, say, warn

PORT_LIMIT = 1000  # how many ports above the wanted one are tried
PORTS_NEEDED = ("HTTP", "POSTGRES", "KAFKA", "SMTP", "SIMULATOR")
LOCK_SECONDS = 1800


def port_taken(port):
    """A listener that is frozen may not even accept: whoever does not refuse has the port."""
    try:
        socket.create_connection(("127.0.0.1", int(port)), 2).close()
        return True
    except TimeoutError:
        return True
    except OSError:
        return False


def lines_of(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def locked(path, seconds, mode="a"):
    """The open file once nobody else has its lock; None when the time is out. Closing it gives the lock back."""
    until = time.monotonic() + seconds
    file = open(path, mode, encoding="utf-8")  # the caller closes it
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= until:
                file.close()
                return None
            time.sleep(0.1)


class State:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        # A socket's path has room for 107 bytes; where the state lies too deep, sockets go to /tmp.
        run = f"{folder}/run"
        if len(run) > 70 or re.search(r"[\s%\"';]", run):
            run = f"/tmp/seatlog-{os.getuid()}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
        self.run = pathlib.Path(run)
        self.etc, self.log, self.mails = (self.folder / name for name in ("etc", "log", "mails"))
        self.overrides, self.postgres = self.folder / "overrides", self.folder / "postgres"
        self.env, self.secrets = self.folder / "env", self.folder / "secrets"
        self._lock = None

    def make(self):
        try:
            for path in (self.folder, self.log, self.etc, self.mails):
                path.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise Failure(f"cannot write to {self.folder}. Say SEATLOG_STATE=FOLDER with a folder of yours") from None
        try:
            if not self.run.is_dir():
                self.run.mkdir()
                self.run.chmod(0o711)
        except OSError:
            raise Failure(f"cannot make {self.run}") from None
        if self.run.stat().st_uid != os.geteuid():
            raise Failure(f"{self.run} belongs to somebody else; remove it, or say SEATLOG_STATE=FOLDER")
        for path in (self.etc, self.folder / "keys", self.overrides):
            path.mkdir(exist_ok=True)
            path.chmod(0o700)
        self.env.touch()
        self.secrets.touch(0o600)

    def exists(self):
        return self.env.exists()

    def is_set_up(self):
        """Everything has its port: an up has come so far."""
        return all(self.port(name) for name in PORTS_NEEDED)

    def lock(self):
        """One launcher at a time changes things. The lock is not handed to what is started."""
        self._lock = locked(self.folder / "lock", 0)
        if self._lock is None:
            say("seatlog: another ./seatlog is at work here; waiting for it")
            self._lock = locked(self.folder / "lock", LOCK_SECONDS)
        if self._lock is None:
            raise Failure("another ./seatlog has been at work for half an hour: see ps, then end it")

    def get(self, key):
        """Its value, empty without one."""
        values = [line.partition("=")[2] for line in lines_of(self.env) if line.startswith(key + "=")]
        return values[-1] if values else ""

    def set(self, key, value):
        """Without a value it is forgotten."""
        lines = [line for line in lines_of(self.env) if line and not line.startswith(key + "=")]
        if value is not None:
            lines.append(f"{key}={value}")
        new = self.folder / "env.new"
        new.write_text("".join(line + "\n" for line in lines), encoding="utf-8", errors="surrogateescape")
        new.replace(self.env)

    def secret(self, name, size=15):
        """A random one, made when first asked for."""
        for line in lines_of(self.secrets):
            if line.startswith(name + "="):
                return line.partition("=")[2]
        value = base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=")
        with open(self.secrets, "a", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as file:
            file.write(f"{name}={value}\n")
        return value

    # -- ports

    def port(self, name):
        return self.get(f"PORT_{name}")

    def ports(self):
        """(name, port) of all that are remembered."""
        words = [line.partition("=") for line in lines_of(self.env) if line.startswith("PORT_")]
        return [(name.removeprefix("PORT_"), port) for name, _, port in words]

    def port_is_remembered(self, port):
        return str(port) in (remembered for _, remembered in self.ports())

    def port_is_promised(self, port, promises):
        """Whether another Seatlog of this user may have chosen a port and not opened it yet: each notes what it chose
        in one file, a line "PORT ENV", which counts as long as that ENV still says so."""
        for line in promises:
            promised, _, env = line.partition(" ")
            if promised == str(port) and env != str(self.env) and \
                    any(re.fullmatch(rf"PORT_.*={port}", other) for other in lines_of(env)):
                return True
        return False

    def port_choose(self, name, wanted):
        """Remembers the first free port from the wanted one on."""
        if self.port(name):
            return
        chosen = pathlib.Path(f"/tmp/seatlog-ports-{os.getuid()}")
        file = locked(chosen, 60)
        if file is None:
            raise Failure(f"cannot lock {chosen}")
        with file:
            promises = lines_of(chosen)
            limit = min(int(wanted) + PORT_LIMIT, 65536)
            for port in range(int(wanted), limit):
                if not self.port_is_remembered(port) and not self.port_is_promised(port, promises) and \
                        not port_taken(port):
                    self.set(f"PORT_{name}", port)
                    file.write(f"{port} {self.env}\n")
                    return
        raise Failure(f"no port is free from {wanted} to {limit - 1} on 127.0.0.1 (for {name.lower()})")

    def ports_review(self):
        """Nothing of ours runs: a remembered port that somebody else has taken meanwhile is given up."""
        for name, port in self.ports():
            if port_taken(port):
                warn(f"port {port} ({name}) was taken by another program meanwhile; choosing another")
                self.set(f"PORT_{name}", None)
