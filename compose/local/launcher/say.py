# SPDX-License-Identifier: Apache-2.0
"""What the launcher prints: steps with their time, and failures with the end of their log."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback

LOG_LINES = 20  # of the end of a log, where a step failed


class Failure(Exception):
    """Ends the command: what is wrong and what to do about it, and the exit status."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


class StepFailed(Exception):
    """Ends a step; its log has the reason."""


def say(text=""):
    print(text, flush=True)


def warn(text):
    print(f"seatlog: {text}", file=sys.stderr, flush=True)


def terminal():
    return sys.stdout.isatty()


def colour(text, code):
    """Where somebody looks who has not said no (https://no-color.org)."""
    wanted = terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return f"\033[{code}m{text}\033[0m" if wanted else text


def seconds_since(began):
    """With one decimal."""
    tenths = int((time.monotonic() - began) * 10)
    return f"{tenths // 10}.{tenths % 10}"


class Notices:
    """What a step has to tell people, when its line is out: a step's own output goes to its log."""

    texts = []

    @classmethod
    def add(cls, text):
        cls.texts.append(text)

    @classmethod
    def tell(cls):
        for text in cls.texts:
            warn(text)
        cls.texts.clear()


class Ticker:
    """On a terminal, a step that runs shows its last line of output; but not one of a lane, beside others' lines."""

    running = None

    def __init__(self, name, log):
        self.name, self.log, self.began = name, log, time.monotonic()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.tick, daemon=True)

    def start(self):
        if terminal() and threading.current_thread() is threading.main_thread():
            Ticker.running = self
            self.thread.start()
        return self

    def stop(self):
        if Ticker.running is self:
            Ticker.running = None
            self.over.set()
            self.thread.join(2)
            print("\r\033[K", end="", flush=True)

    def tick(self):
        while not self.over.is_set():
            width = shutil.get_terminal_size((80, 24)).columns - 30
            print(f"\r\033[K  {seconds_since(self.began):>6} s  {self.name:<12} {self.last_line()[:max(width, 0)]}",
                  end="", flush=True)
            self.over.wait(0.5)

    def last_line(self):
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - 400))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        lines = ["".join(filter(str.isprintable, line)).rstrip() for line in re.split(r"[\r\n]", text)]
        return next((line for line in reversed(lines) if line), "")


class Step:
    """A part of a command. It runs with its output in a log; one line says in the end how it went.

    note: what stands behind its name when it is done. hint: what to do when it failed. log: whose end is shown then.
    """

    current = None

    def __init__(self, name, log):
        self.name, self.log, self.note, self.hint = name, str(log), "", ""
        self.output = open(log, "wb", buffering=0)  # closed when the step has ended

    def write(self, text):
        self.output.write((text + "\n").encode("utf-8", "surrogateescape"))

    def run(self, *command, good=(0,), **options):
        """Runs a command whose output belongs to the log; ends the step where it fails."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", self.output)
        ran = subprocess.run([str(word) for word in command], stderr=self.output, check=False, **options)
        if ran.returncode not in good:
            raise StepFailed
        return ran

    def output_of(self, *command, **options):
        """What a command prints; its errors belong to the log."""
        return self.run(*command, stdout=subprocess.PIPE, text=True, **options).stdout

    def fail(self, text=None, log=None, hint=None):
        if text:
            self.write(text)
        self.log, self.hint = str(log or self.log), hint or self.hint
        raise StepFailed


def step(state, name, function, *arguments, stream=None):
    """Runs function(Step, *arguments). Where it fails: the end of the log, what to do, exit status 1."""
    stream = stream or sys.stdout
    log = state.folder / "log" / f"up-{name.replace(' ', '-')}.log"
    it, ticker, began = Step(name, log), Ticker(name, log), time.monotonic()
    good = False
    try:
        Step.current = it
        ticker.start()
        function(it, *arguments)
        good = True
    except StepFailed:
        pass
    except (Failure, LookupError, OSError, subprocess.SubprocessError) as error:
        it.write(str(error))
    except Exception as error:
        it.write("".join(traceback.format_exception(error)).rstrip())
    finally:
        Step.current = None
        ticker.stop()
        it.output.close()
    end = it.note if good else colour("failed", 31)
    print(f"  {seconds_since(began):>6} s  {name:<12} {end}", file=stream, flush=True)
    Notices.tell()
    if not good:
        step_failed(it)


def errors_go():
    """Where the errors of what is started belong: the log of the step that runs, else the terminal."""
    return Step.current.output if Step.current else None


def step_failed(it):
    print(f"\n--- the end of {it.log}", file=sys.stderr)
    try:
        with open(it.log, encoding="utf-8", errors="surrogateescape") as file:
            for line in file.read().splitlines()[-LOG_LINES:]:
                print(f"    {line}", file=sys.stderr)
    except OSError as error:
        print(f"    {error}", file=sys.stderr)
    hint = it.hint or f"The whole log is {it.log}"
    print(f"\nseatlog: {it.name} failed. {hint}", file=sys.stderr, flush=True)
    raise SystemExit(1)
