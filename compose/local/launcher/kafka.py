# SPDX-License-Identifier: Apache-2.0
"""The brokers: their settings and the format of their data. Several are one cluster that keeps three copies."""

import base64
import os
import re
import shutil
import subprocess

from .pipeline import LOCAL, fill

CLASSES = {"format": "kafka.tools.StorageTool", "options": "kafka.server.KafkaConfig"}


def version():
    return re.search(r"<kafka.version>(.*)</kafka.version>", (LOCAL / "kafka/pom.xml").read_text(encoding="utf-8"))[1]


def properties(values, brokers):
    """The settings of the broker whose ports and folder the values have. brokers: (number, port of its controller) of
    each."""
    text = fill((LOCAL / "kafka/server.properties.in").read_text(encoding="utf-8"), values)
    if len(brokers) == 1:
        return text
    voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in brokers)
    changes = {"node.id": values["NUMBER"], "controller.quorum.voters": voters}
    if len(brokers) >= 3:
        changes |= {"default.replication.factor": 3, "min.insync.replicas": 2, "offsets.topic.replication.factor": 3,
                    "transaction.state.log.replication.factor": 3, "transaction.state.log.min.isr": 2}
    lines = [line for line in text.splitlines() if line.partition("=")[0] not in changes]
    return "\n".join([*lines, *(f"{key}={value}" for key, value in changes.items())]) + "\n"


def java(values, *arguments):
    return [values["JAVA"], "-Xmx256m", f"-Dlog4j2.configurationFile={LOCAL}/kafka/log4j2.properties",
            "-cp", f"{values['KAFKA_LIBRARIES']}/*", *arguments]


def cluster_id():
    """Kafka takes an id that begins with a dash for an option."""
    return re.sub("^-", "A", base64.urlsafe_b64encode(os.urandom(16)).decode()[:22])


def data_format(step, values, cluster, data, settings):
    """Makes a broker's folder, if there is none that is whole."""
    if (data / "meta.properties").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    step.run(*java(values, CLASSES["format"], "format", "-t", cluster, "-c", settings))


def options_known(values):
    """Names of all settings of a broker."""
    told = subprocess.run(java(values, CLASSES["options"]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout
    return set(re.findall(r'id="brokerconfigs_([^"]*)"', told))
