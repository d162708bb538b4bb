# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# What the launcher prints: steps with their time, and failures with the end of their log.

SAY_TERMINAL=no
[ -t 1 ] && SAY_TERMINAL=yes
# Colours where somebody looks who has not said no (https://no-color.org).
COLOUR_BAD='' COLOUR_GOOD='' COLOUR_OFF=''
if [ "$SAY_TERMINAL" = yes ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    COLOUR_BAD=$'\033[31m' COLOUR_GOOD=$'\033[32m' COLOUR_OFF=$'\033[0m'
fi
SAY_START=${EPOCHREALTIME/[.,]/}
STEP_NOTE=''  # a step sets it: what stands behind its name when it is done
STEP_HINT=''  # a step sets it: what to do when it failed
STEP_TICKER=''

# Seconds since the launcher began (or since $1, in microseconds), with one decimal.
say_seconds() {
    local from=${1:-$SAY_START} now=${EPOCHREALTIME/[.,]/}
    local tenths=$(((now - from) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

say() { printf '%s\n' "$*"; }

warn() { printf 'seatlog: %s\n' "$*" >&2; }

# What a step has to tell people, when its line is out: a step's own output goes to its log.
NOTICES=()
notice() { NOTICES+=("$*"); }
notices_tell() {
    local text
    for text in ${NOTICES[@]+"${NOTICES[@]}"}; do
        printf 'seatlog: %s\n' "$text" >&2
    done
    NOTICES=()
}

# Says what is wrong and what to do about it, and ends.
fail() {
    step_ticker_stop
    printf 'seatlog: %s\n' "$*" >&2
    exit 1
}

# Asks a yes-or-no question on the terminal; Enter means yes.
ask() {
    local answer
    printf '%s [Y/n] ' "$1"
    read -r answer || return 1
    case $answer in '' | y | Y | yes | Yes) return 0 ;; *) return 1 ;; esac
}

step_ticker_stop() {
    if [ -n "$STEP_TICKER" ]; then
        kill "$STEP_TICKER" 2>/dev/null
        wait "$STEP_TICKER" 2>/dev/null
        STEP_TICKER=''
        printf '\r\033[K'
    fi
}

# On a terminal, a step that runs shows its last line of output.
step_ticker_start() {
    local name=$1 log=$2 started=${EPOCHREALTIME/[.,]/}
    [ "$SAY_TERMINAL" = yes ] || return 0
    (
        trap 'exit 0' TERM
        while :; do
            local line width=$((${COLUMNS:-80} - 30))
            line=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | tr -dc '[:print:]\n' | grep -v '^ *$' | tail -n 1)
            printf '\r\033[K  %6s s  %-12s %s' "$(say_seconds "$started")" "$name" "${line:0:$width}"
            sleep 0.5
        done
    ) &
    STEP_TICKER=$!
}

# step NAME FUNCTION [ARGUMENT…]: runs it with its output in a log and says in one line how it went.
# Where it fails: the end of that log (or of STEP_LOG, if the step names a better one), what to do, exit 1.
step() {
    local name=$1 log started=${EPOCHREALTIME/[.,]/} status=0
    shift
    log=$STATE/log/up-${name// /-}.log
    STEP_NOTE='' STEP_HINT='' STEP_LOG=$log
    : >"$log"
    step_ticker_start "$name" "$log"
    "$@" >>"$log" 2>&1 </dev/null || status=$?
    step_ticker_stop
    if [ "$status" -eq 0 ]; then
        printf '  %6s s  %-12s %s\n' "$(say_seconds "$started")" "$name" "$STEP_NOTE"
        notices_tell
        return 0
    fi
    printf '  %6s s  %-12s %sfailed%s\n' "$(say_seconds "$started")" "$name" "$COLOUR_BAD" "$COLOUR_OFF"
    notices_tell
    printf '\n--- the end of %s\n' "$STEP_LOG" >&2
    tail -n 20 "$STEP_LOG" | sed 's/^/    /' >&2
    printf '\nseatlog: %s failed. %s\n' "$name" "${STEP_HINT:-The whole log is $STEP_LOG}" >&2
    exit 1
}
