#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's packages: what is missing is installed, nothing else is touched. In shell, because what is missing may be
# Python. Asks where there is somebody to ask, unless it is told yes.
#
#   packages.sh STATE yes|no USE…        USE: build run test chaos …, as in packages.tsv
set -u -o pipefail
state=$1 yes=$2
shift 2
packages=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)/packages.tsv
log=$state/log/up-packages.log
sudo=

fail() {
    printf 'seatlog: %s\n' "$*" >&2
    exit 1
}

# Names of the packages for the given uses that are not installed.
missing_find() {
    local use wanted
    wanted=$(for use in "$@"; do awk -F '\t' -v use="$use" '$1 == use { print $2 }' "$packages"; done)
    # shellcheck disable=SC2086
    comm -23 <(sort -u <<<"$wanted") <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
}

# The server's package makes a cluster "main" on port 5432 unless told not to; ours is private.
# A server that is there already keeps its settings.
postgres_prepare() {
    local conf=/etc/postgresql-common/createcluster.conf
    case $(dpkg-query -W -f '${db:Status-Status}\n' 'postgresql-[0-9]*' 2>/dev/null) in
    *installed*) return 0 ;;
    esac
    # shellcheck disable=SC2016
    $sudo sh -c 'mkdir -p "$(dirname "$1")" && touch "$1" &&
        sed -i "/^ *create_main_cluster *=/d" "$1" && echo "create_main_cluster = false" >>"$1"' sh "$conf"
}

install() {
    $sudo apt-get update && postgres_prepare &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "$@"
}

seconds() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - $1) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# On a terminal, the last line of what apt says.
tick() {
    local line
    while sleep 0.5; do
        line=$(tail -c 400 "$log" | tr '\r' '\n' | tr -dc '[:print:]\n' | grep -v '^ *$' | tail -n 1)
        printf '\r\033[K  %6s s  %-12s %s' "$(seconds "$1")" packages "${line:0:50}"
    done
}

install_told() {
    local began=${EPOCHREALTIME/[.,]/} ticker='' status=0 bad='' off=''
    if [ -t 1 ]; then
        tick "$began" &
        ticker=$!
        # shellcheck disable=SC2064
        trap "kill $ticker 2>/dev/null" EXIT
    fi
    install "$@" >"$log" 2>&1 </dev/null || status=1
    if [ -n "$ticker" ]; then
        kill "$ticker" && wait "$ticker" 2>/dev/null
        printf '\r\033[K'
        [ -n "${NO_COLOR:-}" ] || [ "${TERM:-dumb}" = dumb ] || bad=$'\033[31m' off=$'\033[0m'
    fi
    if [ $status -eq 0 ]; then
        printf '  %6s s  %-12s %s\n' "$(seconds "$began")" packages "$# installed, with what they need"
        return 0
    fi
    printf '  %6s s  %-12s %sfailed%s\n' "$(seconds "$began")" packages "$bad" "$off"
    {
        printf '\n--- the end of %s\n' "$log"
        tail -n 20 "$log" | sed 's/^/    /'
        printf '\nseatlog: packages failed. %s\n' \
            "Is Debian's archive reachable? Try: ${sudo:+sudo }apt-get update && ${sudo:+sudo }apt-get install $*"
    } >&2
    return 1
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this launcher knows Debian 12 (apt); elsewhere install the packages of $packages and start the parts by hand (README.md)"
mapfile -t missing < <(missing_find "$@")
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
        fail "packages are missing, and neither root nor sudo is at hand. Have an administrator run:
    apt-get update
    apt-get install --no-install-recommends ${missing[*]}
then run ./seatlog again"
    fi
    sudo=sudo
fi
if [ "$yes" != yes ] && [ -t 0 ] && [ -t 1 ]; then
    printf 'These packages of Debian are missing:\n'
    printf '%s\n' "${missing[@]}" | fmt -w 76 | sed 's/^/    /'
    printf '%s [Y/n] ' "Install them with ${sudo:+sudo }apt-get?"
    read -r answer || answer=no
    case $answer in
    '' | y | Y | yes | Yes) ;;
    *) fail "nothing was installed. Run ${sudo:+sudo }apt-get install --no-install-recommends ${missing[*]}" ;;
    esac
fi
if [ -n "$sudo" ]; then
    sudo -v || fail "sudo refused; have an administrator install: ${missing[*]}"
fi
install_told "${missing[@]}"
