# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# ./seatlog up and down.

SHOWS_DEFAULT=3000
SHOWS_MAX=30000
DAEMON_READY_S=${SEATLOG_TEST_READY_S:-90} # a daemon that has a long log to fold may take this long

number_check() {
    [[ $2 =~ ^[0-9]{1,6}$ ]] && [ "$((10#$2))" -ge "$3" ] && [ "$((10#$2))" -le "$4" ] ||
        misuse up "$1 wants a number from $3 to $4"
}

up_arguments() {
    YES=no SHOWS='' PORT='' INFRASTRUCTURE=no
    while [ $# -gt 0 ]; do
        case $1 in
        --yes | -y) YES=yes ;;
        --shows | --port)
            [ $# -ge 2 ] || misuse up "$1 wants a number"
            [ "$1" = --shows ] && SHOWS=$2 || PORT=$2
            shift
            ;;
        --infrastructure) INFRASTRUCTURE=yes ;;
        --shows=*) SHOWS=${1#*=} ;;
        --port=*) PORT=${1#*=} ;;
        *) misuse up "there is no argument $1" ;;
        esac
        shift
    done
    [ -z "$SHOWS" ] || number_check --shows "$SHOWS" 0 "$SHOWS_MAX"
    [ -z "$PORT" ] || number_check --port "$PORT" 1 65535
}

# Ports are chosen once and kept. SEATLOG_PORTS=N takes all of them from N on.
up_ports() {
    local base=${SEATLOG_PORTS:-} program key
    if ! supervisor_runs; then
        ports_review
    fi
    if [ -n "$PORT" ] && [ "$PORT" != "$(state_get PORT_HTTP)" ]; then
        if port_taken "$PORT" || port_is_remembered "$PORT"; then
            fail "port $PORT is taken; say another one with --port, or leave it out for the next free one"
        fi
        state_set PORT_HTTP "$PORT"
    fi
    port_choose HTTP "${base:-8080}"
    port_choose POSTGRES "${base:-15432}"
    port_choose KAFKA "${base:-19092}"
    port_choose KAFKA_CONTROLLER "${base:-19093}"
    port_choose SMTP "${base:-10025}"
    port_choose SIMULATOR "${base:-18080}"
    for program in $(pipeline_rows | awk '$6 !~ /^[@\/]/ { print $4 }'); do
        key=${program//-/_}
        port_choose "ADMIN_${key^^}" "${base:-19101}"
    done
}

up_values() {
    local name
    VALUE[ROOT]=$ROOT VALUE[LOCAL]=$LOCAL VALUE[TOOLS]=$ROOT/tools VALUE[STATE]=$STATE VALUE[ETC]=$STATE/etc VALUE[RUN]=$RUN
    VALUE[MAILS]=$MAILS VALUE[BIN]=$BIN VALUE[KAFKA_LIBRARIES]=$KAFKA_LIBRARIES
    VALUE[POSTGRES_BIN]=$POSTGRES_BIN VALUE[JAVA]=$(java_find) VALUE[POSTGRES]=$POSTGRES
    for name in HTTP POSTGRES KAFKA KAFKA_CONTROLLER SMTP SIMULATOR; do
        VALUE[PORT_$name]=$(state_get "PORT_$name")
    done
    VALUE[PORT]=${VALUE[PORT_KAFKA]} VALUE[CONTROLLER_PORT]=${VALUE[PORT_KAFKA_CONTROLLER]}
    VALUE[DATA]=$STATE/kafka
    VALUE[KAFKA]=127.0.0.1:${VALUE[PORT_KAFKA]}
    VALUE[URL]=http://127.0.0.1:${VALUE[PORT_HTTP]}
    VALUE[POSTGRES_URL]=postgresql://seatlog:$(secret_get POSTGRES)@127.0.0.1:${VALUE[PORT_POSTGRES]}/seatlog
    VALUE[SIMULATOR_TOKEN]=$(secret_get SIMULATOR_TOKEN 24)
    VALUE[DOLLAR]='$'
}

# Everything the configuration is made of, and the supervisor that runs it.
supervisor_up() {
    STEP_HINT="Its log is $STATE/log/supervisord.log"
    up_values && pipeline_configure && supervisor_configure && supervisor_start || return 1
    STEP_NOTE="supervisord, process $(supervisor_pid)"
}

# programs_ready PROGRAM…: started, and waited for.
programs_ready() {
    local program
    programs_start "$@" || return 1
    for program in "$@"; do
        echo "waiting for $program"
        # shellcheck disable=SC2046
        program_await "$program" "$DAEMON_READY_S" $(program_check "$program") || return 1
    done
}

# The command that says whether a program is ready.
program_check() {
    case $1 in
    postgres) echo postgres_ready ;;
    kafka) echo port_taken "$(state_get PORT_KAFKA)" ;;
    mail-catcher) echo mail_ready ;;
    *) echo daemon_ready "$1" ;;
    esac
}

daemons_up() {
    local programs
    mapfile -t programs < <(pipeline_programs daemon)
    programs_ready "${programs[@]}" || return 1
    STEP_NOTE="${#programs[@]} ready"
}

# One line for each reason.
restarts_tell() {
    local reason
    while IFS= read -r reason; do
        printf '%s\n' "${RESTARTED[@]}" | sed -n "s|^\([^:]*\): $reason\$|\1|p" | paste -sd ' ' |
            sed "s/ /, /g; s|^|with $reason: |" | fmt -w 76 | sed '1s/^/  /; 2,$s/^/    /'
    done < <(printf '%s\n' ${RESTARTED[@]+"${RESTARTED[@]}"} | sed -n 's/^[^:]*: //p' | sort -u)
}

# What was started from another build or with other settings than it ran with before.
changes_tell() {
    local version
    version=$(state_get VERSION)
    if [ -n "$MIGRATED" ]; then
        say "  PostgreSQL's tables were brought up to date: $MIGRATED"
    fi
    if [ "$version" != "$VERSION" ] && [ -n "$(state_get CATALOGUE_DAY)" ]; then
        say "  This installation ran ${version:-an earlier version}; now it is ${VERSION}."
    fi
    restarts_tell
    state_set VERSION "$VERSION"
}

up_summary() {
    cat <<END

Seatlog is up:  ${VALUE[URL]}
  demo login    buyer@example.com, password $(secret_get DEMO_BUYER)
                organizer@example.com, password $(secret_get DEMO_ORGANIZER)
                operator@example.com, password $(secret_get DEMO_OPERATOR)
  mails land in $MAILS
  next          ./seatlog demo   ./seatlog status   ./seatlog tail
                ./seatlog down
END
}

command_up() {
    up_arguments "$@"
    state_make
    state_lock
    packages_ensure build run
    VALUE[JAVA]=$(java_find)
    step build build_locked build_programs
    step kafka-jars build_locked kafka_fetch
    up_ports
    up_values
    overrides_ensure
    supervisor_runs || [ -z "$(orphans_find)" ] || step left-overs orphans_reap
    step supervisor supervisor_up
    step postgresql postgres_up
    step kafka kafka_up
    step catchers others_up
    step migrations migrations_up
    [ "$INFRASTRUCTURE" = no ] || return 0
    step daemons daemons_up
    changes_tell
    step accounts accounts_up
    step catalogue catalogue_up
    up_summary
}

down_run() {
    local pid round program programs jobs=()
    pid=$(supervisor_pid)
    # Daemons first, so that they can finish with what is under way; then what they stand on.
    mapfile -t programs < <(pipeline_programs daemon)
    for program in "${programs[@]}"; do
        control stop "$program" &
        jobs+=("$!")
    done
    wait "${jobs[@]}"
    control shutdown || return 1
    for ((round = 0; round < 1200; round++)); do
        [ -d "/proc/$pid" ] || break
        sleep 0.1
    done
    orphans_reap
    STEP_NOTE="stopped; everything is kept in $STATE"
}

command_down() {
    arguments_none down "$@"
    if ! state_exists; then
        say "seatlog: nothing to stop, ./seatlog up has not been run here"
        return 0
    fi
    state_lock
    if ! supervisor_runs; then
        orphans_reap
        say "seatlog: nothing runs; everything is kept in $STATE"
        return 0
    fi
    step down down_run
}

restart_run() {
    STEP_HINT="Its log is $STATE/log/supervisord.log"
    pipeline_configure && supervisor_configure && supervisor_start || return 1
    [[ " $* " != *" postgres "* ]] || postgres_make || return 1
    RESTART=yes programs_ready "$@" || return 1
    STEP_NOTE="$# ready"
}

command_restart() {
    local program programs=() all
    mapfile -t all < <(pipeline_programs)
    for program in "$@"; do
        [[ " ${all[*]} " == *" $program "* ]] ||
            misuse restart "there is no $program"
    done
    programs=("$@")
    [ $# -gt 0 ] || mapfile -t programs < <(pipeline_programs daemon)
    need_up
    state_lock
    overrides_ensure
    step restart restart_run "${programs[@]}"
    restarts_tell
    for program in "${all[@]}"; do
        if [[ " ${programs[*]} " != *" $program "* ]] && program_is_stale "$program"; then
            say "  $program runs with older settings or an older build: ./seatlog restart $program"
        fi
    done
}
