#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A Seatlog of its own with every program under valgrind: started, used as `./seatlog demo` does, ended by
# SIGTERM. Each daemon must end with status 0, without an error and without a leak.
#
#   tests/sanitizers/valgrind.sh BIN JUNIT
set -u -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=${here%/*/*}
bin=$1
junit=$2
state=$(mktemp -d /var/tmp/seatlog-valgrind-XXXXXX)
chmod 755 "$state"
export SEATLOG_STATE=$state SEATLOG_TEST_BIN=$state/bin SEATLOG_TEST_READY_S=300

# The launcher takes these for the programs.
wrappers_make() {
    local program wrapper
    mkdir -p "$state/bin" "$state/reports"
    for program in "$bin"/seatlog-*; do
        wrapper=$state/bin/${program##*/}
        cat >"$wrapper" <<END
#!/bin/sh
exec valgrind --quiet --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite \\
    --num-callers=40 --error-exitcode=99 --suppressions='$here/valgrind.supp' \\
    --log-file='$state/reports/${program##*/}.%p' '$program' "\$@"
END
        chmod 755 "$wrapper"
    done
}

life() {
    "$root/seatlog" up --yes --shows 20 && "$root/seatlog" demo
}

# How supervisor saw a program end: the last of its endings.
ending() { sed -n "s/.* \(stopped\|exited\): $1 (\(.*\))\$/\2/p" "$state/log/supervisord.log" | tail -n 1; }

daemons() { awk '$1 !~ /^#/ && $6 ~ /^seatlog-/ { print $2 }' "$root/compose/local/pipeline.tsv"; }

# daemon_judge NAME PROGRAM: one ending, status 0.
daemon_judge() {
    local ended
    ended=$(ending "$1")
    if [ "$ended" = 'exit status 0' ]; then
        echo "valgrind $1: ok"
        return 0
    fi
    echo "valgrind $1: FAILED, ended by: ${ended:-nothing}"
    cat "$state/reports/seatlog-$1".*
    return 1
}

judge() {
    local name good=0
    for name in "$@"; do
        printf '<testcase name="%s">' "$name" >>"$junit"
        daemon_judge "$name" || {
            printf '<failure/>' >>"$junit"
            good=1
        }
        echo '</testcase>' >>"$junit"
    done
    return $good
}

wrappers_make
status=0
life || status=1
"$root/seatlog" down || status=1
printf '<testsuite name="valgrind"><testcase name="life">%s</testcase>\n' \
    "$([ $status -eq 0 ] || echo '<failure/>')" >"$junit"
# shellcheck disable=SC2046
judge $(daemons) || status=1
echo '</testsuite>' >>"$junit"
if [ $status -eq 0 ]; then
    rm -rf "$state"
else
    echo "valgrind: the logs and reports are kept in $state"
fi
exit $status
