#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An archive of exported segments must be decided again without a difference.
#
#   history.sh ARCHIVE REPLAY    REPLAY: the program seatlog-replay
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
tar -xJf "$1" -C "$directory"
"$2" verify --directory="$directory"
