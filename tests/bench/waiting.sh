#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Clients that each wait for the event of their command before they send the next, beside the same at a decider
# that decides nothing: the broker's and the clients' own limit. Both in one run, in turn.
#
#   waiting.sh                  with what ./seatlog bench has in the environment
#   BENCH_ROUNDS=3 BENCH_SECONDS=4
set -u -o pipefail
kafka=${SEATLOG_KAFKA:?} bin=${SEATLOG_BIN:?}
rounds=${BENCH_ROUNDS:-3} seconds=${BENCH_SECONDS:-4}
work=$(mktemp -d)
# What is in the environment for others is no configuration of these programs.
unset SEATLOG_POSTGRES_URL SEATLOG_KAFKA SEATLOG_URL SEATLOG_STATE SEATLOG_MAILS
running=()

finish() {
    local pid
    for pid in "${running[@]}"; do { kill "$pid" && wait "$pid"; } 2>/dev/null; done
    rm -rf "$work"
}
trap finish EXIT

fail() {
    printf 'bench waiting: %s\n' "$1" >&2
    cat "$work"/*.log >&2
    exit 1
}
say() { printf '%s\n' "$*"; }
field() { awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }'; }
# Of lines of "per_second p50 p99" the one in the middle by the first.
middle() { sort -n | awk '{ v[NR] = $0 } END { print v[int((NR + 1) / 2)] }'; }
# In a number of digits as people read them.
thousands() { printf "%'d" "$1" 2>/dev/null || printf '%d' "$1"; }

run=0
bench() { # mode, more
    local mode=$1
    shift
    run=$((run + 1))
    "$bin/bench_waiting" --kafka.bootstrap.servers="$kafka" --run=$run --mode="$mode" "$@" 2>>"$work/bench.log"
}
measure() { # which, clients, more
    local which=$1 clients=$2 told
    shift 2
    bench clients --clients="$clients" --seconds="$seconds" "$@" >"$work/told" || fail "$which, $clients clients"
    told=$(cat "$work/told")
    printf '%s %s %s\n' "$(field per_second <<<"$told")" "$(field p50_ms <<<"$told")" "$(field p99_ms <<<"$told")" \
        >>"$work/$which.$clients"
}

"$bin/seatlog-reservation" --kafka.bootstrap.servers="$kafka" --instance_id=bench-0 --admin_listen= \
    --log_level=warning >"$work/decider.log" 2>&1 &
running+=($!)
"$bin/bench_waiting" --kafka.bootstrap.servers="$kafka" --mode=echo >"$work/echo" 2>"$work/echo.log" &
running+=($!)
for ((i = 0; i < 600; i++)); do
    grep -q ready "$work/echo" && break
    sleep 0.1
done
bench prepare >"$work/told" || fail "the shows cannot be made"

say "seatlog   a hold of two seats and its release in turn, from the call that writes the command to its event"
say "limit     the same bytes back from a process without a core: a consumer, and an idempotent producer a partition"
say "machine   $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); clients, broker and decider share them; one broker, six partitions"
say ""
counts=(1 16 64 128 512)
echo_topics=(--topic_commands=bench.commands --topic_events=bench.events)
for ((round = 1; round <= rounds; round++)); do
    for clients in "${counts[@]}"; do
        measure seatlog "$clients"
        measure limit "$clients" "${echo_topics[@]}"
    done
done

printf '%8s   %12s %8s %8s   %12s %8s %8s   %5s\n' clients 'seatlog/s' 'p50 ms' 'p99 ms' 'limit/s' 'p50 ms' 'p99 ms' share
for clients in "${counts[@]}"; do
    read -r rate p50 p99 <<<"$(middle <"$work/seatlog.$clients")"
    read -r limit limit_p50 limit_p99 <<<"$(middle <"$work/limit.$clients")"
    share=$(awk -v a="$rate" -v b="$limit" 'BEGIN { printf "%.2f", a / b }')
    printf '%8s   %12s %8s %8s   %12s %8s %8s   %5s\n' "$clients" "$(thousands "$rate")" "$p50" "$p99" \
        "$(thousands "$limit")" "$limit_p50" "$limit_p99" "$share"
    case $clients in
    1) alone=$p50 ;;
    128) many="$rate/s, limit $limit/s, share $share" ;;
    esac
done
say ""
say "The middle one of $rounds rounds by rate, $seconds s each."
printf 'waiting: 1 client p50 %s ms, 128 clients %s\n' "$alone" "$many"
