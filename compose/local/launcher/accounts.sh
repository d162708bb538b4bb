# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# The demo accounts: a buyer, an organizer and an operator, with passwords of this installation.

# account_make NAME ROLES: signs NAME@example.com up as anybody would, unless there is one, and gives the roles.
account_make() {
    local name=$1 roles=$2 username="$1@example.com" password
    password=$(secret_get "DEMO_${name^^}")
    if [ "$(sql -At -c "SELECT count(*) FROM account.person WHERE username = '$username'")" = 0 ]; then
        printf '{"username":"%s","password":"%s","location":"Chico"}' "$username" "$password" |
            curl -sS -m 30 --fail-with-body -H 'Content-Type: application/json' --data-binary @- \
                "${VALUE[URL]}/signup" || return 1
    fi
    # Roles are an administrator's to give, so there is no call for it.
    sql -c "UPDATE account.person SET roles = '$roles' WHERE username = '$username' AND roles <> '$roles'"
}

account_id() { sql -At -c "SELECT user_id FROM account.person WHERE username = '$1@example.com'"; }

accounts_up() {
    STEP_HINT="Does the API answer? Its log: ./seatlog logs ingest-api"
    account_make buyer '{buyer}' && account_make organizer '{buyer,organizer}' &&
        account_make operator '{buyer,operator}' || return 1
    STEP_NOTE="buyer, organizer, operator"
}
