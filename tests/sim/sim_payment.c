/* SPDX-License-Identifier: Apache-2.0 */
#include "payment/core/core.h"
#include "payment/core/names.h"
#include "payment/core/reconcile.h"
#include "payment/daemon/report.h"
#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"
#include "tests/sim/sim_provider.h"
#include "tests/sim/sim_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * payment: the sink of payment/daemon/sink.c, and the worker of payment/daemon/worker.c: lease, call, save,
 * report, done; anything may come between two of these. And the comparison of
 * payment/daemon/reconcile.c with the provider's list.
 */
#define FLIGHTS_MAX 3
#define LEASE_MS 60000
#define CALL_TIMEOUT_MS 20000
#define RECONCILE_INTERVAL_MS 300000
#define IDLE_MS 40

static const struct payment_limits limits = {
    .retry_base_ms = 200,
    .retry_maximum_ms = 60000,
    .buyer_retry_maximum_ms = 5000,
    .settle_ms = 60000,
    .refund_poll_ms = 2000,
    .operator_retry_ms = 3600000,
};

enum flight_stage {
    FLIGHT_NONE,
    FLIGHT_TO_CALL,
    FLIGHT_TO_SAVE,
    FLIGHT_TO_REPORT,
    FLIGHT_REPORTED
};

struct flight {
    enum flight_stage stage;
    struct sim_work *work;  /* the table's row */
    struct payment_row row; /* as leased and decided upon */
    char source[48];
    struct payment_answer answer;
    bool answered;
    bool acknowledged;
    int64_t leased_ms;
};

struct payer {
    struct daemon daemon;
    struct sim_sink sink;
    struct flight flights[FLIGHTS_MAX];
};

/* --- the sink ----------------------------------------------------------------------------------
 */

static struct sim_work *work_find(const struct sim_tables *tables, const struct payment_row *row) {
    for (size_t i = 0; i < tables->work.count; i++) {
        const struct payment_row *known = &tables->work.items[i]->row;
        bool same = uuid_equal(&known->reservation_id, &row->reservation_id) &&
                    known->work.kind == row->work.kind;
        if (same && (row->work.kind == PAYMENT_VOID
                         ? strcmp(known->work.payment_id, row->work.payment_id) == 0
                         : known->attempt == row->attempt)) {
            return tables->work.items[i];
        }
    }
    return NULL;
}

static void work_add(struct sim_world *world, const struct payment_row *row, struct text source) {
    struct sim_work *known = work_find(world->tables, row);
    if (known != NULL) {
        if (row->work.kind == PAYMENT_VOID && !known->row.reported && row->reported) {
            sim_tables_change(world, known, sizeof *known);
            known->row.reported = true;
            known->row.attempt = row->attempt;
            known->due_at_ms = world->now_ms;
            if (known->row.work.step == PAYMENT_STEP_DONE) {
                known->row.work.step = PAYMENT_STEP_REPORT;
            }
        }
        return;
    }
    struct sim_work *work = SIM_VECTOR_ADD(world, world->tables->work, struct sim_work);
    work->row = *row;
    work->row.work_id = (int64_t)world->tables->work.count;
    work->due_at_ms = world->now_ms;
    work->lease_owner = -1;
    if (source.size > 0) {
        work->row.source_id = allocate(source.size + 1);
        memcpy(work->row.source_id, source.data, source.size);
        work->row.source_id[source.size] = '\0';
    }
}

static void text_set(char *out, size_t out_size, struct text text) {
    snprintf(out, out_size, "%.*s", TEXT_FORMAT(text));
}

static struct payment_row row_of(const struct event *event, enum payment_kind kind,
                                 struct uuid reservation_id, int32_t attempt, int64_t amount_minor,
                                 struct text currency, struct text payment_id) {
    struct payment_row row = {
        .show_id = event->as.head.show_id,
        .reservation_id = reservation_id,
        .attempt = attempt,
        .reported = true,
        .work = {.kind = kind,
                 .step = payment_kind_first_step(kind),
                 .amount_minor = amount_minor,
                 .expires_at_ms = event->as.head.at},
    };
    text_set(row.work.currency, sizeof row.work.currency, currency);
    text_set(row.work.payment_id, sizeof row.work.payment_id, payment_id);
    return row;
}

static bool payment_handle(struct daemon *daemon, struct pg *pg, const struct sink_record *record,
                           struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    const struct event *event = record->event;
    struct payment_row row;
    const struct text none = {0};
    (void)daemon;
    (void)error;
    switch (event->kind) {
    case EVENT_PAYMENT_REQUESTED: {
        const struct event_payment_requested *wanted = &event->as.payment_requested;
        row = row_of(event, PAYMENT_AUTHORIZE, wanted->reservation_id, wanted->attempt,
                     wanted->amount_minor, wanted->currency, none);
        row.work.expires_at_ms = wanted->expires_at;
        work_add(world, &row, wanted->source_id);
        break;
    }
    case EVENT_SECURED: {
        const struct event_secured *wanted = &event->as.secured;
        row = row_of(event, PAYMENT_CAPTURE, wanted->reservation_id, wanted->attempt,
                     wanted->amount_minor, wanted->currency, wanted->payment_id);
        work_add(world, &row, none);
        break;
    }
    case EVENT_VOID_REQUESTED: {
        const struct event_void_requested *wanted = &event->as.void_requested;
        row = row_of(event, PAYMENT_VOID, wanted->reservation_id, wanted->attempt,
                     wanted->amount_minor, wanted->currency, wanted->payment_id);
        work_add(world, &row, none);
        break;
    }
    case EVENT_REFUND_REQUESTED: {
        const struct event_refund_requested *wanted = &event->as.refund_requested;
        row = row_of(event, PAYMENT_REFUND, wanted->reservation_id, wanted->refund_attempt,
                     wanted->amount_minor, wanted->currency, wanted->payment_id);
        work_add(world, &row, none);
        break;
    }
    default:
        break;
    }
    return true;
}

static const char *const topics[] = {TOPIC_EVENTS, NULL};
static const struct sink_spec payment_sink = {.topics = topics, .handle = payment_handle};

/* --- the worker ----------------------------------------------------------------------------------
 */

/* payment_pg_lease, for one row. */
static bool row_lease(struct sim_world *world, int32_t process, struct flight *flight) {
    struct sim_work *due = NULL;
    for (size_t i = 0; i < world->tables->work.count; i++) {
        struct sim_work *work = world->tables->work.items[i];
        if (work->row.work.step != PAYMENT_STEP_DONE && work->due_at_ms <= world->now_ms &&
            work->lease_until_ms <= world->now_ms &&
            (due == NULL || work->due_at_ms < due->due_at_ms)) {
            due = work;
        }
    }
    if (due == NULL) {
        return false;
    }
    due->row.lease_number++;
    due->lease_until_ms = world->now_ms + LEASE_MS;
    due->lease_owner = world->processes[process].instance;
    *flight = (struct flight){
        .stage = FLIGHT_TO_CALL, .work = due, .row = due->row, .leased_ms = world->now_ms};
    flight->row.work.sent_at_ms = due->sent_at_ms;
    flight->row.work.due_at_ms = world->now_ms;
    snprintf(flight->source, sizeof flight->source, "%s",
             due->row.source_id != NULL ? due->row.source_id : "");
    if (due->row.work.step == PAYMENT_STEP_CREATE && due->row.work.expires_at_ms > world->now_ms) {
        due->sent_at_ms = world->now_ms; /* from now on it may have been sent */
    }
    return true;
}

static void flight_begin(struct sim_world *world, struct flight *flight) {
    enum payment_step before = flight->row.work.step;
    payment_work_prepare(&flight->row.work, &limits, world->now_ms);
    if (flight->row.work.step != before || flight->row.work.due_at_ms > world->now_ms) {
        flight->stage = FLIGHT_TO_SAVE; /* the hold has ended: first of all that is written down */
    } else if (flight->row.work.step == PAYMENT_STEP_REPORT) {
        flight->stage = FLIGHT_TO_REPORT;
    }
}

static struct uuid key_of(const struct flight *flight) {
    const struct payment_row *row = &flight->row;
    return payment_key_derive(&row->reservation_id,
                              row->work.step == PAYMENT_STEP_REFUND ? "refund" : "authorize",
                              row->attempt);
}

static void flight_call(struct sim_world *world, struct flight *flight) {
    struct sim_request request = {
        .row = flight->row,
        .key = key_of(flight),
        .sent_step = world->steps,
    };
    snprintf(request.source, sizeof request.source, "%s", flight->source);
    request.row.source_id = NULL;
    sim_provider_call(world, &request, &flight->answer);
    sim_trace(world, "payment asks the provider: %s %s of reservation %s: %s",
              payment_kind_name(flight->row.work.kind), payment_step_name(flight->row.work.step),
              sim_short(world, &flight->row.reservation_id),
              payment_answer_kind_name(flight->answer.kind));
    flight->answered = true;
    flight->stage = FLIGHT_TO_SAVE;
}

/* payment_pg_save; false: the lease is lost. */
static bool row_save(struct sim_world *world, const struct flight *flight, bool keep_lease) {
    struct sim_work *work = flight->work;
    if (work->row.lease_number != flight->row.lease_number) {
        return false;
    }
    bool reported = work->row.reported;
    char *source = work->row.source_id;
    int64_t lease_number = work->row.lease_number;
    work->row = flight->row;
    work->row.source_id = source;
    work->row.lease_number = lease_number;
    work->row.reported = reported;
    if (flight->row.work.step == PAYMENT_STEP_DONE && reported && !flight->row.reported) {
        work->row.work.step = PAYMENT_STEP_REPORT;
    }
    work->sent_at_ms = flight->row.work.sent_at_ms;
    work->due_at_ms = flight->row.work.due_at_ms;
    work->lease_until_ms = keep_lease ? world->now_ms + LEASE_MS : 0;
    if (work->settled_step == 0 && flight->row.work.result != PAYMENT_RESULT_NONE) {
        work->settled_step = world->steps;
    }
    return true;
}

static void flight_save(struct sim_world *world, struct flight *flight) {
    if (!sim_database_is_up(world)) {
        return; /* again after a back-off */
    }
    if (flight->answered) {
        payment_work_answered(&flight->row.work, &flight->answer, &limits, world->now_ms,
                              (uint32_t)sim_random_next(&world->schedule));
        flight->answered = false;
    }
    bool report_now =
        flight->row.work.step == PAYMENT_STEP_REPORT && flight->row.work.due_at_ms <= world->now_ms;
    bool owned = row_save(world, flight, report_now);
    flight->stage = owned && report_now ? FLIGHT_TO_REPORT : FLIGHT_NONE;
}

static void flight_report(struct sim_world *world, struct flight *flight) {
    flight->stage = FLIGHT_REPORTED;
    flight->acknowledged = true;
    if (!flight->row.reported) {
        return;
    }
    struct command command = payment_report_command(&flight->row);
    struct octets value = codec_command_encode(world->codec, &command);
    struct octets key = sim_show_key(world, &flight->row.show_id);
    int32_t partition = kafka_partition_of(key.data, key.size, world->broker.partition_count);
    sim_trace(world, "payment reports %s of reservation %s", command_kind_name(command.kind),
              sim_short(world, &flight->row.reservation_id));
    if (sim_fault(world, SIM_FAULT_DELAY, 60)) {
        sim_append_later(world, partition, key, value,
                         sim_random_between(&world->chance, 10, 10000));
        flight->acknowledged = false; /* it gave up waiting */
    } else {
        flight->acknowledged =
            sim_append(world, SIM_COMMANDS, partition, key, value, NULL) == SIM_OK;
    }
}

static void flight_settle(struct sim_world *world, struct flight *flight) {
    if (!sim_database_is_up(world)) {
        return;
    }
    if (flight->row.work.step == PAYMENT_STEP_REPORT) {
        payment_work_reported(&flight->row.work, flight->acknowledged, &limits, world->now_ms,
                              (uint32_t)sim_random_next(&world->schedule));
    }
    bool report_now =
        flight->row.work.step == PAYMENT_STEP_REPORT && flight->row.work.due_at_ms <= world->now_ms;
    row_save(world, flight, report_now);
    flight->stage = FLIGHT_NONE;
}

/* --- the comparison with the provider's list
 * --------------------------------------------------------- */

static struct payment_knowledge knowledge_of(const struct sim_tables *tables,
                                             const struct sim_payment *payment,
                                             const struct payment_row **any) {
    struct payment_knowledge knowledge = {0};
    for (size_t i = 0; i < tables->work.count; i++) {
        const struct payment_row *row = &tables->work.items[i]->row;
        if (!uuid_equal(&row->reservation_id, &payment->reservation_id)) {
            continue;
        }
        bool same = strcmp(row->work.payment_id, payment->payment_id) == 0;
        knowledge.reservation = true;
        *any = row;
        knowledge.authorizing |=
            row->work.kind == PAYMENT_AUTHORIZE && row->work.step != PAYMENT_STEP_DONE;
        knowledge.authorized |= row->work.kind == PAYMENT_AUTHORIZE && same &&
                                row->work.result == PAYMENT_RESULT_AUTHORIZED;
        knowledge.captured |= row->work.kind == PAYMENT_CAPTURE && same;
        knowledge.voided |= row->work.kind == PAYMENT_VOID && same;
    }
    return knowledge;
}

static enum payment_verdict verdict_of(const struct sim_world *world,
                                       const struct sim_payment *payment,
                                       const struct payment_knowledge *knowledge) {
    struct payment_comparison comparison = {.begin_ms = 0, .end_ms = world->now_ms};
    struct payment_listed listed = {.status = payment->status};
    return payment_comparison_judge(&comparison, &listed, knowledge);
}

static void reconcile(struct sim_world *world) {
    struct sim_tables *tables = world->tables;
    if (tables->reconcile_due_ms > world->now_ms || !sim_database_is_up(world)) {
        return;
    }
    tables->reconcile_due_ms = world->now_ms + RECONCILE_INTERVAL_MS;
    for (size_t i = 0; i < world->provider->payments.count; i++) {
        const struct sim_payment *payment = world->provider->payments.items[i];
        const struct payment_row *any = NULL;
        struct payment_knowledge knowledge = knowledge_of(tables, payment, &any);
        if (any == NULL || verdict_of(world, payment, &knowledge) != PAYMENT_VERDICT_ORPHAN) {
            continue;
        }
        struct payment_row row = {
            .show_id = any->show_id,
            .reservation_id = payment->reservation_id,
            .attempt = payment->attempt,
            .work = {.kind = PAYMENT_VOID,
                     .step = payment_kind_first_step(PAYMENT_VOID),
                     .amount_minor = payment->amount_minor,
                     .expires_at_ms = world->now_ms},
        };
        snprintf(row.work.payment_id, sizeof row.work.payment_id, "%s", payment->payment_id);
        snprintf(row.work.currency, sizeof row.work.currency, "%s", payment->currency);
        sim_trace(world, "payment finds %s, which nobody knows: it is to be voided",
                  payment->payment_id);
        work_add(world, &row, (struct text){0});
    }
}

/* --- life
 * ---------------------------------------------------------------------------------------------- */

static void *payment_start(struct sim_world *world, int32_t process) {
    struct payer *payer = allocate_zeroed(1, sizeof *payer);
    sim_daemon_init(&payer->daemon, world, process, NULL);
    sim_sink_start(&payer->sink, world, process, &payer->daemon, &payment_sink);
    /* What a predecessor of the same name held when it died. */
    for (size_t i = 0; i < world->tables->work.count; i++) {
        struct sim_work *work = world->tables->work.items[i];
        if (work->lease_owner == world->processes[process].instance &&
            work->lease_until_ms > world->now_ms && work->row.work.step != PAYMENT_STEP_DONE) {
            work->lease_until_ms = 0;
            work->row.lease_number++;
        }
    }
    return payer;
}

/* true: there was something to do. */
static bool flight_step(struct sim_world *world, int32_t process, struct flight *flight) {
    switch (flight->stage) {
    case FLIGHT_NONE:
        if (!sim_database_is_up(world) || !row_lease(world, process, flight)) {
            return false;
        }
        flight_begin(world, flight);
        return true;
    case FLIGHT_TO_CALL:
        if (payment_call_is_timely(&limits, LEASE_MS, CALL_TIMEOUT_MS,
                                   world->now_ms - flight->leased_ms)) {
            flight_call(world, flight);
        } else {
            *flight = (struct flight){0};
        }
        return true;
    case FLIGHT_TO_SAVE:
        flight_save(world, flight);
        return true;
    case FLIGHT_TO_REPORT:
        flight_report(world, flight);
        return true;
    case FLIGHT_REPORTED:
        flight_settle(world, flight);
        return true;
    }
    return false;
}

static void payment_step(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    bool busy = false;
    reconcile(world);
    if (sim_random_chance(&world->schedule, 400)) {
        busy = sim_sink_step(&payer->sink);
    } else {
        struct flight *flight = &payer->flights[sim_random_below(&world->schedule, FLIGHTS_MAX)];
        busy = flight_step(world, process, flight);
    }
    bool flying = false;
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        flying = flying || payer->flights[i].stage != FLIGHT_NONE;
    }
    if (!busy && !flying && sim_random_chance(&world->schedule, 300)) {
        world->processes[process].wakes_ms =
            world->now_ms + sim_random_between(&world->schedule, 1, IDLE_MS);
    }
}

static void payment_stop(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    sim_sink_stop(&payer->sink);
    free(payer);
}

static bool payment_rests(struct sim_world *world, int32_t process) {
    struct payer *payer = world->processes[process].state;
    for (size_t i = 0; i < world->tables->work.count; i++) {
        if (world->tables->work.items[i]->row.work.step != PAYMENT_STEP_DONE) {
            return false;
        }
    }
    return sim_sink_rests(&payer->sink);
}

const struct sim_daemon_model sim_payment_model = {
    .start = payment_start,
    .step = payment_step,
    .stop = payment_stop,
    .rests = payment_rests,
};
