# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034
# ./seatlog up and down.

SHOWS_DEFAULT=3000
SHOWS_MAX=30000
DAEMON_READY_S=${SEATLOG_TEST_READY_S:-90} # a daemon that has a long log to fold may take this long

up_usage() {
    cat <<END
usage: ./seatlog up [--yes] [--shows N] [--port N] [--infrastructure]
  --yes      install missing Debian packages without asking
  --shows N  shows of the demo catalogue, 0 to $SHOWS_MAX ($SHOWS_DEFAULT at first; later runs only add)
  --port N   port of the HTTP API on 127.0.0.1 (8080, or the next free one)
  --infrastructure
             only what the daemons stand on: PostgreSQL, Kafka with its topics, mail catcher, payment simulator
END
}

number_check() {
    [[ $2 =~ ^[0-9]{1,6}$ ]] && [ "$((10#$2))" -ge "$3" ] && [ "$((10#$2))" -le "$4" ] ||
        fail "$1 wants a number from $3 to $4"
}

up_arguments() {
    YES=no SHOWS='' PORT='' INFRASTRUCTURE=no
    while [ $# -gt 0 ]; do
        case $1 in
        --yes | -y) YES=yes ;;
        --shows | --port)
            [ $# -ge 2 ] || fail "$1 wants a number"
            [ "$1" = --shows ] && SHOWS=$2 || PORT=$2
            shift
            ;;
        --infrastructure) INFRASTRUCTURE=yes ;;
        --shows=*) SHOWS=${1#*=} ;;
        --port=*) PORT=${1#*=} ;;
        -h | --help)
            up_usage
            exit 0
            ;;
        *)
            up_usage >&2
            exit 2
            ;;
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
    VALUE[ROOT]=$ROOT VALUE[LOCAL]=$LOCAL VALUE[STATE]=$STATE VALUE[ETC]=$STATE/etc VALUE[RUN]=$RUN
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

daemons_up() {
    local program programs
    mapfile -t programs < <(pipeline_programs daemon)
    programs_start "${programs[@]}" || return 1
    for program in "${programs[@]}"; do
        echo "waiting for $program"
        program_await "$program" "$DAEMON_READY_S" daemon_ready "$program" || return 1
    done
    STEP_NOTE="${#programs[@]} ready"
}

up_summary() {
    cat <<END

Seatlog is up:  ${VALUE[URL]}
  demo login    buyer@example.com, password $(secret_get DEMO_BUYER)
                organizer@example.com, password $(secret_get DEMO_ORGANIZER)
                operator@example.com, password $(secret_get DEMO_OPERATOR)
  mails land in $MAILS
  next          ./seatlog demo    ./seatlog status    ./seatlog tail    ./seatlog down
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
    supervisor_runs || [ -z "$(orphans_find)" ] || step left-overs orphans_reap
    up_ports
    up_values
    step supervisor supervisor_up
    step postgresql postgres_up
    step kafka kafka_up
    step catchers others_up
    step migrations migrations_up
    [ "$INFRASTRUCTURE" = no ] || return 0
    step daemons daemons_up
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
    [ $# -eq 0 ] || fail "down takes no arguments"
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
