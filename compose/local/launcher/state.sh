# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Where this clone keeps what it knows: data, logs, ports, secrets. SEATLOG_STATE names another folder,
# which is another Seatlog beside the first.
#
#   $STATE/env       ports and what was done, KEY=value a line
#   $STATE/secrets   generated passwords, readable by the owner only
#   $STATE/keys      what tickets are signed with
#   $STATE/etc       configuration of every program, written by up
#   $STATE/overrides settings that people make: up reads them and never writes them
#   $STATE/running   what each program was started from
#   $STATE/log       their logs        $STATE/mails    mails as they arrived
#   $STATE/postgres $STATE/kafka       data

PORT_LIMIT=200 # how many ports above the wanted one are tried

state_init() {
    local id folder
    folder=$(basename "$ROOT")
    id=${folder//[^A-Za-z0-9_.-]/_}-$(printf '%s' "$ROOT" | sha256sum | cut -c 1-8)
    if [ -n "${SEATLOG_STATE:-}" ]; then
        STATE=$SEATLOG_STATE
    elif [ "$(id -u)" -eq 0 ]; then
        STATE=/var/lib/seatlog/$id
    else
        STATE=${XDG_STATE_HOME:-${HOME:?HOME is not set; say SEATLOG_STATE=FOLDER}/.local/state}/seatlog/$id
    fi
    case $STATE in /*) ;; *) STATE=$PWD/$STATE ;; esac
    # A socket's path has room for 107 octets; where the state lies too deep, sockets go to /tmp.
    RUN=$STATE/run
    if [ "${#RUN}" -gt 70 ] || [[ $RUN == *[[:space:]%\"\'\;]* ]]; then
        RUN=/tmp/seatlog-$(id -u)-$(printf '%s' "$STATE" | sha256sum | cut -c 1-12)
    fi
    POSTGRES=$STATE/postgres
    MAILS=$STATE/mails
    SUPERVISOR_SOCKET=$RUN/supervisor.sock
    SUPERVISOR_CONF=$STATE/etc/supervisord.conf
}

state_make() {
    mkdir -p "$STATE" "$STATE/log" "$STATE/etc" "$MAILS" 2>/dev/null ||
        fail "cannot write to $STATE. Say SEATLOG_STATE=FOLDER with a folder of yours"
    if [ ! -d "$RUN" ]; then
        mkdir -m 711 "$RUN" || fail "cannot make $RUN"
    fi
    [ -O "$RUN" ] || fail "$RUN belongs to somebody else; remove it, or say SEATLOG_STATE=FOLDER"
    mkdir -p "$STATE/keys" "$STATE/overrides"
    chmod 700 "$STATE/etc" "$STATE/keys" "$STATE/overrides"
    touch "$STATE/env"
    (umask 077 && touch "$STATE/secrets")
}

state_exists() { [ -e "$STATE/env" ]; }

# Everything has its port: an up has come so far.
state_is_set_up() {
    local name
    for name in HTTP POSTGRES KAFKA SMTP SIMULATOR; do
        [ -n "$(state_get "PORT_$name")" ] || return 1
    done
}

# For commands that ask an installation.
need_set_up() { state_is_set_up || not_up "nothing is set up in $STATE yet. Run ./seatlog up first"; }

need_up() {
    need_set_up
    supervisor_runs || not_up "it is not up. Start it with ./seatlog up"
    up_values
}

not_up() {
    warn "$*"
    exit 3
}

# One launcher at a time changes things. The lock is not handed to what is started.
state_lock() {
    exec 9>"$STATE/lock"
    flock -n 9 && return 0
    say "seatlog: another ./seatlog is at work here; waiting for it"
    flock -w 1800 9 || fail "another ./seatlog has been at work for half an hour: see ps, then end it"
}

# state_get KEY: its value, empty without one.
state_get() { sed -n "s/^$1=//p" "$STATE/env" 2>/dev/null | tail -n 1; }

state_set() {
    local rest
    rest=$(grep -v "^$1=" "$STATE/env")
    printf '%s\n' ${rest:+"$rest"} "$1=$2" >"$STATE/env.new"
    mv "$STATE/env.new" "$STATE/env"
}

# secret_get NAME: a random one, made when first asked for.
secret_get() {
    local value
    value=$(sed -n "s/^$1=//p" "$STATE/secrets")
    if [ -z "$value" ]; then
        value=$(head -c "${2:-15}" /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d '=')
        printf '%s=%s\n' "$1" "$value" >>"$STATE/secrets"
    fi
    printf '%s' "$value"
}

# A listener that is frozen may not even accept: whoever does not refuse has the port.
port_taken() {
    timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
    case $? in 0 | 124) return 0 ;; *) return 1 ;; esac
}

port_is_remembered() { grep -q "^PORT_.*=$1\$" "$STATE/env"; }

# Another Seatlog of this user may have chosen a port and not opened it yet: each notes what it chose in one
# file, a line "PORT ENV", which counts as long as that ENV still says so.
PORTS_CHOSEN=/tmp/seatlog-ports-$(id -u)

port_is_promised() {
    local port env
    while read -r port env; do
        if [ "$port" = "$1" ] && [ "$env" != "$STATE/env" ] && grep -qs "^PORT_.*=$1\$" "$env"; then
            return 0
        fi
    done <"$PORTS_CHOSEN"
    return 1
}

# port_choose NAME WANTED: remembers under PORT_NAME the first free port from WANTED on.
port_choose() {
    local name=$1 wanted=$2 port
    port=$(state_get "PORT_$name")
    [ -n "$port" ] && return 0
    exec 8>>"$PORTS_CHOSEN" && flock -w 60 8 || fail "cannot lock $PORTS_CHOSEN"
    for ((port = wanted; port < wanted + PORT_LIMIT && port < 65536; port++)); do
        if ! port_is_remembered "$port" && ! port_is_promised "$port" && ! port_taken "$port"; then
            state_set "PORT_$name" "$port"
            printf '%s %s\n' "$port" "$STATE/env" >&8
            exec 8>&-
            return 0
        fi
    done
    exec 8>&-
    fail "no port is free from $wanted to $((port - 1)) on 127.0.0.1 (for ${name,,})"
}

# Nothing of ours runs: a remembered port that somebody else has taken meanwhile is given up.
ports_review() {
    local line name port
    while IFS= read -r line; do
        name=${line%%=*} port=${line#*=}
        if port_taken "$port"; then
            warn "port $port (${name#PORT_}) was taken by another program meanwhile; choosing another"
            sed -i "/^$name=/d" "$STATE/env"
        fi
    done < <(grep '^PORT_' "$STATE/env")
}
