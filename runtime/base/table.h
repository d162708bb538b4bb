/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_BASE_TABLE_H
#define SEATLOG_RUNTIME_BASE_TABLE_H

#include "codec/value.h"

#include <stddef.h>

/*
 * A hash table of pointers to structs whose first member is a struct uuid, the key.
 * Zero-initialise. Open addressing with linear probing; entries[0..capacity) may be walked, NULL
 * where there is none, but not while it is changed.
 */
struct uuid_table {
    void **entries;
    size_t capacity; /* 0 or a power of two */
    size_t count;
};

void *uuid_table_find(const struct uuid_table *table, const struct uuid *key);

/* The key must not be in the table yet. */
void uuid_table_add(struct uuid_table *table, void *entry);

/* Returns the entry, for the caller to free, or NULL. */
void *uuid_table_remove(struct uuid_table *table, const struct uuid *key);

/* Frees every entry and the table, which may be used again. */
void uuid_table_clear(struct uuid_table *table, void (*entry_free)(void *entry));

#endif
