# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2153
# ./seatlog on a machine without Python: says what can be said, and installs where a command would.

bare_help() {
    local file=$LAUNCHER/help/$1.txt names
    [ -e "$file" ] || file=$LAUNCHER/help/commands.txt
    names=$(awk '$1 ~ /^[a-z]/ { print $2 }' "$LAUNCHER/../pipeline.tsv" | paste -sd ' ')
    awk -v programs="$(fmt -w 72 <<<"$names" | sed '2,$s/^/       /')" \
        -v logs="$(fmt -w 76 <<<"$names supervisord" | sed '2,$s/^/  /')" -v state="$STATE" '
        function put(word, text,  at) {
            while ((at = index($0, word)) > 0)
                $0 = substr($0, 1, at - 1) text substr($0, at + length(word))
        }
        { put("@PROGRAMS@", programs); put("@LOGS@", logs); put("@STATE@", state)
          put("@SHOWS_MAX@", "30000"); put("@SHOWS_DEFAULT@", "3000"); print }' "$file"
}

bare_misuse() {
    printf 'seatlog %s: %s\n\n' "$1" "$2" >&2
    bare_help "$1" >&2
    exit 2
}

bare_options_check() {
    local name=$1 word text
    shift
    text=$(bare_help "$name")
    for word in "$@"; do
        case $word in
        --) return 0 ;;
        -*) grep -qE -- "(^|[^a-z-])${word%%=*}([^a-z-]|$)" <<<"$text" && [[ $word =~ ^--?[a-z] ]] ||
            bare_misuse "$name" "there is no option ${word%%=*}" ;;
        esac
    done
}

# What a command installs: its uses in packages.tsv.
bare_uses() {
    case $1 in
    up | sim) echo build run ;;
    test | chaos) echo build run test chaos ;;
    bench) echo build run test ;;
    replay) [ "${2:-}" != import ] && [[ " $*" != *' --directory'[=\ ]* ]] || echo build ;;
    esac
}

# bare COMMAND [WORD…]: comes back where Python was installed.
bare() {
    local name=${1:-help} yes=yes uses word
    case $name in
    help | -h | --help)
        bare_help "${2:-commands}"
        exit 0
        ;;
    esac
    if [[ ! $name =~ ^[a-z-]+$ ]] || [ "$name" = commands ] || [ ! -e "$LAUNCHER/help/$name.txt" ]; then
        printf 'seatlog: unknown command: %s\n\n' "$name" >&2
        bare_help commands >&2
        exit 2
    fi
    shift
    for word in "$@"; do
        case $word in
        -h | --help)
            bare_help "$name"
            exit 0
            ;;
        --) break ;;
        esac
    done
    case $name in up | sim | chaos | bench) bare_options_check "$name" "$@" ;; esac
    read -ra uses <<<"$(bare_uses "$name" "$@")"
    if [ "${#uses[@]}" -eq 0 ]; then
        [ "$name" != down ] || {
            echo "seatlog: nothing to stop, ./seatlog up has not been run here"
            exit 0
        }
        echo "seatlog: nothing is set up in $STATE yet. Run ./seatlog up first" >&2
        exit 3
    fi
    case $name in
    up) [[ " $* " == *' --yes '* || " $* " == *' -y '* ]] || yes=no ;;
    replay) yes=no ;;
    esac
    mkdir -p "$STATE/log" 2>/dev/null || {
        echo "seatlog: cannot write to $STATE. Say SEATLOG_STATE=FOLDER with a folder of yours" >&2
        exit 1
    }
    # Where packages are printed is where the results of replay are not.
    if [ "$name" = replay ]; then
        bash "$LAUNCHER/packages.sh" "$STATE" "$yes" "${uses[@]}" >&2 || exit
    else
        bash "$LAUNCHER/packages.sh" "$STATE" "$yes" "${uses[@]}" || exit
    fi
}
