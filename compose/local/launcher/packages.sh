# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Debian's packages: what is missing is installed, nothing else is touched.

PACKAGES=$LOCAL/packages.tsv

# Names of the packages for the given uses (build, run, test) that are not installed.
packages_missing() {
    local use wanted
    wanted=$(for use in "$@"; do awk -F '\t' -v use="$use" '$1 == use { print $2 }' "$PACKAGES"; done)
    # shellcheck disable=SC2086
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
        sed -n 's/^installed //p' | sort -u >"$STATE/installed"
    printf '%s\n' "$wanted" | sort -u | comm -23 - "$STATE/installed"
}

# The server's package makes a cluster "main" on port 5432 unless told not to; ours is private.
# A server that is there already keeps its settings.
packages_postgres_prepare() {
    local conf=/etc/postgresql-common/createcluster.conf
    case $(dpkg-query -W -f '${db:Status-Status}\n' 'postgresql-[0-9]*' 2>/dev/null) in
    *installed*) return 0 ;;
    esac
    # shellcheck disable=SC2016
    $SUDO sh -c 'mkdir -p "$(dirname "$1")" && touch "$1" &&
        sed -i "/^ *create_main_cluster *=/d" "$1" && echo "create_main_cluster = false" >>"$1"' sh "$conf"
}

packages_install_run() {
    local missing=("$@")
    STEP_HINT="Is Debian's archive reachable? Try: ${SUDO:+sudo }apt-get update && ${SUDO:+sudo }apt-get install ${missing[*]}"
    $SUDO apt-get update || return 1
    packages_postgres_prepare || return 1
    $SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "${missing[@]}" || return 1
    STEP_NOTE="${#missing[@]} installed, with what they need"
}

# packages_ensure USE…: asks where there is somebody to ask, unless YES=yes.
packages_ensure() {
    local missing
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        fail "this launcher knows Debian 12 (apt); elsewhere install the packages of $PACKAGES and start the parts by hand (README.md)"
    mapfile -t missing < <(packages_missing "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        return 0
    fi
    SUDO=''
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || { [ ! -t 0 ] && ! sudo -n true 2>/dev/null; }; then
            fail "packages are missing, and neither root nor sudo is at hand. Have an administrator run:
    apt-get update
    apt-get install --no-install-recommends ${missing[*]}
then run ./seatlog again"
        fi
        SUDO=sudo
    fi
    if [ "$YES" != yes ] && [ -t 0 ] && [ -t 1 ]; then
        say "These packages of Debian are missing:"
        printf '%s\n' "${missing[@]}" | fmt -w 76 | sed 's/^/    /'
        ask "Install them with ${SUDO:+sudo }apt-get?" ||
            fail "nothing was installed. Run ${SUDO:+sudo }apt-get install --no-install-recommends ${missing[*]}"
    fi
    if [ -n "$SUDO" ]; then
        sudo -v || fail "sudo refused; have an administrator install: ${missing[*]}"
    fi
    step packages packages_install_run "${missing[@]}"
}
