# SPDX-License-Identifier: Apache-2.0
"""./seatlog test, chaos and sim."""

import dataclasses
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable

from . import build
from .help import Misuse
from .lanes import ROOM, Output, room, side_by_side
from .pipeline import ROOT
from .say import step, warn
from .totals import totals_print

PYTHON = ("/usr/bin/python3", "-B")
PROCESSORS = os.cpu_count()
LOG_OF_A_TEST = "1048576"  # bytes that ctest keeps of one
WHOLE = ("style", "unit", "sim", "e2e", "api", "fuzz")
WALK = "tests/e2e/test_book_a_seat.py"  # the main job, once, by strangers' clients
TIDY = (*PYTHON, "tests/style/tidy.py")
FUZZ = (ROOT / "tests" / "fuzz" / "run.sh",)
SHELL = ("*.sh", "seatlog", ".ci/run", "schemas/sql/migrate")


class Check:
    """One run of tests: where results go, and what is made for them once."""

    def __init__(self, state):
        self.state = state
        self.results = state.folder / "log" / "test"
        self.made = set()

    def result(self, name):
        return self.results / f"{name}.xml"

    def make(self, name, function, *arguments):
        """A step, once in a run."""
        if (name, *map(str, arguments)) not in self.made:
            step(self.state, name, build.making, function, *arguments)
            self.made.add((name, *map(str, arguments)))

    def debug(self):
        self.make("build", build.preset, "debug", build.DEBUG)

    def style_make(self):
        self.debug()
        self.make("python", build.venv)

    def release(self):
        self.make("build", build.preset, "release", build.RELEASE)

    def tsan(self):
        self.make("build", build.preset, "tsan", build.TSAN)

    def shipped(self):
        self.make("build", build.shipped)
        self.make("kafka-jars", build.kafka_fetch)

    def pytest_make(self):
        self.make("kafka-jars", build.kafka_fetch)
        self.make("chaos-build", build.chaos_programs)
        self.make("python", build.venv)

    def e2e_make(self):
        self.release()
        self.pytest_make()

    def api_make(self):
        self.release()
        self.make("kafka-jars", build.kafka_fetch)
        self.make("python", build.venv, build.VENV_API, ROOT / "tests" / "api" / "requirements.txt")

    # -- programs that run tests

    def ctest(self, output, name, folder, labels, words=(), at_once=PROCESSORS):
        """What the tests print goes to the terminal, the counts to a file."""
        return output.run(["ctest", "--test-dir", folder, "-L", labels, "-j", at_once, "--output-on-failure",
                           "--no-tests=error", "--test-output-size-passed", LOG_OF_A_TEST,
                           "--test-output-size-failed", LOG_OF_A_TEST, "--output-junit", self.result(name), *words],
                          cwd=ROOT) == 0

    def pytest(self, output, name, words=(), **variables):
        """End-to-end tests start what they need by themselves, of the programs in SEATLOG_BIN."""
        paths = [] if any(word.startswith("tests/") for word in words) else ["tests/e2e"]
        return output.run([build.VENV / "bin" / "python", "-B", "-m", "pytest", "-p", "no:cacheprovider",
                           f"--junit-xml={self.result(name)}", *paths, *words], cwd=ROOT,
                          env={**os.environ, "SEATLOG_BIN": str(build.BIN), **variables}) == 0

    def of_one(self, name, good):
        """A suite that passes or fails as a whole."""
        self.result(name).write_text(f'<testsuite><testcase name="{name}">{"" if good else "<failure/>"}</testcase>'
                                     "</testsuite>\n", encoding="ascii")
        return good

    # -- suites

    def style(self, output, words=()):
        """Sources are formatted as .clang-format says and hold nothing that .clang-tidy, ruff.toml or shellcheck find;
        rooms, includes and named paths are as tests/style/house.py says, headers and who leans on whom as
        tests/style/headers.py; option tables of READMEs are what the daemons print."""
        return self.of_one("style", self.all_run(output, [
            ["cmake", "--build", build.DEBUG, "--target", "format-check"], [*TIDY, build.DEBUG], *self.style_of_all()]))

    def all_run(self, output, commands):
        """Whether every one of them was good; none is left out because another was not."""
        statuses = [output.run(command, cwd=ROOT) for command in commands]
        return not any(statuses)

    def style_of_all(self):
        """What takes no time."""
        listed = subprocess.run(["git", "ls-files", "-z", *SHELL], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                                check=False)
        return [[*PYTHON, "tests/style/house.py"], [*PYTHON, "tests/style/headers.py"],
                [*PYTHON, "tests/style/assertions.py"],
                [*PYTHON, "tests/style/options.py", build.DEBUG / "bin"],
                [build.VENV / "bin" / "ruff", "check", "--no-cache", "--quiet", "."],
                ["shellcheck", "-x", *filter(None, listed.stdout.split("\0"))]]

    def unit(self, output, words=()):
        """Of the debug build, which carries address and undefined-behaviour sanitizers. The long ones wait more than
        they compute."""
        return self.ctest(output, "unit", build.DEBUG, "unit", words, at_once=2 * PROCESSORS)

    def sim(self, output, words=()):
        """The simulator's seeds and its planted bugs: as fast as the cores can, so of the release build."""
        return self.ctest(output, "sim", build.RELEASE, "sim", words)

    def e2e(self, output, words=()):
        return self.pytest(output, "e2e", words)

    def e2e_shared(self, output, **variables):
        """The files whose tests share one Seatlog."""
        return self.pytest(output, "e2e-shared", ["--lane=shared"], **variables)

    def e2e_apart(self, output, **variables):
        """Those that start what they need for themselves."""
        return self.pytest(output, "e2e-apart", ["--lane=apart"], **variables)

    def api(self, output, words=()):
        """Schemathesis holds every operation against the contract; its Python is its own."""
        return output.run([build.VENV_API / "bin" / "python", "-B", ROOT / "tests/api/run.py", "--junit",
                           self.result("api"), *words], env={**os.environ, "SEATLOG_BIN": str(build.BIN)}) == 0

    def fuzz(self, output, words=()):
        """Fuzz targets, for so many seconds of a processor each."""
        return output.run([*FUZZ, *(words or ["60"]), "--junit", self.result("fuzz")]) == 0

    def fuzz_beside(self, output):
        """With what the other lanes leave of the processors."""
        return output.run(["nice", "-n", "19", *FUZZ, "60", "--junit", self.result("fuzz")]) == 0

    def asan(self, output, words=()):
        """Simulator and end-to-end tests with sanitized programs; what any of them reports, also when it ends, is a
        failure."""
        reports = self.state.folder / "log" / "asan"
        shutil.rmtree(reports, ignore_errors=True)
        reports.mkdir(parents=True)
        programs = str(build.DEBUG / "bin")
        simulated = any(word.startswith("tests/") for word in words) or \
            self.ctest(output, "asan-sim", build.DEBUG, "sim")
        walked = self.pytest(output, "asan-e2e", ["--ignore=tests/e2e/test_chaos.py", *words], SEATLOG_BIN=programs,
                             SEATLOG_TEST_BIN=programs, ASAN_OPTIONS=f"log_path='{reports}/asan'",
                             UBSAN_OPTIONS=f"log_path='{reports}/ubsan'")
        return all([simulated, walked, self.of_one("asan", reports_none(reports))])

    def thread_sanitizer(self, output, words=()):
        """Unit tests and simulator."""
        return self.ctest(output, "tsan", build.TSAN, "unit|sim", words)

    def model(self, output, words=()):
        """Spin, over the model of a log that fences itself."""
        return output.run([*PYTHON, ROOT / "tests/model/run.py", "--junit", self.result("model"), *words]) == 0

    def valgrind(self, output, words=()):
        """Whole lives of the programs."""
        return output.run([ROOT / "tests/sanitizers/valgrind.sh", build.BIN, self.result("valgrind")]) == 0

    def chaos(self, output, words=()):
        """Real processes, three brokers, some faults."""
        return self.of_one("chaos", output.run([ROOT / "seatlog", "chaos",
                                                *(words or ["--faults", "19", "--seed", "1"])],
                                               env={**os.environ, "SEATLOG_STATE": str(self.state.folder)}) == 0)


@dataclasses.dataclass(frozen=True)
class Suite:
    make: Callable  # what must be there before, as steps
    run: Callable
    packages: tuple = ()  # besides those of all


SUITES = {
    "style": Suite(Check.style_make, Check.style), "unit": Suite(Check.debug, Check.unit),
    "sim": Suite(Check.release, Check.sim), "e2e": Suite(Check.e2e_make, Check.e2e, ("chaos",)),
    "api": Suite(Check.api_make, Check.api), "fuzz": Suite(lambda check: None, Check.fuzz, ("fuzz",)),
    "asan": Suite(lambda check: (check.debug(), check.pytest_make()), Check.asan, ("chaos",)),
    "tsan": Suite(Check.tsan, Check.thread_sanitizer),
    "model": Suite(lambda check: None, Check.model, ("model",)),
    "valgrind": Suite(Check.shipped, Check.valgrind, ("valgrind",)),
    "chaos": Suite(lambda check: None, Check.chaos, ("chaos",))}


def reports_none(folder):
    """What programs have left there is shown."""
    found = [path for path in sorted(folder.iterdir()) if path.stat().st_size > 0]
    for path in found:
        print(f"--- {path}\n{path.read_text(errors='replace')}", flush=True)
    return not found


def run_one(check, name, words):
    """A suite by name."""
    suite = SUITES[name]
    suite.make(check)
    if name == "e2e" and not words:
        return run_lanes(check, {"e2e shared": [check.e2e_shared], "e2e apart": [check.e2e_apart]})
    return suite.run(check, Output(), words)


def made(function):
    """What makes something, as a part of a lane."""

    def part(output):
        function()
        return True

    return part


def run_lanes(check, lanes):
    """End-to-end tests in two lanes, with what else stands in them."""
    with tempfile.TemporaryDirectory() as folder:
        def with_room(function):
            if function in (check.e2e_shared, check.e2e_apart):
                return functools.partial(function, **{ROOM: folder})
            if function == check.fuzz_beside:  # it takes nothing from whom it leaves all
                return function

            def beside(output):
                with room(False, folder):
                    return function(output)

            return beside

        return side_by_side({name: list(map(with_room, functions)) for name, functions in lanes.items()})


def run_whole(check):
    """All that is not by name only; returns whether it was good."""
    good = [run_one(check, "style", [])]
    good.append(side_by_side({"unit": [check.unit],
                              "sim": [made(check.release), check.sim, made(check.pytest_make), made(check.api_make)]}))
    good.append(run_lanes(check, {"e2e shared": [check.e2e_shared], "e2e apart": [check.e2e_apart, check.api],
                                  "fuzz": [check.fuzz_beside]}))
    return all(good)


def run_quick(check):
    """Between two edits."""
    good = [run_one(check, "style", [])]
    good.append(side_by_side({"unit": [check.unit],
                              "walk": [made(check.release), check.sim, made(check.pytest_make),
                                       functools.partial(check.e2e, words=[WALK])]}))
    return all(good)


def results_of(name):
    return {"e2e": ("e2e-shared", "e2e-apart")}.get(name, (name,))


def command_test(launcher, words):
    name, words = (words[0], words[1:]) if words else ("", [])
    if name and name not in (*SUITES, "quick"):
        raise Misuse("test", f"there is no suite {name}")
    if name == "quick" and words:
        raise Misuse("test", f"quick takes no argument: {words[0]}")
    # Suites are ended by it, even where a shell that runs this in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    state = launcher.state
    state.make()
    suites = WHOLE if not name else ("e2e",) if name == "quick" else (name,)
    build.packages_ensure(state, True, "build", "run", "test",
                          *(use for suite in suites for use in SUITES[suite].packages))
    check = Check(state)
    shutil.rmtree(check.results, ignore_errors=True)
    check.results.mkdir(parents=True)
    if not name:
        good, wanted = run_whole(check), [result for suite in WHOLE for result in results_of(suite)]
    elif name == "quick":
        good, wanted = run_quick(check), ["style", "unit", "sim", "e2e"]
    else:
        good, wanted = run_one(check, name, words), results_of(name) if not words else (name,)
    # A suite that ended without a result must not pass for one without failures.
    for result in wanted:
        if not check.result(result).exists() or check.result(result).stat().st_size == 0:
            warn(f"the suite {result} left no result")
            good = False
    return 0 if totals_print(sorted(check.results.glob("*.xml"))) and good else 1


def command_chaos(launcher, words):
    """Real processes, three brokers, faults of every kind; then everything is checked."""
    launcher.state.make()
    build.packages_ensure(launcher.state, True, "build", "run", "test", "chaos")
    Check(launcher.state).e2e_make()
    os.chdir(ROOT)
    sys.stdout.flush()
    os.environ["SEATLOG_BIN"] = str(build.BIN)
    python = str(build.VENV / "bin" / "python")
    os.execv(python, [python, "-B", "tests/chaos/chaos.py", *words])


def command_sim(launcher, words):
    """The cores over a made-up world, by seeds."""
    launcher.state.make()
    build.packages_ensure(launcher.state, True, "build", "run")
    Check(launcher.state).release()
    sys.stdout.flush()
    os.execv(build.BIN / "seatlog-sim", ["seatlog-sim", *words])
