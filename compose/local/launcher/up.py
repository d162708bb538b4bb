# SPDX-License-Identifier: Apache-2.0
"""./seatlog up, down and restart."""

import argparse
import os
import subprocess
import textwrap

from . import build
from .accounts import accounts_make
from .catalogue import catalogue_load
from .configuration import Configuration
from .help import SHOWS_MAX, Misuse, arguments_none
from .installation import Installation
from .kafka import version as kafka_version
from .say import Failure, say, step
from .state import port_taken
from .supervise import Supervisor

DAEMON_READY_S = int(os.environ.get("SEATLOG_TEST_READY_S", 90))  # one that has a long log to fold may take this long
DECIDER = "reservation"
INFRA_READY_S = {"postgres": 60, "kafka": 90, "mail-catcher": 20, "payment-simulator": 20}

class Launcher:
    """A state folder, and all that can be done with what is set up in it."""

    def __init__(self, state):
        self.state = state
        self._here = None

    @property
    def here(self):
        self._here = self._here or Installation(self.state)
        return self._here

    def open(self):
        """What reads and changes the configuration, and the supervisor; when the folder is there."""
        self.configuration = Configuration(self.here)
        self.supervisor = Supervisor(self.here, self.configuration)

    def supervised(self):
        if not hasattr(self, "supervisor"):
            self.open()
        return self.supervisor.runs()

    def need_set_up(self):
        """For commands that ask an installation."""
        if not self.state.is_set_up():
            raise Failure(f"nothing is set up in {self.state.folder} yet. Run ./seatlog up first", 3)

    def need_up(self):
        self.need_set_up()
        if not self.supervised():
            raise Failure("it is not up. Start it with ./seatlog up", 3)


# -- up

def number(option, text, least, most):
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and least <= int(text) <= most):
        raise Misuse("up", f"{option} wants a number from {least} to {most}")
    return int(text)


def up_arguments(words):
    options = argparse.Namespace(yes=False, shows=None, port=None, infrastructure=False)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in ("--yes", "-y"):
            options.yes = True
        elif word == "--infrastructure":
            options.infrastructure = True
        elif name in ("--shows", "--port"):
            if not equals:
                if not rest:
                    raise Misuse("up", f"{name} wants a number")
                value = rest.pop(0)
            setattr(options, name[2:], value)
        else:
            raise Misuse("up", f"there is no argument {word}")
    # an empty one is as none
    options.shows = number("--shows", options.shows, 0, SHOWS_MAX) if options.shows else None
    options.port = number("--port", options.port, 1, 65535) if options.port else None
    return options


def ports_choose(launcher, port, left_overs):
    """SEATLOG_PORTS=N takes all of them from N on. left_overs: programs of ours that still have theirs."""
    state = launcher.state
    if not launcher.supervised() and not left_overs:
        state.ports_review()
    if port and str(port) != state.port("HTTP"):
        if port_taken(port) or state.port_is_remembered(port):
            raise Failure(f"port {port} is taken; say another one with --port, or leave it out for the next free one")
        state.set("PORT_HTTP", port)
    launcher.here.ports_choose(os.environ.get("SEATLOG_PORTS") or None)


def supervisor_up(it, launcher):
    """Everything the configuration is made of, and the supervisor that runs it."""
    it.hint = f"Its log is {launcher.state.log}/supervisord.log"
    launcher.configuration.write_all()
    launcher.supervisor.configure()
    launcher.supervisor.start(it)
    it.note = f"supervisord, process {launcher.supervisor.pid()}"


def infra_await(it, launcher, *names):
    programs = [program for name in names for program in launcher.here.of(name=name)]
    launcher.supervisor.programs_start(it, programs)
    for program in programs:
        launcher.supervisor.program_await(it, program, INFRA_READY_S[program.name])


def postgres_up(it, launcher, infrastructure):
    postgres = launcher.here.postgres
    postgres.make(it)
    launcher.configuration.postgres_write()
    postgres.dead_await()
    infra_await(it, launcher, "postgres")
    postgres.database_make(it, may_create=infrastructure)
    it.note = f"15, private, 127.0.0.1:{postgres.port}"


def kafka_up(it, launcher):
    it.hint = "Its log: ./seatlog logs kafka"
    launcher.here.kafka_make(it)
    infra_await(it, launcher, "kafka")
    it.hint = "What the topics are is fixed for the life of a log; see the line above"
    launcher.here.topics_make(it)
    it.note = f"{kafka_version()}, 127.0.0.1:{launcher.state.port('KAFKA')}"


def others_up(it, launcher):
    infra_await(it, launcher, *dict.fromkeys(program.name for program in launcher.here.of("infra")))
    it.note = "mail catcher, payment simulator"


def migrations_up(it, launcher):
    """Returns the names of those applied to tables that were there before."""
    it.hint = "See schemas/sql, and what the line above says of it"
    postgres = launcher.here.postgres
    names = "SELECT name FROM public.migration ORDER BY name"
    try:
        before = postgres.sql("-At", "-c", names, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.split()
    except subprocess.CalledProcessError:
        before = []
    postgres.migrate(it)
    if before:
        launcher.migrated = [name for name in postgres.ask(names).split() if name not in before]
    it.note = postgres.ask("SELECT count(*) || ' applied, the last ' || max(name) FROM public.migration")


def daemons_up(it, launcher):
    """All together; but where the log was decided by deciders that claim nothing, readers come first, then all deciders
    stop that run, then ours start: the old ones and the new would undo each other's snapshots, and records that the new
    ones write would be dead letters to readers from before. The gate is the decider's, which claims nothing before the
    others are gone; this is the order in which nobody waits."""
    daemons, supervisor = launcher.here.of("daemon"), launcher.supervisor
    it.hint = "Does Kafka answer? Its log: ./seatlog logs kafka"
    deciders = [program for program in daemons if program.name == DECIDER]
    states = supervisor.states()
    running = {program: states.get(program.program, ("", None))[1] for program in deciders}
    stale = any(supervisor.is_stale(program, pid) for program, pid in running.items())
    claimed, history = launcher.here.claims() if stale or not all(running.values()) else (0, 0)
    if not history:
        deciders = []
    supervisor.programs_ready(it, [program for program in daemons if program not in deciders], DAEMON_READY_S)
    if deciders:
        it.write(f"{history} partitions have events and no claim: readers are ready, now the deciders")
        if stale:
            supervisor.programs_stop(it, deciders)
        supervisor.programs_ready(it, deciders, DAEMON_READY_S)
        launcher.claimed = launcher.here.claims()[0] - claimed
    it.note = f"{len(daemons)} ready"


def restarts_tell(launcher):
    """One line for each reason."""
    restarted = launcher.supervisor.restarted
    for reason in sorted({why for _, why in restarted}):
        names = ", ".join(name for name, why in restarted if why == reason)
        say(textwrap.fill(f"with {reason}: {names}", 78, initial_indent="  ", subsequent_indent="    ",
                          break_on_hyphens=False, break_long_words=False))


def changes_tell(launcher):
    """What was started from another build or with other settings than it ran with before."""
    state, version = launcher.state, launcher.supervisor.version
    before = state.get("VERSION")
    if launcher.migrated:
        say(f"  PostgreSQL's tables were brought up to date: {' '.join(launcher.migrated)}")
    if before != version and state.get("CATALOGUE_DAY"):
        say(f"  This installation ran {before or 'an earlier version'}; now it is {version}.")
    if launcher.claimed:
        say(f"  The log fences itself from here on ({launcher.claimed} partitions claimed): readers were brought up\n"
            "  to date first, then deciders stopped and new ones started. There is no way\n"
            "  back to an earlier version.")
    restarts_tell(launcher)
    state.set("VERSION", version)


def up_summary(launcher):
    secret = launcher.state.secret
    say(f"""
Seatlog is up:  {launcher.here.values()['URL']}
  demo login    buyer@example.com, password {secret('DEMO_BUYER')}
                organizer@example.com, password {secret('DEMO_ORGANIZER')}
                operator@example.com, password {secret('DEMO_OPERATOR')}
  mails land in {launcher.state.mails}
  next          ./seatlog demo   ./seatlog status   ./seatlog tail
                ./seatlog down""")


def command_up(launcher, words):
    options = up_arguments(words)
    state = launcher.state
    state.make()
    state.lock()
    build.packages_ensure(state, options.yes, "build", "run")
    step(state, "build", build.making, build.shipped)
    step(state, "kafka-jars", build.making, build.kafka_fetch)
    launcher.open()
    launcher.migrated, launcher.claimed = [], 0
    left_overs = not launcher.supervised() and launcher.supervisor.orphans()
    ports_choose(launcher, options.port, left_overs)
    launcher.configuration.overrides_ensure()
    if left_overs:
        step(state, "left-overs", launcher.supervisor.orphans_reap)
        ports_choose(launcher, None, [])
    step(state, "supervisor", supervisor_up, launcher)
    step(state, "postgresql", postgres_up, launcher, options.infrastructure)
    step(state, "kafka", kafka_up, launcher)
    step(state, "catchers", others_up, launcher)
    step(state, "migrations", migrations_up, launcher)
    if options.infrastructure:
        return 0
    step(state, "daemons", daemons_up, launcher)
    changes_tell(launcher)
    step(state, "accounts", accounts_make, launcher)
    step(state, "catalogue", catalogue_load, launcher, options.shows)
    up_summary(launcher)
    return 0


# -- down

def down_run(it, launcher):
    launcher.supervisor.stop(it)
    launcher.supervisor.orphans_reap(it)
    it.note = f"stopped; everything is kept in {launcher.state.folder}"


def nothing_run(launcher):
    """What a supervisord that was killed has left; said where people see it."""

    class Said:
        note = ""
        write = staticmethod(say)

    launcher.supervisor.orphans_reap(Said)


def command_down(launcher, words):
    arguments_none("down", words)
    state = launcher.state
    if not state.exists():
        say("seatlog: nothing to stop, ./seatlog up has not been run here")
        return 0
    state.lock()
    if not launcher.supervised():
        nothing_run(launcher)
        say(f"seatlog: nothing runs; everything is kept in {state.folder}")
        return 0
    step(state, "down", down_run, launcher)
    return 0


# -- restart

def restart_run(it, launcher, programs):
    it.hint = f"Its log is {launcher.state.log}/supervisord.log"
    launcher.configuration.write_all()
    launcher.supervisor.configure()
    launcher.supervisor.start(it)
    if any(program.name == "postgres" for program in programs):
        launcher.here.postgres.make(it)
        launcher.configuration.postgres_write()
    launcher.supervisor.programs_ready(it, programs, DAEMON_READY_S, again=True)
    it.note = f"{len(programs)} ready"


def command_restart(launcher, words):
    known = {program.program: program for program in launcher.here.programs}
    for word in words:
        if word not in known:
            raise Misuse("restart", f"there is no {word}")
    programs = [known[word] for word in words] or launcher.here.of("daemon")
    launcher.need_up()
    launcher.state.lock()
    launcher.configuration.overrides_ensure()
    step(launcher.state, "restart", restart_run, launcher, programs)
    restarts_tell(launcher)
    states = launcher.supervisor.states()
    for program in known.values():
        _, pid = states.get(program.program, ("", None))
        if program not in programs and launcher.supervisor.is_stale(program, pid):
            say(f"  {program.program} runs with older settings or an older build: ./seatlog restart {program.program}")
    return 0
