# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2120,SC2153,SC2317
# ./seatlog demo, tail, replay, test and bench.

command_demo() {
    need_up
    exec /usr/bin/python3 -B "$ROOT/tools/demo/demo.py" --url "${VALUE[URL]}" --mails "$MAILS" --folder "$STATE/demo" "$@"
}

# By the calls that operators have, with the login of the demo operator unless a token is given.
command_order() {
    local word options=()
    [ $# -gt 0 ] || misuse order "which order?"
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_-]{43}$ ]] || options+=("$word")
    done
    options_check order ${options[@]+"${options[@]}"}
    if [[ " $* " == *" --url"[=\ ]* && " $* " == *" --token-file"[=\ ]* ]]; then
        exec /usr/bin/python3 -B "$ROOT/tools/order/order.py" "$@"
    fi
    need_up
    ORDER_URL=${VALUE[URL]} ORDER_USERNAME=operator@example.com ORDER_PASSWORD=$(secret_get DEMO_OPERATOR) \
        exec /usr/bin/python3 -B "$ROOT/tools/order/order.py" "$@"
}

# Judges a ticket by the keys and the revocations of this moment.
command_ticket() {
    need_up
    local folder status=0
    folder=$(mktemp -d) || fail "cannot make a temporary folder"
    sql -At -c "SELECT encode(public_key, 'hex') FROM ticket.key" >"$folder/keys" &&
        sql -At -c "SELECT ticket_id FROM ticket.ticket WHERE revoked_at IS NOT NULL" >"$folder/revoked" || {
        rm -rf "$folder"
        fail "PostgreSQL cannot say which tickets are revoked"
    }
    "$BIN/seatlog-ticket-verify" --keys "$folder/keys" --revoked "$folder/revoked" "$@" || status=$?
    rm -rf "$folder"
    return "$status"
}

command_tail() {
    local options=()
    while [ $# -gt 0 ]; do
        case $1 in
        --from-start) options+=(--from_start=yes) ;;
        --no-follow) options+=(--follow=no) ;;
        --lines=* | --show=* | --width=*) options+=("$1") ;;
        --lines | --show | --width)
            [ $# -ge 2 ] || misuse tail "$1 wants a value"
            options+=("$1=$2")
            shift
            ;;
        *) misuse tail "there is no argument $1" ;;
        esac
        shift
    done
    need_up
    exec "$BIN/seatlog-tail" "--kafka.bootstrap.servers=${VALUE[KAFKA]}" "${options[@]}"
}

# Exported segments are read on a machine where nothing of this runs, and nothing was installed but the clone.
replay_apart() {
    local binary=$BIN/seatlog-replay
    if [ ! -x "$binary" ]; then
        state_make
        packages_ensure build
        step build build_locked build_programs >&2
    fi
    exec "$binary" "$@"
}

# The auditor's tool, with what it needs to know of this installation; secrets go by the environment.
command_replay() {
    case ${1:-} in
    verify | seal | show | export | import | rebuild) ;;
    '') misuse replay "what is it to do?" ;;
    *) misuse replay "there is no command $1" ;;
    esac
    if ! state_is_set_up || ! supervisor_runs; then
        [ "$1" != import ] && [[ " $*" != *' --directory'[=\ ]* ]] || replay_apart "$@"
    fi
    need_up
    exec env SEATLOG_POSTGRES_URL="${VALUE[POSTGRES_URL]}" SEATLOG_PAYMENTS_TOKEN="${VALUE[SIMULATOR_TOKEN]}" \
        SEATLOG_KAFKA_BOOTSTRAP_SERVERS="${VALUE[KAFKA]}" \
        SEATLOG_PAYMENTS_URL="http://127.0.0.1:${VALUE[PORT_SIMULATOR]}" SEATLOG_MAILS_FOLDER="$MAILS" \
        "$BIN/seatlog-replay" "$@"
}

# venv_make [FOLDER REQUIREMENTS]: the tests' own Python, made anew when its requirements change.
venv_make() {
    local venv=${1:-$VENV} requirements=${2:-$ROOT/tests/requirements.txt} mark want
    mark=$venv/requirements.sha256
    want=$(sha256sum <"$requirements")
    if [ -e "$mark" ] && [ "$(cat "$mark")" = "$want" ] && "$venv/bin/python" -c '' 2>/dev/null; then
        STEP_NOTE='there'
        return 0
    fi
    STEP_HINT="Is PyPI reachable? Try: '$venv/bin/python' -m pip install -r '$requirements'"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv" &&
        "$venv/bin/python" -m pip install --disable-pip-version-check -q -r "$requirements" || return 1
    printf '%s\n' "$want" >"$mark"
    STEP_NOTE="$(grep -c == "$requirements") packages"
}

# ctest_run SUITE FOLDER LABELS [ARGUMENT…]: what the tests print goes to the terminal, the counts to a file.
ctest_run() {
    local suite=$1 folder=$2 labels=$3
    shift 3
    (cd "$ROOT" && ctest --test-dir "$folder" -L "$labels" -j "$(nproc)" --output-on-failure --no-tests=error \
        --test-output-size-passed 1048576 --test-output-size-failed 1048576 \
        --output-junit "$RESULTS/$suite.xml" "$@")
}

# Unit tests of the debug build, which carries address and undefined-behaviour sanitizers.
test_unit() {
    step build build_locked build_run debug "$DEBUG"
    ctest_run unit "$DEBUG" unit "$@"
}

# A suite that is one command: it passes or fails as a whole.
suite_of_one() {
    local name=$1 status=0
    shift
    "$@" || status=$?
    printf '<testsuite><testcase name="%s">%s</testcase></testsuite>\n' "$name" \
        "$([ $status -eq 0 ] || echo '<failure/>')" >"$RESULTS/$name.xml"
    return $status
}

# Sources are formatted as .clang-format says and hold nothing that .clang-tidy, ruff.toml or shellcheck find; rooms,
# includes and named paths are as tests/style/house.py says; option tables of READMEs are what the daemons print.
style_checks() {
    local status=0
    cmake --build "$DEBUG" --target format-check || status=1
    /usr/bin/python3 -B "$ROOT/tests/style/house.py" || status=1
    /usr/bin/python3 -B "$ROOT/tests/style/options.py" "$DEBUG/bin" || status=1
    /usr/bin/python3 -B "$ROOT/tests/style/tidy.py" "$DEBUG" || status=1
    "$VENV/bin/ruff" check --no-cache --quiet "$ROOT" || status=1
    (cd "$ROOT" && git ls-files -z '*.sh' seatlog .ci/run schemas/sql/migrate | xargs -0 shellcheck -x) || status=1
    return $status
}

test_style() {
    step build build_locked build_run debug "$DEBUG"
    step python build_locked venv_make
    suite_of_one style style_checks
}

# Fuzz targets, for so many seconds each.
test_fuzz() { "$ROOT/tests/fuzz/run.sh" "${@:-60}" --junit "$RESULTS/fuzz.xml"; }

# Real processes, three brokers, some faults.
test_chaos() {
    [ $# -gt 0 ] || set -- --faults 15 --seed 1
    suite_of_one chaos "$ROOT/seatlog" chaos "$@"
}

# The simulator's seeds and its planted bugs: as fast as the cores can, so of the release build.
test_sim() {
    step build build_locked build_run release "$RELEASE"
    ctest_run sim "$RELEASE" sim "$@"
}

# pytest_run SUITE [ARGUMENT…]: end-to-end tests start what they need by themselves, of the programs in $BIN.
pytest_run() {
    local suite=$1
    shift
    [[ " $*" == *" tests/"* ]] || set -- tests/e2e "$@"
    step kafka-jars build_locked kafka_fetch
    step python build_locked venv_make
    (cd "$ROOT" && SEATLOG_BIN=$BIN "$VENV/bin/python" -B -m pytest -p no:cacheprovider \
        --junit-xml="$RESULTS/$suite.xml" "$@")
}

test_e2e() {
    step build build_locked build_run release "$RELEASE"
    pytest_run e2e "$@"
}

# Schemathesis holds every operation against the contract; its Python is its own.
test_api() {
    local venv=$VENV-api
    step build build_locked build_run release "$RELEASE"
    step kafka-jars build_locked kafka_fetch
    step python build_locked venv_make "$venv" "$ROOT/tests/api/requirements.txt"
    SEATLOG_BIN=$BIN "$venv/bin/python" -B "$ROOT/tests/api/run.py" --junit "$RESULTS/api.xml" "$@"
}

# Simulator and end-to-end tests with sanitized programs; what any of them reports, also when it ends, is a failure.
test_asan() {
    local status=0 reports=$STATE/log/asan BIN=$DEBUG/bin
    rm -rf "$reports"
    mkdir -p "$reports"
    step build build_locked build_run debug "$DEBUG"
    [[ " $*" == *" tests/"* ]] || ctest_run asan-sim "$DEBUG" sim || status=1
    SEATLOG_TEST_BIN=$BIN ASAN_OPTIONS="log_path='$reports/asan'" UBSAN_OPTIONS="log_path='$reports/ubsan'" \
        pytest_run asan-e2e --ignore=tests/e2e/test_zzzz_chaos.py "$@" || status=1
    suite_of_one asan reports_none "$reports" || status=1
    return $status
}

# reports_none FOLDER: what programs have left there is shown.
reports_none() {
    local report good=0
    for report in "$1"/*; do
        [ -s "$report" ] || continue
        printf -- '--- %s\n' "$report"
        cat "$report"
        good=1
    done
    return $good
}

# Unit tests and simulator under the thread sanitizer.
test_tsan() {
    step build build_locked build_run tsan "$TSAN"
    ctest_run tsan "$TSAN" 'unit|sim' "$@"
}

# Whole lives of the programs under valgrind.
test_valgrind() {
    step build build_locked build_programs
    step kafka-jars build_locked kafka_fetch
    "$ROOT/tests/sanitizers/valgrind.sh" "$BIN" "$RESULTS/valgrind.xml"
}

# Which packages a suite needs besides those of all.
suites_packages() {
    local suite
    for suite in "$@"; do
        case $suite in fuzz | valgrind) echo "$suite" ;; esac
    done
}

command_test() {
    local suite status=0 suites=()
    YES=yes
    case ${1:-} in
    '') suites=(style unit sim e2e api fuzz) ;;
    style | unit | sim | e2e | api | fuzz | asan | tsan | valgrind | chaos)
        suites=("$1")
        shift
        ;;
    *) misuse test "there is no suite $1" ;;
    esac
    state_make
    # shellcheck disable=SC2046
    packages_ensure build run test $(suites_packages "${suites[@]}")
    RESULTS=$STATE/log/test
    rm -rf "$RESULTS"
    mkdir -p "$RESULTS"
    for suite in "${suites[@]}"; do
        "test_$suite" "$@" || status=1
    done
    # A suite that ended without a result must not pass for one without failures.
    for suite in "${suites[@]}"; do
        [ -s "$RESULTS/$suite.xml" ] || {
            warn "the suite $suite left no result"
            status=1
        }
    done
    /usr/bin/python3 -B "$LOCAL/test_totals.py" "$RESULTS"/*.xml || status=1
    return $status
}

# Real processes, three brokers, faults of every kind; then everything is checked.
command_chaos() {
    YES=yes
    state_make
    packages_ensure build run test
    step build build_locked build_run release "$RELEASE"
    step kafka-jars build_locked kafka_fetch
    step python build_locked venv_make
    cd "$ROOT" || return 1
    exec env SEATLOG_BIN="$BIN" SEATLOG_JARS="$KAFKA_LIBRARIES" "$VENV/bin/python" -B tests/chaos/chaos.py "$@"
}

# The cores over a made-up world, by seeds.
command_sim() {
    YES=yes
    state_make
    packages_ensure build run
    step build build_locked build_run release "$RELEASE"
    exec "$BIN/seatlog-sim" "$@"
}

bench_core() { "$BIN/bench_core" "$@"; }

# bench_beside COMMAND [OPTION…]: runs it beside a Seatlog of its own, made by `up` with these options and gone again
# afterwards; its addresses are in the environment.
bench_beside() {
    local command=$1 state status=0
    shift
    state=$(mktemp -d /var/tmp/seatlog-bench-XXXXXX) && chmod 755 "$state" || return 1
    SEATLOG_STATE=$state "$ROOT/seatlog" up --yes "$@" && (
        eval "$(SEATLOG_STATE=$state "$ROOT/seatlog" env)"
        "$command"
    ) || status=$?
    SEATLOG_STATE=$state "$ROOT/seatlog" down >&2 # the last line printed is the result
    rm -rf "$state"
    return $status
}

# On a Kafka and a PostgreSQL as durable as users run them.
bench_pipeline() {
    local arguments=("$@")
    pipeline_measure() { "$ROOT/tests/bench/pipeline.sh" "${arguments[@]}"; }
    bench_beside pipeline_measure --infrastructure
}

# A whole Seatlog with as many shows as a country has; reservation is killed, its supervisor starts it again.
bench_recovery() {
    local arguments=("$@")
    recovery_measure() {
        /usr/bin/python3 -B "$ROOT/tests/bench/recovery.py" --url "$SEATLOG_URL" \
            --shows "$SEATLOG_STATE/catalogue.ids" \
            --pid "supervisorctl -c '$SEATLOG_STATE/etc/supervisord.conf' pid reservation" "${arguments[@]}"
    }
    bench_beside recovery_measure --shows "${BENCH_SHOWS:-30000}"
}

command_bench() {
    local what=${1:-}
    case $what in
    core | pipeline | recovery) shift ;;
    '') ;;
    *) misuse bench "there is no bench $what" ;;
    esac
    YES=yes
    state_make
    packages_ensure build run test
    step build build_locked build_run release "$RELEASE"
    case $what in
    '') bench_core && bench_pipeline && bench_recovery ;;
    *) "bench_$what" "$@" ;;
    esac
}
