# SPDX-License-Identifier: Apache-2.0
"""A supervisord of our own keeps the programs running; its socket and configuration are in the state folder."""

import concurrent.futures
import functools
import hashlib
import os
import pathlib
import pwd
import re
import signal
import subprocess
import time

from .build import description
from .state import lines_of

RESTARTS_PATIENCE = 5  # a program that ends so often while it is waited for will not come up
ORPHANS_SECONDS = 30
SHUTDOWN_SECONDS = 120

HEAD = """; Written by ./seatlog up from compose/local/pipeline.tsv, which puts its own lines back.
[supervisord]
logfile={log}/supervisord.log
logfile_maxbytes=20MB
logfile_backups=2
pidfile={run}/supervisord.pid
childlogdir={log}
minfds=4096
directory=/
user={user}

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""
PROGRAM = """
[program:{name}]
command={command}
stopsignal={how}
stopwaitsecs={seconds}
stdout_logfile={log}/{name}.log
autostart=false
autorestart=true
startsecs=1
startretries=1000000
redirect_stderr=true
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
"""


def processes():
    """(pid, words of the command line) of all on this machine."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                pass


def signal_send(pid, how):
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


def until(condition, seconds, pause=0.1):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(pause)
    return True


def quoted(word):
    """In supervisor's files % and ; mean something."""
    return '"' + word.replace("%", "%%") + '"'


class Supervisor:
    def __init__(self, installation, configuration):
        self.installation, self.configuration = installation, configuration
        self.state = installation.state
        self.socket = self.state.run / "supervisor.sock"
        self.settings = self.state.etc / "supervisord.conf"
        self.restarted = []  # (program, why) of each that is not as it was

    @functools.cached_property
    def version(self):
        return description()

    # -- the supervisord

    def control(self, *words, **options):
        return subprocess.run(["/usr/bin/supervisorctl", "-c", self.settings, *words], stdin=subprocess.DEVNULL,
                              check=False, text=True, **options)

    def pid(self):
        """Its process, or None."""
        told = lines_of(self.state.run / "supervisord.pid")
        if not told or not told[0].strip():
            return None
        try:
            command = pathlib.Path(f"/proc/{told[0].strip()}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return None
        return int(told[0]) if os.fsencode(self.settings) in command else None

    def runs(self):
        return self.pid() is not None and self.socket.is_socket()

    def configure(self):
        state = self.state
        log, run = (str(path).replace("%", "%%") for path in (state.log, state.run))
        text = HEAD.format(log=log, run=run, socket=self.socket, user=pwd.getpwuid(os.geteuid()).pw_name)
        for program in self.installation.programs:
            text += PROGRAM.format(name=program.program, log=log, how=program.stop_signal,
                                   seconds=program.stop_seconds,
                                   command=" ".join(map(quoted, self.installation.command(program))))
            if program.name == "postgres" and os.geteuid() == 0:
                text += "user=postgres\n"  # which refuses to run as root
        self.configuration.write(self.settings, 0o600, text)

    def start(self, step):
        if self.runs():
            # Programs whose definition changed are started again; the others are left as they are.
            step.run("/usr/bin/supervisorctl", "-c", self.settings, "reread")
            step.run("/usr/bin/supervisorctl", "-c", self.settings, "update")
            return
        self.socket.unlink(missing_ok=True)
        (self.state.run / "supervisord.pid").unlink(missing_ok=True)
        environment = {key: value for key, value in os.environ.items() if key != "SEATLOG_STATE"}
        step.run("/usr/bin/supervisord", "-c", self.settings, cwd="/", env=environment)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if not until(lambda: self.runs() and self.control("pid", **quiet).returncode == 0, 10):
            step.fail(log=self.state.log / "supervisord.log")

    def stop(self, step):
        """Daemons first, so that they can finish with what is under way; then what they stand on."""
        pid = self.pid()
        output = {"stdout": step.output, "stderr": step.output}
        daemons = self.installation.of("daemon")
        with concurrent.futures.ThreadPoolExecutor(len(daemons)) as pool:
            list(pool.map(lambda program: self.control("stop", program.program, **output), daemons))
        step.run("/usr/bin/supervisorctl", "-c", self.settings, "shutdown")
        until(lambda: not pathlib.Path(f"/proc/{pid}").is_dir(), SHUTDOWN_SECONDS)

    # -- what a supervisord that was killed has left behind

    def orphans(self):
        """Supervisor gave each the address of its socket."""
        mark, found = os.fsencode(f"SUPERVISOR_SERVER_URL=unix://{self.socket}"), []
        for pid, _ in processes():
            try:
                if mark in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    found.append(pid)
            except OSError:
                pass
        return found

    def strays_end(self, step):
        """A supervisord of ours that cannot be talked to any more (somebody tidied its socket away) would start again
        whatever is ended beside it."""
        for pid, command in processes():
            if os.fsencode(self.settings) in command and b"supervisord -c" in b" ".join(command):
                step.write(f"a supervisord without its socket, ended: {pid}")
                signal_send(pid, signal.SIGTERM)
                until(lambda pid=pid: not pathlib.Path(f"/proc/{pid}").is_dir(), SHUTDOWN_SECONDS)

    def orphans_reap(self, step):
        self.strays_end(step)
        pids = self.orphans()
        if not pids:
            return
        step.note = f"{len(pids)} programs of a supervisord that was killed, ended"
        step.write("left behind by a supervisord that was killed: " + " ".join(map(str, pids)))
        for pid in pids:
            # PostgreSQL waits for its clients at TERM; INT is its fast shutdown.
            signal_send(pid, signal.SIGINT if executable(pid).endswith("/postgres") else signal.SIGTERM)
        if not until(lambda: not self.orphans(), ORPHANS_SECONDS):
            pids = self.orphans()
            step.write("still there after 30 s, killed: " + " ".join(map(str, pids)))
            for pid in pids:
                signal_send(pid, signal.SIGKILL)
            time.sleep(1)

    # -- programs

    def states(self):
        """(state, pid or None) by program."""
        told = self.control("status", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        found = {}
        for line in told.splitlines():
            words, pid = line.split(), re.search(r" pid (\d+),", line)
            if len(words) > 1:
                found[words[0]] = (words[1], int(pid[1]) if pid else None)
        return found

    def restarts(self, program):
        """How often it ended by itself since this supervisord began."""
        count = 0
        for line in lines_of(self.state.log / "supervisord.log"):
            if " supervisord started with pid " in line:
                count = 0
            count += f" exited: {program} " in line
        return count

    def build_of(self, program):
        """What it is made of: its binary or script, if it is ours."""
        if program.is_daemon:
            path = self.installation.bin / program.command
        else:
            scripts = [word for word in self.installation.command(program) if word.endswith(".py")]
            path = pathlib.Path(scripts[0]) if scripts else None
        return digest_of(path) if path else ""

    def settings_of(self, program):
        return hashlib.sha256(b"".join(
            path.read_bytes() for path in (self.state.etc / f"{program.program}.conf",
                                           self.state.etc / f"{program.program}.properties")
            if path.exists())).hexdigest() + "  -"

    def running(self, program):
        """What its process was started from; None of a launcher that took no notes."""
        path = self.state.folder / "running" / program.program
        return dict(line.partition("=")[::2] for line in lines_of(path)) if path.exists() else None

    def running_note(self, program):
        folder = self.state.folder / "running"
        folder.mkdir(exist_ok=True)
        (folder / program.program).write_text(f"build={self.build_of(program)}\nsettings={self.settings_of(program)}\n"
                                              f"version={self.version}\n", encoding="utf-8")

    def is_stale(self, program, pid):
        """Whether it runs on with an older binary or configuration than there is now."""
        if pid is None:
            return False
        noted = self.running(program)
        if noted is None:
            return bool({f"{program.program}.conf", f"{program.program}.properties"} & self.configuration.changed) or \
                executable(pid).endswith(" (deleted)")
        return noted.get("build", "") != self.build_of(program) or \
            noted.get("settings", "") != self.settings_of(program)

    def change_of(self, program):
        """Why what is started now differs from what ran before; nothing where it does not."""
        noted = self.running(program)
        if noted is None:
            return ""
        if noted.get("build", "") != self.build_of(program):
            before = noted.get("version", "")
            return "a new build" if before == self.version else f"a new build ({before} before)"
        return "changed settings" if noted.get("settings", "") != self.settings_of(program) else ""

    def programs_start(self, step, programs, again=False):
        """Starts what does not run, and starts again what is stale; all at the same time. again: all of them."""
        states, jobs = self.states(), []
        for program in programs:
            state, pid = states.get(program.program, ("", None))
            verb, why = "", self.change_of(program)
            if state not in ("RUNNING", "STARTING"):
                verb = "start"
                why = "" if why.endswith("settings") else why  # it was not as it was, it was not there
            elif again or self.is_stale(program, pid):
                verb = "restart"
                why = why or ("the same build and settings" if again else "a new build or changed settings")
            if verb:
                if why:
                    self.restarted.append((program.program, why))
                self.running_note(program)
                jobs.append((program.program, verb))
        output = {"stdout": step.output, "stderr": step.output}
        with concurrent.futures.ThreadPoolExecutor(max(len(jobs), 1)) as pool:
            ended = list(pool.map(lambda job: self.control(job[1], job[0], **output).returncode, jobs))
        for (name, _), status in zip(jobs, ended):
            if status != 0:
                step.fail(log=self.state.log / f"{name}.log",
                          hint=f"{name} does not start. Its log: ./seatlog logs {name}")

    def programs_stop(self, step, programs):
        """Those that run."""
        states = self.states()
        running = [program.program for program in programs if states.get(program.program, ("", None))[1]]
        if running:
            step.run("/usr/bin/supervisorctl", "-c", self.settings, "stop", *running)

    def program_await(self, step, program, seconds, ready=None):
        """Until it is ready; gives up when the time is out, or when it ends again and again."""
        ready = ready or (lambda: self.installation.ready(program))
        name, before, end = program.program, self.restarts(program.program), time.monotonic() + seconds
        while not ready():
            if time.monotonic() >= end or self.restarts(name) - before >= RESTARTS_PATIENCE:
                state = self.states().get(name, ("", None))[0]
                step.fail(log=self.state.log / f"{name}.log",
                          hint=f"{name} does not become ready ({state}). Its log: ./seatlog logs {name}")
            time.sleep(0.2)

    def programs_ready(self, step, programs, seconds, again=False):
        """Started, and waited for."""
        self.programs_start(step, programs, again)
        for program in programs:
            step.write(f"waiting for {program.program}")
            self.program_await(step, program, seconds)


def executable(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def digest_of(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() + "  -"
    except OSError:
        return ""
