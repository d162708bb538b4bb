# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# The demo catalogue: loaded once, remembered in the state; --shows N later adds what is missing to N.
# Show ids are made of the day of the first load and the show's number, so that a load that was cut short
# can be done again: what was there is noted, what was not is created.

CATALOGUE_DAYS=90         # how far ahead shows are
CATALOGUE_STALE_DAYS=60   # after so long a new one is loaded beside it
CATALOGUE_INDEXED_S=300   # how long the search may take to know all

# How many of the shows just sent the search knows.
catalogue_indexed() {
    local found
    found=$(sql -At <<END
CREATE TEMPORARY TABLE sent (show_id uuid);
\\copy sent from '$STATE/catalogue.ids'
SELECT count(*) FROM sent JOIN catalog.show USING (show_id);
END
    ) || return 1
    echo "in the search: $found of $1"
    [ "$found" -ge "$1" ]
}

catalogue_up() {
    local owner day today loaded shows until
    STEP_HINT="Try ./seatlog up again; what was loaded is kept. Logs: ./seatlog logs reservation indexer"
    today=$(date -u +%F)
    day=$(state_get CATALOGUE_DAY)
    loaded=$(state_get CATALOGUE_SHOWS)
    loaded=${loaded:-0}
    shows=${SHOWS:-$loaded}
    if [ -z "$day" ]; then
        day=$today shows=${SHOWS:-$SHOWS_DEFAULT}
    elif [ $((($(date -u -d "$today" +%s) - $(date -u -d "$day" +%s)) / 86400)) -ge "$CATALOGUE_STALE_DAYS" ]; then
        day=$today loaded=0
    fi
    if [ "$shows" -le "$loaded" ]; then
        STEP_NOTE="$loaded shows, there"
        return 0
    fi
    state_set CATALOGUE_DAY "$day"
    owner=$(account_id organizer) && [ -n "$owner" ] || return 1
    "$BIN/seatlog-catalogue" "--kafka.bootstrap.servers=${VALUE[KAFKA]}" "--data_folder=$ROOT/tools/catalogue/data" \
        "--owner_id=$owner" "--first_day=$day" "--days=$CATALOGUE_DAYS" \
        "--first_show=$loaded" "--shows=$shows" >"$STATE/catalogue.ids" || return 1
    until=$((SECONDS + CATALOGUE_INDEXED_S))
    until catalogue_indexed "$(wc -l <"$STATE/catalogue.ids")"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.3
    done
    sql -c "ANALYZE catalog.show" || return 1
    state_set CATALOGUE_SHOWS "$shows"
    STEP_NOTE="$shows shows over the $CATALOGUE_DAYS days from $day"
}
