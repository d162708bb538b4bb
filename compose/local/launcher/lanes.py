# SPDX-License-Identifier: Apache-2.0
"""Suites side by side: whose output reads well, and of which some run alone.

Lanes share a machine. What measures time or freezes programs has the machine for itself: it waits until nothing
else runs, and nothing else begins meanwhile (Room, a lock in a folder that both know).
"""

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import threading

ROOM = "SEATLOG_TEST_ROOM"  # names the folder, in the environment of the tests
COLUMNS = 80


@contextlib.contextmanager
def room(alone, folder=None):
    """For as long as something runs; without a folder it has the machine for itself anyway. Who wants to be alone is
    not overtaken: it holds the gate, through which everybody goes, until it is done."""
    folder = folder or os.environ.get(ROOM)
    if not folder:
        yield
        return
    with open(pathlib.Path(folder, "gate"), "a", encoding="ascii") as gate, \
            open(pathlib.Path(folder, "room"), "a", encoding="ascii") as inside:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def attend(process):
    """Exit status of a program, once it has ended: who is interrupted puts away what it has started. A terminal
    interrupts us all; where this process alone is told to end, the program is interrupted for it."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


class Output:
    """Where the output of what is run goes: to the terminal as it is, or line by line behind the lane's name."""

    printing = threading.Lock()
    processes = set()  # whose output is printed by a thread

    def __init__(self, lane=""):
        self.head = f"{lane:<11}" if lane else ""

    def run(self, command, **options):
        """Exit status of a command."""
        command = [str(word) for word in command]
        if not self.head:
            return attend(subprocess.Popen(command, **options))
        environment = {"COLUMNS": str(COLUMNS - len(self.head)), **options.pop("env", os.environ)}
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", env=environment, **options) as process:
            Output.processes.add(process)
            for line in process.stdout:
                self.say(line.rstrip("\n"))
        Output.processes.discard(process)
        return process.returncode

    def say(self, line):
        with Output.printing:
            print((self.head + line).rstrip(), flush=True)


def side_by_side(lanes):
    """Runs {name: [function(Output), …]}, a lane each, the functions of a lane one after the other. Whether all were
    good."""
    ended = threading.Event()

    def follow(name, functions):
        good = [not ended.is_set() and function(Output(name)) for function in functions]
        return all(good)

    with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(follow, *lane) for lane in lanes.items()]
        try:
            good = [lane.result() for lane in running]
            return all(good)
        except BaseException as end:
            ended.set()
            for process in [] if isinstance(end, KeyboardInterrupt) else list(Output.processes):
                process.send_signal(signal.SIGINT)
            concurrent.futures.wait(running)
            raise
