# SPDX-License-Identifier: Apache-2.0
"""The one bring-up by its parts: what pipeline.tsv says, and what is made of it."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from bringup import launch  # noqa: F401 (the way to the launcher's modules)
from clients import eventually
from launcher import kafka, pipeline, up
from launcher.configuration import Configuration
from launcher.installation import Installation
from launcher.say import Notices
from launcher.state import State

TEXT = """# stage name up chaos stop command
infra kafka 1 3 TERM/90 @JAVA@ kafka.Kafka @ETC@/@PROGRAM@.properties
daemon indexer 1 2 TERM/30 seatlog-indexer
"""


def test_each_setup_has_its_own_column_of_instances():
    assert [program.program for program in pipeline.programs("up", TEXT)] == ["kafka", "indexer"]
    assert [program.program for program in pipeline.programs("chaos", TEXT)] == \
        ["kafka-1", "kafka-2", "kafka-3", "indexer-1", "indexer-2"]
    [broker, daemon] = pipeline.programs("up", TEXT)
    assert (broker.is_daemon, daemon.is_daemon, daemon.admin_port) == (False, True, "ADMIN_INDEXER")
    assert (daemon.stop_signal, daemon.stop_seconds) == ("TERM", 30)


def test_every_daemon_of_the_pipeline_runs_twice_in_chaos_over_three_brokers():
    names = [program.program for program in pipeline.programs("chaos")]
    assert {"kafka-1", "kafka-2", "kafka-3"} < set(names)
    for program in pipeline.programs("up"):
        if program.stage == "daemon":
            assert {f"{program.name}-1", f"{program.name}-2"} < set(names)


def test_a_word_that_nobody_sets_is_an_error():
    assert pipeline.fill("a @ETC@/b 1@127.0.0.1", {"ETC": "/x"}) == "a /x/b 1@127.0.0.1"
    with pytest.raises(LookupError, match="@NOBODY@"):
        pipeline.fill("@NOBODY@", {})


def test_one_broker_has_the_settings_of_the_template_and_three_keep_copies():
    values = {"PORT": 1, "CONTROLLER_PORT": 2, "DATA": "/d", "NUMBER": 2}
    one = kafka.properties(values, [(1, 2)]).splitlines()
    three = kafka.properties(values, [(1, 2), (2, 3), (3, 4)]).splitlines()
    assert "node.id=1" in one and "controller.quorum.voters=1@127.0.0.1:2" in one
    assert "default.replication.factor=1" in one
    assert "node.id=2" in three and "controller.quorum.voters=1@127.0.0.1:2,2@127.0.0.1:3,3@127.0.0.1:4" in three
    assert "default.replication.factor=3" in three and "min.insync.replicas=2" in three
    assert len({line.partition("=")[0] for line in three if "=" in line}) == sum("=" in line for line in three)


@pytest.fixture
def made(tmp_path):
    """A state folder with the configuration of every program of the set-up chaos, and a word to change in it."""
    state = State(tmp_path / "state")
    state.make()
    installation = Installation(state, "chaos")
    for number, name in enumerate(["HTTP", "HTTP_2", "POSTGRES", "SMTP", "SIMULATOR", "KAFKA", "KAFKA_2", "KAFKA_3",
                                   "KAFKA_CONTROLLER", "KAFKA_CONTROLLER_2", "KAFKA_CONTROLLER_3",
                                   *(program.admin_port for program in installation.programs if program.is_daemon)]):
        state.set(f"PORT_{name}", 21000 + number)
    (state.overrides / "indexer.conf").write_text("log_level = debug\n")
    (state.overrides / "indexer-2.conf").write_text("log_level = error\n")
    Configuration(installation).write_all()
    return installation


def test_instances_have_ports_names_and_settings_of_their_own(made):
    etc = made.state.etc
    first, second = ((etc / f"ingest-api-{number}.conf").read_text() for number in (1, 2))
    assert "listen = 127.0.0.1:21000\n" in first and "listen = 127.0.0.1:21001\n" in second
    assert "instance_id = ingest-api-1\n" in first and "instance_id = ingest-api-2\n" in second
    assert (etc / "indexer-1.conf").read_text().rstrip().endswith("log_level = debug")
    assert (etc / "indexer-2.conf").read_text().rstrip().endswith("log_level = error")
    brokers = ",".join(f"127.0.0.1:{port}" for port in (21005, 21006, 21007))
    assert f"kafka.bootstrap.servers = {brokers}\n" in first
    assert "node.id=3\n" in (etc / "kafka-3.properties").read_text()


def test_a_program_is_started_with_its_own_file(made):
    [_, second] = made.of(name="indexer")
    assert made.command(second)[-2:] == ["--config", str(made.state.etc / "indexer-2.conf")]
    assert made.command(made.brokers[2])[-1] == str(made.state.etc / "kafka-3.properties")


def test_what_nobody_changed_is_written_again_without_a_word(made):
    again = Configuration(made)
    again.write_all()
    assert again.changed == set() and not list(made.state.etc.glob("*.kept"))


@pytest.fixture
def moved(made):
    """The folder as if it had been made elsewhere, by a version that did not note what it wrote."""
    etc = made.state.etc
    (etc / "supervisord.conf").write_text("childlogdir=/else/where/log\npidfile=/else/where/run/supervisord.pid\n")
    for path in etc.iterdir():
        if path.is_file():
            text = path.read_text().replace(str(made.state.run), "/else/where/run")
            path.write_text(text.replace(str(made.state.folder), "/else/where"))
    assert "/else/where/keys" in (etc / "ticketgen-1.conf").read_text()
    shutil.rmtree(etc / ".written")
    yield made
    Notices.texts.clear()


def test_the_place_of_a_folder_that_was_moved_is_nobodys_edit(moved):
    Configuration(moved).write_all()
    assert not list(moved.state.etc.glob("*.kept")) and not Notices.texts
    assert "/else/where" not in (moved.state.etc / "ticketgen-1.conf").read_text()


def test_an_edit_in_a_folder_that_was_moved_is_kept(moved):
    path = moved.state.etc / "ticketgen-1.conf"
    path.write_text(path.read_text() + "log_level = debug\n")
    Configuration(moved).write_all()
    [kept] = moved.state.etc.glob("*.kept")
    assert kept.name.startswith("ticketgen-1.conf.") and "log_level = debug" in kept.read_text()
    [told] = Notices.texts
    assert "log_level = debug" in told


RUNNERS = {"alone": "Output().run(command)",
           "lane": "side_by_side({'a': [lambda output: output.run(command)], 'b': []})"}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("how", ["terminal", "process"])
def test_tests_that_are_ended_put_away_what_they_have_started(tmp_path, runner, how):
    """Ctrl-C goes to all of a terminal's programs; TERM to the launcher alone."""
    tests = f"cd {tmp_path}; trap 'sleep 0.5; touch away; exit' INT; touch ready; sleep 60 >/dev/null 2>&1 & wait"
    program = f"""
import signal, sys
sys.path.append({os.path.dirname(os.path.dirname(pipeline.__file__))!r})
from launcher.commands import terminate
from launcher.lanes import Output, side_by_side
signal.signal(signal.SIGTERM, terminate)
command = ["bash", "-c", {tests!r}]
{RUNNERS[runner]}
"""
    process = subprocess.Popen([sys.executable, "-B", "-c", program], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    eventually((tmp_path / "ready").exists, "the tests run")
    if how == "terminal":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) != 0
    assert (tmp_path / "away").exists()


class Recorded:
    """An installation, its supervisor and a step, which write down what they are told."""

    note = hint = ""

    def __init__(self, running, stale, claims):
        self.running, self.stale, self.answers, self.told = running, stale, list(claims), []
        self.here = self.supervisor = self
        self.claimed = 0

    def of(self, stage):
        return [program for program in pipeline.programs() if program.stage == stage]

    def states(self):
        return dict.fromkeys(self.running, ("RUNNING", 7))

    def is_stale(self, program, pid):
        return pid is not None and program.name in self.stale

    def claims(self):
        self.told.append("claims?")
        return self.answers.pop(0)

    def programs_ready(self, _, programs, seconds):
        self.told.append(sorted(program.name for program in programs))

    def programs_stop(self, _, programs):
        self.told.append("stop " + " ".join(program.name for program in programs))

    def write(self, text):
        pass


READERS = ["indexer", "ingest-api", "notifier", "payment", "ticketgen"]
DAEMONS = sorted([*READERS, "reservation"])


@pytest.mark.parametrize("running, stale, claims, told, claimed", [
    (DAEMONS, DAEMONS, [(0, 6), (6, 0)], ["claims?", READERS, "stop reservation", ["reservation"], "claims?"], 6),
    ([], [], [(0, 6), (6, 0)], ["claims?", READERS, ["reservation"], "claims?"], 6),
    (DAEMONS, DAEMONS, [(2, 4), (6, 0)], ["claims?", READERS, "stop reservation", ["reservation"], "claims?"], 4),
    (DAEMONS, DAEMONS, [(6, 0)], ["claims?", DAEMONS], 0),
    ([], [], [(0, 0)], ["claims?", DAEMONS], 0),
    (DAEMONS, [], [], [DAEMONS], 0),
], ids=["while it runs", "stopped", "half way", "claimed", "new", "nothing to do"])
def test_up_brings_readers_up_to_date_before_deciders_where_the_log_is_from_before(running, stale, claims, told,
                                                                                   claimed):
    recorded = Recorded(running, stale, claims)
    up.daemons_up(recorded, recorded)
    assert (recorded.told, recorded.claimed, recorded.note) == (told, claimed, "6 ready")
