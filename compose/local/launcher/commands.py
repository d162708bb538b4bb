# SPDX-License-Identifier: Apache-2.0
"""The commands of ./seatlog: what each is called, and those that only look or hand over to a program."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import textwrap

from . import build
from .accounts import ROLES, username
from .bench import command_bench
from .check import command_chaos, command_sim, command_test
from .help import Misuse, arguments_none, commands, help_of, help_wanted, misuse_tell, options_check
from .pipeline import ROOT
from .say import Failure, Ticker, say, step, warn
from .state import State
from .status import command_status
from .up import Launcher, command_down, command_restart, command_up

PYTHON = ("/usr/bin/python3", "-B")
REPLAY = ("verify", "seal", "show", "export", "import", "rebuild")


def become(*command, **variables):
    """The program takes this one's place."""
    sys.stdout.flush()
    os.execve(str(command[0]), [str(word) for word in command], {**os.environ, **variables})


# -- looking

def command_logs(launcher, words):
    launcher.need_set_up()
    folder, names = launcher.state.log, [program.program for program in launcher.here.programs]
    files = [folder / f"{name}.log" for name in words or names]
    for name, path in zip(words, files):
        if not path.exists():
            there = textwrap.fill(" ".join([*names, "supervisord"]), 78, initial_indent="  ", subsequent_indent="  ",
                                  break_on_hyphens=False)
            print(f"seatlog: there is no log of {name}. There are:\n{there}", file=sys.stderr)
            return 1
    files = [path for path in files if path.exists()]
    if sys.stdout.isatty():
        become("/usr/bin/tail", "-n", "50" if words else "5", "-F", *files)
    if not words:
        become("/usr/bin/tail", "-n", "20", *files)
    return become("/bin/cat", *files)


def export_say(name, value):
    """A line for a shell's eval, whatever the value."""
    quoted = str(value).replace("'", "'\\''")
    say(f"export {name}='{quoted}'")


def command_env(launcher, words):
    """For other programs: where things are."""
    arguments_none("env", words)
    launcher.need_set_up()
    state, values = launcher.state, launcher.here.values()
    export_say("SEATLOG_URL", values["URL"])
    export_say("SEATLOG_KAFKA", values["KAFKA"])
    export_say("SEATLOG_POSTGRES_URL", values["POSTGRES_URL"])
    export_say("SEATLOG_SIMULATOR_URL", f"http://127.0.0.1:{values['PORT_SIMULATOR']}")
    export_say("SEATLOG_SIMULATOR_TOKEN", values["SIMULATOR_TOKEN"])
    export_say("SEATLOG_MAILS", state.mails)
    export_say("SEATLOG_STATE", state.folder)
    export_say("SEATLOG_BIN", launcher.here.bin)
    for name in ROLES:
        export_say(f"SEATLOG_{name.upper()}", username(name))
        export_say(f"SEATLOG_{name.upper()}_PASSWORD", state.secret(f"DEMO_{name.upper()}"))
    return 0


# -- handing over

def command_demo(launcher, words):
    launcher.need_up()
    become(*PYTHON, ROOT / "tools/demo/demo.py", "--url", launcher.here.values()["URL"], "--mails",
           launcher.state.mails, "--folder", launcher.state.folder / "demo", *words)


def given(words, *names):
    """Whether all of these options are among the words."""
    return all(any(word == name or word.startswith(f"{name}=") for word in words) for name in names)


def command_order(launcher, words):
    """By the calls that operators have, with the login of the demo operator unless a token is given."""
    if not words:
        raise Misuse("order", "which order?")
    options_check(launcher.state, "order", [word for word in words if not re.fullmatch(r"[A-Za-z0-9_-]{43}", word)])
    command = (*PYTHON, ROOT / "tools/order/order.py", *words)
    if given(words, "--url", "--token-file"):
        become(*command)
    launcher.need_up()
    become(*command, ORDER_URL=launcher.here.values()["URL"], ORDER_USERNAME=username("operator"),
           ORDER_PASSWORD=launcher.state.secret("DEMO_OPERATOR"))


def command_ticket(launcher, words):
    """Judges a ticket by the keys and the revocations of this moment."""
    launcher.need_up()
    ask = launcher.here.postgres.ask
    with tempfile.TemporaryDirectory() as made:
        keys, revoked = pathlib.Path(made, "keys"), pathlib.Path(made, "revoked")
        try:
            keys.write_text(ask("SELECT encode(public_key, 'hex') FROM ticket.key") + "\n", encoding="ascii")
            revoked.write_text(ask("SELECT ticket_id FROM ticket.ticket WHERE revoked_at IS NOT NULL") + "\n",
                               encoding="ascii")
        except subprocess.CalledProcessError:
            raise Failure("PostgreSQL cannot say which tickets are revoked") from None
        return subprocess.run([launcher.here.bin / "seatlog-ticket-verify", "--keys", keys, "--revoked", revoked,
                               *words], check=False).returncode


def command_tail(launcher, words):
    plain, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if word in ("--from-start", "--no-follow", "--all"):
            plain.append({"--from-start": "--from_start=yes", "--no-follow": "--follow=no", "--all": "--all=yes"}[word])
        elif re.match(r"--(lines|show|width)=", word):
            plain.append(word)
        elif word in ("--lines", "--show", "--width"):
            if not rest:
                raise Misuse("tail", f"{word} wants a value")
            plain.append(f"{word}={rest.pop(0)}")
        else:
            raise Misuse("tail", f"there is no argument {word}")
    launcher.need_up()
    become(launcher.here.bin / "seatlog-tail", f"--kafka.bootstrap.servers={launcher.here.values()['KAFKA']}", *plain)


def dead_letters_arguments(words):
    """(command, id or "", whether all, options of the program)."""
    command, *rest = words or [""]
    if command not in ("list", "show", "retry"):
        raise Misuse("dead-letters", f"there is no command {command}" if command else "list, show or retry?")
    letter, everything, options = "", False, []
    while rest:
        word = rest.pop(0)
        if word == "--all":
            everything = True
        elif word.startswith("--wait="):
            options.append(f"--wait_s={word.partition('=')[2]}")
        elif word == "--wait":
            if not rest:
                raise Misuse("dead-letters", f"{word} wants a value")
            options.append(f"--wait_s={rest.pop(0)}")
        elif word.startswith("-"):
            raise Misuse("dead-letters", f"there is no option {word.partition('=')[0]}")
        elif letter:
            raise Misuse("dead-letters", "one id at a time, or --all")
        elif not re.fullmatch(r"[0-9]+-[0-9]+", word):
            raise Misuse("dead-letters", f"an id is two numbers, such as 2-17, not {word}")
        else:
            letter = word
    if command == "list" and letter:
        raise Misuse("dead-letters", f"list takes no id: ./seatlog dead-letters show {letter}")
    if command == "show" and (not letter or everything):
        raise Misuse("dead-letters", "which one? ./seatlog dead-letters list has their ids")
    if command == "retry" and bool(letter) == everything:
        raise Misuse("dead-letters", "one id, or --all")
    return command, letter, everything, options


def command_dead_letters(launcher, words):
    """What was set aside, and that its consumer handles it after all."""
    command, letter, everything, options = dead_letters_arguments(words)
    launcher.need_up()
    values = launcher.here.values()
    become(launcher.here.bin / "seatlog-dead-letters", command, *([letter] if letter else []),
           f"--all={'yes' if everything else 'no'}", f"--kafka.bootstrap.servers={values['KAFKA']}", *options,
           SEATLOG_POSTGRES_URL=values["POSTGRES_URL"])


def replay_apart(launcher, words):
    """Exported segments are read on a machine where nothing of this runs, and nothing was installed but the clone."""
    binary = build.BIN / "seatlog-replay"
    if not os.access(binary, os.X_OK):
        launcher.state.make()
        build.packages_ensure(launcher.state, False, "build")
        step(launcher.state, "build", build.making, build.shipped, stream=sys.stderr)
    become(binary, *words)


def command_replay(launcher, words):
    """The auditor's tool, with what it needs to know of this installation; secrets go by the environment."""
    if not words:
        raise Misuse("replay", "what is it to do?")
    if words[0] not in REPLAY:
        raise Misuse("replay", f"there is no command {words[0]}")
    if (words[0] == "import" or given(words, "--directory")) and \
            not (launcher.state.is_set_up() and launcher.supervised()):
        replay_apart(launcher, words)
    launcher.need_up()
    values = launcher.here.values()
    become(launcher.here.bin / "seatlog-replay", *words, SEATLOG_POSTGRES_URL=values["POSTGRES_URL"],
           SEATLOG_PAYMENTS_TOKEN=values["SIMULATOR_TOKEN"], SEATLOG_KAFKA_BOOTSTRAP_SERVERS=values["KAFKA"],
           SEATLOG_PAYMENTS_URL=f"http://127.0.0.1:{values['PORT_SIMULATOR']}",
           SEATLOG_MAILS_FOLDER=str(launcher.state.mails))


COMMANDS = {
    "up": command_up, "down": command_down, "restart": command_restart, "status": command_status, "logs": command_logs,
    "tail": command_tail, "demo": command_demo, "order": command_order, "ticket": command_ticket,
    "dead-letters": command_dead_letters, "replay": command_replay, "sim": command_sim, "chaos": command_chaos,
    "test": command_test, "bench": command_bench, "env": command_env}
# Those whose options are all in their help; the others look at their words themselves.
OPTIONS_CHECKED = ("up", "down", "restart", "status", "logs", "tail", "demo", "sim", "chaos", "bench", "env")
assert set(COMMANDS) == commands(), "every command has its help"


class Terminated(BaseException):
    """SIGTERM came."""


def terminate(*_):
    raise Terminated


def run(launcher, words):
    name, *rest = words or ["help"]
    if name in ("help", "-h", "--help"):
        print(help_of(launcher.state, rest[0] if rest else ""), end="")
        return 0
    if name not in COMMANDS:
        print(f"seatlog: unknown command: {name}\n\n{help_of(launcher.state, '')}", end="", file=sys.stderr)
        return 2
    if help_wanted(rest):
        print(help_of(launcher.state, name), end="")
        return 0
    if name in OPTIONS_CHECKED:
        options_check(launcher.state, name, rest)
    return COMMANDS[name](launcher, rest)


def end_by(number):
    """As a program ends that does not catch the signal."""
    if Ticker.running:
        Ticker.running.stop()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main(folder, words):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", line_buffering=True)
    signal.signal(signal.SIGTERM, terminate)
    launcher = Launcher(State(folder))
    try:
        status = run(launcher, words)
        sys.stdout.flush()
    except Misuse as misuse:
        misuse_tell(launcher.state, misuse)
        status = 2
    except Failure as failure:
        warn(failure)
        status = failure.status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        end_by(signal.SIGPIPE)
        status = 141
    except KeyboardInterrupt:
        end_by(signal.SIGINT)
        status = 130
    except Terminated:
        end_by(signal.SIGTERM)
        status = 143
    sys.exit(status)
