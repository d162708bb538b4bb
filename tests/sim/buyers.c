/* SPDX-License-Identifier: Apache-2.0 */
/* Organizers and buyers: what they send, and what ingest-api tells them. */
#include "tests/sim/buyers.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWS_MIN 1
#define SHOWS_MAX 4
#define TAIL_EVENTS_MAX 30
#define SEATS_ASKED_MAX 5
#define DRAWS_MAX 4

static uint32_t draw(struct sim_world *world, uint32_t bound) {
    return sim_random_below(&world->buying, bound);
}

/* --- sending --- */

static void record_send(struct sim_world *world, int32_t partition, struct octets key,
                        struct octets value) {
    if (sim_fault(world, SIM_FAULT_DELAY, 40)) {
        sim_append_later(world, partition, key, value, sim_random_between(&world->chance, 5, 8000));
    } else if (sim_append(world, SIM_COMMANDS, partition, key, value, NULL) == SIM_RETRY) {
        /* No answer: was it persisted? Whoever sent it sends it again. */
        sim_append_later(world, partition, key, value, sim_random_between(&world->chance, 5, 3000));
    }
    if (sim_fault(world, SIM_FAULT_REPEAT, 60)) {
        sim_append_later(world, partition, key, value,
                         sim_random_between(&world->chance, 1, 60000));
    }
}

static int32_t partition_of(const struct sim_world *world, struct octets key) {
    return kafka_partition_of(key.data, key.size, world->broker.partition_count);
}

static struct sim_sent *command_send(struct sim_world *world, struct command *command) {
    struct sim_buyers *buyers = world->buyers;
    command->as.head.command_id = sim_random_uuid(&world->buying);
    struct octets key = sim_show_key(world, &command->as.head.show_id);
    struct octets value = codec_command_encode(world->codec, command);
    struct sim_sent *sent = SIM_VECTOR_ADD(world, buyers->sent, struct sim_sent);
    sent->key = sim_octets_keep(world, key);
    sent->value = sim_octets_keep(world, value);
    sim_trace(world, "somebody sends %s of show %s", command_kind_name(command->kind),
              sim_short(world, &command->as.head.show_id));
    record_send(world, partition_of(world, key), sent->key, sent->value);
    world->commands++;
    return sent;
}

/* --- organizers --- */

static void show_create(struct sim_world *world) {
    struct sim_show_plan *plan = SIM_VECTOR_ADD(world, world->buyers->shows, struct sim_show_plan);
    sim_plan_draw(world, plan);
    struct command command = {.kind = COMMAND_CREATE_SHOW,
                              .as.create_show = {.head.show_id = plan->show_id,
                                                 .owner_id = plan->owner_id,
                                                 .show = plan->details}};
    command_send(world, &command);
}

static const struct sim_show_plan *show_draw(struct sim_world *world, size_t *index) {
    struct sim_buyers *buyers = world->buyers;
    *index = draw(world, (uint32_t)buyers->shows.count);
    return buyers->shows.items[*index];
}

static void show_create_again(struct sim_world *world) {
    size_t index;
    const struct sim_show_plan *plan = show_draw(world, &index);
    struct command command = {.kind = COMMAND_CREATE_SHOW,
                              .as.create_show = {.head.show_id = plan->show_id,
                                                 .owner_id = plan->owner_id,
                                                 .show = plan->details}};
    if (draw(world, 2) == 0) {
        command.as.create_show.show.hold_ttl_ms += 60000;
    }
    command_send(world, &command);
}

static void show_cancel(struct sim_world *world) {
    size_t index;
    const struct sim_show_plan *plan = show_draw(world, &index);
    bool stranger = draw(world, 2) == 0;
    struct command command = {
        .kind = COMMAND_CANCEL_SHOW,
        .as.cancel_show = {.head.show_id = plan->show_id,
                           .requested_by = stranger ? world->buyers->buyers[0] : plan->owner_id,
                           .by_operator = !stranger && draw(world, 4) == 0,
                           .reason = TEXT_LITERAL("The roof has come down.")}};
    command_send(world, &command);
}

/* --- buyers --- */

static void seats_choose(struct sim_world *world, const struct sim_show_plan *plan,
                         struct command_reserve *reserve) {
    size_t count = 1 + draw(world, SEATS_ASKED_MAX);
    int32_t *seats = arena_allocate_array(&world->memory, count, sizeof *seats);
    int32_t first = (int32_t)draw(world, (uint32_t)plan->seat_count);
    for (size_t i = 0; i < count; i++) {
        seats[i] = draw(world, 4) == 0 ? (int32_t)draw(world, (uint32_t)plan->seat_count + 1)
                                       : first + (int32_t)i;
    }
    reserve->seats = (struct integers){seats, count};
    reserve->section = -1;
    reserve->category = -1;
}

static void wish_draw(struct sim_world *world, const struct sim_show_plan *plan,
                      struct command_reserve *reserve) {
    uint32_t section_count = (uint32_t)plan->details.sections.count;
    switch (draw(world, 5)) {
    case 0:
    case 1:
        reserve->selection = SELECTION_NAMED;
        seats_choose(world, plan, reserve);
        return;
    case 2:
    case 3:
        reserve->selection = SELECTION_BEST_AVAILABLE;
        reserve->section = draw(world, 3) == 0 ? (int32_t)draw(world, section_count) : -1;
        reserve->category = draw(world, 3) == 0 ? (int32_t)draw(world, 3) : -1;
        reserve->quantity = 1 + (int32_t)draw(world, 4);
        return;
    default:
        reserve->selection = SELECTION_GENERAL;
        reserve->section = draw(world, 4) == 0 ? (int32_t)draw(world, section_count + 1)
                                               : (section_count > 1 ? 1 : 0);
        reserve->category = -1;
        reserve->quantity = (int32_t)draw(world, 6);
        return;
    }
}

static void reserve(struct sim_world *world) {
    struct sim_buyers *buyers = world->buyers;
    size_t show;
    const struct sim_show_plan *plan = show_draw(world, &show);
    struct sim_booking *booking = SIM_VECTOR_ADD(world, buyers->bookings, struct sim_booking);
    booking->show = show;
    booking->buyer_id = buyers->buyers[draw(world, SIM_BUYERS)];
    char key[16];
    snprintf(key, sizeof key, "key-%zu", buyers->bookings.count);
    booking->reservation_id = reservation_id_derive(&plan->show_id, &booking->buyer_id, key);
    struct command command = {.kind = COMMAND_RESERVE,
                              .as.reserve = {.head.show_id = plan->show_id,
                                             .reservation_id = booking->reservation_id,
                                             .buyer_id = booking->buyer_id}};
    wish_draw(world, plan, &command.as.reserve);
    command.as.reserve.keyed = draw(world, 3) != 0;
    booking->reserve = command_send(world, &command)->value;
}

/* Mostly one of the latest, and one that was made. */
static struct sim_booking *booking_draw(struct sim_world *world) {
    struct sim_buyers *buyers = world->buyers;
    uint32_t count = (uint32_t)buyers->bookings.count;
    if (count == 0) {
        return NULL;
    }
    struct sim_booking *booking = NULL;
    for (int i = 0; i < DRAWS_MAX && (booking == NULL || !booking->made); i++) {
        uint32_t back =
            draw(world, 3) == 0 ? draw(world, count) : draw(world, count < 12 ? count : 12);
        booking = buyers->bookings.items[count - 1 - back];
    }
    return booking;
}

/* The reservation's own buyer, or now and then somebody else. */
static struct uuid claimant(struct sim_world *world, const struct sim_booking *booking) {
    return draw(world, 12) == 0 ? world->buyers->buyers[draw(world, SIM_BUYERS)]
                                : booking->buyer_id;
}

static void reserve_again(struct sim_world *world) {
    const struct sim_booking *booking = booking_draw(world);
    struct command command;
    struct text reason;
    if (booking == NULL ||
        !codec_command_decode(world->codec, &world->scratch, booking->reserve, &command, &reason)) {
        return;
    }
    if (draw(world, 3) == 0) {
        command.as.reserve.quantity++;
        command.as.reserve.selection = SELECTION_BEST_AVAILABLE;
    }
    command_send(world, &command);
}

/* Another reservation by a wish that was sent before: a second click, or a page that was reloaded.
 */
static void reserve_anew(struct sim_world *world) {
    const struct sim_booking *first = booking_draw(world);
    struct command command;
    struct text reason;
    if (first == NULL ||
        !codec_command_decode(world->codec, &world->scratch, first->reserve, &command, &reason)) {
        return;
    }
    struct sim_buyers *buyers = world->buyers;
    struct sim_booking *booking = SIM_VECTOR_ADD(world, buyers->bookings, struct sim_booking);
    booking->show = first->show;
    booking->buyer_id = first->buyer_id;
    char key[16];
    snprintf(key, sizeof key, "key-%zu", buyers->bookings.count);
    booking->reservation_id =
        reservation_id_derive(&buyers->shows.items[first->show]->show_id, &booking->buyer_id, key);
    struct command_reserve *reserve = &command.as.reserve;
    reserve->reservation_id = booking->reservation_id;
    reserve->keyed = draw(world, 4) == 0;
    if (reserve->selection == SELECTION_NAMED && reserve->seats.count > 1 && draw(world, 6) == 0) {
        reserve->seats.count--; /* nearly the same seats */
    }
    booking->reserve = command_send(world, &command)->value;
}

static const char *source_of(struct sim_world *world, struct sim_booking *booking) {
    if (booking->source_count > 0 && (booking->source_count == 3 || draw(world, 2) == 0)) {
        return booking->sources[draw(world, (uint32_t)booking->source_count)];
    }
    static const char *const kinds[] = {"ok", "ok",       "ok",      "ok",         "ok",
                                        "ok", "declined", "pending", "pending-no", "lost"};
    char *source = booking->sources[booking->source_count++];
    snprintf(source, sizeof booking->sources[0], "cnon:%s-%u", kinds[draw(world, 10)],
             ++world->buyers->sources);
    return source;
}

static void pay(struct sim_world *world) {
    struct sim_booking *booking = booking_draw(world);
    if (booking == NULL) {
        return;
    }
    const char *source = draw(world, 40) == 0 ? "ccof:stored" : source_of(world, booking);
    struct command command = {
        .kind = COMMAND_PAY,
        .as.pay = {.head.show_id = world->buyers->shows.items[booking->show]->show_id,
                   .reservation_id = booking->reservation_id,
                   .buyer_id = claimant(world, booking),
                   .source_id = {source, strlen(source)}}};
    command_send(world, &command);
}

static void let_go(struct sim_world *world, enum command_kind kind) {
    const struct sim_booking *booking = booking_draw(world);
    if (booking == NULL) {
        return;
    }
    struct command command = {.kind = kind};
    struct command_head head = {.show_id = world->buyers->shows.items[booking->show]->show_id};
    if (kind == COMMAND_RELEASE) {
        command.as.release =
            (struct command_release){head, booking->reservation_id, claimant(world, booking)};
    } else {
        command.as.cancel =
            (struct command_cancel){head, booking->reservation_id, claimant(world, booking)};
    }
    command_send(world, &command);
}

/* A record that should not be there. */
static void garbage_send(struct sim_world *world) {
    const struct sim_buyers *buyers = world->buyers;
    int32_t count = world->broker.partition_count;
    int32_t partition = (int32_t)draw(world, (uint32_t)count);
    uint8_t octets[24];
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)draw(world, 256);
    }
    octets[0] = (uint8_t)draw(world, 2);
    struct octets noise = {octets, sizeof octets};
    if (buyers->sent.count == 0 || draw(world, 3) == 0) {
        sim_append(world, SIM_COMMANDS, partition, noise, noise, NULL);
        return;
    }
    const struct sim_sent *sent = buyers->sent.items[draw(world, (uint32_t)buyers->sent.count)];
    if (draw(world, 2) == 0) {
        sim_append(world, SIM_COMMANDS, (partition_of(world, sent->key) + 1) % count, sent->key,
                   sent->value, NULL); /* another partition than its key's */
    } else {
        sim_append(world, SIM_COMMANDS, partition, sim_show_key(world, &buyers->buyers[1]),
                   sent->value, NULL); /* another key than its show's */
    }
}

void sim_buyers_step(struct sim_world *world) {
    struct sim_buyers *buyers = world->buyers;
    if (sim_fault(world, SIM_FAULT_GARBAGE, 25)) {
        garbage_send(world);
    }
    if (buyers->shows.count < SHOWS_MIN ||
        (buyers->shows.count < SHOWS_MAX && draw(world, 40) == 0)) {
        show_create(world);
        return;
    }
    uint32_t what = draw(world, 1000);
    if (what < 380) {
        reserve(world);
    } else if (what < 720) {
        pay(world);
    } else if (what < 790) {
        let_go(world, COMMAND_RELEASE);
    } else if (what < 880) {
        let_go(world, COMMAND_CANCEL);
    } else if (what < 920) {
        reserve_again(world);
    } else if (what < 980) {
        reserve_anew(world);
    } else if (what < 992) {
        show_create_again(world);
    } else {
        show_cancel(world);
    }
}

/* --- what they are told --- */

static void booking_made(struct sim_buyers *buyers, const struct uuid *reservation_id) {
    for (size_t i = 0; i < buyers->bookings.count; i++) {
        if (uuid_equal(&buyers->bookings.items[i]->reservation_id, reservation_id)) {
            buyers->bookings.items[i]->made = true;
        }
    }
}

static void told_add(struct sim_world *world, int32_t partition, int64_t offset,
                     const struct sim_entry *entry) {
    struct sim_told *told = SIM_VECTOR_ADD(world, world->buyers->told, struct sim_told);
    told->partition = partition;
    told->offset = offset;
    octets_hash(entry->value, &told->hash);
    struct event event;
    if (!sim_event_decode(world, entry->value, &event)) {
        return;
    }
    if (event.kind == EVENT_RESERVED) {
        booking_made(world->buyers, &event.as.reserved.reservation_id);
    } else if (event.kind == EVENT_REFUND_FAILED) {
        struct sim_retry_wish *wish =
            SIM_VECTOR_ADD(world, world->buyers->refunds_failed, struct sim_retry_wish);
        wish->show_id = event.as.head.show_id;
        wish->reservation_id = event.as.refund_failed.reservation_id;
    }
}

bool sim_tail_step(struct sim_world *world) {
    bool any = false;
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        struct sim_follower *tail = &world->buyers->tail[i];
        for (size_t told = 0; told < TAIL_EVENTS_MAX && sim_follower_next(world, tail, false);
             told += tail->count) {
            for (size_t j = 0; j < tail->count; j++) {
                told_add(world, i, tail->offsets[j], sim_follower_entry(world, tail, j));
            }
            any = true;
        }
    }
    return any;
}

bool sim_tail_rests(const struct sim_world *world) {
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        if (!sim_follower_rests(world, &world->buyers->tail[i])) {
            return false;
        }
    }
    return true;
}

bool sim_operator_step(struct sim_world *world) {
    struct sim_buyers *buyers = world->buyers;
    if (buyers->refunds_retried == buyers->refunds_failed.count) {
        return false;
    }
    const struct sim_retry_wish *wish = buyers->refunds_failed.items[buyers->refunds_retried++];
    struct command command = {.kind = COMMAND_RETRY_REFUND,
                              .as.retry_refund = {.head.show_id = wish->show_id,
                                                  .reservation_id = wish->reservation_id,
                                                  .requested_by = buyers->buyers[2]}};
    command_send(world, &command);
    return true;
}

void sim_buyers_init(struct sim_world *world) {
    world->buyers = allocate_zeroed(1, sizeof *world->buyers);
    for (int i = 0; i < SIM_BUYERS; i++) {
        world->buyers->buyers[i] = sim_random_uuid(&world->buying);
    }
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        const struct term_position beginning = term_position_of_beginning();
        sim_follower_init(&world->buyers->tail[i], i, &beginning);
    }
}

void sim_buyers_deinit(struct sim_world *world) {
    struct sim_buyers *buyers = world->buyers;
    if (buyers != NULL) {
        free(buyers->shows.items);
        free(buyers->bookings.items);
        free(buyers->sent.items);
        free(buyers->told.items);
        free(buyers->refunds_failed.items);
        free(buyers);
        world->buyers = NULL;
    }
}
