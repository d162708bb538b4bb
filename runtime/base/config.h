/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_CONFIG_H
#define SEATLOG_RUNTIME_BASE_CONFIG_H

#include "runtime/base/error.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Configuration is one typed table a daemon. A value comes from, later ones win: the default in the
 * table; the file of --config FILE (lines `key = value`, # starts a comment line); the environment
 * (SEATLOG_ and the key in upper case, dots as underscores); a flag --key=value or --key value.
 *
 * Keys that begin with `kafka.` are not in the table: what follows the dot is handed to every
 * librdkafka client as it is, which refuses what it does not know. Every other unknown key is an
 * error.
 */
enum config_type {
    CONFIG_TEXT,
    CONFIG_SECRET, /* as text; never printed */
    CONFIG_INTEGER,
    CONFIG_BOOLEAN /* true, false, yes, no, on, off, 1, 0 */
};

struct config_option {
    const char *name; /* lower case, units last: hold_ttl_ms; NULL ends a table */
    enum config_type type;
    const char *default_value; /* NULL: must be given */
    int64_t minimum;           /* CONFIG_INTEGER: inclusive range, both 0 for any */
    int64_t maximum;
    const char *description; /* one line; --help and the daemon's README are made from it */
};

struct config;

/*
 * Reads all sources for the two tables together (either may be NULL). Returns NULL and fills *error
 * (DIE) with a sentence that names the key, its source and what would be right. The caller frees.
 */
struct config *config_load(const struct config_option *common, const struct config_option *own,
                           int argc, char **argv, struct error *error);
void config_free(struct config *config);

/* The value of an option of the tables. Asking for another name or type is a programmer's error. */
const char *config_text(const struct config *config, const char *name);
int64_t config_integer(const struct config *config, const char *name);
bool config_boolean(const struct config *config, const char *name);

/* Calls visit for every kafka.* property, without the prefix. */
void config_kafka_visit(const struct config *config,
                        void (*visit)(void *context, const char *property, const char *value),
                        void *context);

/* The tables as a Markdown table (for READMEs, --help=markdown) or as text (--help). */
char *config_describe(const struct config_option *common, const struct config_option *own,
                      bool markdown);

#endif
