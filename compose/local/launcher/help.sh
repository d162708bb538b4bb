# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# What each command says of itself, and which options it takes: an option that is not in a command's help is
# unknown to it. Help is printed before anything is looked at, made or installed.

usage() {
    cat <<'END'
usage: ./seatlog COMMAND [--help]

  up [--yes] [--shows N] [--port N] install, build, start, load a catalogue
  down                              stop everything; nothing is lost
  restart [DAEMON…]                 take changed settings; all daemons, or these
  status                            a table: daemon, state, lag; what is wrong
  logs [DAEMON…]                    what the daemons say
  tail [--from-start] [--show ID]   the event log as prose, one line an event
  demo                              sign up, search, reserve, pay, get tickets
  order ID|ADDRESS [cancel|resend]  an order: read it, cancel it, mail it again
  ticket [TOKEN]                    whether a ticket is good, and not refunded
  dead-letters list|show|retry      what was set aside; handle it after all
  replay verify|show|…              the auditor's tool: decide again and compare
  sim [--seeds N]                   the cores in a simulated world that breaks
  chaos [--faults N] [--seed S]     real processes, killed while people buy
  test [SUITE]                      style, unit, sim, e2e, api, fuzz; closes
                                    with `N passed, N failed`
  bench [core|pipeline|recovery]    speed, beside PostgreSQL; after a kill
  env                               addresses and demo accounts, for eval

./seatlog COMMAND --help says more. A ticket is checked without any of this,
with the public keys alone: build/release/bin/seatlog-ticket-verify
Exit status: 0 done, 1 it went wrong, 2 it was not understood, 3 it is not up.
END
}

help_up() {
    cat <<END
usage: ./seatlog up [--yes] [--shows N] [--port N] [--infrastructure]
  --yes, -y  install missing Debian packages without asking
  --shows N  shows of the demo catalogue, 0 to $SHOWS_MAX
             ($SHOWS_DEFAULT at first; later runs only add)
  --port N   port of the HTTP API on 127.0.0.1 (8080, or the next free one)
  --infrastructure
             only what the daemons stand on: PostgreSQL, Kafka with its topics,
             mail catcher, payment simulator

Settings of your own are lines in overrides/NAME.conf of the state folder, which
up never writes: ./seatlog restart --help
END
}

help_down() {
    cat <<'END'
usage: ./seatlog down
Stops everything. Nothing is lost; ./seatlog up starts it again.
END
}

help_restart() {
    cat <<END
usage: ./seatlog restart [NAME…]
Restarts all daemons, or the programs named, and waits until they are ready.
Names: $(pipeline_programs | paste -sd ' ' | fmt -w 72 | sed '2,$s/^/       /')

Settings are changed in files that ./seatlog up never writes, one for each
program, with lines KEY = VALUE that win over what up sets:
  $STATE/overrides/NAME.conf
(kafka.properties for kafka, postgres.conf for postgres). Every file is checked
before anything is stopped: a key that does not exist is named. The keys of a
daemon: build/release/bin/seatlog-NAME --help
END
}

help_status() {
    cat <<'END'
usage: ./seatlog status
Asks every program, PostgreSQL and Kafka how they are, all at once and for some
seconds at most, and says what waits: mails, payments, dead letters.
Exit status: 0 all is well; 1 something is wrong (it says what); 3 it is down.
END
}

help_logs() {
    cat <<END
usage: ./seatlog logs [NAME…]
The last lines of all logs, or the whole log of the programs named; on a
terminal it goes on until Ctrl-C. Names:
$({ pipeline_programs; echo supervisord; } | paste -sd ' ' | fmt -w 76 | sed 's/^/  /')
END
}

help_tail() {
    cat <<'END'
usage: ./seatlog tail [--from-start] [--lines N] [--show ID] [--no-follow]
                      [--width N]
  --from-start  the whole log, not the last lines only
  --lines N     how many of the last lines (20)
  --show ID     the events of this show only
  --no-follow   ends where the log ends
  --width N     wraps between words at N columns. Without it: at the terminal's
                width; elsewhere an event is one line, for grep
END
}

help_demo() {
    cat <<'END'
usage: ./seatlog demo [--query TITLE] [--city CITY]
Does the main job as anybody would, through HTTP: signs up, searches (Ghost in
Chico), reserves two seats, pays, gets the mail, checks the tickets.
END
}

help_ticket() {
    cat <<'END'
usage: ./seatlog ticket [--show UUID] [--at SECONDS] [TOKEN]
Says whether a ticket is good: signed by a key of this Seatlog, within its time,
and not revoked by now, as it is when its order was cancelled or refunded. TOKEN
is the text of the QR code; without one a line of standard input is read. That
it was used before is not recorded: whoever lets people in must remember that.
  --show UUID   it must be for this show
  --at SECONDS  the time it must be good at, since the epoch; now by default
Exit status: 0 good, 1 not a ticket, forged, revoked or for another show,
2 genuine but not now.
END
}

help_order() {
    cat <<'END'
usage: ./seatlog order ID               reads an order, with payments and mail
       ./seatlog order ADDRESS [--page N]   the orders of a buyer, newest first
       ./seatlog order ID cancel [--yes]    cancels it, and pays the money back
       ./seatlog order ID resend        sends its latest mail again
ID is either form: the 43 characters that buyers have, or the UUID that SQL,
logs and topics have.
  --yes              cancels without asking
  --url URL          of another Seatlog's API
  --token-file FILE  with the token or API key of an operator, instead of the
                     demo operator's login
END
}

help_dead_letters() {
    cat <<'END'
usage: ./seatlog dead-letters list [--all]
       ./seatlog dead-letters show ID
       ./seatlog dead-letters retry ID|--all [--wait SECONDS]
A record that a daemon cannot use is set aside, and its partition goes on.
  list     what was set aside and is not settled, newest last; --all: all of it
  show     one of them: what it says, why it was set aside, what a retry would
           do, its bytes
  retry    the daemon that set it aside handles it again, once: afterwards it is
           settled, or set aside again with the reason. Mend the cause first
  --wait SECONDS   how long to wait for what comes of it (30)
ID is two numbers, such as 2-17: where it is in seatlog.dead-letters.
Exit status of retry: 0 settled, 1 not settled.
END
}

help_env() {
    cat <<'END'
usage: eval "$(./seatlog env)"
Prints addresses, folders and the demo accounts of this Seatlog, as lines
export KEY='value' for a shell. It fails before the first ./seatlog up.
END
}

help_replay() {
    cat <<'END'
usage: ./seatlog replay COMMAND [ARGUMENT] [--KEY=VALUE…]   (replay/README.md)
  verify [--projections] [--payments] [--tickets] [--mails] [--seals=FOLDER]
         decide the whole history again and compare, byte for byte
  seal FOLDER --seal_key_file=FILE   sign what the history is up to now
  show EVENT_ID [--at=TIME]          a show's story as prose
  export FOLDER                      the log as files, for auditors
  verify --directory=FOLDER          verify such files: nothing need be up
  import FOLDER --into=ARCHIVE       check an export and add it to an archive
  rebuild                            make the catalog anew from the log
All keys: build/release/bin/seatlog-replay
Exit status: 0 all is well, 1 it is not, 2 it could not be found out.
END
}

help_sim() {
    cat <<'END'
usage: ./seatlog sim [--seeds N] [--first-seed S] [--seed S] [--verbose]
                     [--planted[=BUG]] [--commands N] [--faults MASK]
                     [--faults-max N] [--no-shrink]
  --seeds N        so many runs, from --first-seed on (1)
  --seed S         this one run, exactly as before
  --verbose        what happens, as prose
  --planted        plants bugs, one at a time: each must be found
  --commands N     commands that buyers send in a run
  --faults MASK    kinds of faults (hexadecimal)
  --faults-max N   at most so many faults
  --no-shrink      a failing run is told as it was
END
}

help_chaos() {
    cat <<'END'
usage: ./seatlog chaos [--faults N] [--seed S] [--buyers N] [--pause SECONDS]
                       [--keep]
Kills and pauses real processes over three brokers while people buy, then checks
everything. Installs what its tests need, and builds.
  --faults N   how many faults (30)
  --seed S     which ones (1)
  --buyers N   how many people buy at a time (8)
  --pause S    seconds between a buyer's visits, on average (0.5)
  --keep       keep the folder with all logs
END
}

help_test() {
    cat <<'END'
usage: ./seatlog test [SUITE [ARGUMENT…]]
Installs what the tests need, builds, runs all suites or one, and closes with
`N passed, N failed`. What follows a suite goes to ctest, pytest or the program.
  style  unit  sim  e2e  api  fuzz   these six by default
  asan  tsan  valgrind  chaos        by name only
For example: ./seatlog test e2e tests/e2e/test_race.py
             ./seatlog test fuzz 600
             ./seatlog test api --seed 7 --as buyer
END
}

help_bench() {
    cat <<'END'
usage: ./seatlog bench [core|pipeline|recovery [--kills N]]
  core       the decider alone, in memory
  pipeline   Kafka and the daemons, beside PostgreSQL doing the same
  recovery   how soon there is an answer after kill -9
All three without a name. They install what they need, and build.
END
}

# help_of COMMAND: its help on standard output.
help_of() {
    local name=${1//-/_}
    if declare -F "help_$name" >/dev/null; then
        "help_$name"
    else
        usage
    fi
}

# Says what was not understood and what would be; ends with 2.
misuse() {
    local name=$1
    shift
    printf 'seatlog %s: %s\n\n' "$name" "$*" >&2
    help_of "$name" >&2
    exit 2
}

help_wanted() {
    local word
    for word in "$@"; do
        case $word in
        -h | --help) return 0 ;;
        --) return 1 ;;
        esac
    done
    return 1
}

# options_check COMMAND ARGUMENT…: whatever looks like an option must be one of its help.
options_check() {
    local name=$1 word text
    shift
    text=$(help_of "$name")
    for word in "$@"; do
        case $word in
        --) return 0 ;;
        -*)
            grep -qE -- "(^|[^a-z-])${word%%=*}([^a-z-]|$)" <<<"$text" && [[ $word =~ ^--?[a-z] ]] ||
                misuse "$name" "there is no option ${word%%=*}"
            ;;
        esac
    done
}

# arguments_none COMMAND ARGUMENT…: for those that take no words at all.
arguments_none() {
    [ $# -le 1 ] || misuse "$1" "it takes no argument: $2"
}
