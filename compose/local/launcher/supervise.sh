# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153,SC2013
# A supervisord of our own keeps the programs running; its socket and configuration are in the state folder.

control() { /usr/bin/supervisorctl -c "$SUPERVISOR_CONF" "$@"; }

supervisor_pid() {
    local pid
    pid=$(cat "$RUN/supervisord.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$SUPERVISOR_CONF" || return 1
    printf '%s' "$pid"
}

supervisor_runs() { supervisor_pid >/dev/null && [ -S "$SUPERVISOR_SOCKET" ]; }

# In supervisor's files % and ; mean something.
supervisor_quote() { printf '"%s"' "${1//%/%%}"; }

supervisor_program() {
    local program=$1 stop=$2 word line=''
    shift 2
    for word in "$@"; do
        template_fill "$word" || return 1
        line+=" $(supervisor_quote "$FILLED")"
    done
    printf '\n[program:%s]\ncommand=%s\n' "$program" "${line# }"
    printf 'stopsignal=%s\nstopwaitsecs=%s\n' "${stop%/*}" "${stop#*/}"
    printf 'stdout_logfile=%s\n' "${STATE//%/%%}/log/$program.log"
    printf 'autostart=false\nautorestart=true\nstartsecs=1\nstartretries=1000000\n'
    printf 'redirect_stderr=true\nstdout_logfile_maxbytes=20MB\nstdout_logfile_backups=3\n'
    if [ "$program" = postgres ] && [ "$(id -u)" -eq 0 ]; then
        printf 'user=postgres\n' # which refuses to run as root
    fi
}

supervisor_configure() {
    local stage name instance program stop command text
    text=$(
        cat <<END
; Written by ./seatlog up from compose/local/pipeline.tsv, which puts its own lines back.
[supervisord]
logfile=${STATE//%/%%}/log/supervisord.log
logfile_maxbytes=20MB
logfile_backups=2
pidfile=${RUN//%/%%}/supervisord.pid
childlogdir=${STATE//%/%%}/log
minfds=4096
directory=/
user=$(id -un)

[unix_http_server]
file=$SUPERVISOR_SOCKET
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://$SUPERVISOR_SOCKET
END
        while read -r stage name instance program stop command; do
            pipeline_is_daemon "$command" && command="@BIN@/$command --config @ETC@/$program.conf"
            set -f
            # shellcheck disable=SC2086
            supervisor_program "$program" "$stop" $command || exit 1
        done < <(pipeline_rows)
    ) || return 1
    file_write "$SUPERVISOR_CONF" 600 <<<"$text"
}

# Processes that a killed supervisord left behind: supervisor gave each the address of its socket.
orphans_find() {
    grep -lzxF "SUPERVISOR_SERVER_URL=unix://$SUPERVISOR_SOCKET" /proc/[0-9]*/environ 2>/dev/null |
        cut -d / -f 3
}

orphans_signal() {
    local pid
    for pid in "${@:2}"; do
        # PostgreSQL waits for its clients at TERM; INT is its fast shutdown.
        if [ "$1" = TERM ] && [[ $(readlink "/proc/$pid/exe") == */postgres ]]; then
            kill -INT "$pid" 2>/dev/null
        else
            kill "-$1" "$pid" 2>/dev/null
        fi
    done
    return 0
}

# A supervisord of ours that cannot be talked to any more (somebody tidied its socket away) would start again
# whatever is ended beside it.
supervisor_strays_end() {
    local pid round
    for pid in $(grep -lzxF "$SUPERVISOR_CONF" /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3); do
        [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *supervisord\ -c* ]] || continue
        echo "a supervisord without its socket, ended: $pid"
        kill "$pid"
        for ((round = 0; round < 1200; round++)); do
            [ -d "/proc/$pid" ] || break
            sleep 0.1
        done
    done
}

orphans_reap() {
    local pids round
    supervisor_strays_end
    mapfile -t pids < <(orphans_find)
    [ "${#pids[@]}" -gt 0 ] || return 0
    STEP_NOTE="${#pids[@]} programs of a supervisord that was killed, ended"
    echo "left behind by a supervisord that was killed: ${pids[*]}"
    orphans_signal TERM "${pids[@]}"
    for ((round = 0; round < 300; round++)); do
        sleep 0.1
        mapfile -t pids < <(orphans_find)
        [ "${#pids[@]}" -gt 0 ] || return 0
    done
    echo "still there after 30 s, killed: ${pids[*]}"
    orphans_signal KILL "${pids[@]}"
    sleep 1
}

supervisor_start() {
    local round
    if supervisor_runs; then
        # Programs whose definition changed are started anew; the others are left as they are.
        control reread && control update || return 1
        return 0
    fi
    rm -f "$SUPERVISOR_SOCKET" "$RUN/supervisord.pid"
    (cd / && exec env -u SEATLOG_STATE /usr/bin/supervisord -c "$SUPERVISOR_CONF" 9>&-) || return 1
    for ((round = 0; round < 100; round++)); do
        supervisor_runs && control pid >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    STEP_LOG=$STATE/log/supervisord.log
    return 1
}

program_state() { control status "$1" 2>/dev/null | awk '{ print $2 }'; }
program_pid() { control status "$1" 2>/dev/null | sed -n 's/.* pid \([0-9]*\),.*/\1/p'; }

# What a program is made of: its binary or script, and its settings.
program_build() {
    local command file
    command=$(pipeline_rows | awk -v program="$1" '$4 == program { $1 = $2 = $3 = $4 = $5 = ""; print }')
    read -r command <<<"$command"
    if pipeline_is_daemon "$command"; then
        file=$BIN/$command
    else
        file=$(grep -o '@LOCAL@/[^ ]*\.py' <<<"$command")
        file=${file/@LOCAL@/$LOCAL}
    fi
    [ -z "$file" ] || sha256sum 2>/dev/null <"$file"
}
program_settings() { cat "$STATE/etc/$1.conf" "$STATE/etc/$1.properties" 2>/dev/null | sha256sum; }

# Which state of the tree programs are built from.
build_version() {
    git -C "$ROOT" describe --always --tags --dirty 2>/dev/null || date -u -r "$ROOT/seatlog" '+of %F'
}

# $STATE/running/PROGRAM: what the process was started from.
running_note() {
    mkdir -p "$STATE/running" &&
        printf 'build=%s\nsettings=%s\nversion=%s\n' "$(program_build "$1")" "$(program_settings "$1")" \
            "$VERSION" >"$STATE/running/$1"
}
running_get() { sed -n "s/^$2=//p" "$STATE/running/$1" 2>/dev/null; }

# Whether a program runs on with an older binary or configuration than there is now.
program_is_stale() {
    local pid
    pid=$(program_pid "$1")
    [ -n "$pid" ] || return 1
    if [ ! -e "$STATE/running/$1" ]; then # of a launcher that took no notes
        [[ $FILES_CHANGED == *" $1.conf "* || $FILES_CHANGED == *" $1.properties "* ]] ||
            [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == *' (deleted)' ]]
        return
    fi
    [ "$(running_get "$1" build)" != "$(program_build "$1")" ] ||
        [ "$(running_get "$1" settings)" != "$(program_settings "$1")" ]
}

# program_change PROGRAM: why what is started now differs from what ran before; nothing where it does not.
program_change() {
    local before now
    [ -e "$STATE/running/$1" ] || return 0
    before=$(running_get "$1" build) now=$(program_build "$1")
    if [ "$before" != "$now" ]; then
        before=$(running_get "$1" version)
        [ "$before" = "$VERSION" ] && echo "a new build" || echo "a new build ($before before)"
    elif [ "$(running_get "$1" settings)" != "$(program_settings "$1")" ]; then
        echo "changed settings"
    fi
}

# Starts what does not run of the given programs, and starts anew what is stale; all at the same time. With
# RESTART=yes all of them are started anew. RESTARTED has a line "program: why" for each that is not as it was.
RESTART=no
RESTARTED=()
programs_start() {
    local program status verb why jobs=() job good=0
    VERSION=${VERSION:-$(build_version)}
    status=$(control status "$@" 2>/dev/null)
    for program in "$@"; do
        verb='' why=$(program_change "$program")
        if ! grep -qE "^$program +(RUNNING|STARTING)" <<<"$status"; then
            verb=start
            [[ $why != *settings ]] || why='' # it was not as it was, it was not there
        elif [ "$RESTART" = yes ] || program_is_stale "$program"; then
            verb=restart
            why=${why:-$([ "$RESTART" = yes ] && echo "the same build and settings" || echo "a new build or changed settings")}
        fi
        if [ -n "$verb" ]; then
            [ -z "$why" ] || RESTARTED+=("$program: $why")
            running_note "$program" || return 1
            control "$verb" "$program" &
            jobs+=("$! $program")
        fi
    done
    for job in ${jobs[@]+"${jobs[@]}"}; do
        wait "${job%% *}" || {
            STEP_LOG=$STATE/log/${job#* }.log
            STEP_HINT="${job#* } does not start. Its log: ./seatlog logs ${job#* }"
            good=1
        }
    done
    return $good
}

RESTARTS_PATIENCE=5 # a program that ends so often while it is waited for will not come up

# program_await PROGRAM SECONDS CHECK…: until the check succeeds; gives up when time is out.
program_await() {
    local program=$1 until=$((SECONDS + $2)) restarts
    restarts=$(program_restarts "$program")
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$until" ] ||
            [ $(($(program_restarts "$program") - restarts)) -ge "$RESTARTS_PATIENCE" ]; then
            STEP_LOG=$STATE/log/$program.log
            STEP_HINT="$program does not become ready ($(program_state "$program")). Its log: ./seatlog logs $program"
            return 1
        fi
        sleep 0.2
    done
}

daemon_ready() { curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$(pipeline_admin_port "$1")/readyz"; }
