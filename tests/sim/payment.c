/* SPDX-License-Identifier: Apache-2.0 */
/* payment: its sink, its lease, its reports and its comparison as they ship, over tables and a provider. */
#include "payment/daemon/payment.h"
#include "payment/core/reconcile.h"
#include "payment/daemon/pg.h"
#include "payment/daemon/report.h"
#include "payment/daemon/sink.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/sink.h"
#include "tests/sim/square.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What payment/daemon/worker.c does for the lease, in steps: an action that the lease asks for is done in
 * the next step of the process and its outcome told in the one after, so that anything may come in between;
 * a call alone begins at once, as its time was just judged. Answers and acknowledgements lie ready until
 * the worker waits.
 */
#define FLIGHTS_MAX 6
#define IDLE_MS 40
#define RECONCILE_INTERVAL_MS 300000
#define RECONCILE_OVERLAP_MS 600000
#define RECONCILE_RETRY_MS 30000

static const struct payment_lease_settings lease_settings = {
    .limits =
        {
            .retry_base_ms = 200,
            .retry_maximum_ms = 60000,
            .buyer_retry_maximum_ms = 5000,
            .settle_ms = 60000,
            .refund_poll_ms = 2000,
            .operator_retry_ms = 3600000,
        },
    .in_flight_max = FLIGHTS_MAX,
    .lease_ms = 60000,
    .timeout_ms = 20000,
    .poll_ms = IDLE_MS,
    .drain_ms = 3000,
};

static const struct payment_square square = {
    .url = SIM_SQUARE_URL,
    .access_token = "token",
    .version = "2026-09-16",
    .location_id = "",
    .delay_duration = "PT24H",
    .timeout_ms = 20000,
};

/* What has come for a flight and is not told to the lease yet. */
struct slot {
    bool answered;
    bool reported;
    struct payment_answer answer;
    enum producer_outcome outcome;
};

/* The log's side of a report. */
struct producer {
    struct sim_world *world;
};

struct payment_worker {
    struct sim_world *world;
    int32_t process;
    struct sim_session session;
    struct producer producer;
    struct payment_lease lease;
    struct payment_flight flights[FLIGHTS_MAX];
    struct slot slots[FLIGHTS_MAX];
    struct payment_lease_effect todo; /* the action that the next step does … */
    bool acted;                       /* … or has done: */
    struct payment_lease_event outcome;
    struct payment_row rows[FLIGHTS_MAX]; /* of a LEASE, until its outcome is told */
    int64_t wait_until_ms;
    bool woken;
};

struct payer {
    struct daemon daemon;
    struct payment payment;
    struct sim_sink sink;
    struct payment_worker worker;
};

/* --- the log: in the place of runtime/kafka/producer.c --- */

bool __wrap_producer_send(struct producer *producer, const struct producer_record *record,
                          producer_reported *reported, void *context, struct error *error);

bool __wrap_producer_send(struct producer *producer, const struct producer_record *record,
                          producer_reported *reported, void *context, struct error *error) {
    struct sim_world *world = producer->world;
    struct producer_report report = {.outcome = PRODUCER_UNKNOWN};
    int32_t partition =
        kafka_partition_of(record->key.data, record->key.size, world->broker.partition_count);
    if (sim_fault(world, SIM_FAULT_LEADER, 10)) {
        return error_set_outside(error, "no broker is reachable");
    }
    if (sim_fault(world, SIM_FAULT_DELAY, 60)) { /* it gives up waiting */
        sim_append_later(world, partition, record->key, record->value,
                         sim_random_between(&world->chance, 10, 10000));
    } else if (sim_append(world, SIM_COMMANDS, partition, record->key, record->value, NULL) ==
               SIM_OK) {
        report.outcome = PRODUCER_PERSISTED;
    }
    reported(context, &report);
    return true;
}

static void on_report(void *context, const struct producer_report *report) {
    struct slot *slot = context;
    assert(!slot->reported);
    slot->reported = true;
    slot->outcome = report->outcome;
}

/* --- the lease's hands --- */

void payment_worker_wake(struct payment_worker *worker) { worker->woken = true; }

static void call_start(struct payment_worker *worker, int32_t flight) {
    struct payment_square_call call;
    struct sim_response response;
    struct slot *slot = &worker->slots[flight];
    const struct payment_row *row = &worker->flights[flight].row;
    assert(!slot->answered);
    payment_square_call_init(&call, &square, row);
    sim_square_call(worker->world, &call.request, &response);
    payment_square_answer(row->work.step, &response.response, &slot->answer);
    slot->answered = true;
    sim_square_response_deinit(&response);
    payment_square_call_deinit(&call);
}

static struct payment_lease_event report_start(struct payment_worker *worker, int32_t flight) {
    struct error error = {0};
    const struct payment_row *row = &worker->flights[flight].row;
    sim_trace(worker->world, "payment reports on reservation %s",
              sim_short(worker->world, &row->reservation_id));
    if (payment_report_send(&worker->producer, worker->world->codec, "payment", row, on_report,
                            &worker->slots[flight], &error)) {
        return (struct payment_lease_event){.kind = PAYMENT_LEASE_TURN};
    }
    return (struct payment_lease_event){
        .kind = PAYMENT_LEASE_REPORTED, .flight = flight, .failure = "it cannot be queued"};
}

static struct payment_lease_event leases_recover(struct payment_worker *worker) {
    struct error error = {0};
    int64_t released;
    bool good = payment_pg_release(sim_session_pg(&worker->session),
                                   sim_process_name(&worker->world->processes[worker->process]),
                                   &released, &error);
    return (struct payment_lease_event){.kind = good ? PAYMENT_LEASE_RECOVERED
                                                     : PAYMENT_LEASE_RECOVER_FAILED};
}

/* A commit whose answer is lost: rows may be leased, and nobody is at them until the lease ends. */
static struct payment_lease_event rows_lease(struct payment_worker *worker,
                                             const struct payment_lease_effect *effect) {
    struct payment_row *rows = worker->rows;
    struct error error = {0};
    int count = payment_pg_lease(sim_session_pg(&worker->session),
                                 sim_process_name(&worker->world->processes[worker->process]),
                                 lease_settings.lease_ms, (int)effect->number, effect->calls,
                                 effect->now_ms, rows, &error);
    if (count > 0 && sim_fault(worker->world, SIM_FAULT_DATABASE, 10)) {
        for (int i = 0; i < count; i++) {
            free(rows[i].source_id);
        }
        count = -1;
    }
    return (struct payment_lease_event){
        .kind = count < 0 ? PAYMENT_LEASE_LEASE_FAILED : PAYMENT_LEASE_LEASED,
        .count = count,
        .rows = rows,
    };
}

static bool flights_write(struct payment_worker *worker, int64_t now_ms) {
    struct error error = {0};
    for (int32_t i = payment_lease_saving(&worker->lease, -1); i >= 0;
         i = payment_lease_saving(&worker->lease, i)) {
        struct payment_flight *flight = &worker->flights[i];
        struct payment_save save = {
            .row = &flight->row,
            .lease_ms = payment_lease_kept_ms(&worker->lease, i),
            .now_ms = now_ms,
        };
        if (!payment_pg_save(sim_session_pg(&worker->session), &save, &flight->owned, &error)) {
            return false;
        }
    }
    return true;
}

/* A commit whose answer is lost is done again. */
static struct payment_lease_event flights_save(struct payment_worker *worker, int64_t now_ms) {
    struct sim_world *world = worker->world;
    sim_tables_begin(world);
    bool written = flights_write(worker, now_ms);
    if (written) {
        sim_tables_commit(world);
    } else {
        sim_tables_rollback(world);
    }
    if (written && sim_fault(world, SIM_FAULT_DATABASE, 20)) {
        sim_trace(world, "payment does not hear that its rows were written");
        written = false;
    }
    return (struct payment_lease_event){.kind = written ? PAYMENT_LEASE_SAVED
                                                        : PAYMENT_LEASE_SAVE_FAILED};
}

static void flight_release(struct payment_worker *worker, int32_t flight) {
    free(worker->flights[flight].row.source_id);
    worker->flights[flight].row.source_id = NULL;
}

/* Does what was asked for; returns its outcome, or that the next turn has come. */
static struct payment_lease_event todo_do(struct payment_worker *worker) {
    const struct payment_lease_effect *todo = &worker->todo;
    int64_t counts[PAYMENT_KIND_COUNT], oldest_s;
    switch (todo->kind) {
    case PAYMENT_LEASE_RECOVER:
        return leases_recover(worker);
    case PAYMENT_LEASE_LEASE:
        return rows_lease(worker, todo);
    case PAYMENT_LEASE_SAVE:
        return flights_save(worker, todo->now_ms);
    case PAYMENT_LEASE_REPORT:
        return report_start(worker, todo->flight);
    case PAYMENT_LEASE_RELEASE:
        flight_release(worker, todo->flight);
        break;
    case PAYMENT_LEASE_COUNT:
        payment_pg_open(sim_session_pg(&worker->session), counts, &oldest_s, NULL);
        break;
    case PAYMENT_LEASE_END:
        sim_trace(worker->world, "payment ends with %d under way", (int)todo->number);
        worker->world->processes[worker->process].exits = true;
        break;
    case PAYMENT_LEASE_DIE:
        sim_violated(worker->world, 4, "payment dies: %s", todo->text);
        break;
    default:
        break; /* a wait that is over, a call that has begun */
    }
    return (struct payment_lease_event){.kind = PAYMENT_LEASE_TURN};
}

/* To be done in the next step; but a call begins at once. */
static void action_take(struct payment_worker *worker, const struct payment_lease_effect *effect) {
    worker->todo = *effect;
    if (effect->kind == PAYMENT_LEASE_CALL) {
        call_start(worker, effect->flight);
    } else if (effect->kind == PAYMENT_LEASE_WAIT) {
        worker->wait_until_ms = worker->world->now_ms + effect->number;
    }
}

/* One event, and what it leads to. */
static void event_tell(struct payment_worker *worker, struct payment_lease_event event) {
    struct sim_world *world = worker->world;
    struct payment_lease_effects effects;
    event.now_ms = world->now_ms;
    event.monotonic_ms = world->now_ms;
    event.random = (uint32_t)sim_random_next(&world->schedule);
    payment_lease_step(&worker->lease, &event, &effects);
    for (int32_t i = 0; i < effects.count; i++) {
        const struct payment_lease_effect *effect = &effects.items[i];
        if (effect->kind == PAYMENT_LEASE_TELL_ALARM) {
            sim_trace(world, "payment raises an alarm: %s", effect->text);
        } else if (effect->kind == PAYMENT_LEASE_TELL_LATE) {
            sim_trace(world, "payment has slept, and does not call");
        } else if (effect->kind >= PAYMENT_LEASE_RECOVER) {
            action_take(worker, effect);
        }
    }
}

/* Tells some of what has come while the worker waits; true: something has. */
static bool happenings_tell(struct payment_worker *worker) {
    bool told = false;
    for (int32_t i = 0; i < FLIGHTS_MAX; i++) {
        struct slot *slot = &worker->slots[i];
        if (!(slot->answered || slot->reported) ||
            sim_random_chance(&worker->world->schedule, 300)) {
            continue;
        }
        bool acknowledged = slot->outcome == PRODUCER_PERSISTED;
        struct payment_lease_event event = {
            .kind = slot->answered ? PAYMENT_LEASE_ANSWERED : PAYMENT_LEASE_REPORTED,
            .flight = i,
            .answer = &slot->answer,
            .acknowledged = acknowledged,
            .failure = slot->reported && !acknowledged ? "it was not acknowledged" : "",
        };
        slot->answered = false;
        slot->reported = false;
        event_tell(worker, event);
        told = true;
    }
    if (worker->woken) {
        worker->woken = false;
        event_tell(worker, (struct payment_lease_event){.kind = PAYMENT_LEASE_WOKEN});
        told = true;
    }
    return told;
}

/* A long sleep hurts most between leasing and calling: the hold may end meanwhile. */
static void sleep_maybe(struct payment_worker *worker) {
    struct sim_world *world = worker->world;
    struct sim_process *process = &world->processes[worker->process];
    if (worker->outcome.kind == PAYMENT_LEASE_LEASED && worker->outcome.count > 0 &&
        sim_fault(world, SIM_FAULT_PAUSE, 30)) {
        sim_trace(world, "FAULT: %s sleeps while it leases", sim_process_name(process));
        process->paused_since_ms = world->now_ms;
        process->resumes_ms = world->now_ms + sim_random_between(&world->chance, 20000, 300000);
    }
}

/* true: there was something to do. */
static bool worker_step(struct payment_worker *worker) {
    if (worker->acted) {
        worker->acted = false;
        worker->todo.kind = PAYMENT_LEASE_CALL; /* as good as begun: nothing is to be done */
        event_tell(worker, worker->outcome);
        return true;
    }
    bool waits = worker->todo.kind == PAYMENT_LEASE_WAIT;
    if (waits && !happenings_tell(worker) && worker->world->now_ms < worker->wait_until_ms) {
        return false;
    }
    worker->outcome = todo_do(worker);
    worker->acted = true;
    sleep_maybe(worker);
    return !worker->world->processes[worker->process].exits;
}

/* SIGTERM: the loop of the sink is over, what is under way may end. */
static void stop_maybe(struct payment_worker *worker) {
    struct sim_world *world = worker->world;
    if (!worker->lease.stopping && worker->todo.kind == PAYMENT_LEASE_WAIT && !worker->acted &&
        sim_fault(world, SIM_FAULT_KILL, 8)) {
        sim_trace(world, "FAULT: %s is stopped",
                  sim_process_name(&world->processes[worker->process]));
        event_tell(worker, (struct payment_lease_event){.kind = PAYMENT_LEASE_STOP});
        worker->wait_until_ms = world->now_ms;
    }
}

/* --- the comparison with the provider's list: what payment/daemon/reconcile.c asks SQL --- */

static struct payment_knowledge knowledge_of(const struct sim_tables *tables,
                                             const struct sim_payment *payment) {
    struct payment_knowledge knowledge = {.attempt = 1};
    for (size_t i = 0; i < tables->work.count; i++) {
        const struct payment_row *row = &tables->work.items[i]->row;
        if (!uuid_equal(&row->reservation_id, &payment->reservation_id)) {
            continue;
        }
        bool same = strcmp(row->work.payment_id, payment->payment_id) == 0;
        bool authorize = row->work.kind == PAYMENT_AUTHORIZE;
        knowledge.reservation = true;
        knowledge.show_id = row->show_id;
        knowledge.authorizing |= authorize && row->work.step != PAYMENT_STEP_DONE;
        knowledge.authorized |= authorize && same && row->work.result == PAYMENT_RESULT_AUTHORIZED;
        knowledge.captured |= row->work.kind == PAYMENT_CAPTURE && same;
        knowledge.voided |= row->work.kind == PAYMENT_VOID && same;
        if (authorize && row->attempt > knowledge.attempt) {
            knowledge.attempt = row->attempt;
        }
    }
    return knowledge;
}

/* From where on: least(checked_to, the oldest unsettled attempt). */
static int64_t compared_to(const struct sim_tables *tables) {
    int64_t compared_ms = tables->reconciled_to_ms;
    for (size_t i = 0; i < tables->work.count; i++) {
        const struct sim_work *work = tables->work.items[i];
        if (work->row.work.kind == PAYMENT_AUTHORIZE && work->row.work.step != PAYMENT_STEP_DONE &&
            work->created_ms < compared_ms) {
            compared_ms = work->created_ms;
        }
    }
    return compared_ms;
}

static void listed_compare(struct payment_worker *worker, struct payment_comparison *comparison,
                           const struct sim_payment *payment) {
    struct error error = {0};
    struct payment_listed listed = {
        .status = payment->status,
        .amount_minor = payment->amount_minor,
        .refunded_minor = sim_payment_refunded(payment),
        .created_ms = payment->created_ms,
    };
    snprintf(listed.payment_id, sizeof listed.payment_id, "%s", payment->payment_id);
    snprintf(listed.currency, sizeof listed.currency, "%s", payment->currency);
    struct payment_knowledge knowledge = knowledge_of(worker->world->tables, payment);
    if (!payment_listed_matters(&listed) ||
        payment_comparison_judge(comparison, &listed, &knowledge) != PAYMENT_VERDICT_ORPHAN) {
        return;
    }
    sim_trace(worker->world, "payment finds %s, which nobody knows: it is to be voided",
              payment->payment_id);
    struct payment_row row =
        payment_orphan_row(&listed, &payment->reservation_id, &knowledge, worker->world->now_ms);
    payment_pg_add(sim_session_pg(&worker->session), &row, (struct text){0}, &error);
}

static void reconcile(struct payment_worker *worker) {
    struct sim_world *world = worker->world;
    struct sim_tables *tables = world->tables;
    if (tables->reconcile_due_ms > world->now_ms || !sim_database_is_up(world)) {
        return;
    }
    if (world->provider->down_until_ms > world->now_ms) {
        tables->reconcile_due_ms = world->now_ms + RECONCILE_RETRY_MS;
        return;
    }
    struct payment_comparison comparison = payment_comparison_begin(
        compared_to(tables), RECONCILE_OVERLAP_MS, lease_settings.limits.settle_ms, world->now_ms);
    for (size_t i = 0; i < world->provider->payments.count; i++) {
        const struct sim_payment *payment = world->provider->payments.items[i];
        if (payment->created_ms >= comparison.begin_ms && payment->created_ms < comparison.end_ms) {
            listed_compare(worker, &comparison, payment);
        }
    }
    tables->reconcile_due_ms = world->now_ms + RECONCILE_INTERVAL_MS;
    if (comparison.end_ms > tables->reconciled_to_ms) {
        tables->reconciled_to_ms = comparison.end_ms;
    }
    worker->woken = worker->woken || comparison.orphans > 0;
}

/* --- life --- */

static void *payment_start(struct sim_world *world, int32_t process) {
    struct payer *payer = allocate_zeroed(1, sizeof *payer);
    struct payment_worker *worker = &payer->worker;
    worker->world = world;
    worker->process = process;
    worker->session = (struct sim_session){.world = world, .process = process};
    worker->producer.world = world;
    worker->todo.kind = PAYMENT_LEASE_WAIT;
    payment_lease_init(&worker->lease, &lease_settings, worker->flights);
    sim_daemon_init(&payer->daemon, world, process, NULL);
    payer->payment.worker = worker;
    payer->daemon.state = &payer->payment;
    sim_sink_start(&payer->sink, world, process, &payer->daemon, &payment_sink);
    return payer;
}

static void payment_step(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    struct payment_worker *worker = &payer->worker;
    stop_maybe(worker);
    reconcile(worker);
    bool sink = !worker->lease.stopping && sim_random_chance(&world->schedule, 400);
    bool busy = sink ? sim_sink_step(&payer->sink) : worker_step(worker);
    if (!busy && payment_flights_busy(&worker->lease.flights) == 0 &&
        sim_random_chance(&world->schedule, 300)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void payment_stop(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    sim_sink_stop(&payer->sink);
    struct payment_worker *worker = &payer->worker;
    for (int32_t i = 0; i < FLIGHTS_MAX; i++) {
        flight_release(worker, i);
    }
    if (worker->acted && worker->outcome.kind == PAYMENT_LEASE_LEASED) {
        for (int32_t i = 0; i < worker->outcome.count; i++) {
            free(worker->rows[i].source_id);
        }
    }
    free(payer);
}

static bool payment_rests(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    for (size_t i = 0; i < world->tables->work.count; i++) {
        if (world->tables->work.items[i]->row.work.step != PAYMENT_STEP_DONE) {
            return false;
        }
    }
    return !payer->worker.lease.stopping && world->tables->reconcile_due_ms > world->now_ms &&
           sim_sink_rests(&payer->sink);
}

const struct sim_daemon_model sim_payment_model = {
    .start = payment_start,
    .step = payment_step,
    .stop = payment_stop,
    .rests = payment_rests,
};
