#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes compose/secrets.env, which git ignores, with random passwords for docker-compose.yaml; keeps one that is there.
set -eu
cd "$(dirname "$0")"
if [ -e secrets.env ]; then
    echo "compose/secrets.env is there already"
    exit 0
fi
random() { head -c 18 /dev/urandom | base64 -w 0 | tr '+/' '-_'; }
umask 077
{
    printf 'KAFKA_CLUSTER_ID=%s\n' "$(head -c 16 /dev/urandom | base64 -w 0 | tr '+/' '-_' | cut -c 1-22 | sed 's/^-/A/')"
    for name in KAFKA_ADMIN KAFKA_INGEST_API KAFKA_RESERVATION KAFKA_PAYMENT KAFKA_TICKETGEN KAFKA_NOTIFIER \
        KAFKA_INDEXER POSTGRES; do
        printf '%s_PASSWORD=%s\n' "$name" "$(random)"
    done
    printf 'PAYMENT_TOKEN=%s\n' "$(random)"
} >secrets.env
echo "compose/secrets.env written"
