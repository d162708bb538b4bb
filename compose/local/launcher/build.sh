# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# What is made in the clone, under build/ (which git ignores): the programs, Kafka's jars, the tests' Python.

RELEASE=$ROOT/build/release
DEBUG=$ROOT/build/debug
TSAN=$ROOT/build/tsan
KAFKA_LIBRARIES=$ROOT/build/kafka
VENV=$ROOT/build/venv
BIN=${SEATLOG_TEST_BIN:-$RELEASE/bin} # tests give programs of another build, which are taken as they are

# Several launchers may be at work in one clone (tests start Seatlogs of their own): one at a time makes things
# in build/.
build_locked() {
    local status=0
    if ! mkdir -p "$ROOT/build" || ! exec 8>"$ROOT/build/lock"; then
        STEP_HINT="$ROOT is not writable for $(id -un); clone it as yourself"
        return 1
    fi
    flock -w 3600 8 && "$@" || status=$?
    exec 8>&-
    return $status
}

# What runs, without tests and benches.
build_programs() {
    if [ -n "${SEATLOG_TEST_BIN:-}" ]; then
        STEP_NOTE="there, in $BIN"
        return 0
    fi
    # shellcheck disable=SC2046
    build_run release "$RELEASE" seatlog-topics seatlog-catalogue seatlog-tail seatlog-replay seatlog-ticket-verify \
        seatlog-dead-letters \
        $(pipeline_rows | awk '$6 !~ /^[@\/]/ { print $6 }' | sort -u)
}

# build_run PRESET FOLDER [TARGET…]
build_run() {
    local preset=$1 folder=$2
    shift 2
    STEP_HINT="Try again with the whole output: cmake --build '$folder'"
    cd "$ROOT" && cmake --preset "$preset" -B "$folder" && cmake --build "$folder" ${@:+--target "$@"} || return 1
    STEP_NOTE="$preset, $(find "$folder/bin" -name 'seatlog-*' -type f | wc -l) programs"
}

# Apache Kafka's jars from Maven Central, pinned by compose/local/kafka/pom.xml.
kafka_fetch() {
    local pom=$LOCAL/kafka/pom.xml mark=$KAFKA_LIBRARIES/pom.sha256 want
    want=$(sha256sum <"$pom")
    if [ -e "$mark" ] && [ "$(cat "$mark")" = "$want" ]; then
        STEP_NOTE="$(kafka_version), there"
        return 0
    fi
    STEP_HINT="Is Maven Central reachable? Behind a proxy, say so in ~/.m2/settings.xml"
    rm -rf "$KAFKA_LIBRARIES"
    mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$KAFKA_LIBRARIES" || return 1
    printf '%s\n' "$want" >"$mark"
    STEP_NOTE="$(kafka_version), $(du -sm "$KAFKA_LIBRARIES" | cut -f 1) MB fetched"
}

kafka_version() { sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$LOCAL/kafka/pom.xml"; }
