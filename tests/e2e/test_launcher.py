# SPDX-License-Identifier: Apache-2.0
"""What a person meets who runs Seatlog: its commands, their options and exit statuses, settings, 80 columns."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import pytest

from bringup import ROOT, environment_read
from clients import Buyer, eventually, freeze, names_folder, thaw

COMMANDS = ["up", "down", "restart", "status", "logs", "tail", "demo", "order", "ticket", "replay", "sim", "chaos",
            "test", "bench", "env"]
INSTALLERS = ["apt-get", "sudo", "cmake", "ninja", "mvn", "pip"]


def run(state, *arguments, path=None, **variables):
    environment = {**os.environ, "SEATLOG_STATE": str(state), **variables}
    if path:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run([str(ROOT / "seatlog"), *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)


def on_terminal(state, *arguments, **variables):
    """What is printed on a terminal of 80 columns."""
    master, slave = pty.openpty()
    environment = {**os.environ, "SEATLOG_STATE": str(state), "TERM": "xterm", **variables}
    environment.pop("NO_COLOR", None) if "NO_COLOR" not in variables else None
    process = subprocess.Popen([str(ROOT / "seatlog"), *arguments], env=environment, stdin=subprocess.DEVNULL,
                               stdout=slave, stderr=slave, preexec_fn=os.setsid)
    os.close(slave)
    text, until = b"", time.monotonic() + 120
    while time.monotonic() < until:
        if select.select([master], [], [], 1)[0]:
            try:
                text += os.read(master, 65536)
            except OSError:  # the other end is closed
                break
    process.wait(10)
    os.close(master)
    return text.decode()


def assert_narrow(text):
    wide = [line for line in text.splitlines() if len(line) > 80]
    assert not wide, wide


@pytest.fixture
def nowhere(tmp_path):
    """A state folder that is not there."""
    return tmp_path / "state"


@pytest.fixture
def no_installers(tmp_path):
    """A folder for PATH in which whatever installs or builds leaves a mark; and the mark."""
    folder, mark = tmp_path / "bin", tmp_path / "installed"
    folder.mkdir()
    for name in INSTALLERS:
        (folder / name).write_text(f"#!/bin/sh\necho {name} >>'{mark}'\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder, mark


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_printed_at_once_and_touches_nothing(command, nowhere, no_installers):
    folder, mark = no_installers
    for arguments in ([command, "--help"], [command, "-h"], ["help", command]):
        shown = run(nowhere, *arguments, path=folder)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.startswith("usage: ") and f"seatlog {command}" in shown.stdout.replace("eval", "")
        assert_narrow(shown.stdout.replace(str(nowhere), "STATE"))
    assert not mark.exists() and not nowhere.exists()


def test_the_verifier_says_in_80_columns_how_it_is_used(stack):
    shown = subprocess.run([stack["SEATLOG_BIN"] + "/seatlog-ticket-verify", "--help"], capture_output=True, text=True,
                           check=True)
    assert shown.stdout.startswith("usage: ")
    assert_narrow(shown.stdout)


def test_the_list_of_commands_is_narrow_and_whole(nowhere):
    shown = run(nowhere, "--help")
    assert shown.returncode == 0 and shown.stdout == run(nowhere).stdout == run(nowhere, "help").stdout
    assert_narrow(shown.stdout)
    assert all(re.search(rf"^  {command}\b", shown.stdout, re.MULTILINE) for command in COMMANDS)
    unknown = run(nowhere, "frobnicate")
    assert unknown.returncode == 2 and "unknown command: frobnicate" in unknown.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("replay", "test", "ticket")])
def test_an_unknown_option_is_named(command, nowhere, no_installers):
    folder, mark = no_installers
    for option in ("--foo", "--foo=1", "-x"):
        refused = run(nowhere, command, option, path=folder)
        assert refused.returncode == 2, refused
        assert f"there is no option {option.partition('=')[0]}" in refused.stderr and refused.stdout == ""
    assert not mark.exists() and not nowhere.exists()


@pytest.mark.parametrize("arguments, words", [
    (["up", "shows"], "no argument shows"), (["up", "--shows"], "--shows wants a number"),
    (["up", "--shows", "30001"], "from 0 to 30000"), (["up", "--port", "http"], "--port wants a number"),
    (["down", "now"], "no argument: now"), (["restart", "indexr"], "there is no indexr"),
    (["status", "indexer"], "no argument: indexer"), (["tail", "--lines"], "--lines wants a value"),
    (["replay", "prove"], "no command prove"), (["replay"], "what is it to do?"), (["order"], "which order?"),
    (["test", "everything"], "no suite everything"), (["bench", "all"], "no bench all"),
    (["bench", "core", "recovery", "--kills=3"], "--kills=3 is for one bench")])
def test_what_is_not_understood_is_said(arguments, words, nowhere):
    refused = run(nowhere, *arguments)
    assert refused.returncode == 2 and words in refused.stderr, refused
    assert not nowhere.exists()


def test_help_has_every_option_that_sim_and_chaos_take(nowhere, stack):
    sim = subprocess.run([stack["SEATLOG_BIN"] + "/seatlog-sim", "--help"], capture_output=True, text=True)
    chaos = "".join(re.findall(r'add_argument\("--.*', (ROOT / "tests" / "chaos" / "chaos.py").read_text()))
    for command, text in (("sim", sim.stdout + sim.stderr), ("chaos", chaos)):
        options = set(re.findall(r"--[a-z][a-z-]*[a-z]", text)) - {"--help"}
        assert len(options) > 4
        assert options <= set(re.findall(r"--[a-z][a-z-]*[a-z]", run(nowhere, command, "--help").stdout))


def test_without_python_help_is_the_same_and_nothing_is_made(nowhere, no_installers):
    folder, mark = no_installers
    bare = {"path": folder, "SEATLOG_TEST_PYTHON": "/nowhere/python3"}
    for command in (*COMMANDS, ""):
        assert run(nowhere, "help", command, **bare).stdout == run(nowhere, "help", command).stdout
    refused = run(nowhere, "up", "--foo", **bare)
    assert refused.returncode == 2 and "there is no option --foo" in refused.stderr
    assert run(nowhere, "frobnicate", **bare).returncode == 2
    assert run(nowhere, "status", **bare).returncode == 3
    assert run(nowhere, "down", **bare).stdout == run(nowhere, "down").stdout
    assert not mark.exists() and not nowhere.exists()


def test_without_python_up_installs_it_first(nowhere, no_installers):
    folder, mark = no_installers
    (folder / "dpkg-query").write_text("#!/bin/sh\n")
    (folder / "dpkg-query").chmod(0o755)
    failed = run(nowhere, "up", "--yes", path=folder, SEATLOG_TEST_PYTHON="/nowhere/python3")
    assert failed.returncode == 1 and " python3" in failed.stderr, failed
    assert mark.read_text().split()[-1] == ("apt-get" if os.geteuid() == 0 else "sudo")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_up_that_is_ended_ends_at_once_and_can_be_done_again(nowhere, no_installers, how):
    folder, _ = no_installers
    (folder / "cmake").write_text("#!/bin/sh\nexec sleep 60\n")
    environment = {**os.environ, "SEATLOG_STATE": str(nowhere), "PATH": f"{folder}:{os.environ['PATH']}"}
    environment.pop("SEATLOG_TEST_BIN", None)
    for _ in range(2):
        process = subprocess.Popen([str(ROOT / "seatlog"), "up", "--yes"], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        log = nowhere / "log" / "up-build.log"
        eventually(log.exists, "it builds")
        os.killpg(process.pid, how)  # as a terminal does
        assert process.wait(20) == -how
        log.unlink()


@pytest.mark.parametrize("command", ["env", "restart", "status", "logs", "tail", "demo", "replay"])
def test_before_the_first_up_everything_says_what_to_do(command, nowhere):
    for prepare in (lambda: None, lambda: (nowhere.mkdir(), (nowhere / "env").touch())):
        prepare()
        refused = run(nowhere, command, *(["verify"] if command == "replay" else []))
        assert (refused.returncode, refused.stdout) == (3, "") and "./seatlog up" in refused.stderr


def test_env_is_for_eval_whatever_the_folder_is_called(tmp_path):
    state = tmp_path / "it's \"mine\" $HOME"
    state.mkdir()
    (state / "env").write_text("".join(f"PORT_{name}={number}\n" for number, name in enumerate(
        ["HTTP", "POSTGRES", "KAFKA", "KAFKA_CONTROLLER", "SMTP", "SIMULATOR"], 20001)))
    printed = run(state, "env")
    assert printed.returncode == 0 and all(line.startswith("export SEATLOG_") for line in printed.stdout.splitlines())
    seen = subprocess.run(["bash", "-c", f'eval "$1"; {sys.executable} -c '
                           '"import os; print(os.environ[\'SEATLOG_STATE\'], os.environ[\'SEATLOG_URL\'])"',
                           "bash", printed.stdout], capture_output=True, text=True)
    assert seen.stdout == f"{state} http://127.0.0.1:20001\n"
    assert environment_read(printed.stdout)["SEATLOG_MAILS"] == f"{state}/mails"


def test_status_fits_into_80_columns_and_says_that_all_is_well(stack):
    shown = run(stack.folder, "status")
    assert shown.returncode == 0, shown
    assert_narrow(shown.stdout)
    assert "All is well." in shown.stdout and "\033" not in shown.stdout
    for words in ("mails ", "payments ", "dead letters ", stack["SEATLOG_URL"], "PostgreSQL ", "Kafka "):
        assert words in shown.stdout
    for program in ("postgres", "kafka", "reservation", "ingest-api"):
        assert re.search(rf"^{program} +running .* ready$", shown.stdout, re.MULTILINE)


@pytest.mark.alone
@pytest.mark.parametrize("program, words", [("postgres", "postgres is stopped"), ("java", "kafka is stopped")])
def test_status_says_within_seconds_what_is_frozen(stack, program, words):
    frozen = freeze(stack.pids(program)[0])
    try:
        began = time.monotonic()
        shown = run(stack.folder, "status")
        assert time.monotonic() - began < 30  # some three seconds on a machine with nothing else to do
    finally:
        thaw(frozen)
    assert shown.returncode == 1 and words in shown.stdout and "All is well" not in shown.stdout
    assert_narrow(shown.stdout)
    assert re.search(r"^(postgres|kafka) +frozen .* no answer$", shown.stdout, re.MULTILINE)
    eventually(lambda: run(stack.folder, "status").returncode == 0, "all is well again", 60)


def test_colours_are_for_terminals_whose_users_want_them(stack):
    assert "\033[32mAll is well." in on_terminal(stack.folder, "status")
    assert "\033[" not in on_terminal(stack.folder, "status", NO_COLOR="1")
    assert "\033[" in on_terminal(stack.folder, "tail", "--no-follow")
    assert "\033[" not in on_terminal(stack.folder, "tail", "--no-follow", NO_COLOR="1")
    assert "\033[" not in run(stack.folder, "tail", "--no-follow").stdout


def test_tail_wraps_on_a_terminal_and_not_in_a_pipe(stack):
    piped = run(stack.folder, "tail", "--no-follow", "--lines", "20").stdout
    assert len(piped.splitlines()) == 20 and all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in piped.splitlines())
    shown = on_terminal(stack.folder, "tail", "--no-follow", "--lines", "20", NO_COLOR="1").replace("\r", "")
    assert_narrow(shown)
    assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", piped)


def test_settings_of_ones_own_outlive_up(stack):
    overrides, etc = stack.folder / "overrides" / "indexer.conf", stack.folder / "etc"
    assert str(overrides) in (etc / "indexer.conf").read_text()
    overrides.write_text("log_level = debug\n")
    try:
        restarted = run(stack.folder, "restart", "indexer")
        assert restarted.returncode == 0 and "with changed settings: indexer" in restarted.stdout, restarted
        [before] = stack.pids("seatlog-indexer")
        up = run(stack.folder, "up", "--yes")
        assert up.returncode == 0 and stack.pids("seatlog-indexer") == [before], up
        assert overrides.read_text() == "log_level = debug\n"
        assert (etc / "indexer.conf").read_text().endswith("log_level = debug\n")
    finally:
        overrides.unlink()
        assert run(stack.folder, "restart", "indexer").returncode == 0
    assert "log_level = debug" not in (etc / "indexer.conf").read_text()


@pytest.mark.parametrize("name, line, words", [
    ("indexer.conf", "fooo = 1", "indexer.conf:1: there is no option fooo"),
    ("reservation.conf", "kafka.no.such = 1", "kafka.no.such"),
    ("payment.conf", "log_level = loud", "log_level must be"),
    ("notifier.conf", "admin_listen = 127.0.0.1:1", "admin_listen is chosen by"),
    ("postgres.conf", "shared_bufers = 1GB", "shared_bufers"),
    ("kafka.properties", "num.io.threds = 2", "there is no option num.io.threds"),
    ("indexr.conf", "log_level = debug", "belongs to no program")])
def test_a_wrong_setting_is_named_before_anything_is_stopped(stack, name, line, words):
    programs = ("postgres", "java", "seatlog-indexer", "seatlog-reservation", "seatlog-notifier", "seatlog-ingest-api")
    before = sorted(stack.pids(*programs[1:]))
    (stack.folder / "overrides" / name).write_text(line + "\n")
    try:
        for command in (["restart"], ["up", "--yes"]):
            refused = run(stack.folder, *command)
            assert refused.returncode == 1 and words in refused.stderr, refused
            assert "nothing was changed" in refused.stderr
    finally:
        (stack.folder / "overrides" / name).unlink()
    assert sorted(stack.pids(*programs[1:])) == before


def test_the_programs_of_a_folder_are_not_those_of_one_that_begins_as_it_does():
    for command in (b"seatlog-payment\0--config\0/var/tmp/x/etc/payment.conf\0", b"postgres\0-D\0/var/tmp/x\0",
                    b"python3\0--folder=/var/tmp/x/mails\0"):
        assert names_folder(command, "/var/tmp/x")
        assert not names_folder(command, "/var/tmp/x/e") and not names_folder(command, "/tmp/x")
        assert not names_folder(command.replace(b"/x", b"/xy"), "/var/tmp/x")
        assert not names_folder(command.replace(b"/x", b"/x.1"), "/var/tmp/x")


def test_an_edit_of_a_generated_file_is_kept_and_told(stack):
    path = stack.folder / "etc" / "notifier.conf"
    path.write_text(path.read_text().replace("smtp_helo = localhost", "smtp_helo = tickets.example"))
    up = run(stack.folder, "up", "--yes")
    assert up.returncode == 0 and "smtp_helo = tickets.example" in up.stderr, up
    assert str(stack.folder / "overrides" / "notifier.conf") in up.stderr
    assert "tickets.example" not in path.read_text()
    [kept] = path.parent.glob("notifier.conf.*.kept")
    assert "smtp_helo = tickets.example" in kept.read_text()
    kept.unlink()
    assert "kept" not in run(stack.folder, "up", "--yes").stderr


def test_exported_segments_are_verified_with_nothing_up(stack, nowhere, tmp_path):
    assert stack.launcher("replay", "export", str(tmp_path / "export")).returncode == 0
    for option in ([f"--directory={tmp_path / 'export'}"], ["--directory", str(tmp_path / "export")]):
        verified = run(nowhere, "replay", "verify", *option, SEATLOG_TEST_BIN=stack["SEATLOG_BIN"])
        assert verified.returncode == 0 and "verify: ok" in verified.stdout, verified
    assert run(nowhere, "replay", "verify", "--foo=1", f"--directory={tmp_path / 'export'}",
               SEATLOG_TEST_BIN=stack["SEATLOG_BIN"]).returncode == 2


def test_an_operator_reads_cancels_and_resends_an_order(stack, mailbox, new_show):
    buyer = Buyer.signup(stack, "order")
    event = new_show()
    held = buyer.post("/reserve", {"event_id": event, "ticket_ids": ["1", "2"]}, expect=201)
    order_id = buyer.post("/book", {"reservation_id": held["reservation_id"], "source_id": "cnon:card-nonce-ok"},
                          expect=200)["order_id"]

    def order(*arguments):
        return run(stack.folder, "order", *arguments)

    eventually(lambda: "mail     sent" in order(order_id).stdout, "the mail is sent")
    shown = order(order_id)
    assert_narrow(shown.stdout)
    for words in (order_id, buyer.username, "The Test of Time", "state    sold", "Stalls A", "50.00 USD", "captured"):
        assert words in shown.stdout
    uuid = re.search(r"(\S{36}) in SQL", shown.stdout)[1]
    assert order(uuid).stdout == shown.stdout == order(buyer.username).stdout
    assert order(uuid, "resend").returncode == 0
    eventually(lambda: len(list((stack.folder / "mails").glob(f"*-{buyer.username}-*"))) == 2, "the mail came twice")
    assert order(order_id, "cancel").returncode == 2  # nobody is there to ask
    assert "state    sold" in order(order_id).stdout
    cancelled = order(order_id, "cancel", "--yes")
    assert cancelled.returncode == 0 and "It is now: cancelled" in cancelled.stdout, cancelled
    again = order(order_id, "cancel", "--yes")
    assert again.returncode == 0 and "cancelled already" in again.stdout
    another = order_id[:30] + ("B" if order_id[30] == "A" else "A") + order_id[31:]
    for unknown in (another, "nobody@example.com", "00000000-0000-4000-8000-000000000000"):
        assert order(unknown).returncode == 1
    assert order("not-an-id").returncode == 2 and order(buyer.username, "cancel").returncode == 2


def readme_blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_readme_run_as_they_stand(stack, tmp_path):
    api, hamlet = readme_blocks("sh")
    api = api.replace("U=$SEATLOG_URL", f"cd {tmp_path}; U=$SEATLOG_URL")
    script = f"cd '{ROOT}' && {api}\necho '=== Hamlet'\n{hamlet}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "SEATLOG_STATE": str(stack.folder)})
    assert ran.returncode == 0, ran
    buyer, made = ran.stdout.split("=== Hamlet")
    assert '"title": "Ghost"' in buyer and '"state": "held"' in buyer and '"state": "sold"' in buyer, buyer
    assert re.search(r'"refund(ing|ed)"', buyer), buyer
    assert (tmp_path / "ticket.pdf").read_bytes().startswith(b"%PDF")
    event_id = re.search(r'"event_id": "([^"]+)"', made)[1]
    buyer = Buyer.signup(stack)
    eventually(lambda: buyer.get(f"/events/{event_id}", expect=None).status_code == 200, "Hamlet is on")
    assert "T20:00:00-0" in buyer.get(f"/events/{event_id}", expect=200)["starts_at_local"]


def test_a_partner_reads_tickets_with_the_consumer_of_the_readme(stack, organizer, new_show, tmp_path):
    event = new_show()
    buyer = Buyer.signup(stack)
    held = buyer.post("/reserve", {"event_id": event, "ticket_ids": ["3"]}, expect=201)
    order = buyer.post("/book", {"reservation_id": held["reservation_id"], "source_id": "cnon:card-nonce-ok"},
                       expect=200)["order_id"]
    tickets = eventually(lambda: [ticket["ticket_id"] for ticket in buyer.get(f"/orders/{order}", expect=200)["tickets"]
                                  if "ticket_id" in ticket], "tickets are issued")
    buyer.post(f"/orders/{order}/cancel", None, expect=None)
    [consumer] = readme_blocks("python")
    printed = tmp_path / "printed"
    with open(printed, "w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", consumer], stdout=file,
                                   env={**os.environ, **stack, "OWNER_ID": organizer.user_id})
    try:
        eventually(lambda: f"revoked {tickets[0]} BUYER\n" in printed.read_text(), "the ticket is revoked", 60)
    finally:
        process.kill()
        process.wait()
    assert f"valid {tickets[0]} Stalls 4\n" in printed.read_text()
