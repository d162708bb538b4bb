# SPDX-License-Identifier: Apache-2.0
"""What is made in the clone, under build/ (which git ignores): the programs, Kafka's jars, the tests' Python."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import time

from .kafka import version as kafka_version
from .lanes import attend
from .pipeline import LOCAL, ROOT, programs
from .state import locked

RELEASE, DEBUG, TSAN = (ROOT / "build" / preset for preset in ("release", "debug", "tsan"))
KAFKA_LIBRARIES = ROOT / "build" / "kafka"
CHAOS = ROOT / "build" / "chaos"
VENV, VENV_API = ROOT / "build" / "venv", ROOT / "build" / "venv-api"
GIVEN = os.environ.get("SEATLOG_TEST_BIN")  # tests give programs of another build, which are taken as they are
BIN = pathlib.Path(GIVEN or RELEASE / "bin")
TOOLS = ("seatlog-topics", "seatlog-claims", "seatlog-catalogue", "seatlog-tail", "seatlog-replay",
         "seatlog-ticket-verify", "seatlog-dead-letters")


def packages_ensure(state, yes, *uses):
    """Installs what is missing of Debian; a shell script, because a bare machine has no Python either."""
    ended = attend(subprocess.Popen(["bash", LOCAL / "launcher" / "packages.sh", state.folder,
                                     "yes" if yes else "no", *uses]))
    if ended != 0:
        raise SystemExit(ended)


def making(step, function, *arguments):
    """Several launchers may be at work in one clone (tests start Seatlogs of their own): one at a time makes things in
    build/."""
    try:
        (ROOT / "build").mkdir(exist_ok=True)
        lock = locked(ROOT / "build" / "lock", 3600)
    except OSError as error:
        step.fail(str(error), hint=f"{ROOT} is not writable for this user; clone it as yourself")
    if lock is None:
        step.fail("another ./seatlog has been making things in build/ for an hour")
    with lock:
        function(step, *arguments)


def preset(step, name, folder, *targets):
    step.hint = f"Try again with the whole output: cmake --build '{folder}'"
    step.run("cmake", "--preset", name, "-B", folder, cwd=ROOT)
    step.run("cmake", "--build", folder, *(["--target", *targets] if targets else []), cwd=ROOT)
    made = [path for path in (folder / "bin").glob("seatlog-*") if path.is_file()]
    step.note = f"{name}, {len(made)} programs"


def shipped(step):
    """What runs, without tests and benches."""
    if GIVEN:
        step.note = f"there, in {BIN}"
        return
    daemons = sorted({program.command for program in programs() if program.is_daemon})
    preset(step, "release", RELEASE, *TOOLS, *daemons)


def fresh(mark, want):
    return mark.exists() and mark.read_text(encoding="ascii") == want


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() + "  -\n"


def kafka_fetch(step):
    """Apache Kafka's jars from Maven Central, pinned by compose/local/kafka/pom.xml."""
    pom, mark = LOCAL / "kafka" / "pom.xml", KAFKA_LIBRARIES / "pom.sha256"
    want = digest_of(pom)
    if fresh(mark, want):
        step.note = f"{kafka_version()}, there"
        return
    step.hint = "Is Maven Central reachable? Behind a proxy, say so in ~/.m2/settings.xml"
    shutil.rmtree(KAFKA_LIBRARIES, ignore_errors=True)
    step.run("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime",
             f"-DoutputDirectory={KAFKA_LIBRARIES}")
    mark.write_text(want, encoding="ascii")
    size = sum(path.stat().st_size for path in KAFKA_LIBRARIES.iterdir()) // 2**20
    step.note = f"{kafka_version()}, {size} MB fetched"


def chaos_programs(step):
    """What chaos has in Go: the network that is slow, and the judge of histories."""
    source = ROOT / "tests" / "chaos" / "programs"
    step.hint = "Is the Go proxy reachable? It has the one module that go.mod names"
    step.run("go", "build", "-o", f"{CHAOS}/", "./...", cwd=source)
    step.note = f"{len(list(CHAOS.iterdir()))} programs"


def venv(step, folder=VENV, requirements=ROOT / "tests" / "requirements.txt"):
    """The tests' own Python, made again when its requirements change."""
    python, mark = folder / "bin" / "python", folder / "requirements.sha256"
    want = digest_of(requirements)
    if fresh(mark, want) and os.access(python, os.X_OK) and step_runs(step, python):
        step.note = "there"
        return
    step.hint = f"Is PyPI reachable? Try: '{python}' -m pip install -r '{requirements}'"
    shutil.rmtree(folder, ignore_errors=True)
    step.run("/usr/bin/python3", "-m", "venv", folder)
    step.run(python, "-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", requirements)
    mark.write_text(want, encoding="ascii")
    packages = sum("==" in line for line in requirements.read_text(encoding="utf-8").splitlines())
    step.note = f"{packages} packages"


def step_runs(step, python):
    """Whether the Python that a folder links to is still there."""
    return step.run(python, "-c", "", good=range(-128, 256)).returncode == 0


def description():
    """Which state of the tree programs are built from."""
    told = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--tags", "--dirty"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) if shutil.which("git") else None
    if told and told.returncode == 0 and told.stdout.strip():
        return told.stdout.strip()
    return time.strftime("of %Y-%m-%d", time.gmtime((ROOT / "seatlog").stat().st_mtime))
