#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fuzz targets with clang in build/fuzz and runs each for so many seconds (60) of a
# processor, however busy it is with others, beginning with its corpus; as many at a time as there
# are processors. New inputs are kept in
# build/fuzz/corpus; --keep merges them into the tree. --junit writes a test case for each target.
#
#   tests/fuzz/run.sh [SECONDS] [--keep] [--junit FILE] [TARGET…]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build/fuzz
corpus=$root/tests/fuzz/corpus
seconds=60
ticks=$(getconf CLK_TCK)
keep=no
junit=
targets=()

arguments_read() {
    while [ $# -gt 0 ]; do
        case $1 in
        --keep) keep=yes ;;
        --junit)
            junit=$2
            shift
            ;;
        [0-9]*) seconds=$1 ;;
        *) targets+=("$1") ;;
        esac
        shift
    done
    [ ${#targets[@]} -gt 0 ] || targets=(codec snapshot apply commands text token provider segment body address term)
}

targets_build() {
    CC=clang cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DSEATLOG_SANITIZE=fuzzer-no-link,address,undefined \
        "-DSEATLOG_FOLDERS_ONLY=codec;runtime;reservation;payment;ticketgen;notifier;indexer;ingest-api;replay;tests/fuzz" &&
        cmake --build "$build" --target fuzz
}

# Replaces a target's corpus by the smallest one that covers as much.
corpus_keep() {
    local target=$1 merged
    merged=$(mktemp -d)
    "$build/bin/fuzz_$target" -set_cover_merge=1 "$merged" "$corpus/$target" "$build/corpus/$target" >/dev/null 2>&1
    rm -rf "${corpus:?}/$target"
    mkdir -p "$corpus/$target"
    cp "$merged"/* "$corpus/$target"/
    rm -rf "$merged"
}

# Seconds that a process has computed; nothing once it has ended.
computed() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # shellcheck disable=SC2086  # words: the 12th and 13th behind the name are ticks of user and system
    set -- ${stat##*) }
    echo $(((${12} + ${13}) / ticks))
}

# Lets a target end with its last words when its time is up, or this script is gone; returns its
# exit status.
target_attend() {
    local process=$1 spent
    while spent=$(computed "$process") && [ -n "$spent" ]; do
        if [ "$spent" -ge "$seconds" ] || ! kill -0 $$ 2>/dev/null; then
            kill -USR1 "$process" 2>/dev/null || true
        fi
        sleep 0.5
    done
    wait "$process"
}

# Runs one target; its last words stand in found/TARGET.result, which is not there if it failed.
target_run() {
    local target=$1 log=$build/found/$1.log result=$build/found/$1.result
    rm -f "$result"
    mkdir -p "$build/corpus/$target" "$corpus/$target"
    "$build/bin/fuzz_$target" -timeout=30 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix="$build/found/$target-" "$build/corpus/$target" "$corpus/$target" >"$log" 2>&1 &
    if ! target_attend $!; then
        echo "fuzz $target: FAILED, see $log"
        tail -n 30 "$log"
        return 0
    fi
    echo "ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $seconds s" >"$result"
    echo "fuzz $target: $(cat "$result")"
    [ "$keep" = no ] || corpus_keep "$target"
}

targets_run() {
    local target running=0 room
    room=$(nproc)
    for target in "${targets[@]}"; do
        if [ "$running" -ge "$room" ]; then
            wait -n
        else
            running=$((running + 1))
        fi
        target_run "$target" &
    done
    wait
}

junit_write() {
    local target
    echo '<testsuite name="fuzz">'
    for target in "${targets[@]}"; do
        printf '<testcase name="%s">%s</testcase>\n' "$target" \
            "$([ -e "$build/found/$target.result" ] || echo '<failure/>')"
    done
    echo '</testsuite>'
}

arguments_read "$@"
mkdir -p "$build/found"
targets_build >"$build.log" 2>&1 || {
    cat "$build.log"
    exit 1
}
export ASAN_OPTIONS=allocator_may_return_null=1
targets_run
[ -z "$junit" ] || junit_write >"$junit"
failed=0
for target in "${targets[@]}"; do
    [ -e "$build/found/$target.result" ] || failed=$((failed + 1))
done
echo "fuzz: targets ${#targets[@]}, failed $failed"
[ "$failed" -eq 0 ]
