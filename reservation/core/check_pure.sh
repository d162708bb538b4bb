#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fails if the libraries together leave a symbol undefined that none of them defines and that is not one
# of the C library's string and memory functions, nor PURE_ALSO, one more that the core may call.
set -eu
libraries="$*"
# shellcheck disable=SC2086 # a list of files
symbols() { nm "$1" $libraries | awk 'NF >= 2 && $(NF - 1) ~ /^[A-Za-z]$/ { print $NF }' | sort -u; }
undefined=$(mktemp)
defined=$(mktemp)
trap 'rm -f "$undefined" "$defined"' EXIT
symbols --undefined-only > "$undefined"
symbols --defined-only > "$defined"
foreign=$(comm -23 "$undefined" "$defined" |
    grep -Evx '_GLOBAL_OFFSET_TABLE_|mem(cpy|set|move|cmp|chr)|str(len|cmp|ncmp|chr)|'"${PURE_ALSO:-}" || true)
if [ -n "$foreign" ]; then
    echo "the core is not pure, it calls:"
    echo "$foreign"
    exit 1
fi
echo "pure: $(wc -l < "$defined") symbols, none from outside but $(comm -23 "$undefined" "$defined" | tr '\n' ' ')"
