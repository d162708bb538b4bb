#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An archive of exported segments must be decided again without a difference.
#
#   history.sh ARCHIVE REPLAY                  REPLAY: the program seatlog-replay
#   history.sh ARCHIVE REPLAY GO_ON            and so must what goes on after it in terms; GO_ON: history_go_on
#   history.sh ARCHIVE REPLAY GO_ON FAULT      unless it is wrong
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
archive=$1
replay=$2
log=$directory/log
mkdir "$log" "$directory/seals"
tar -xJf "$archive" -C "$log"

verify() {
    "$replay" verify --directory="$log" "$@" >"$directory/told" && status=0 || status=$?
    cat "$directory/told"
    return "$status"
}

seal=${archive%.tar.xz}.seal
if [ $# -eq 2 ]; then
    [ ! -e "$seal" ] || cp "$seal" "$directory/seals"
    if [ -e "$seal" ]; then verify --seals="$directory/seals"; else verify; fi
    exit
fi

expected=$("$3" "$log" "${@:4}")
if [ $# -gt 3 ]; then
    verify
    exit
fi
"$replay" seal "$directory/seals" --directory="$log" --seal_key_file="$directory/key"
verify --seals="$directory/seals"
grep -qxF "$expected" "$directory/told" || { echo "expected: $expected"; exit 1; }
