#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# acls.sh BROKER: who may do what on the cluster; adding what is there already changes nothing.
# $ADMIN_PASSWORD is that of the super user. Runs inside Kafka's own image.
set -eu
broker=$1
client=/tmp/admin.properties
cat >"$client" <<END
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="$ADMIN_PASSWORD";
END

allow() {
    local user=$1
    shift
    /opt/kafka/bin/kafka-acls.sh --bootstrap-server "$broker" --command-config "$client" --force --add \
        --allow-principal "User:$user" "$@" >/dev/null
    echo "$user: $*"
}

# Commands are a wish to the decider: three daemons have them, nobody else.
allow ingest-api --operation Write --operation Describe --topic seatlog.commands
allow payment --operation Write --operation Describe --topic seatlog.commands
allow reservation --operation Write --operation Read --operation Describe --operation DescribeConfigs \
    --topic seatlog.commands

# Facts and snapshots come from the decider alone.
allow reservation --operation Write --operation Read --operation Describe --operation DescribeConfigs \
    --topic seatlog.events --topic seatlog.snapshots
for group in reservation reservation-terms; do
    allow reservation --operation Read --group "$group"
done
allow reservation --operation Write --operation Describe --transactional-id reservation \
    --resource-pattern-type prefixed

# Everybody reads facts; tickets come from ticketgen alone.
for user in ingest-api payment ticketgen notifier indexer; do
    allow "$user" --operation Read --operation Describe --operation DescribeConfigs --topic seatlog.events
    allow "$user" --operation Read --group "$user"
    # Where the deciders are says where to begin whoever has an offset and no term; without it all is read.
    allow "$user" --operation Describe --group reservation-terms
    allow "$user" --operation Describe --topic seatlog.commands
done
allow ticketgen --operation Write --operation Read --operation Describe --operation DescribeConfigs \
    --topic seatlog.tickets
allow ticketgen --operation Write --operation Describe --transactional-id ticketgen \
    --resource-pattern-type prefixed
for user in notifier indexer; do
    allow "$user" --operation Read --operation Describe --operation DescribeConfigs --topic seatlog.tickets
done

# What cannot be used is put aside by whoever finds it.
for user in reservation payment ticketgen notifier indexer; do
    allow "$user" --operation Write --operation Describe --topic seatlog.dead-letters
done
