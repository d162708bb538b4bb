/* SPDX-License-Identifier: Apache-2.0 */
/* ticketgen: its hooks as they ship, within the modelled loop. */
#include "runtime/base/error.h"
#include "runtime/base/uuid.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/loop.h"
#include "tests/sim/session.h"
#include "tests/sim/tickets.h"
#include "ticketgen/daemon/handler.h"
#include "ticketgen/page/pdf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct printer {
    struct sim_loop loop;
    struct daemon daemon;
    struct sim_session session;
    struct ticketgen ticketgen;
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

/* --- what its hooks call: the loop, and the page --- */

/* To the hooks the loop is a struct transaction. */
static struct transaction *transaction_of(struct sim_loop *loop) {
    return (struct transaction *)(void *)loop;
}

/* The linker puts it in the place of the runtime's. */
void __wrap_transaction_produce(struct transaction *transaction, int32_t source,
                                const struct transaction_output *output);

void __wrap_transaction_produce(struct transaction *transaction, int32_t source,
                                const struct transaction_output *output) {
    struct sim_loop *loop = (struct sim_loop *)(void *)transaction;
    struct octets key = output->key;
    int64_t offset;
    assert(strcmp(output->topic, TOPIC_TICKETS) == 0);
    assert(output->partition == RD_KAFKA_PARTITION_UA && output->offset == NULL);
    sim_loop_produce(loop, source, SIM_TICKETS,
                     kafka_partition_of(key.data, key.size, loop->world->broker.partition_count),
                     key, output->value, &offset);
    rd_kafka_headers_destroy(output->headers);
}

/* NOLINTBEGIN(readability-non-const-parameter): as ticketgen/page/pdf.h has it */
bool ticket_pdf_render(const struct ticket_tickets_issued *issued, size_t first, size_t count,
                       const char *issuer, struct buffer *out, size_t *missing,
                       struct error *error) {
    /* NOLINTEND(readability-non-const-parameter) */
    char order_id[UUID_TEXT_SIZE];
    (void)missing;
    (void)error;
    buffer_append_format(out, "%%PDF of %s, order %s, %zu tickets from %zu on", issuer,
                         uuid_format(&issued->order_id, order_id), count, first);
    return true;
}

/* --- hooks --- */

static bool printer_handle(struct sim_loop *loop, int32_t partition, int64_t offset,
                           const struct sim_entry *entry) {
    struct printer *printer = loop->daemon;
    const struct transaction_record record = {
        .partition = partition,
        .offset = offset,
        .timestamp_ms = entry->timestamp_ms,
        .key = entry->key,
        .value = entry->value,
    };
    struct error error = {0};
    if (ticketgen_transaction.handle(&printer->daemon, transaction_of(loop), &record, &error)) {
        return true;
    }
    if (error.action != ERROR_RETRY) { /* no event of ours is one to set aside */
        sim_violated(loop->world, 5, "ticketgen would %s: %s", error_action_name(error.action),
                     error.message);
    }
    return false;
}

static void printer_turn(struct sim_loop *loop) {
    struct printer *printer = loop->daemon;
    ticketgen_transaction.turn(&printer->daemon, transaction_of(loop));
}

static const struct sim_loop_spec printer_spec = {
    .input = SIM_EVENTS,
    .handle = printer_handle,
    .turn = printer_turn,
};

/* --- life --- */

static void *printer_start(struct sim_world *world, int32_t process) {
    struct printer *printer = allocate_zeroed(1, sizeof *printer);
    struct ticketgen *ticketgen = &printer->ticketgen;
    assert(ticketgen_transaction.committed == NULL && ticketgen_transaction.aborted == NULL);
    assert(ticketgen_transaction.rebuild == NULL && ticketgen_transaction.before_commit == NULL);
    sim_daemon_init(&printer->daemon, world, process, NULL);
    ticketgen_init(ticketgen, &printer->daemon);
    printer->session = (struct sim_session){.world = world, .process = process};
    ticketgen->pg = sim_session_pg(&printer->session);
    ticketgen->issuer = "Seatlog";
    sim_ticket_key(&ticketgen->key);
    printer->daemon.state = ticketgen;
    sim_loop_start(&printer->loop, world, process, &printer_spec, printer);
    return printer;
}

static void printer_step(struct sim_world *world, int32_t process) {
    struct printer *printer = world->processes[process].state;
    sim_loop_step(&printer->loop);
}

static void printer_stop(struct sim_world *world, int32_t process) {
    struct printer *printer = world->processes[process].state;
    ticketgen_deinit(&printer->ticketgen);
    free(printer);
}

static bool printer_rests(struct sim_world *world, int32_t process) {
    struct printer *printer = world->processes[process].state;
    return sim_loop_rests(&printer->loop);
}

const struct sim_daemon_model sim_ticketgen_model = {
    .start = printer_start,
    .step = printer_step,
    .stop = printer_stop,
    .rests = printer_rests,
};
