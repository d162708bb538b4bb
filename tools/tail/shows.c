/* SPDX-License-Identifier: Apache-2.0 */
/* ShowCreated events by show, as they were on the log. */
#include "tools/tail/shows.h"

#include "runtime/base/error.h"
#include "runtime/base/table.h"

#include <stdlib.h>
#include <string.h>

struct show {
    struct uuid id;
    size_t wire_size;
    uint8_t wire[];
};

struct tail_shows {
    struct uuid_table table;
};

struct tail_shows *tail_shows_new(void) { return allocate_zeroed(1, sizeof(struct tail_shows)); }

void tail_shows_free(struct tail_shows *shows) {
    if (shows != NULL) {
        uuid_table_clear(&shows->table, free);
        free(shows);
    }
}

void tail_shows_put(struct tail_shows *shows, const struct uuid *show_id, struct octets wire) {
    if (uuid_table_find(&shows->table, show_id) != NULL) {
        return; /* a show is created once */
    }
    struct show *show = allocate(sizeof *show + wire.size);
    show->id = *show_id;
    show->wire_size = wire.size;
    memcpy(show->wire, wire.data, wire.size);
    uuid_table_add(&shows->table, show);
}

bool tail_shows_get(const struct tail_shows *shows, struct codec *codec, struct arena *arena,
                    const struct uuid *show_id, struct event_show_created *out) {
    struct event event;
    struct text reason;
    const struct show *show = uuid_table_find(&shows->table, show_id);
    if (show == NULL ||
        !codec_event_decode(codec, arena, (struct octets){show->wire, show->wire_size}, &event,
                            &reason) ||
        event.kind != EVENT_SHOW_CREATED) {
        return false;
    }
    *out = event.as.show_created;
    return true;
}
