#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy-16 with .clang-tidy over every source that a build folder compiles. What was found sound once is not
looked at again until the source, a header that it includes, its compiler flags or the rules change. Prints what is
found; exits 1 if there is anything.

    tests/style/tidy.py BUILD [SOURCE…]
    tests/style/tidy.py --deep BUILD [SOURCE…]     with the static analyzer: some ten times as long
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-16"
ANALYZER = "clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,"\
    "-clang-analyzer-optin.performance.Padding"
OBJECT = re.compile(r" -o (\S+)")


def units(build):
    """Source -> (flags, object) of every source of ours; the generated ones are not written by hand."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(ROOT) and not source.is_relative_to(build):
            found.setdefault(source, (entry["command"], OBJECT.search(entry["command"])[1]))
    return found


def headers(build):
    """Object -> files that it was made of, as ninja noted at the last build."""
    said = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    made_of, target = {}, None
    for line in said.splitlines():
        if line.startswith("    "):
            made_of[target].append((build / line.strip()).resolve())
        elif ": #deps" in line:
            target = line.partition(": #deps")[0]
            made_of[target] = []
    return made_of


class Digests:
    """Of files of the tree and the build; what the system installs changes with its packages, not here."""

    def __init__(self):
        self.known = {}

    def of(self, path):
        if path not in self.known:
            self.known[path] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        return self.known[path]


def key_of(source, flags, files, digests, rules):
    parts = [rules, flags, digests.of(source)]
    parts += [f"{path} {digests.of(path)}" for path in sorted(files) if path.is_relative_to(ROOT)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def examine(build, source, options):
    run = subprocess.run([TIDY, "-p", build, "--quiet", *options, source], cwd=ROOT, capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stdout.replace(f"{ROOT}/", "") or run.stderr


def main():
    arguments = sys.argv[1:]
    options = [f"--checks={ANALYZER}"] if arguments[:1] == ["--deep"] else []
    arguments = arguments[len(options):]
    if not arguments:
        sys.exit(__doc__)
    build = pathlib.Path(arguments[0]).resolve()
    wanted = {pathlib.Path(name).resolve() for name in arguments[1:]}
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout
    rules = version + (ROOT / ".clang-tidy").read_text(encoding="utf-8") + "".join(options)
    sound, made_of, digests = build / "tidy", headers(build), Digests()
    sound.mkdir(exist_ok=True)
    due = {}
    every = {source: unit for source, unit in units(build).items() if not wanted or source in wanted}
    for source, (flags, made) in every.items():
        key = key_of(source, flags, made_of.get(made, ()), digests, rules)
        if made not in made_of or not (sound / key).exists():
            due[source] = key
    faults = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for source, said in zip(due, pool.map(lambda source: examine(build, source, options), due)):
            if said:
                faults += 1
                print(said)
            else:
                (sound / due[source]).touch()
    print(f"tidy: {len(every)} sources, {len(due)} of them changed, {faults} with faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
