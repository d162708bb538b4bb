/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/support/postgresql.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POSTGRES "/usr/lib/postgresql/15/bin/postgres"
#define PYTHON "/usr/bin/python3"
#define INITDB SEATLOG_SOURCE_DIRECTORY "/tests/unit/support/initdb.py"
#define START_TRIES 600
#define TRY_MS 50

struct postgresql {
    char folder[64];
    char data[128];
    char log[128];
    char url[256];
    pid_t process;
};

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fputc('\n', stderr);                                                                       \
        abort();                                                                                   \
    } while (0)

static struct passwd *server_user(void) {
    struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid());
    if (user == NULL) {
        FAIL("PostgreSQL refuses to run as root and there is no user postgres");
    }
    return user;
}

/* In the child: becomes the server's user and the program, its output in the log, and dies with us.
 */
static void program_become(const struct postgresql *server, char *const *arguments) {
    struct passwd *user = server_user();
    if (geteuid() == 0 && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log >= 0) {
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
    }
    /* A server's processes are no part of what a sanitizer looks at, nor of its environment. */
    unsetenv("LD_PRELOAD");
    if (chdir("/") == 0) {
        execvp(arguments[0], arguments);
    }
    _exit(127);
}

static void log_print(const struct postgresql *server) {
    FILE *log = fopen(server->log, "r");
    char line[512];
    while (log != NULL && fgets(line, sizeof line, log) != NULL) {
        fputs(line, stderr);
    }
    if (log != NULL) {
        fclose(log);
    }
}

/* By the launcher's own bring-up, which says what went wrong. */
static void cluster_make(const struct postgresql *server, const char *superuser) {
    pid_t child = fork();
    if (child == 0) {
        unsetenv("LD_PRELOAD");
        execl(PYTHON, PYTHON, "-B", INITDB, server->data, superuser, NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
        FAIL("%s failed", INITDB);
    }
}

void postgresql_start(struct postgresql *server) {
    char sockets[128];
    snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", server->folder);
    char *arguments[] = {POSTGRES, "-D", server->data, "-c", "listen_addresses=",      "-c",
                         sockets,  "-c", "fsync=off",  "-c", "deadlock_timeout=100ms", NULL};
    fflush(NULL);
    server->process = fork();
    if (server->process == 0) {
        program_become(server, arguments);
    }
    for (int i = 0; i < START_TRIES; i++) {
        if (PQping(server->url) == PQPING_OK) {
            return;
        }
        if (waitpid(server->process, NULL, WNOHANG) != 0) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
    }
    log_print(server);
    FAIL("PostgreSQL did not start");
}

struct postgresql *postgresql_new(void) {
    struct postgresql *server = calloc(1, sizeof *server);
    snprintf(server->folder, sizeof server->folder, "/tmp/seatlog-postgresql-XXXXXX");
    struct passwd *user = server_user();
    if (mkdtemp(server->folder) == NULL ||
        (geteuid() == 0 && chown(server->folder, user->pw_uid, user->pw_gid) != 0)) {
        FAIL("no temporary folder: %s", strerror(errno));
    }
    snprintf(server->data, sizeof server->data, "%s/data", server->folder);
    snprintf(server->log, sizeof server->log, "%s/log", server->folder);
    snprintf(server->url, sizeof server->url, "postgresql:///postgres?host=%s&user=%s",
             server->folder, user->pw_name);
    fflush(NULL);
    cluster_make(server, user->pw_name);
    postgresql_start(server);
    return server;
}

void postgresql_stop(struct postgresql *server, int signal_number) {
    if (server->process > 0) {
        kill(server->process, signal_number);
        waitpid(server->process, NULL, 0);
        server->process = 0;
    }
}

/* The postmaster and its children, which are all that have it as their parent. */
static void signal_all(struct postgresql *server, int signal_number) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", server->process, server->process);
    FILE *file = fopen(path, "r");
    size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    text[size] = '\0';
    kill(server->process, signal_number);
    char *rest = text;
    for (long child = strtol(rest, &rest, 10); child > 0; child = strtol(rest, &rest, 10)) {
        kill((pid_t)child, signal_number);
    }
}

void postgresql_freeze(struct postgresql *server) { signal_all(server, SIGSTOP); }

void postgresql_thaw(struct postgresql *server) { signal_all(server, SIGCONT); }

const char *postgresql_url(const struct postgresql *server) { return server->url; }

static PGresult *run(const struct postgresql *server, PGconn **connection, const char *sql) {
    *connection = PQconnectdb(server->url);
    PGresult *result = PQexec(*connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        FAIL("%s: %s", sql, PQerrorMessage(*connection));
    }
    return result;
}

void postgresql_run(const struct postgresql *server, const char *sql) {
    PGconn *connection = NULL;
    PQclear(run(server, &connection, sql));
    PQfinish(connection);
}

long long postgresql_integer(const struct postgresql *server, const char *sql) {
    PGconn *connection = NULL;
    PGresult *result = run(server, &connection, sql);
    if (PQntuples(result) < 1) {
        FAIL("no row: %s", sql);
    }
    long long value = atoll(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(connection);
    return value;
}

void postgresql_run_file(const struct postgresql *server, const char *path) {
    char full[512];
    snprintf(full, sizeof full, "%s/%s", SEATLOG_SOURCE_DIRECTORY, path);
    FILE *file = fopen(full, "r");
    if (file == NULL) {
        FAIL("%s: %s", full, strerror(errno));
    }
    char *text = NULL;
    size_t capacity = 0;
    if (getdelim(&text, &capacity, '\0', file) < 0) {
        FAIL("%s is empty", full);
    }
    fclose(file);
    postgresql_run(server, text);
    free(text);
}

void postgresql_free(struct postgresql *server) {
    if (server == NULL) {
        return;
    }
    postgresql_stop(server, SIGINT);
    char command[128];
    snprintf(command, sizeof command, "rm -rf -- '%s'", server->folder);
    if (system(command) != 0) {
        FAIL("%s", command);
    }
    free(server);
}
