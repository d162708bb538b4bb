#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schemathesis against the contract: every operation, as nobody, buyer, organizer and operator.

A Seatlog of its own is started, and beside it an ingest-api without rate limits, which is the one that is tried. The
four runs differ in who asks, and share nothing. Their seed is printed; --seed repeats it.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import xml.etree.ElementTree as tree

import positive

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "compose" / "local"))

from launcher.scratch import environment, seatlog  # noqa: E402 (the path comes first)

ROLES = ["nobody", "buyer", "organizer", "operator"]


@contextlib.contextmanager
def installation():
    """What `./seatlog env` says of one: that of SEATLOG_TEST_STATE, which must be up, or one made for this."""
    given = os.environ.get("SEATLOG_TEST_STATE")
    if given:
        yield environment(given)
    else:
        with seatlog("api", "--shows", "20") as (_, values):
            yield values


@contextlib.contextmanager
def instance(values, log_path):
    """An ingest-api that takes as many requests as come, with cheap passwords."""
    options = {"kafka.bootstrap.servers": values["SEATLOG_KAFKA"], "postgres_url": values["SEATLOG_POSTGRES_URL"],
               "listen": "127.0.0.1:0", "instance_id": "api-judged", "rate_address_per_s": 0, "rate_user_per_s": 0,
               "login_failures_per_hour": 0, "self_service_organizers": "yes", "password_memory_kib": 8192,
               "password_operations": 1}
    with open(log_path, "wb") as log:
        process = subprocess.Popen([os.path.join(values["SEATLOG_BIN"], "seatlog-ingest-api"),
                                    *(f"--{name}={value}" for name, value in options.items())],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while (found := re.search(r"message=listening .*port=(\d+)", log_path.read_text())) is None:
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(log_path.read_text())
            time.sleep(0.05)
        url = f"http://127.0.0.1:{found.group(1)}"
        while not ready(url):
            if time.monotonic() > until:
                sys.exit("ingest-api does not become ready")
            time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def partitions_default():
    """How many partitions the topics have, which the place of a command names."""
    said = subprocess.run([os.path.join(os.environ["SEATLOG_BIN"], "seatlog-ingest-api"), "--help"],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"--partitions=integer\n.*\[default: (\d+)", said).group(1))


def ready(url):
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def post(url, path, body, token=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def token_of(values, url, role):
    """Of an account of this run's own, except an operator's, who is made at `up`."""
    if role == "nobody":
        return ""
    if role == "operator":
        person = {"username": values["SEATLOG_OPERATOR"], "password": values["SEATLOG_OPERATOR_PASSWORD"]}
    else:
        person = {"username": f"{role}-{secrets.token_hex(6)}@example.com", "password": "correct horse battery"}
        post(url, "/signup", {**person, "role": role})
    return post(url, "/login", person)["token"]


def event_make(values, url):
    """An event of every kind of place, so that reservations are really made, and paid."""
    token = post(url, "/login", {"username": values["SEATLOG_ORGANIZER"],
                                 "password": values["SEATLOG_ORGANIZER_PASSWORD"]})["token"]
    start = time.time() + 30 * 86400
    starts, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) for at in (start, start + 7200))
    return post(url, "/events", {
        "title": "Judged", "type": "other", "venue": "Court", "city": "Chico", "country": "US", "starts_at": starts,
        "ends_at": ends, "time_zone": "America/Los_Angeles", "currency": "USD", "seats_per_buyer_max": 1000,
        "categories": [{"name": "Paid", "price_minor": 1250}, {"name": "Free", "price_minor": 0}],
        "sections": [{"name": "Stalls", "category": "Paid",
                      "rows": [{"label": str(i), "seats": 200} for i in range(50)]},
                     {"name": "Floor", "category": "Free", "capacity": 40000}]}, token)["event_id"]


def judge(values, url, role, folder, options):
    """Runs schemathesis as this role; whether all was well. Its JUnit file is at folder/ROLE.xml."""
    command = [str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file",
               str(HERE / "schemathesis.toml"), "run", url + "/openapi.yaml",
               "--checks", "all", "--seed", str(options.seed), "--max-examples", str(options.examples),
               "--workers", "1", "--request-timeout", "60", "--generation-database", "none",
               "--continue-on-failure", "--report", "junit", "--report-junit-path", str(folder / f"{role}.xml"),
               "--no-color", "--warnings", "off", "--output-sanitize", "false", "--output-truncate", "false",
               *options.rest]
    environment = {**os.environ, "SEATLOG_API_URL": url, "SEATLOG_API_TOKEN": token_of(values, url, role),
                   "SEATLOG_API_EVENT": options.event, "SEATLOG_API_LOOKER": options.looker,
                   "SEATLOG_API_PARTITIONS": str(options.partitions), "SCHEMATHESIS_HOOKS": "hooks",
                   "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    begun = time.monotonic()
    ended = subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
    good = ended.returncode == 0
    print(f"\n--- as {role}, seed {options.seed}\n{ended.stdout}--- as {role}, seed {options.seed}: "
          f"{'good' if good else f'exit status {ended.returncode}'}, {time.monotonic() - begun:.0f} s", flush=True)
    return good


def judge_all(values, url, folder, options):
    """All roles at once; each is a process of its own, and two cores are busy with them."""
    roles = options.roles or ROLES
    options.event = event_make(values, url)
    options.looker = token_of(values, url, "operator")
    if positive.show_of(url, options.looker, options.event, {}) is None:
        sys.exit("the event to be judged by does not appear")
    with concurrent.futures.ThreadPoolExecutor(len(roles)) as pool:
        return dict(zip(roles, pool.map(lambda role: judge(values, url, role, folder, options), roles)))


def reports_join(folder, good, target):
    """One JUnit file of all; a run that failed without a failed case, or left no file, is a failed case of its own."""
    suite = tree.Element("testsuite", name="api")
    for role, fine in good.items():
        path = folder / f"{role}.xml"
        cases = list(tree.parse(path).getroot().iter("testcase")) if path.exists() else []
        for case in cases:
            case.set("name", f"{role}: {case.get('name')}")
            suite.append(case)
        failed = any(case.find("failure") is not None or case.find("error") is not None for case in cases)
        if not cases or (not fine and not failed):
            tree.SubElement(tree.SubElement(suite, "testcase", name=f"{role}: the run"), "failure")
    tree.ElementTree(suite).write(target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--junit", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=20, help="of each operation and phase")
    parser.add_argument("--as", dest="roles", action="append", choices=ROLES)
    options, options.rest = parser.parse_known_args()
    options.partitions = partitions_default()
    with installation() as values, tempfile.TemporaryDirectory(prefix="seatlog-api-", dir="/var/tmp") as made:
        folder = pathlib.Path(made)
        with instance(values, folder / "ingest-api.log") as url:
            good = judge_all(values, url, folder, options)
        reports_join(folder, good, options.junit)
    sys.exit(0 if all(good.values()) else 1)


if __name__ == "__main__":
    main()
