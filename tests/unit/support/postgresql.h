/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_UNIT_SUPPORT_POSTGRESQL_H
#define SEATLOG_TESTS_UNIT_SUPPORT_POSTGRESQL_H

#include <signal.h>

/*
 * A PostgreSQL of a test's own: a new cluster in a temporary folder, reached over a socket in it,
 * with no port to clash. It ends with the test, however that ends. As root it runs as the user
 * postgres. Whatever fails ends the test with a word on standard error.
 */
struct postgresql;

/* Makes the cluster and starts it. */
struct postgresql *postgresql_new(void);

/* Stops the server (SIGQUIT: as if it had crashed; SIGINT: kicks its clients out); and starts it.
 */
void postgresql_stop(struct postgresql *server, int signal_number);
void postgresql_start(struct postgresql *server);

/* Freezes the server's processes, and lets them go on. */
void postgresql_freeze(struct postgresql *server);
void postgresql_thaw(struct postgresql *server);

/* A connection URI, of the superuser. */
const char *postgresql_url(const struct postgresql *server);

/* Runs SQL (any number of statements) on a connection of its own; dies when it fails. */
void postgresql_run(const struct postgresql *server, const char *sql);

/* Runs a file of SQL, its path below the root of the tree. */
void postgresql_run_file(const struct postgresql *server, const char *path);

/* The first field of a query's answer as an integer; for checks. */
long long postgresql_integer(const struct postgresql *server, const char *sql);

/* Stops the server and removes its folder. */
void postgresql_free(struct postgresql *server);

#endif
