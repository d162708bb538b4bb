# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# ./seatlog status, logs and env.

# How often a program ended by itself since this supervisord began.
program_restarts() {
    awk -v program="$1" '/ supervisord started with pid / { count = 0 }
        $0 ~ " exited: " program " " { count++ } END { print count + 0 }' \
        "$STATE/log/supervisord.log" 2>/dev/null
}

# "program kind admin-port restarts" a line, for status.py.
status_programs() {
    local stage name instance program stop command
    while read -r stage name instance program stop command; do
        if pipeline_is_daemon "$command"; then
            echo "$program daemon $(pipeline_admin_port "$program") $(program_restarts "$program")"
        else
            echo "$program other - $(program_restarts "$program")"
        fi
    done < <(pipeline_rows)
}

command_status() {
    arguments_none status "$@"
    need_set_up
    if ! supervisor_runs; then
        say "seatlog: it is down. ./seatlog up starts it. Everything is kept in"
        say "  $STATE"
        return 3
    fi
    status_programs | STATUS_POSTGRES_URL=$(sql_url) STATUS_POSTGRES_PASSWORD=$(secret_get POSTGRES) \
        STATUS_KAFKA_PORT=$(state_get PORT_KAFKA) STATUS_SMTP_PORT=$(state_get PORT_SMTP) \
        STATUS_LETTERS=$BIN/seatlog-dead-letters \
        STATUS_SUPERVISOR=$SUPERVISOR_CONF STATUS_MAILS=$MAILS \
        STATUS_URL=http://127.0.0.1:$(state_get PORT_HTTP) \
        STATUS_PORTS="PostgreSQL $(state_get PORT_POSTGRES), Kafka $(state_get PORT_KAFKA), SMTP $(state_get PORT_SMTP), payment simulator $(state_get PORT_SIMULATOR); metrics from $(pipeline_admin_port reservation) on" \
        /usr/bin/python3 -B "$LOCAL/status.py"
}

command_logs() {
    local program files=()
    need_set_up
    if [ $# -eq 0 ]; then
        for program in $(pipeline_programs); do
            [ -e "$STATE/log/$program.log" ] && files+=("$STATE/log/$program.log")
        done
        if [ -t 1 ]; then
            exec tail -n 5 -F "${files[@]}"
        fi
        exec tail -n 20 "${files[@]}"
    fi
    for program in "$@"; do
        if [ ! -e "$STATE/log/$program.log" ]; then
            printf 'seatlog: there is no log of %s. There are:\n' "$program" >&2
            printf '%ssupervisord\n' "$(pipeline_programs | tr '\n' ' ')" | fold -s -w 78 | sed 's/^/  /; s/ *$//' >&2
            exit 1
        fi
        files+=("$STATE/log/$program.log")
    done
    if [ -t 1 ]; then
        exec tail -n 50 -F "${files[@]}"
    fi
    cat "${files[@]}"
}

# export_say NAME VALUE: a line for a shell's eval, whatever the value.
export_say() { printf "export %s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

# For other programs: where things are.
command_env() {
    local name
    arguments_none env "$@"
    need_set_up
    up_values
    export_say SEATLOG_URL "${VALUE[URL]}"
    export_say SEATLOG_KAFKA "${VALUE[KAFKA]}"
    export_say SEATLOG_POSTGRES_URL "${VALUE[POSTGRES_URL]}"
    export_say SEATLOG_SIMULATOR_URL "http://127.0.0.1:${VALUE[PORT_SIMULATOR]}"
    export_say SEATLOG_SIMULATOR_TOKEN "${VALUE[SIMULATOR_TOKEN]}"
    export_say SEATLOG_MAILS "$MAILS"
    export_say SEATLOG_STATE "$STATE"
    export_say SEATLOG_BIN "$BIN"
    for name in BUYER ORGANIZER OPERATOR; do
        export_say "SEATLOG_$name" "${name,,}@example.com"
        export_say "SEATLOG_${name}_PASSWORD" "$(secret_get "DEMO_$name")"
    done
}
