# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034
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

# file_write PATH MODE < text: replaces the file if the text differs, and notes that in FILES_CHANGED.
FILES_CHANGED=' '
file_write() {
    local path=$1 mode=$2 new=$1.new
    (umask 077 && cat >"$new") || return 1
    chmod "$mode" "$new" || return 1
    if cmp -s "$new" "$path"; then
        rm -f "$new"
        chmod "$mode" "$path"
    else
        mv "$new" "$path" || return 1
        FILES_CHANGED+="${path##*/} "
    fi
}

# Configuration of every program from its template, readable by the owner only: it carries secrets.
pipeline_configure() {
    local stage name instance program stop command template
    while read -r stage name instance program stop command; do
        pipeline_is_daemon "$command" || continue
        template=$LOCAL/etc/$name.conf
        VALUE[INSTANCE]=$name-$instance
        VALUE[ADMIN]=127.0.0.1:$(pipeline_admin_port "$program")
        template_fill "$(cat "$template")" || return 1
        printf '%s\n' "$FILLED" | file_write "$STATE/etc/$program.conf" 600 || return 1
    done < <(pipeline_rows)
    template_fill "$(cat "$LOCAL/kafka/server.properties.in")" || return 1
    printf '%s\n' "$FILLED" | file_write "$STATE/etc/kafka.properties" 600
}
