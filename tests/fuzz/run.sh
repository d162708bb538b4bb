#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fuzz targets with clang in build/fuzz and runs each for so many seconds (60), beginning
# with its corpus. New inputs are kept in build/fuzz/corpus; --keep merges them into the tree.
#
#   tests/fuzz/run.sh [SECONDS] [--keep] [TARGET…]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build/fuzz
corpus=$root/tests/fuzz/corpus
seconds=60
keep=no
targets=()
for argument in "$@"; do
    case $argument in
    --keep) keep=yes ;;
    [0-9]*) seconds=$argument ;;
    *) targets+=("$argument") ;;
    esac
done
[ ${#targets[@]} -gt 0 ] || targets=(codec snapshot apply commands token provider segment body)

CC=clang cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DSEATLOG_SANITIZE=fuzzer-no-link,address,undefined \
    "-DSEATLOG_FOLDERS_ONLY=schemas;runtime;reservation;payment;ticketgen;notifier;indexer;ingest-api;replay;tests/fuzz" \
    > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }
ninja -C "$build" fuzz > "$build.log" 2>&1 || { cat "$build.log"; exit 1; }

# avro-c packs pointers into its records without aligning them.
export LSAN_OPTIONS=use_unaligned=1
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
failed=0
for target in "${targets[@]}"; do
    mkdir -p "$build/corpus/$target" "$build/found" "$corpus/$target"
    log=$build/found/$target.log
    if "$build/bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=16384 -print_final_stats=1 -artifact_prefix="$build/found/$target-" \
        "$build/corpus/$target" "$corpus/$target" > "$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "fuzz $target: ok, $runs inputs in $seconds s"
        if [ "$keep" = yes ]; then
            merged=$(mktemp -d)
            "$build/bin/fuzz_$target" -set_cover_merge=1 "$merged" "$corpus/$target" "$build/corpus/$target" \
                > /dev/null 2>&1
            rm -rf "${corpus:?}/$target"
            mkdir -p "$corpus/$target"
            cp "$merged"/* "$corpus/$target"/
            rm -rf "$merged"
        fi
    else
        failed=$((failed + 1))
        echo "fuzz $target: FAILED, see $log"
        tail -30 "$log"
    fi
done
echo "fuzz: targets ${#targets[@]}, failed $failed"
[ "$failed" -eq 0 ]
