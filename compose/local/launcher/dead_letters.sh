# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# ./seatlog dead-letters: what was set aside, and that its consumer handles it after all.

command_dead_letters() {
    local command=${1:-} options=() id='' all=no
    case $command in
    list | show | retry) shift ;;
    '') misuse dead-letters "list, show or retry?" ;;
    *) misuse dead-letters "there is no command $command" ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
        --all) all=yes ;;
        --wait=*) options+=("--wait_s=${1#*=}") ;;
        --wait)
            [ $# -ge 2 ] || misuse dead-letters "$1 wants a value"
            options+=("--wait_s=$2")
            shift
            ;;
        -*) misuse dead-letters "there is no option ${1%%=*}" ;;
        *)
            [ -z "$id" ] || misuse dead-letters "one id at a time, or --all"
            [[ $1 =~ ^[0-9]+-[0-9]+$ ]] || misuse dead-letters "an id is two numbers, such as 2-17, not $1"
            id=$1
            ;;
        esac
        shift
    done
    case $command in
    list) [ -z "$id" ] || misuse dead-letters "list takes no id: ./seatlog dead-letters show $id" ;;
    show) [ -n "$id" ] && [ $all = no ] || misuse dead-letters "which one? ./seatlog dead-letters list has their ids" ;;
    retry) [[ -n $id && $all = no || -z $id && $all = yes ]] || misuse dead-letters "one id, or --all" ;;
    esac
    need_up
    exec env SEATLOG_POSTGRES_URL="${VALUE[POSTGRES_URL]}" "$BIN/seatlog-dead-letters" "$command" ${id:+"$id"} \
        "--all=$all" "--kafka.bootstrap.servers=${VALUE[KAFKA]}" ${options[@]+"${options[@]}"}
}
