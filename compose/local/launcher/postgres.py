# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL: its cluster made (initdb stands here alone), and its database and owner."""

import os
import pathlib
import pwd
import shutil
import subprocess
import time

from .say import errors_go

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def user():
    """PostgreSQL refuses to run as root: the user it runs as there, or None where it is ourselves."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def as_user():
    """For subprocess: nothing stands between us and it, as runuser would, which stops when its child is stopped."""
    who = user()
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}


def owned(*paths):
    """Gives folders and files to who runs PostgreSQL."""
    who = user()
    for path in paths:
        if who:
            os.chown(path, who.pw_uid, who.pw_gid)


def may_write(path):
    return subprocess.run(["test", "-w", str(path)], cwd="/", check=False, **as_user()).returncode == 0


def initdb(data, superuser, password_file=None, durable=True, output=subprocess.DEVNULL):
    """Makes a cluster in a folder whose parent belongs to who runs PostgreSQL; without a password file everybody on
    this machine is trusted. In place only once it is whole: what an interrupted one has left is made again."""
    made = pathlib.Path(f"{data}.new")
    shutil.rmtree(made, ignore_errors=True)
    access = ["--auth=scram-sha-256", f"--pwfile={password_file}"] if password_file else ["--auth=trust"]
    command = [BIN / "initdb", "-D", made, "-U", superuser, *access, "--encoding=UTF8", "--locale=C.UTF-8",
               "--no-instructions", *([] if durable else ["--no-sync"])]
    subprocess.run(command, check=True, cwd="/", env={**os.environ, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
                   stdout=output, stderr=subprocess.STDOUT, **as_user())
    made.rename(data)


def start(data, log, **settings):
    """Its process, with settings that its files do not have."""
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return subprocess.Popen([BIN / "postgres", "-D", data, *flags], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log, **as_user())


def ready(port):
    return subprocess.run([BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def psql(url, password, *arguments, **options):
    """Passwords stay out of command lines, which everybody on the machine can read."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stderr", errors_go())
    return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *url, *arguments], text=True, check=True,
                          env={**os.environ, "PGPASSWORD": password}, **options)


class Postgres:
    """The one of a state folder."""

    def __init__(self, state):
        self.state = state
        self.data = state.postgres / "data"

    @property
    def port(self):
        return self.state.port("POSTGRES")

    def make(self, step):
        """The cluster, if there is none; and its settings, which are those of etc/postgres.conf."""
        folder, sockets = self.state.postgres, self.state.run / "postgres"
        folder.mkdir(parents=True, exist_ok=True)
        sockets.mkdir(parents=True, exist_ok=True)
        if user():
            owned(folder, sockets)
            self.state.folder.chmod(self.state.folder.stat().st_mode | 0o111)
            if not may_write(folder) or not may_write(sockets):
                step.fail(hint=f"PostgreSQL refuses to run as root, and the user postgres cannot reach {folder}.\n"
                          "Choose a folder that others may enter: SEATLOG_STATE=/var/lib/seatlog/other ./seatlog up")
        sockets.chmod(0o755)
        if not (self.data / "PG_VERSION").exists():
            self.cluster_make(step)

    def cluster_make(self, step):
        password = self.state.postgres / "password"
        password.unlink(missing_ok=True)
        with open(password, "w", encoding="utf-8", opener=lambda path, how: os.open(path, how, 0o600)) as file:
            file.write(self.state.secret("POSTGRES_SUPERUSER"))
        owned(password)
        try:
            initdb(self.data, "postgres", password, output=step.output)
        except subprocess.CalledProcessError:
            step.fail()
        password.unlink()

    def include(self):
        """Its own configuration file reads ours."""
        path = self.data / "postgresql.conf"
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        if not any(line.startswith("include 'seatlog.conf") for line in text.splitlines()):
            with open(path, "a", encoding="utf-8") as file:
                file.write("include 'seatlog.conf'\n")

    def dead_await(self):
        """A postmaster that was killed holds its lock until it is gone from the process table: by then it has no
        command line."""
        try:
            pid = (self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0]
        except (OSError, IndexError):
            return
        for _ in range(100):
            try:
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return
            except OSError:
                return
            time.sleep(0.1)

    def superuser(self, *arguments, **options):
        """psql over the private socket."""
        return psql(["-h", str(self.state.run / "postgres"), "-p", self.port, "-U", "postgres"],
                    self.state.secret("POSTGRES_SUPERUSER"), *arguments, **options)

    @property
    def url(self):
        """Without the password."""
        return f"postgresql://seatlog@127.0.0.1:{self.port}/seatlog"

    @property
    def password(self):
        return self.state.secret("POSTGRES")

    def sql(self, *arguments, **options):
        """psql as the owner of the database, which is what the daemons are."""
        return psql([self.url], self.password, *arguments, **options)

    def ask(self, question):
        """Its rows as text, a line each."""
        return self.sql("-At", "-c", question, stdout=subprocess.PIPE).stdout.strip()

    def database_make(self, step, may_create):
        """may_create: whether the owner may make more databases, as tests do."""
        self.superuser("-d", "postgres", input=f"""
SET client_min_messages = warning;
SELECT 'CREATE ROLE seatlog LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'seatlog') \\gexec
ALTER ROLE seatlog PASSWORD '{self.password}' {'CREATEDB' if may_create else 'NOCREATEDB'};
SELECT 'CREATE DATABASE seatlog OWNER seatlog'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'seatlog') \\gexec
""", stdin=None, stdout=step.output, stderr=step.output)

    def migrate(self, step):
        step.run(pathlib.Path(__file__).resolve().parents[3] / "schemas" / "sql" / "migrate", self.url,
                 env={**os.environ, "PGPASSWORD": self.password})
