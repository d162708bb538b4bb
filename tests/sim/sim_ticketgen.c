/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/sim_loop.h"
#include "tests/sim/sim_tables.h"
#include "tests/sim/sim_tickets.h"

#include <stdlib.h>

/*
 * ticketgen: the real core within the loop, as ticketgen.c has it: PostgreSQL first, then record
 * and offset in one Kafka transaction; what is in the store is told again, not made again.
 */
struct ticketgen {
    struct sim_loop loop;
    struct ticket_key key;
};

void sim_ticket_key(struct ticket_key *key) {
    static struct ticket_key derived;
    static bool known;
    if (!known) {
        uint8_t seed[TICKET_SEED_SIZE];
        for (size_t i = 0; i < sizeof seed; i++) {
            seed[i] = (uint8_t)(7 * i + 1);
        }
        ticket_key_derive(seed, &derived);
        known = true;
    }
    *key = derived;
}

static int32_t partition_of(const struct sim_world *world, struct octets key) {
    return kafka_partition_of(key.data, key.size, world->broker.partition_count);
}

static void record_produce(struct sim_loop *loop, int32_t source,
                           const struct ticket_record *record, const struct uuid *show_id) {
    struct octets key = sim_show_key(loop->world, show_id);
    struct octets value = codec_ticket_record_encode(loop->world->codec, record);
    int64_t offset;
    sim_loop_produce(loop, source, SIM_TICKETS, partition_of(loop->world, key), key, value,
                     &offset);
}

static void issue_fill(struct sim_world *world, struct sim_issue *issue, int32_t partition,
                       int64_t offset, const struct ticket_tickets_issued *issued) {
    size_t count = issued->tickets.count;
    *issue = (struct sim_issue){.order_id = issued->order_id,
                                .partition = partition,
                                .offset = offset,
                                .ticket_count = count};
    issue->ticket_ids = arena_allocate_array(&world->memory, count, sizeof *issue->ticket_ids);
    issue->tokens = arena_allocate_array(&world->memory, count, sizeof *issue->tokens);
    for (size_t i = 0; i < count; i++) {
        issue->ticket_ids[i] = issued->tickets.items[i].ticket_id;
        issue->tokens[i] = arena_text_copy(&world->memory, issued->tickets.items[i].token);
    }
}

/* What was once signed is never signed anew. */
static void tokens_take(struct sim_world *world, const struct sim_issue *issue,
                        struct ticket_tickets_issued *issued) {
    struct ticket *tickets =
        arena_allocate_array(&world->scratch, issue->ticket_count, sizeof *tickets);
    for (size_t i = 0; i < issue->ticket_count; i++) {
        tickets[i] = issued->tickets.items[i];
        tickets[i].ticket_id = issue->ticket_ids[i];
        tickets[i].token = issue->tokens[i];
    }
    issued->tickets.items = tickets;
}

static bool sold_handle(struct sim_loop *loop, int32_t partition, int64_t offset,
                        const struct event_sold *sold) {
    struct sim_world *world = loop->world;
    struct ticketgen *ticketgen = loop->daemon;
    struct ticket_record record = {.kind = TICKET_RECORD_TICKETS_ISSUED};
    struct ticket_tickets_issued *issued = &record.as.tickets_issued;
    const char *reason = NULL;
    if (!ticket_core_issue(sold, &ticketgen->key, &world->scratch, issued, &reason)) {
        sim_violated(world, 5, "no tickets can be made of order %s: %s",
                     sim_short(world, &sold->reservation_id), reason);
        return true;
    }
    struct sim_issue *known = sim_issue_find(world->tables, &issued->order_id);
    if (known != NULL && (known->partition != partition || known->offset != offset)) {
        return true; /* told by another record before */
    }
    if (known != NULL) {
        tokens_take(world, known, issued);
    } else {
        issue_fill(world, SIM_VECTOR_ADD(world, world->tables->issues, struct sim_issue), partition,
                   offset, issued);
    }
    sim_trace(world, "ticketgen issues %zu tickets of order %s", issued->tickets.count,
              sim_short(world, &issued->order_id));
    record_produce(loop, partition, &record, &issued->show_id);
    return true;
}

static bool cancelled_handle(struct sim_loop *loop, int32_t partition, int64_t offset,
                             const struct event_order_cancelled *cancelled) {
    struct sim_world *world = loop->world;
    struct ticket_record record = {.kind = TICKET_RECORD_TICKETS_REVOKED};
    ticket_core_revoke(cancelled, &world->scratch, &record.as.tickets_revoked);
    struct sim_issue *known = sim_issue_find(world->tables, &cancelled->reservation_id);
    if (known == NULL || (known->revoked && known->revoked_offset != offset)) {
        return true; /* it never had tickets, or another record has told so */
    }
    known->revoked = true;
    known->revoked_offset = offset;
    sim_trace(world, "ticketgen revokes the tickets of order %s",
              sim_short(world, &cancelled->reservation_id));
    record_produce(loop, partition, &record, &cancelled->head.show_id);
    return true;
}

static bool ticketgen_handle(struct sim_loop *loop, int32_t partition, int64_t offset,
                             const struct sim_entry *entry) {
    struct sim_world *world = loop->world;
    struct event event;
    if (!sim_database_is_up(world)) {
        return false;
    }
    if (!sim_event_decode(world, entry->value, &event)) {
        return true;
    }
    if (event.kind == EVENT_SOLD) {
        return sold_handle(loop, partition, offset, &event.as.sold);
    }
    if (event.kind == EVENT_ORDER_CANCELLED) {
        return cancelled_handle(loop, partition, offset, &event.as.order_cancelled);
    }
    return true;
}

/* --- life
 * ------------------------------------------------------------------------------------------ */

static const struct sim_loop_spec ticketgen_spec = {
    .input = SIM_EVENTS,
    .handle = ticketgen_handle,
};

static void *ticketgen_start(struct sim_world *world, int32_t process) {
    struct ticketgen *ticketgen = allocate_zeroed(1, sizeof *ticketgen);
    sim_ticket_key(&ticketgen->key);
    sim_loop_start(&ticketgen->loop, world, process, &ticketgen_spec, ticketgen);
    return ticketgen;
}

static void ticketgen_step(struct sim_world *world, int32_t process) {
    struct ticketgen *ticketgen = world->processes[process].state;
    sim_loop_step(&ticketgen->loop);
}

static void ticketgen_stop(struct sim_world *world, int32_t process) {
    free(world->processes[process].state);
}

static bool ticketgen_rests(struct sim_world *world, int32_t process) {
    struct ticketgen *ticketgen = world->processes[process].state;
    return sim_loop_rests(&ticketgen->loop);
}

const struct sim_daemon_model sim_ticketgen_model = {
    .start = ticketgen_start,
    .step = ticketgen_step,
    .stop = ticketgen_stop,
    .rests = ticketgen_rests,
};
