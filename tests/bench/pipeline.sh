#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ./seatlog bench pipeline: holds of two seats over 300 shows of 200 seats, from command record to committed event
# record, beside pgbench doing the same hold on PostgreSQL. Both durable as users run them.
#
#   SEATLOG_KAFKA          bootstrap servers of a scratch cluster with the topics made, and no decider
#   SEATLOG_POSTGRES_URL   a scratch PostgreSQL; the schema "bench" in it is made again
#   SEATLOG_BIN            where the release programs are
#   BENCH_ROUNDS=3 BENCH_FILLS=10 (of 30,000 holds, a round) BENCH_PEER_S=10 (a run)
set -u -o pipefail
kafka=${SEATLOG_KAFKA:?} postgres=${SEATLOG_POSTGRES_URL:?} bin=${SEATLOG_BIN:?}
rounds=${BENCH_ROUNDS:-3} fills=${BENCH_FILLS:-10} peer_s=${BENCH_PEER_S:-10}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
# shellcheck disable=SC2012 # names of versions
pgbench=$(command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench 2>/dev/null | tail -1)
# What is in the environment for others is no configuration of these programs.
unset SEATLOG_POSTGRES_URL SEATLOG_KAFKA SEATLOG_URL SEATLOG_STATE SEATLOG_MAILS
decider=

finish() {
    [ -z "$decider" ] || { kill "$decider" && wait "$decider"; } 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

fail() {
    printf 'bench pipeline: %s\n' "$1" >&2
    exit 1
}
say() { printf '%s\n' "$*"; }
field() { awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) print $(i + 1) }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# In a number of digits as people read them.
thousands() { printf "%'d" "$1" 2>/dev/null || printf '%d' "$1"; }

holds() { # mode, first fill, fills, more
    local mode=$1 first=$2 count=$3
    shift 3
    "$bin/bench_pipeline" --kafka.bootstrap.servers="$kafka" --run=1 --mode="$mode" \
        --fill_first="$first" --fills="$count" "$@"
}

peer() { # clients, seconds
    "$pgbench" -n -M prepared -c "$1" -j 2 -T "$2" -f "$here/pipeline_peer.pgbench" "$postgres" \
        >"$work/pgbench" 2>&1 || { cat "$work/pgbench" >&2; return 1; }
    awk '/^tps/ { printf "%d\n", $3 }' "$work/pgbench"
}

[ -n "$pgbench" ] || fail "there is no pgbench (package postgresql-contrib or postgresql-15)"
psql -qX -v ON_ERROR_STOP=1 -d "$postgres" -f "$here/pipeline_peer.sql" >"$work/psql" 2>&1 ||
    { cat "$work/psql" >&2; fail "the peer's table cannot be made"; }
setting() { psql -qXAt -d "$postgres" -c "SHOW $1"; }

say "seatlog   events and the consumed offset in one Kafka transaction: acks=all, idempotent, read committed"
say "peer      PostgreSQL $(setting server_version | cut -d' ' -f1), fsync=$(setting fsync), synchronous_commit=$(setting synchronous_commit), full_page_writes=$(setting full_page_writes);" \
    "PL/pgSQL, prepared, best of 8 and 32 clients"
say "load      holds of two seats over 300 shows of 200 seats at a time; only holds that succeed are counted"
say "machine   $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); clients, broker, database and decider share them"

# It is stopped while commands are written: its session must outlast that.
"$bin/seatlog-reservation" --kafka.bootstrap.servers="$kafka" --instance_id=bench-0 --admin_listen= --session_timeout_ms=60000 \
    --log_level=warning >"$work/decider.log" 2>&1 &
decider=$!
warm=5
total=$((warm + 2 * rounds * fills + 2))
holds prepare 0 "$total" >/dev/null || { cat "$work/decider.log" >&2; fail "the shows cannot be made"; }
say "warm-up   $((warm * 30000)) holds, and 3 s of pgbench, not counted"
holds drain 0 $warm --pid=$decider >/dev/null || fail "the warm-up failed"
peer 8 3 >/dev/null || fail "pgbench failed"

say ""
printf '%-6s %14s %14s %14s %14s\n' round 'seatlog' 'with writers' 'peer, 8' 'peer, 32'
next=$warm
for ((round = 1; round <= rounds; round++)); do
    drained=$(holds drain $next "$fills" --pid=$decider | field holds_per_second)
    [ -n "$drained" ] || fail "the holds failed"
    flowed=$(holds flow $((next + fills)) "$fills" | field holds_per_second)
    [ -n "$flowed" ] || fail "the holds failed"
    next=$((next + 2 * fills))
    eight=$(peer 8 "$peer_s") && thirty_two=$(peer 32 "$peer_s") || fail "pgbench failed"
    printf '%-6s %14s %14s %14s %14s\n' $round "$(thousands "$drained")" "$(thousands "$flowed")" \
        "$(thousands "$eight")" "$(thousands "$thirty_two")"
    echo "$drained" >>"$work/seatlog"
    echo $((eight > thirty_two ? eight : thirty_two)) >>"$work/peer"
done
say ""
say "seatlog: from the moment the decider may start on commands that stand on the log to the arrival of the last"
say "committed event at a reader. With writers: the commands are written meanwhile, on the same processors."

# Fifteen seconds at 2,000/s, the first of two not counted: connections, just-in-time compiler, caches.
holds pace $next 1 --rate=2000 >/dev/null || fail "the paced run failed"
paced=$(holds pace $((next + 1)) 1 --rate=2000) || fail "the paced run failed"
say "at 2,000/s: $paced (from the call that writes the command to the arrival of its committed event)"

ours=$(median <"$work/seatlog") theirs=$(median <"$work/peer")
printf 'pipeline: %d holds/s, peer %d, ratio %s, median %s ms, p99 %s ms\n' "$ours" "$theirs" \
    "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.1f", a / b }')" \
    "$(printf '%s' "$paced" | field median_ms)" "$(printf '%s' "$paced" | field p99_ms)"
