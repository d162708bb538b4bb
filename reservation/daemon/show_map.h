/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DAEMON_SHOW_MAP_H
#define SEATLOG_RESERVATION_DAEMON_SHOW_MAP_H

#include <stddef.h>
#include <stdint.h>

struct reservation_show;

/* A number for shows of one core, by handle: what an adapter must know and the pure core does not.
 */
struct reservation_show_map;

struct reservation_show_map *reservation_show_map_new(void);
void reservation_show_map_free(struct reservation_show_map *map); /* NULL is fine */

void reservation_show_map_set(struct reservation_show_map *map, const struct reservation_show *show,
                              int64_t value);

/* -1 where none was set. */
int64_t reservation_show_map_get(const struct reservation_show_map *map,
                                 const struct reservation_show *show);

#endif
