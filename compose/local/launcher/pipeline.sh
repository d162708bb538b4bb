# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# Reads pipeline.tsv and fills in templates.

PIPELINE=$LOCAL/pipeline.tsv
declare -A VALUE=() # what @WORDS@ stand for

# pipeline_rows [STAGE]: "stage name instance program stop command" a line, one for each instance;
# program is what supervisor calls it.
pipeline_rows() {
    local stage name instances stop command instance
    while read -r stage name instances stop command; do
        case $stage in '' | '#'*) continue ;; esac
        [ -z "${1:-}" ] || [ "$1" = "$stage" ] || continue
        for ((instance = 1; instance <= instances; instance++)); do
            if [ "$instances" -eq 1 ]; then
                printf '%s %s %s %s %s %s\n' "$stage" "$name" 1 "$name" "$stop" "$command"
            else
                printf '%s %s %s %s %s %s\n' "$stage" "$name" "$instance" "$name-$instance" "$stop" "$command"
            fi
        done
    done <"$PIPELINE"
}

pipeline_programs() { pipeline_rows "${1:-}" | cut -d ' ' -f 4; }

# A daemon of ours has an admin port, the parts from elsewhere do not.
pipeline_is_daemon() { [[ $1 != @* && $1 != /* ]]; }

pipeline_admin_port() {
    local key=${1//-/_}
    state_get "PORT_ADMIN_${key^^}"
}

# Puts the values in place of @WORDS@ in $1; the result is FILLED. A word without a value is an error.
template_fill() {
    local word
    FILLED=$1
    while [[ $FILLED =~ @([A-Z_]+)@ ]]; do
        word=${BASH_REMATCH[1]}
        [ -n "${VALUE[$word]+set}" ] || {
            printf 'a template asks for @%s@, which nobody sets\n' "$word"
            return 1
        }
        FILLED=${FILLED//"@$word@"/"${VALUE[$word]}"}
    done
}

# template_read FILE INSTANCE ADMIN: a program's template with the values in place, on standard output.
template_read() {
    VALUE[INSTANCE]=$2 VALUE[ADMIN]=$3
    template_fill "$(cat "$1")" && printf '%s\n' "$FILLED"
}

# pipeline_name_of PROGRAM, pipeline_command_of PROGRAM: the row a program belongs to; a row's name will do, too.
pipeline_name_of() { pipeline_rows | awk -v program="$1" '$2 == program || $4 == program { print $2; exit }'; }
pipeline_command_of() { pipeline_rows | awk -v program="$1" '$2 == program || $4 == program { print $6; exit }'; }

# file_write PATH MODE < text: replaces the file if the text differs, and notes that in FILES_CHANGED. What somebody
# else wrote there meanwhile is kept aside.
FILES_CHANGED=' '
file_write() {
    local path=$1 mode=$2 new=$1.new
    (umask 077 && cat >"$new" && mkdir -p "$STATE/etc/.written") || return 1
    chmod "$mode" "$new" || return 1
    if cmp -s "$new" "$path"; then
        rm -f "$new"
        chmod "$mode" "$path"
    else
        edit_keep "$path" "$new" && mv "$new" "$path" || return 1
        FILES_CHANGED+="${path##*/} "
    fi
    sha256sum <"$path" >"$STATE/etc/.written/${path##*/}"
}

# configuration_write FILE [OVERRIDE…] < text: a program's settings under etc/, with what people set (in FILE, unless
# others are named) at their end. Readable by the owner only: it carries secrets.
configuration_write() {
    local file=$1 text
    shift
    text=$(
        overrides_header '#' "$file" "${file%.*}" && cat && overrides_text "${@:-$file}"
    ) || return 1
    file_write "$STATE/etc/$file" 600 <<<"$text"
}

# Configuration of every program from its template.
pipeline_configure() {
    local stage name instance program stop command text overrides
    while read -r stage name instance program stop command; do
        pipeline_is_daemon "$command" || continue
        text=$(template_read "$LOCAL/etc/$name.conf" "$name-$instance" \
            "127.0.0.1:$(pipeline_admin_port "$program")") || {
            printf '%s\n' "$text"
            return 1
        }
        overrides=("$name.conf")
        [ "$name" = "$program" ] || overrides+=("$program.conf")
        configuration_write "$program.conf" "${overrides[@]}" <<<"$text" || return 1
    done < <(pipeline_rows)
    template_fill "$(cat "$LOCAL/kafka/server.properties.in")" || return 1
    configuration_write kafka.properties <<<"$FILLED" || return 1
    template_fill "$(cat "$LOCAL/etc/postgresql.conf")" || return 1
    configuration_write postgres.conf <<<"$FILLED"
}
