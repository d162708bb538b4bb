#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Kills the decider, again and again, while commands stream in, and then decides the whole log again and
# compares (seatlog-replay verify): every command exactly once and in order.
#
#   decider_kill.sh BIN BOOTSTRAP [ROUNDS] [INSTANCES] [SEED]
#
# BIN is where the programs are built. BOOTSTRAP is a scratch cluster with the topics made, and no decider.
# Each round waits a random while and then, of a random instance: kill -9 and a new start; or, one time in
# four, SIGSTOP for longer than its session, so that another takes over, and SIGCONT.
set -u -o pipefail
bin=$1 bootstrap=$2 rounds=${3:-20} instances=${4:-1} seed=${5:-$$}
session_ms=6000
directory=$(mktemp -d)
RANDOM=$seed
declare -a pids

decider_start() {
    "$bin/seatlog-reservation" --kafka.bootstrap.servers="$bootstrap" --instance_id="chaos-$1" \
        --session_timeout_ms=$session_ms --snapshot_interval_ms=1500 --admin_listen= \
        >>"$directory/decider-$1.log" 2>&1 9>&- &
    pids[$1]=$!
}

finish() {
    exec 9>&-
    for pid in "${pids[@]}"; do kill -CONT "$pid" 2>/dev/null; kill -9 "$pid" 2>/dev/null; done
}
trap finish EXIT

for ((i = 0; i < instances; i++)); do decider_start $i; done
mkfifo "$directory/open"
"$bin/chaos_feed" --kafka.bootstrap.servers="$bootstrap" --rate=2000 --seed="$seed" \
    <"$directory/open" >"$directory/feed.log" 2>&1 &
feed=$!
exec 9>"$directory/open"

kills=0 stops=0
for ((round = 0; round < rounds; round++)); do
    sleep "$((RANDOM % 4)).$((RANDOM % 10))"
    victim=$((RANDOM % instances))
    if ((RANDOM % 4 == 0)); then
        kill -STOP "${pids[$victim]}"
        sleep $((session_ms / 1000 + 1 + RANDOM % 4))
        kill -CONT "${pids[$victim]}"
        stops=$((stops + 1))
        sleep 1
        # A frozen member that was thrown out may end itself; a supervisor starts it again.
        kill -0 "${pids[$victim]}" 2>/dev/null || decider_start $victim
    else
        kill -9 "${pids[$victim]}" 2>/dev/null
        wait "${pids[$victim]}" 2>/dev/null
        decider_start $victim
        kills=$((kills + 1))
    fi
done
exec 9>&-
wait $feed
cat "$directory/feed.log"
# Verified is what is decided by now: again until that is everything.
persisted=$(awk '{ print $4 }' "$directory/feed.log")
until=$((SECONDS + 90))
while :; do
    "$bin/seatlog-replay" verify --kafka.bootstrap.servers="$bootstrap" --log_level=error >"$directory/verify.log" 2>&1
    status=$?
    decided=$(sed -n 's/^verify: .*commands \([0-9]*\),.*/\1/p' "$directory/verify.log")
    [ $status -eq 0 ] && [ "${decided:-0}" -lt "$persisted" ] && [ $SECONDS -lt "$until" ] || break
    sleep 1
done
tail -20 "$directory/verify.log"
[ "${decided:-0}" -ge "$persisted" ] || status=1
panics=$(cat "$directory"/decider-*.log | grep -c 'panick\|assert\|AddressSanitizer')
echo "decider_kill: seed $seed, $instances instances, $kills kill -9, $stops SIGSTOP, $panics panics"
if [ "$panics" -eq 0 ] && [ "$status" -eq 0 ]; then
    rm -rf "$directory"
    exit 0
fi
echo "logs: $directory"
exit 1
