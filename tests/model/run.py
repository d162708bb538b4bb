#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the model of a log that fences itself (log.pml) with Spin: the rule holds in every state that can be reached,
every command is delivered in the end, and each weakening of the rule is refuted by a shortest trace, told as prose.

    tests/model/run.py [--junit FILE] [NAME…]

Prints a line a check and, of a refuted weakening, its trace; closes with `model: N passed, N failed`. Exits 1 if one
failed.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from xml.sax.saxutils import quoteattr

MODEL = pathlib.Path(__file__).with_name("log.pml")
MEMORY_MIB_MAX = 3500
SAFETY = ("-DSAFETY", "-DNOFAIR")
SHORTEST = (*SAFETY, "-DBFS")
FAIR = ("-DNFAIR=4",)


@dataclasses.dataclass(frozen=True)
class Check:
    name: str
    what: str
    model: tuple = ()        # definitions of log.pml
    verifier: tuple = SAFETY  # definitions of the verifier
    options: tuple = ()
    refuted: bool = False    # a trace is wanted, not the absence of one


def weakening(name, what, *more):
    return Check(name, what, (f"-D{name.upper().replace('-', '_')}", *more), SHORTEST, refuted=True)


CHECKS = (
    Check("two-deciders", "two deciders, three commands, two faults: each at most once, in order, on the log's state",
          ("-DDECIDERS=2", "-DCOMMANDS=3", "-DFAULTS=2")),
    Check("three-deciders", "three deciders, two commands, two faults", ("-DDECIDERS=3", "-DCOMMANDS=2", "-DFAULTS=2")),
    Check("tail-lost", "a log that loses its tail, and uses offsets again", ("-DTAIL_LOSS", "-DFAULTS=2")),
    Check("delivered", "every command is delivered in the end, if nobody stands still for ever",
          ("-DLIVENESS", "-DCOMMANDS=2", "-DFAULTS=2", "-DSNAPSHOTS=0"), FAIR, ("-a", "-f")),
    weakening("no-term", "readers take events of any term"),
    weakening("no-nonce", "a term is its offset alone, and a log may lose its tail", "-DTAIL_LOSS"),
    weakening("no-prev", "readers do not ask which command an event's command extends"),
    weakening("no-index", "readers do not count the events of a command"),
    weakening("no-last", "readers deliver a command with its first event"),
    weakening("fold-short", "a decider folds up to where it began to claim, not up to its claim"),
    weakening("snapshot-ahead", "a snapshot is taken of what was decided, not of what has landed"),
    weakening("deaf", "a decider does not look at what stands between its own records"),
)


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"model: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def trace(folder, check):
    """What happens on the way to the violation, as the model tells it."""
    said = run(folder, "spin", "-t", *check.model, MODEL.name)
    return [line.partition("tell: ")[2] for line in said.splitlines() if "tell: " in line]


def examine(check):
    """(seconds, states, why it fails or None, trace)"""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="seatlog-model-") as name:
        folder = pathlib.Path(name)
        (folder / MODEL.name).write_bytes(MODEL.read_bytes())
        run(folder, "spin", "-a", *check.model, MODEL.name)
        run(folder, "gcc", "-O2", "-w", "-DCOLLAPSE", "-DVECTORSZ=2048", f"-DMEMLIM={MEMORY_MIB_MAX}", *check.verifier,
            "-o", "pan", "pan.c")
        said = subprocess.run(["./pan", "-m200000", *check.options], cwd=folder, capture_output=True, text=True).stdout
        states = int(re.search(r"^ *(\d+)(?:\.\d+)?(?:e\+\d+)? states, stored", said, re.MULTILINE)[1])
        violated = (folder / f"{MODEL.name}.trail").exists()
        complete = "Search not completed" not in said and "reached" in said and "max search depth too small" not in said
        if check.refuted:
            fault = None if violated else "nothing violates it: the model does not see what this is for"
        elif violated:
            fault = "it is violated:"
        else:
            fault = None if complete else f"the search was not completed:\n{said}"
        return time.monotonic() - began, states, fault, trace(folder, check) if violated else []


def tell(check, seconds, states, fault, steps):
    verdict = "FAILED" if fault else "refuted" if check.refuted else "holds"
    print(f"model {check.name}: {verdict}, {states} states, {seconds:.0f} s: {check.what}")
    if fault:
        print(fault)
    for step in steps:
        print(f"    {step}")


def write_junit(path, results):
    cases = "".join(f"<testcase name={quoteattr(check.name)} time=\"{seconds:.1f}\">"
                    f"{f'<failure message={quoteattr(fault)}/>' if fault else ''}</testcase>"
                    for check, (seconds, _, fault, _) in results)
    pathlib.Path(path).write_text(f"<testsuite name=\"model\">{cases}</testsuite>\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--junit", metavar="FILE")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(check.name for check in CHECKS))
    options = parser.parse_args()
    if unknown := set(options.names) - {check.name for check in CHECKS}:
        parser.error(f"there is no check {', '.join(sorted(unknown))}")
    wanted = [check for check in CHECKS if not options.names or check.name in options.names]
    results = []
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for check, result in zip(wanted, pool.map(examine, wanted)):
            tell(check, *result)
            results.append((check, result))
    failed = sum(result[2] is not None for _, result in results)
    if options.junit:
        write_junit(options.junit, results)
    print(f"model: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
