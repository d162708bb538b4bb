# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Settings that people make: $STATE/overrides/NAME.conf, lines KEY = VALUE, which up reads and never writes. They stand
# at the end of the file in etc/ that the program reads, where a later line wins. ./seatlog restart takes them.

OVERRIDES_NAMES='' # files that may be in the folder

# "file program" a line, for every program whose settings can be changed.
overrides_files() {
    local stage name instance program stop command
    while read -r stage name instance program stop command; do
        case $name in
        postgres) echo "postgres.conf postgres" ;;
        kafka) echo "kafka.properties kafka" ;;
        *)
            pipeline_is_daemon "$command" || continue
            [ "$instance" -ne 1 ] || echo "$name.conf $name"
            [ "$name" = "$program" ] || echo "$program.conf $program"
            ;;
        esac
    done < <(pipeline_rows)
}

# overrides_text FILE…: what there is of them, to stand at the end of a generated file.
overrides_text() {
    local file
    for file in "$@"; do
        file=$STATE/overrides/$file
        [ -s "$file" ] || continue
        printf '\n# From %s:\n' "$file"
        cat "$file" && echo || return 1
    done
}

# overrides_header COMMENT FILE PROGRAM: the first lines of a generated file.
overrides_header() {
    printf '%s Written by ./seatlog up, which puts its own lines back: change nothing here.\n' "$1"
    printf '%s Settings of your own are lines in %s\n' "$1" "$STATE/overrides/$2"
    printf '%s and are taken by: ./seatlog restart %s\n' "$1" "$3"
}

# A daemon judges its own: what it would read with this file, its other settings as they come.
override_check_daemon() {
    local name=$1 file=$2 command=$3 template said
    if grep -qE '^[[:space:]]*admin_listen[[:space:]]*=' "$file"; then
        printf '%s: admin_listen is chosen by ./seatlog up, which asks the daemon there\n' "$file"
        return 1
    fi
    template=$(template_read "$LOCAL/etc/$name.conf" "$name-1" 127.0.0.1:0) || return 1
    said=$("$BIN/$command" --check --config <(printf '%s\n' "$template") --config "$file" 2>&1) && return 0
    printf '%s\n' "${said/(--help lists them)/(build\/release\/bin\/$command --help lists them)}"
    return 1
}

override_check_postgres() {
    local said
    said=$(cd / && "$POSTGRES_BIN/postgres" -C port -c config_file="$1" -D / 2>&1) && return 0
    sed -n 's/^.*\(LOG\|FATAL\): *//p' <<<"$said" | grep -v '^skipping missing' | head -n 1
    return 1
}

# Kafka itself takes names that it does not know, and ignores them.
override_check_kafka() {
    local key known
    known=$("${VALUE[JAVA]}" -cp "$KAFKA_LIBRARIES/*" kafka.server.KafkaConfig 2>/dev/null |
        sed -n 's/.*id="brokerconfigs_\([^"]*\)".*/\1/p')
    while IFS= read -r key; do
        case $key in listener.name.*) continue ;; esac
        grep -qxF "$key" <<<"$known" || {
            printf '%s: there is no option %s (https://kafka.apache.org/41/configuration/broker-configs/)\n' "$1" "$key"
            return 1
        }
    done < <(sed -nE 's/^[[:space:]]*([^#!=:[:space:]]+).*/\1/p' "$1")
}

# Says of the first file that cannot be used what is wrong with it, in words.
overrides_check() {
    local file name known
    [ -d "$STATE/overrides" ] || return 0
    known=$(overrides_files)
    for file in "$STATE/overrides"/*; do
        name=${file##*/}
        case $name in '*' | *~ | *.bak | *.orig) continue ;; esac
        if ! grep -q "^$name " <<<"$known"; then
            printf '%s belongs to no program. There can be: %s\n' "$file" "$(cut -d ' ' -f 1 <<<"$known" | paste -sd ' ')"
            return 1
        fi
        name=${name%.*}
        case $name in
        postgres) override_check_postgres "$file" || return 1 ;;
        kafka) override_check_kafka "$file" || return 1 ;;
        *)
            override_check_daemon "$(pipeline_name_of "$name")" "$file" "$(pipeline_command_of "$name")" || return 1
            ;;
        esac
    done
}

# Before anything is stopped or written.
overrides_ensure() {
    local said
    said=$(overrides_check) || fail "nothing was changed, a setting is wrong:
  $said"
}

# What somebody changed in a file that up writes is kept beside it and told, not thrown away in silence.
# edit_keep PATH NEW: the file that is to be replaced, and what will stand there. A file of an installation that did
# not note yet what was written counts as changed where it has settings that the new one has not.
edit_keep() {
    local path=$1 new=$2 kept program note=$STATE/etc/.written/${1##*/} lost
    [ -e "$path" ] && ! cmp -s "$path" "$new" || return 0
    lost=$(grep -vxFf "$new" "$path" | grep -vE '^[[:space:]]*([#;]|$)')
    if [ -e "$note" ]; then
        [ "$(cat "$note")" != "$(sha256sum <"$path")" ] || return 0
    else
        [ -n "$lost" ] || return 0
    fi
    kept=$STATE/etc/${path##*/}.$(date -u +%Y%m%dT%H%M%SZ).kept
    (umask 077 && cat "$path" >"$kept") || return 1
    program=${path##*/}
    [ "$program" != seatlog.conf ] || program=postgres.conf
    if [ -z "$lost" ]; then
        notice "lines were taken out of $path; ./seatlog up has put them back.
What it was is kept in $kept"
    elif grep -q "^$program " < <(overrides_files); then
        notice "$path had lines that ./seatlog up does not write. They are kept in
  $kept
and not in use. To have them: put them into $STATE/overrides/$program,
then ./seatlog restart ${program%.*}. They are:
$(sed -E 's/^/    /; s/((password|token|secret)[a-z_]*[[:space:]]*=).*/\1 …/; s#(postgresql://[^:]*:)[^@]*@#\1…@#' <<<"$lost")"
    else
        notice "$path was changed; what it was is kept in $kept"
    fi
}
