# SPDX-License-Identifier: Apache-2.0
"""What is done to the processes. A fault is applied, lasts, and is healed; nothing is asserted here."""

import json
import signal
import time
import urllib.request

from clients import freeze, thaw
from cluster import SESSION_MS

POSTGRES_PATIENCE_SECONDS = 30  # PG_ANSWER_MS
PAUSE_SECONDS = SESSION_MS / 1000 + 2  # longer than the session: a zombie


def behave(cluster, **behaviour):
    wanted = {"latency_ms": 0, "latency_jitter_ms": 0, "faults": [], **behaviour}
    request = urllib.request.Request(cluster.simulator_url + "/admin/behaviour", data=json.dumps(wanted).encode(),
                                     method="PUT", headers={"Authorization": f"Bearer {cluster.token}"})
    urllib.request.urlopen(request, timeout=20).close()


def kill_daemon(cluster, random):
    victim = random.choice(cluster.daemons())
    victim.send(signal.SIGKILL)
    return victim.name


def pause_daemon(cluster, random):
    victim = random.choice(cluster.daemons())
    victim.send(signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS)
    victim.send(signal.SIGCONT)
    return victim.name


def kill_broker(cluster, random):
    victim = random.choice(cluster.of("kafka"))
    victim.wanted = False
    victim.send(signal.SIGKILL)
    time.sleep(random.uniform(0.5, 4))
    victim.start()
    cluster.replicas_wait(120)
    return victim.name


def pause_broker(cluster, random):
    victim = random.choice(cluster.of("kafka"))
    victim.send(signal.SIGSTOP)
    time.sleep(random.uniform(3, PAUSE_SECONDS))
    victim.send(signal.SIGCONT)
    cluster.replicas_wait(120)
    return victim.name


def kill_postgres(cluster, random):
    victim = cluster.of("postgres")[0]
    victim.wanted = False
    victim.send(signal.SIGQUIT)  # immediate shutdown
    time.sleep(random.uniform(0.5, 3))
    victim.start()
    return "immediate shutdown"


def pause_postgres(cluster, random):
    """Frozen, not dead: connections stay open, and nothing answers."""
    seconds = random.choice([random.uniform(3, 12), POSTGRES_PATIENCE_SECONDS + 5])
    frozen = freeze(cluster.of("postgres")[0].pid())
    time.sleep(seconds)
    thaw(frozen)
    return f"all its processes, {seconds:.0f} s"


def smtp_gone(cluster, random):
    victim = cluster.of("mail-catcher")[0]
    victim.stop()
    time.sleep(random.uniform(2, 5))
    victim.start()
    return "gone"


def provider_slow(cluster, random):
    behave(cluster, latency_ms=random.randint(500, 4000), latency_jitter_ms=1000)
    time.sleep(random.uniform(3, 6))
    behave(cluster)
    return "slow"


def provider_fails(cluster, random):
    acts = random.random() < 0.5
    behave(cluster, faults=[{"operation": "*", "kind": "fail", "status": 503, "acts": acts, "probability": 0.7,
                             "count": 0}])
    time.sleep(random.uniform(2, 5))
    behave(cluster)
    return "5xx after acting" if acts else "5xx"


def provider_drops(cluster, random):
    acts = random.random() < 0.7
    behave(cluster, faults=[{"operation": "*", "kind": "drop", "acts": acts, "probability": 0.7, "count": 0}])
    time.sleep(random.uniform(2, 5))
    behave(cluster)
    return "acts and drops the answer" if acts else "drops the request"


def kill_provider(cluster, random):
    cluster.of("payment-simulator")[0].send(signal.SIGKILL)
    return "kill -9"


def kill_reservation(cluster, random):
    for program in cluster.of("reservation"):
        program.send(signal.SIGKILL)
    return "all instances"


def restart_everything(cluster, random):
    """kill -9 of every daemon and broker, and PostgreSQL's immediate shutdown, at once."""
    for program in cluster.programs.values():
        program.send(signal.SIGQUIT if program.kind == "postgres" else signal.SIGKILL)
    time.sleep(2)
    cluster.replicas_wait(120)
    return "all processes"


# Kind: how often it is drawn, and what it does.
KINDS = {
    "daemon killed": (30, kill_daemon),
    "daemon paused past its session": (12, pause_daemon),
    "broker killed": (10, kill_broker),
    "broker paused": (6, pause_broker),
    "postgresql killed": (8, kill_postgres),
    "postgresql paused": (4, pause_postgres),
    "smtp gone": (5, smtp_gone),
    "provider slow": (6, provider_slow),
    "provider 5xx": (7, provider_fails),
    "provider drops": (8, provider_drops),
    "provider killed": (4, kill_provider),
    "all of reservation killed": (8, kill_reservation),
    "everything killed": (2, restart_everything),
}


def plan(random, count):
    """The kinds of `count` faults: as many different ones as fit, then by weight; in random order."""
    names = list(KINDS)
    drawn = random.sample(names, min(count, len(names)))
    drawn += random.choices(names, [KINDS[name][0] for name in names], k=count - len(drawn))
    random.shuffle(drawn)
    return drawn


def apply(cluster, random, kind):
    return KINDS[kind][1](cluster, random)
