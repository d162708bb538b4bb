/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, transactions that can be undone, and the clock of whatever ships and asks for one. */
#include "tests/sim/session.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "tests/sim/tables.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pg *sim_session_pg(struct sim_session *session) { return (struct pg *)(void *)session; }

struct sim_session *sim_session_of(struct pg *pg) { return (struct sim_session *)(void *)pg; }

struct sim_world *sim_session_world(struct pg *pg) { return sim_session_of(pg)->world; }

/* The defaults of a daemon's options, read once. */
static const struct config *config_of(enum sim_daemon daemon, const struct config_option *options) {
    static struct config *configs[SIM_DAEMON_COUNT];
    if (configs[daemon] == NULL) {
        char name[] = "sim";
        char *arguments[] = {name, NULL};
        struct error error = {0};
        configs[daemon] = config_load(daemon_options, options, 1, arguments, &error);
        if (configs[daemon] == NULL) {
            die("the options of %s: %s", sim_daemon_name(daemon), error.message);
        }
    }
    return configs[daemon];
}

void sim_daemon_init(struct daemon *daemon, const struct sim_world *world, int32_t process,
                     const struct config_option *options) {
    const struct sim_process *of = &world->processes[process];
    *daemon = (struct daemon){
        .name = sim_daemon_name(of->daemon),
        .config = config_of(of->daemon, options),
    };
    snprintf(daemon->instance, sizeof daemon->instance, "%s", sim_process_name(of));
}

/* --- the clock, and what is logged: the linker puts these in the place of the runtime's --- */

int64_t __wrap_clock_now_ms(void);
int64_t __wrap_clock_monotonic_ms(void);

int64_t __wrap_clock_now_ms(void) {
    const struct sim_world *world = sim_world_running();
    return world != NULL ? world->now_ms : SIM_EPOCH_MS;
}

int64_t __wrap_clock_monotonic_ms(void) { return __wrap_clock_now_ms(); }

void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields);
void __real_log_write(enum log_level level, const char *message, const struct log_field *fields);

static void log_tell(struct sim_world *world, const char *message, const struct log_field *fields) {
    struct buffer line = {0};
    buffer_append_text(&line, message);
    for (const struct log_field *field = fields; field->name != NULL; field++) {
        buffer_append_format(&line, " %s=", field->name);
        switch (field->type) {
        case LOG_FIELD_TEXT:
            buffer_append_text(&line, field->value.text);
            break;
        case LOG_FIELD_INTEGER:
            buffer_append_format(&line, "%lld", (long long)field->value.integer);
            break;
        case LOG_FIELD_UUID:
            buffer_append_text(&line, sim_short(world, field->value.uuid));
            break;
        case LOG_FIELD_SPAN:
            buffer_append(&line, field->value.span.data, field->value.span.size);
            break;
        }
    }
    sim_trace(world, "somebody logs: %s", line.data);
    buffer_deinit(&line);
}

void __wrap_log_write(enum log_level level, const char *message, const struct log_field *fields) {
    struct sim_world *world = sim_world_running();
    bool dying = level == LOG_LEVEL_ERROR && fields[0].name == NULL; /* die() says why */
    if (world == NULL || dying) {
        __real_log_write(level, message, fields);
    } else if (level >= LOG_LEVEL_INFO && world->options.traced) {
        log_tell(world, message, fields);
    }
}

/* --- transactions --- */

/* What memory was before a change; the bytes follow. */
struct sim_change {
    struct sim_change *previous;
    void *memory;
    size_t size;
    uint8_t before[];
};

void sim_tables_begin(struct sim_world *world) {
    struct sim_tables *tables = world->tables;
    assert(!tables->transaction);
    assert(tables->changes == NULL);
    tables->transaction = true;
}

static void changes_free(struct sim_tables *tables, bool undo) {
    while (tables->changes != NULL) {
        struct sim_change *change = tables->changes;
        if (undo) {
            memcpy(change->memory, change->before, change->size);
        }
        tables->changes = change->previous;
        free(change);
    }
    tables->transaction = false;
}

void sim_tables_commit(struct sim_world *world) {
    assert(world->tables->transaction);
    changes_free(world->tables, false);
}

void sim_tables_rollback(struct sim_world *world) { changes_free(world->tables, true); }

void sim_tables_change(struct sim_world *world, void *memory, size_t size) {
    struct sim_tables *tables = world->tables;
    if (!tables->transaction) {
        return;
    }
    struct sim_change *change = allocate(sizeof *change + size);
    change->previous = tables->changes;
    change->memory = memory;
    change->size = size;
    memcpy(change->before, memory, size);
    tables->changes = change;
}
