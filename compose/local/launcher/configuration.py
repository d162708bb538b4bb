# SPDX-License-Identifier: Apache-2.0
"""The files under etc/, made of templates and of settings that people make: overrides/NAME.conf of the state folder,
lines KEY = VALUE, which up reads and never writes. They stand at the end of the file that the program reads, where a
later line wins. ./seatlog restart takes them.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from . import kafka, postgres
from .pipeline import LOCAL, fill
from .say import Failure, Notices
from .state import lines_of

SECRETS = ((re.compile(r"((password|token|secret)[a-z_]*\s*=).*"), r"\1 …"),
           (re.compile(r"(postgresql://[^:]*:)[^@]*@"), r"\1…@"))
LEFT_BY_EDITORS = re.compile(r".*(~|\.bak|\.orig)$")


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="surrogateescape")


def settings_of(lines):
    return [line for line in lines if not re.match(r"\s*([#;]|$)", line)]


def digest(data):
    """As sha256sum writes it."""
    return hashlib.sha256(data).hexdigest() + "  -\n"


class Configuration:
    def __init__(self, installation):
        self.installation = installation
        self.state = installation.state
        self.changed = set()  # names of files that differ from what they were
        self.moved = self._moved()

    def _moved(self):
        """(folder before, folder now) where the state folder has another place than when etc/ was written."""
        pairs = []
        told = dict(line.split("=", 1) for line in lines_of(self.state.etc / "supervisord.conf") if "=" in line)
        before, run = (told.get(key, "").replace("%%", "%") for key in ("childlogdir", "pidfile"))
        for old, now in ((run.removesuffix("/supervisord.pid"), self.state.run),
                         (before.removesuffix("/log"), self.state.folder)):
            if old and old != str(now):
                pairs.append((old, str(now)))
        return pairs

    # -- writing

    def write(self, path, mode, text):
        """Replaces the file if the text differs. What somebody else wrote there meanwhile is kept aside."""
        data = (text.rstrip("\n") + "\n").encode("utf-8", "surrogateescape")
        notes = self.state.etc / ".written"
        notes.mkdir(exist_ok=True, mode=0o700)
        if path.exists() and path.read_bytes() == data:
            path.chmod(mode)
        else:
            self.edit_keep(path, data)
            new = path.with_name(path.name + ".new")
            new.unlink(missing_ok=True)
            with open(new, "wb", opener=lambda name, how: os.open(name, how, 0o600)) as file:
                file.write(data)
            new.chmod(mode)
            new.replace(path)
            self.changed.add(path.name)
        (notes / path.name).write_text(digest(data), encoding="ascii")

    def edit_keep(self, path, new):
        """What somebody changed in a file that up writes is kept beside it and told, not thrown away in silence. A file
        of an installation that did not note yet what was written counts as changed where it has settings that the new
        one has not, but for the places of a folder that was moved."""
        if not path.exists():
            return
        before = read(path)
        now = set(new.decode("utf-8", "surrogateescape").splitlines())
        lost = [line for line in settings_of(before.splitlines()) if line not in now]
        note = self.state.etc / ".written" / path.name
        if note.exists():
            if note.read_text(encoding="ascii") == digest(path.read_bytes()):
                return
        elif not [line for line in lost if self.as_moved(line) not in now and not line.startswith("command=")]:
            return  # a command is pipeline.tsv's, and that changes with the version
        kept = self.state.etc / f"{path.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.kept"
        shutil.copyfile(path, kept)
        kept.chmod(0o600)
        self.edit_tell(path, kept, lost)

    def as_moved(self, line):
        for old, now in self.moved:
            line = re.sub(re.escape(old) + r"(?=[/'\"]|$)", lambda _, now=now: now, line)
        return line

    def edit_tell(self, path, kept, lost):
        override = "postgres.conf" if path.name == "seatlog.conf" else path.name
        if not lost:
            Notices.add(f"lines were taken out of {path}; ./seatlog up has put them back.\n"
                        f"What it was is kept in {kept}")
        elif override in self.override_files():
            for secret, shown in SECRETS:
                lost = [secret.sub(shown, line, count=1) for line in lost]
            Notices.add(f"{path} had lines that ./seatlog up does not write. They are kept in\n  {kept}\n"
                        f"and not in use. To have them: put them into {self.state.overrides}/{override},\n"
                        f"then ./seatlog restart {override.rpartition('.')[0]}. They are:\n"
                        + "\n".join(f"    {line}" for line in lost))
        else:
            Notices.add(f"{path} was changed; what it was is kept in {kept}")

    def settings_write(self, file, text, *overrides):
        """A program's settings under etc/, with what people set (in the file of that name, unless others are named) at
        their end. Readable by the owner only: it carries secrets."""
        overrides = overrides or (file,)
        head = (f"# Written by ./seatlog up, which puts its own lines back: change nothing here.\n"
                f"# Settings of your own are lines in {self.state.overrides}/{file}\n"
                f"# and are taken by: ./seatlog restart {file.rpartition('.')[0]}\n")
        parts = [head + text.rstrip("\n") + "\n"]
        for name in overrides:
            path = self.state.overrides / name
            if path.exists() and path.stat().st_size > 0:
                parts.append(f"\n# From {path}:\n{read(path)}\n")
        self.write(self.state.etc / file, 0o600, "".join(parts))

    def write_all(self):
        """Configuration of every program from its template."""
        for program in self.installation.programs:
            names = dict.fromkeys((program.name, program.program))  # what is for all instances, then what is its own
            if program.is_daemon:
                text = fill(read(LOCAL / "etc" / f"{program.name}.conf"), self.installation.values_of(program))
                self.settings_write(f"{program.program}.conf", text, *(f"{name}.conf" for name in names))
            elif program.name == "kafka":
                self.settings_write(f"{program.program}.properties", self.installation.kafka_properties(program),
                                    *(f"{name}.properties" for name in names))
            elif program.name == "postgres":
                self.settings_write("postgres.conf", fill(read(LOCAL / "etc/postgresql.conf"),
                                                          self.installation.values()))

    def postgres_write(self):
        """PostgreSQL cannot read etc/; its own folder has a copy."""
        self.write(self.installation.postgres.data / "seatlog.conf", 0o644, read(self.state.etc / "postgres.conf"))
        self.installation.postgres.include()

    # -- what people set

    def override_files(self):
        """Files that may be in the folder, and the program whose settings each changes."""
        files = {}
        for program in self.installation.programs:
            ending = ".conf" if program.is_daemon else {"kafka": ".properties", "postgres": ".conf"}.get(program.name)
            if ending:
                files.setdefault(program.name + ending, program)
                files[program.program + ending] = program
        return files

    def override_wrong_daemon(self, program, path):
        """A daemon judges its own: what it would read with this file, its other settings as they come."""
        if any(re.match(r"\s*admin_listen\s*=", line) for line in lines_of(path)):
            return f"{path}: admin_listen is chosen by ./seatlog up, which asks the daemon there"
        values = self.installation.values_of(program) | {"ADMIN": "127.0.0.1:0"}
        template = fill(read(LOCAL / "etc" / f"{program.name}.conf"), values)
        reading, writing = os.pipe()
        os.write(writing, template.encode("utf-8", "surrogateescape"))
        os.close(writing)
        try:
            judged = subprocess.run([self.installation.bin / program.command, "--check", "--config",
                                     f"/dev/fd/{reading}", "--config", path], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                                    pass_fds=[reading])
        finally:
            os.close(reading)
        return "" if judged.returncode == 0 else judged.stdout.rstrip("\n").replace(
            "(--help lists them)", f"(build/release/bin/{program.command} --help lists them)")

    def override_wrong_postgres(self, path):
        judged = subprocess.run([postgres.BIN / "postgres", "-C", "port", "-c", f"config_file={path}", "-D", "/"],
                                cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, check=False)
        if judged.returncode == 0:
            return ""
        said = [re.sub(r"^.*(LOG|FATAL): *", "", line) for line in judged.stdout.splitlines()
                if re.search(r"(LOG|FATAL): ", line)]
        return next((line for line in said if not line.startswith("skipping missing")), judged.stdout.strip())

    def override_wrong_kafka(self, path):
        """Kafka itself takes names that it does not know, and ignores them."""
        known = kafka.options_known(self.installation.values())
        for line in lines_of(path):
            found = re.match(r"\s*([^#!=:\s]+)", line)
            if found and not found[1].startswith("listener.name.") and found[1] not in known:
                return (f"{path}: there is no option {found[1]} "
                        "(https://kafka.apache.org/41/configuration/broker-configs/)")
        return ""

    def override_wrong(self):
        """Of the first file that cannot be used, what is wrong with it, in words."""
        if not self.state.overrides.is_dir():
            return ""
        files = self.override_files()
        for path in sorted(self.state.overrides.iterdir()):
            if path.name.startswith(".") or LEFT_BY_EDITORS.match(path.name):
                continue
            program = files.get(path.name)
            if program is None:
                return f"{path} belongs to no program. There can be: {' '.join(files)}"
            wrong = {"postgres": self.override_wrong_postgres, "kafka": self.override_wrong_kafka}.get(
                program.name, lambda path, program=program: self.override_wrong_daemon(program, path))(path)
            if wrong:
                return wrong
        return ""

    def overrides_ensure(self):
        """Before anything is stopped or written."""
        wrong = self.override_wrong()
        if wrong:
            raise Failure(f"nothing was changed, a setting is wrong:\n  {wrong}")
