# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2015,SC2034,SC2153
# PostgreSQL, Kafka, the mail catcher: made once, then started.

POSTGRES_BIN=/usr/lib/postgresql/15/bin

java_find() {
    local java
    for java in /usr/lib/jvm/java-17-openjdk-*/bin/java; do
        if [ -x "$java" ]; then
            printf '%s' "$java"
            return 0
        fi
    done
    command -v java
}

# As the user PostgreSQL runs as: postgres where we are root, else ourselves.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        (cd / && exec "$@")
    fi
}

postgres_make() {
    local data=$POSTGRES/data password_file=$POSTGRES/password
    mkdir -p "$POSTGRES" "$RUN/postgres" || return 1
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres: "$POSTGRES" "$RUN/postgres" || return 1
        chmod a+x "$STATE"
        if ! as_postgres test -w "$POSTGRES" || ! as_postgres test -w "$RUN/postgres"; then
            STEP_HINT="PostgreSQL refuses to run as root, and the user postgres cannot reach $POSTGRES.
Choose a folder that others may enter: SEATLOG_STATE=/var/lib/seatlog/other ./seatlog up"
            return 1
        fi
    fi
    chmod 755 "$RUN/postgres"
    if [ ! -e "$data/PG_VERSION" ]; then
        (umask 077 && secret_get POSTGRES_SUPERUSER >"$password_file") || return 1
        [ "$(id -u)" -ne 0 ] || chown postgres: "$password_file"
        as_postgres env LC_ALL=C.UTF-8 "$POSTGRES_BIN/initdb" -D "$data.new" -U postgres --pwfile="$password_file" \
            --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-instructions || return 1
        rm -f "$password_file"
        # In place only once it is whole: an interrupted initdb is begun anew.
        as_postgres mv "$data.new" "$data" || return 1
    fi
    # PostgreSQL cannot read etc/; its own folder has a copy.
    file_write "$data/seatlog.conf" 644 <"$STATE/etc/postgres.conf" || return 1
    grep -q '^include .seatlog.conf' "$data/postgresql.conf" ||
        printf "include 'seatlog.conf'\n" >>"$data/postgresql.conf"
}

kafka_make() {
    local data=$STATE/kafka cluster
    [ -e "$data/meta.properties" ] && return 0
    rm -rf "$data"
    # Kafka takes an id that begins with a dash for an option.
    cluster=$(head -c 16 /dev/urandom | base64 -w 0 | tr '+/' '-_' | cut -c 1-22 | sed 's/^-/A/')
    "${VALUE[JAVA]}" -Xmx256m -Dlog4j2.configurationFile="$LOCAL/kafka/log4j2.properties" \
        -cp "$KAFKA_LIBRARIES/*" kafka.tools.StorageTool format -t "$cluster" -c "$STATE/etc/kafka.properties"
}

# As the superuser, over the private socket.
sql_superuser() {
    PGPASSWORD=$(secret_get POSTGRES_SUPERUSER) psql -X -q -v ON_ERROR_STOP=1 \
        -h "$RUN/postgres" -p "$(state_get PORT_POSTGRES)" -U postgres "$@"
}

# As the owner of the database, which is what the daemons are. Passwords stay out of command lines, which
# everybody on the machine can read.
sql_url() { printf 'postgresql://seatlog@127.0.0.1:%s/seatlog' "$(state_get PORT_POSTGRES)"; }
sql() { PGPASSWORD=$(secret_get POSTGRES) psql -X -q -v ON_ERROR_STOP=1 "$(sql_url)" "$@"; }

postgres_database() {
    local password
    password=$(secret_get POSTGRES)
    sql_superuser -d postgres <<END || return 1
SET client_min_messages = warning;
SELECT 'CREATE ROLE seatlog LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'seatlog') \gexec
ALTER ROLE seatlog PASSWORD '$password' $([ "$INFRASTRUCTURE" = yes ] && echo CREATEDB || echo NOCREATEDB);
SELECT 'CREATE DATABASE seatlog OWNER seatlog' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'seatlog') \gexec
END
}

postgres_ready() { pg_isready -q -h 127.0.0.1 -p "$(state_get PORT_POSTGRES)"; }
mail_ready() { port_taken "$(state_get PORT_SMTP)"; }

# A postmaster that was killed holds its lock until it is gone from the process table: by then it has no command line.
postgres_dead_await() {
    local pid round
    pid=$(head -n 1 "$POSTGRES/data/postmaster.pid" 2>/dev/null) || return 0
    for ((round = 0; round < 100; round++)); do
        [ -d "/proc/$pid" ] && [ -z "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ] || return 0
        sleep 0.1
    done
}

postgres_up() {
    postgres_make && postgres_dead_await && programs_start postgres && program_await postgres 60 postgres_ready &&
        postgres_database || return 1
    STEP_NOTE="15, private, 127.0.0.1:$(state_get PORT_POSTGRES)"
}

kafka_up() {
    STEP_HINT="Its log: ./seatlog logs kafka"
    kafka_make && programs_start kafka && program_await kafka 90 port_taken "$(state_get PORT_KAFKA)" || return 1
    STEP_HINT="What the topics are is fixed for the life of a log; see the line above"
    "$BIN/seatlog-topics" "--kafka.bootstrap.servers=${VALUE[KAFKA]}" --wait_s=60 || return 1
    STEP_NOTE="$(kafka_version), 127.0.0.1:$(state_get PORT_KAFKA)"
}

others_up() {
    local program
    # shellcheck disable=SC2046
    programs_start $(pipeline_programs infra) && program_await mail-catcher 20 mail_ready || return 1
    for program in $(pipeline_rows infra | awk '$6 !~ /^[@\/]/ { print $4 }'); do
        program_await "$program" 20 daemon_ready "$program" || return 1
    done
    STEP_NOTE="mail catcher, payment simulator"
}

MIGRATED='' # names of the migrations that this up has applied
migrations_up() {
    local before
    STEP_HINT="See schemas/sql, and what the line above says of it"
    before=$(sql -At -c "SELECT name FROM public.migration ORDER BY name" 2>/dev/null)
    PGPASSWORD=$(secret_get POSTGRES) "$ROOT/schemas/sql/migrate" "$(sql_url)" || return 1
    if [ -n "$before" ]; then
        MIGRATED=$(sql -At -c "SELECT name FROM public.migration ORDER BY name" | grep -vxF "$before" | paste -sd ' ')
    fi
    STEP_NOTE=$(sql -At -c "SELECT count(*) || ' applied, the last ' || max(name) FROM public.migration")
}
