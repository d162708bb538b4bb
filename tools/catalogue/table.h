/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_CATALOGUE_TABLE_H
#define SEATLOG_TOOLS_CATALOGUE_TABLE_H

#include "codec/value.h"

#include <stddef.h>

/*
 * A CSV file (RFC 4180, UTF-8) in memory. The first line names the columns and is no row of the
 * table. Every row has as many fields as there are columns.
 */
struct catalogue_table {
    char *octets;        /* the file; fields point into it */
    struct text *fields; /* row by row */
    size_t row_count;
    size_t column_count;
};

/* Reads path. Says on standard error what is wrong with it and exits if it cannot be used. The
 * caller frees with catalogue_table_deinit. */
void catalogue_table_read(struct catalogue_table *table, const char *path, size_t column_count);
void catalogue_table_deinit(struct catalogue_table *table);

/* A field; row and column are within the table. */
struct text catalogue_table_field(const struct catalogue_table *table, size_t row, size_t column);

#endif
