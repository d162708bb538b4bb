/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_LATEST_H
#define SEATLOG_RESERVATION_DAEMON_LATEST_H

#include "codec/value.h"
#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * The last value of each key of a compacted topic, whose older values may not be compacted away
 * yet. Keys and values are copied.
 */
struct reservation_latest;

struct reservation_latest *reservation_latest_new(void);
void reservation_latest_free(struct reservation_latest *latest); /* NULL is fine */

/* A value of no bytes takes the key away, as a tombstone does. */
void reservation_latest_put(struct reservation_latest *latest, struct octets key,
                            struct octets value);

/* data is NULL where there is none. */
struct octets reservation_latest_get(const struct reservation_latest *latest, struct octets key);

/* Visits all, in no particular order, until one visit returns false, which it returns then. */
typedef bool reservation_latest_visitor(void *context, struct octets key, struct octets value,
                                        struct error *error);
bool reservation_latest_visit(const struct reservation_latest *latest,
                              reservation_latest_visitor *visitor, void *context,
                              struct error *error);

#endif
