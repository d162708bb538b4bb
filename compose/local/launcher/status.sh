# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# ./seatlog status, logs and env.

# Sum of a metric over its labels, empty when the daemon does not answer or has none.
metric_sum() {
    awk -v name="$2" '$1 == name || index($1, name "{") == 1 { sum += $2; found = 1 } END { if (found) print sum }' <<<"$1"
}

# Memory of a process and its children, in MB; pages that processes share are counted once (PSS).
process_memory_mb() {
    local pid=$1 child total=0 kilobytes
    for child in "$pid" $(pgrep -P "$pid" 2>/dev/null); do
        kilobytes=$(awk '/^Pss:/ { print $2 }' "/proc/$child/smaps_rollup" 2>/dev/null)
        total=$((total + ${kilobytes:-0}))
    done
    printf '%d' $((total / 1024))
}

# How often a program ended by itself since this supervisord began.
program_restarts() {
    awk -v program="$1" '/ supervisord started with pid / { count = 0 }
        $0 ~ " exited: " program " " { count++ } END { print count + 0 }' \
        "$STATE/log/supervisord.log" 2>/dev/null
}

status_row() { printf '%-18s %-9s %-6s %9s %9s %8s %9s  %s\n' "$@"; }

status_program() {
    local program=$1 daemon=$2 line state pid uptime='-' memory='-' lag='-' ready='-' metrics port
    line=$(grep -E "^$program " <<<"$STATUS_ALL")
    state=$(awk '{ print tolower($2) }' <<<"$line")
    pid=$(sed -n 's/.* pid \([0-9]*\),.*/\1/p' <<<"$line")
    if [ -n "$pid" ]; then
        uptime=$(sed -n 's/.* uptime //p' <<<"$line")
        uptime=${uptime/ days, /d}
        uptime=${uptime/ day, /d}
        memory="$(process_memory_mb "$pid") MB"
    fi
    if [ -n "$pid" ] && [ "$daemon" = yes ]; then
        port=$(pipeline_admin_port "$program")
        if ready=$(curl -sS -m 2 "http://127.0.0.1:$port/readyz" 2>&1 | tr '\n' ' '); then
            metrics=$(curl -fsS -m 2 "http://127.0.0.1:$port/metrics" 2>/dev/null)
            lag=$(metric_sum "$metrics" seatlog_consumer_lag_records)
        fi
        ready=${ready%% }
    fi
    [ "$state" = running ] || STATUS_GOOD=no
    status_row "$program" "${state:-unknown}" "${pid:--}" "$uptime" "$memory" "${lag:--}" \
        "$(program_restarts "$program")" "${ready:0:60}"
}

command_status() {
    local stage name instance program stop command
    state_exists || fail "nothing here yet: run ./seatlog up"
    if ! supervisor_runs; then
        say "seatlog: down. Everything is kept in $STATE; ./seatlog up starts it."
        return 3
    fi
    STATUS_ALL=$(control status 2>/dev/null)
    STATUS_GOOD=yes
    status_row daemon state pid uptime memory lag restarts ready
    while read -r stage name instance program stop command; do
        if pipeline_is_daemon "$command"; then
            status_program "$program" yes
        else
            status_program "$program" no
        fi
    done < <(pipeline_rows)
    say ""
    say "http://127.0.0.1:$(state_get PORT_HTTP)   mails: $(find "$MAILS" -name '*.eml' | wc -l) in $MAILS"
    [ "$STATUS_GOOD" = yes ]
}

command_logs() {
    local program files=()
    state_exists || fail "nothing here yet: run ./seatlog up"
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
            fail "no log of $program; there are: $(pipeline_programs | tr '\n' ' ')supervisord"
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
