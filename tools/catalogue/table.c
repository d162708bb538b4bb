/* SPDX-License-Identifier: Apache-2.0 */
/* A CSV file in memory. */
#include "tools/catalogue/table.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die("%s: %s", path, strerror(errno));
    }
    long end = ftell(file);
    char *octets = allocate((size_t)end + 1);
    rewind(file);
    *size = fread(octets, 1, (size_t)end, file);
    octets[*size] = '\0';
    fclose(file);
    return octets;
}

/* Reads the field that begins at *cursor, undoing quotes in place, and moves *cursor to what ends
 * it: a comma, a line end or the end. */
static struct text field_read(char **cursor) {
    char *from = *cursor;
    struct text field;
    if (*from != '"') {
        size_t size = strcspn(from, ",\r\n");
        *cursor = from + size;
        return (struct text){from, size};
    }
    char *to = from;
    field.data = from;
    for (from++; *from != '\0'; from++) {
        if (*from == '"') {
            if (from[1] != '"') {
                from++;
                break;
            }
            from++;
        }
        *to++ = *from;
    }
    field.size = (size_t)(to - field.data);
    *cursor = from;
    return field;
}

static size_t lines_count(const char *octets) {
    size_t count = 1;
    for (; *octets != '\0'; octets++) {
        count += *octets == '\n';
    }
    return count;
}

void catalogue_table_read(struct catalogue_table *table, const char *path, size_t column_count) {
    size_t size = 0;
    size_t column = 0;
    size_t count = 0;
    table->octets = file_read(path, &size);
    table->column_count = column_count;
    table->fields = allocate_zeroed(lines_count(table->octets) * column_count, sizeof(struct text));
    char *cursor = table->octets;
    while (*cursor != '\0') {
        struct text field = field_read(&cursor);
        char ended_by = *cursor;
        if (column >= column_count) {
            die("%s: record %zu has more than %zu fields", path, count + 1, column_count);
        }
        table->fields[count * column_count + column++] = field;
        cursor += ended_by == '\r' && cursor[1] == '\n' ? 2 : ended_by != '\0';
        if (ended_by != ',') {
            if (column != column_count) {
                die("%s: record %zu has %zu fields, %zu are wanted", path, count + 1, column,
                    column_count);
            }
            column = 0;
            count++;
        }
    }
    if (count < 2) {
        die("%s: there are no rows in it", path);
    }
    table->row_count = count - 1;
}

void catalogue_table_deinit(struct catalogue_table *table) {
    free(table->octets);
    free(table->fields);
    *table = (struct catalogue_table){0};
}

struct text catalogue_table_field(const struct catalogue_table *table, size_t row, size_t column) {
    assert(row < table->row_count && column < table->column_count);
    return table->fields[(row + 1) * table->column_count + column];
}
