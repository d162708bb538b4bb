# SPDX-License-Identifier: Apache-2.0
"""What is done to the processes. A fault is applied, lasts, and is healed; nothing is asserted here."""

import json
import signal
import time
import urllib.request

from clients import freeze, thaw
from cluster import SESSION_MS, Claims

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


def kill_decider(cluster, random):
    victim = random.choice(cluster.of("reservation"))
    victim.send(signal.SIGKILL)
    return victim.name


def kill_reservation(cluster, random):
    for program in cluster.of("reservation"):
        program.send(signal.SIGKILL)
    return "all instances"


def freeze_decider(cluster, random):
    """With records in flight: its way to the brokers is slow when it freezes. Thawed after another has claimed, it
    sends on what it had decided."""
    claims = Claims(cluster.kafka)
    victim = random.choice(cluster.of("reservation"))
    try:
        cluster.network.weather("kafka", latency_ms=300)
        time.sleep(1)
        victim.send(signal.SIGSTOP)
        cluster.network.weather("kafka")
        claimed = claims.heard(PAUSE_SECONDS + 4)
        time.sleep(1)
    finally:
        victim.send(signal.SIGCONT)
        claims.close()
    return f"{victim.name}, {'another claimed' if claimed else 'nobody claimed'}"


def lose_disk(cluster, random):
    """The broker is gone, and comes back with an empty disk once the others know that it is gone."""
    victim = random.choice(cluster.of("kafka"))
    victim.stop()
    cluster.out_of_isr_wait(victim, 60)
    cluster.disk_lose(victim)
    victim.start()
    cluster.replicas_wait(240)
    return victim.name


LINKS = ("kafka", "kafka-1", "kafka-2", "kafka-3", "postgres", "smtp", "provider")


def bad_weather(cluster, random, seconds, **weather):
    """Of one link, or of all to the brokers, for a while."""
    name = random.choice(LINKS)
    cluster.network.weather(name, **weather)
    time.sleep(random.uniform(*seconds))
    cluster.network.weather(name)
    return name


def network_slow(cluster, random):
    latency = random.choice([50, 200, 800])
    return f"{bad_weather(cluster, random, (4, 8), latency_ms=latency, jitter_ms=latency)}, {latency} ms"


def network_throttled(cluster, random):
    rate = random.choice([4000, 20000, 100000])
    return f"{bad_weather(cluster, random, (4, 8), bytes_per_s=rate)}, {rate} bytes/s"


def network_loses(cluster, random):
    """One way: what is sent there does not arrive until it is over, what comes from there does, or the other way."""
    lost = random.choice(["up", "down"])
    return f"{bad_weather(cluster, random, (3, PAUSE_SECONDS + 2), lost=lost)}, {lost}"


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
    "broker killed": (18, kill_broker),
    "broker paused": (6, pause_broker),
    "postgresql killed": (8, kill_postgres),
    "postgresql paused": (4, pause_postgres),
    "smtp gone": (5, smtp_gone),
    "provider slow": (6, provider_slow),
    "provider 5xx": (7, provider_fails),
    "provider drops": (8, provider_drops),
    "provider killed": (4, kill_provider),
    "decider killed": (10, kill_decider),
    "all of reservation killed": (8, kill_reservation),
    "decider frozen in flight": (10, freeze_decider),
    "broker loses its disk": (4, lose_disk),
    "network slow": (8, network_slow),
    "network throttled": (6, network_throttled),
    "network loses one way": (8, network_loses),
    "everything killed": (2, restart_everything),
}


def plan(random, count, only=""):
    """The kinds of `count` faults, of those with these words: as many different ones as fit, then by weight; in random
    order."""
    names = [name for name in KINDS if only in name]
    drawn = random.sample(names, min(count, len(names)))
    drawn += random.choices(names, [KINDS[name][0] for name in names], k=count - len(drawn))
    random.shuffle(drawn)
    return drawn


def apply(cluster, random, kind):
    return KINDS[kind][1](cluster, random)
