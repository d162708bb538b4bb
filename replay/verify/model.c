/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which place, by the events alone: a second opinion. */
#include "replay/verify/model.h"

#include "codec/chain.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_SIZE 128 /* the longest, and then some */
#define INDEX_MAX 1000000

struct live {
    struct uuid reservation_id; /* first: the table's key */
    int64_t expires_at;         /* 0: it is sold or secured */
    int32_t *seats;
    size_t seat_count;
    int32_t section; /* general section, else -1 */
    int32_t quantity;
    uint32_t number; /* within the show, from 1: what owners holds */
    bool sold;
};

struct model_show {
    struct uuid show_id; /* first: the table's key */
    int64_t seq;
    int64_t at;
    struct hash chain;
    uint32_t *owners; /* of each seat, 0 for none */
    size_t seat_count;
    int32_t *general_used;
    int32_t *general_capacity;
    size_t section_count;
    uint32_t numbers; /* handed out */
    struct uuid_table live;
};

struct replay_model {
    struct uuid_table shows;
    /* the rule */
    int64_t claim; /* offset of the term's claim; -1: none yet */
    unsigned long long nonce;
    int64_t cursor;
    unsigned waiting;
    bool deaf;
};

struct replay_model *replay_model_new(void) {
    struct replay_model *model = allocate_zeroed(1, sizeof *model);
    model->claim = -1;
    return model;
}

static void live_free(void *entry) {
    struct live *live = entry;
    free(live->seats);
    free(live);
}

static void show_empty(struct model_show *show) {
    uuid_table_clear(&show->live, live_free);
    free(show->owners);
    free(show->general_used);
    free(show->general_capacity);
    show->owners = NULL;
    show->general_used = NULL;
    show->general_capacity = NULL;
    show->seat_count = 0;
    show->section_count = 0;
}

static void show_free(void *entry) {
    show_empty(entry);
    free(entry);
}

void replay_model_free(struct replay_model *model) {
    if (model != NULL) {
        uuid_table_clear(&model->shows, show_free);
        free(model);
    }
}

static void show_open(struct model_show *show, const struct show_details *details) {
    show->section_count = details->sections.count;
    show->general_used = allocate_zeroed(show->section_count + 1, sizeof(int32_t));
    show->general_capacity = allocate_zeroed(show->section_count + 1, sizeof(int32_t));
    for (size_t i = 0; i < details->sections.count; i++) {
        const struct section *section = &details->sections.items[i];
        show->general_capacity[i] = section->capacity;
        for (size_t row = 0; row < section->rows.count; row++) {
            show->seat_count += section->rows.items[row].seats.count;
        }
    }
    show->owners = allocate_zeroed(show->seat_count + 1, sizeof(uint32_t));
}

static struct live *live_find(struct model_show *show, const struct uuid *reservation_id) {
    return uuid_table_find(&show->live, reservation_id);
}

/* Gives the seats to a new live reservation; false names the first that somebody has. */
static void places_give(struct model_show *show, struct live *live, struct buffer *finding) {
    for (size_t i = 0; i < live->seat_count; i++) {
        int32_t seat = live->seats[i];
        if (seat < 0 || (size_t)seat >= show->seat_count) {
            buffer_append_format(finding, "seat %d does not exist. ", (int)seat);
        } else if (show->owners[seat] != 0) {
            buffer_append_format(
                finding, "seat %d is given away while another reservation has it. ", (int)seat);
        } else {
            show->owners[seat] = live->number;
        }
    }
    if (live->section >= 0 && (size_t)live->section < show->section_count) {
        show->general_used[live->section] += live->quantity;
        if (show->general_used[live->section] > show->general_capacity[live->section]) {
            buffer_append_format(finding, "section %d has %d places and %d are given away. ",
                                 (int)live->section, (int)show->general_capacity[live->section],
                                 (int)show->general_used[live->section]);
        }
    }
}

static void places_take_back(struct model_show *show, const struct live *live) {
    for (size_t i = 0; i < live->seat_count; i++) {
        int32_t seat = live->seats[i];
        if (seat >= 0 && (size_t)seat < show->seat_count && show->owners[seat] == live->number) {
            show->owners[seat] = 0;
        }
    }
    if (live->section >= 0 && (size_t)live->section < show->section_count) {
        show->general_used[live->section] -= live->quantity;
    }
}

static void live_begin(struct model_show *show, const struct uuid *reservation_id,
                       struct integers seats, int32_t section, int32_t quantity, int64_t expires_at,
                       struct buffer *finding) {
    if (live_find(show, reservation_id) != NULL) {
        buffer_append_format(finding,
                             "the reservation has places already and is given some again. ");
        return;
    }
    struct live *live = allocate_zeroed(1, sizeof *live);
    live->reservation_id = *reservation_id;
    live->expires_at = expires_at;
    live->seats = allocate((seats.count + 1) * sizeof *live->seats);
    if (seats.count > 0) {
        memcpy(live->seats, seats.items, seats.count * sizeof *live->seats);
    }
    live->seat_count = seats.count;
    live->section = section;
    live->quantity = quantity;
    live->number = ++show->numbers;
    uuid_table_add(&show->live, live);
    places_give(show, live, finding);
}

static void live_end(struct model_show *show, const struct uuid *reservation_id, const char *how,
                     struct buffer *finding) {
    struct live *live = uuid_table_remove(&show->live, reservation_id);
    if (live == NULL) {
        buffer_append_format(finding, "places are %s that the reservation does not have. ", how);
        return;
    }
    places_take_back(show, live);
    live_free(live);
}

static void reserved_take(struct model_show *show, const struct event_reserved *reserved,
                          struct buffer *finding) {
    int32_t section = reserved->selection == SELECTION_GENERAL ? reserved->section : -1;
    if (section < 0 && reserved->seats.count != (size_t)reserved->quantity) {
        buffer_append_format(finding, "%zu seats for %d places. ", reserved->seats.count,
                             (int)reserved->quantity);
    }
    live_begin(show, &reserved->reservation_id, reserved->seats, section, reserved->quantity,
               reserved->expires_at, finding);
}

static void expired_take(struct model_show *show, const struct event_holds_expired *expired,
                         struct buffer *finding) {
    for (size_t i = 0; i < expired->holds.count; i++) {
        const struct uuid *id = &expired->holds.items[i].reservation_id;
        const struct live *live = live_find(show, id);
        if (live != NULL && (live->expires_at == 0 || live->expires_at > expired->head.at)) {
            buffer_append_format(finding, "a hold is ended %lld ms before its time. ",
                                 (long long)(live->expires_at - expired->head.at));
        }
        live_end(show, id, "given back", finding);
    }
}

static void released_take(struct model_show *show, const struct event_released *released,
                          struct buffer *finding) {
    if (released->seats.count == 0 && released->quantity == 0) {
        return; /* the buyer lets go of what has run out already */
    }
    live_end(show, &released->reservation_id, "released", finding);
}

static void secured_take(struct model_show *show, const struct event_secured *secured,
                         struct buffer *finding) {
    if (secured->reseated) {
        live_begin(show, &secured->reservation_id, secured->seats, secured->section,
                   secured->quantity, 0, finding);
        return;
    }
    struct live *live = live_find(show, &secured->reservation_id);
    if (live == NULL) {
        buffer_append_format(finding, "places are secured that the reservation does not have. ");
        return;
    }
    live->expires_at = 0;
}

static void sold_take(struct model_show *show, const struct event_sold *sold,
                      struct buffer *finding) {
    struct live *live = live_find(show, &sold->reservation_id);
    if (live == NULL) {
        buffer_append_format(finding, "places are sold that the reservation does not have. ");
        return;
    }
    if (sold->places.count != (size_t)live->quantity) {
        buffer_append_format(finding, "%zu places are sold of %d. ", sold->places.count,
                             (int)live->quantity);
    }
    for (size_t i = 0; i < sold->places.count; i++) {
        int32_t seat = sold->places.items[i].seat;
        if (seat >= 0 && ((size_t)seat >= show->seat_count || show->owners[seat] != live->number)) {
            buffer_append_format(finding, "seat %d is sold to somebody who does not have it. ",
                                 (int)seat);
        }
    }
    if (live->sold) {
        buffer_append_format(finding, "the reservation is sold a second time. ");
    }
    live->expires_at = 0;
    live->sold = true;
}

static void places_take(struct model_show *show, const struct event *event,
                        struct buffer *finding) {
    struct live *live;
    switch (event->kind) {
    case EVENT_RESERVED:
        reserved_take(show, &event->as.reserved, finding);
        break;
    case EVENT_HOLDS_EXPIRED:
        expired_take(show, &event->as.holds_expired, finding);
        break;
    case EVENT_RELEASED:
        released_take(show, &event->as.released, finding);
        break;
    case EVENT_PAYMENT_REQUESTED:
        live = live_find(show, &event->as.payment_requested.reservation_id);
        if (live == NULL) {
            buffer_append_format(finding, "payment is asked for without places. ");
            return;
        }
        live->expires_at = event->as.payment_requested.expires_at;
        break;
    case EVENT_SECURED:
        secured_take(show, &event->as.secured, finding);
        break;
    case EVENT_SOLD:
        sold_take(show, &event->as.sold, finding);
        break;
    case EVENT_CAPTURE_FAILED:
        live_end(show, &event->as.capture_failed.reservation_id, "given back", finding);
        break;
    case EVENT_ORDER_CANCELLED:
        live_end(show, &event->as.order_cancelled.reservation_id, "returned", finding);
        break;
    case EVENT_SHOW_CLOSED:
        show_empty(show);
        break;
    default:
        break;
    }
}

static struct model_show *show_of(struct replay_model *model, const struct event *event,
                                  struct buffer *finding) {
    struct model_show *show = uuid_table_find(&model->shows, &event->as.head.show_id);
    if (show != NULL) {
        return show;
    }
    show = allocate_zeroed(1, sizeof *show);
    show->show_id = event->as.head.show_id;
    uuid_table_add(&model->shows, show);
    if (event->kind != EVENT_SHOW_CREATED) {
        buffer_append_format(finding, "the show begins with something else than its creation. ");
        return show;
    }
    show_open(show, &event->as.show_created.show);
    return show;
}

bool replay_model_take(struct replay_model *model, const struct event *event, struct octets value,
                       struct buffer *finding) {
    const struct event_head *head = &event->as.head;
    size_t before = finding->size;
    if (head->seq == 0) {
        return true;
    }
    struct model_show *show = show_of(model, event, finding);
    if (head->seq != show->seq + 1) {
        buffer_append_format(finding, "seq %lld follows %lld. ", (long long)head->seq,
                             (long long)show->seq);
    }
    if (head->at < show->at) {
        buffer_append_format(finding, "the show's clock goes back by %lld ms. ",
                             (long long)(show->at - head->at));
    }
    if (!event_chain_verify(value, &show->chain, NULL)) {
        buffer_append_format(finding, "the hash chain does not hold. ");
    }
    show->seq = head->seq;
    show->at = head->at;
    show->chain = head->hash;
    places_take(show, event, finding);
    return finding->size == before;
}

/* What a header says; what is said again must be the same to the byte, or it is no label. */
struct said {
    long long claim;
    unsigned long long nonce;
    long long prev;
    long long next;
    unsigned index;
    unsigned last;
};

static bool is_claim(const char *text, struct said *said) {
    char again[LABEL_SIZE];
    if (sscanf(text, "claim %llx", &said->nonce) != 1) {
        return false;
    }
    snprintf(again, sizeof again, "claim %016llx", said->nonce);
    return strcmp(text, again) == 0;
}

static bool is_event(const char *text, struct said *said) {
    char again[LABEL_SIZE];
    if (sscanf(text, "%lld-%llx %lld %lld %u %u", &said->claim, &said->nonce, &said->prev,
               &said->next, &said->index, &said->last) != 6) {
        return false;
    }
    snprintf(again, sizeof again, "%lld-%016llx %lld %lld %u %u", said->claim, said->nonce,
             said->prev, said->next, said->index, said->last);
    return strcmp(text, again) == 0 && said->claim >= 0 && said->prev >= 0 &&
           said->next > said->prev && said->last <= 1 && said->index <= INDEX_MAX;
}

enum replay_judgement replay_model_judge(struct replay_model *model, int64_t offset,
                                         struct octets label, int64_t command_offset) {
    char text[LABEL_SIZE] = "";
    struct said said;
    if (label.size > 0 && label.size < sizeof text) {
        memcpy(text, label.data, label.size);
    }
    if (strlen(text) == label.size && is_claim(text, &said)) {
        model->claim = offset;
        model->nonce = said.nonce;
        model->waiting = 0;
        model->deaf = false;
        return REPLAY_CLAIMS;
    }
    if (label.data == NULL && model->claim < 0) {
        model->cursor = command_offset >= model->cursor ? command_offset + 1 : model->cursor;
        return REPLAY_COUNTS;
    }
    if (strlen(text) != label.size || !is_event(text, &said) || said.claim != model->claim ||
        said.nonce != model->nonce || model->deaf) {
        return REPLAY_COUNTS_NOT;
    }
    if (said.prev == model->cursor && said.index == model->waiting) {
        model->cursor = said.last == 1 ? said.next : model->cursor;
        model->waiting = said.last == 1 ? 0 : model->waiting + 1;
        return said.last == 1 ? REPLAY_COUNTS : REPLAY_WAITS;
    }
    model->deaf =
        said.prev > model->cursor || (said.prev == model->cursor && said.index > model->waiting);
    return REPLAY_COUNTS_NOT;
}

uint64_t replay_model_overdue(struct replay_model *model, int64_t now_ms, int64_t grace_ms,
                              struct buffer *finding) {
    uint64_t overdue = 0;
    for (size_t i = 0; i < model->shows.capacity; i++) {
        struct model_show *show = model->shows.entries[i];
        for (size_t j = 0; show != NULL && j < show->live.capacity; j++) {
            const struct live *live = show->live.entries[j];
            if (live == NULL || live->expires_at == 0 || live->expires_at + grace_ms >= now_ms) {
                continue;
            }
            char show_text[UUID_TEXT_SIZE];
            char text[UUID_TEXT_SIZE];
            if (overdue++ == 0) {
                buffer_append_format(finding,
                                     "show %s: the hold %s should have ended %lld ms ago. ",
                                     uuid_format(&show->show_id, show_text),
                                     uuid_format(&live->reservation_id, text),
                                     (long long)(now_ms - live->expires_at));
            }
        }
    }
    return overdue;
}

void replay_model_count(const struct replay_model *model, struct replay_model_counts *out) {
    *out = (struct replay_model_counts){.shows = model->shows.count};
    for (size_t i = 0; i < model->shows.capacity; i++) {
        const struct model_show *show = model->shows.entries[i];
        for (size_t j = 0; show != NULL && j < show->live.capacity; j++) {
            const struct live *live = show->live.entries[j];
            if (live != NULL) {
                out->live_reservations++;
                *(live->sold ? &out->places_sold : &out->places_held) += (uint64_t)live->quantity;
            }
        }
    }
}
