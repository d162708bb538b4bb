/* SPDX-License-Identifier: Apache-2.0 */
/* The world of a run. */
#ifndef SEATLOG_TESTS_SIM_WORLD_H
#define SEATLOG_TESTS_SIM_WORLD_H

#include "runtime/base/buffer.h"
#include "seatlog_codec.h"
#include "tests/sim/broker.h"
#include "tests/sim/random.h"

/*
 * One run: a world of processes, a broker, tables, a payment provider and a mail server. Everything
 * that happens is a step of one of them, chosen by chance from the seed: no threads, no clock, no
 * I/O. The same options give the same run.
 */
#define SIM_PROCESSES_MAX 96
#define SIM_INSTANCES 2
#define SIM_EPOCH_MS INT64_C(1767225600000) /* when every run begins: 2026-01-01 */

enum sim_daemon {
    SIM_RESERVATION,
    SIM_PAYMENT,
    SIM_TICKETGEN,
    SIM_NOTIFIER,
    SIM_INDEXER,
    SIM_DAEMON_COUNT
};
const char *sim_daemon_name(enum sim_daemon daemon);

/* Kinds of faults; a run draws from those that its options allow. */
enum sim_fault {
    SIM_FAULT_KILL,     /* kill -9, started again */
    SIM_FAULT_KILL_ALL, /* every process of a daemon, or of all */
    SIM_FAULT_PAUSE,    /* SIGSTOP, also beyond the session time-out, SIGCONT */
    SIM_FAULT_TWIN,     /* paused, and a second copy started under the same name */
    SIM_FAULT_LEADER,   /* a partition without a leader, then one with another clock */
    SIM_FAULT_ANSWER,   /* the broker acts and its answer is dropped */
    SIM_FAULT_DELAY,    /* markers, commands and EndTxn arrive late */
    SIM_FAULT_CLOCK,    /* brokers' clocks jump */
    SIM_FAULT_REPEAT,   /* commands are sent again */
    SIM_FAULT_DATABASE, /* PostgreSQL is gone, or a commit's answer is lost */
    SIM_FAULT_PROVIDER, /* the payment provider is down, slow, or drops its answer */
    SIM_FAULT_DECLINE,  /* cards and refunds are refused, captures fail */
    SIM_FAULT_UPGRADE,  /* a decider is started again, and decides by the newest logic from then on
                         */
    SIM_FAULT_SMTP,     /* no mail server, or it takes the mail and drops its answer */
    SIM_FAULT_GARBAGE,  /* records that nobody can decode, or in the wrong place */
    SIM_FAULT_PRODUCER, /* loses a record and delivers the next, writes one twice, is forgotten */
    SIM_FAULT_SKIP,     /* a consumer skips a record of events */
    SIM_FAULT_TAIL,     /* events lose their last records */
    SIM_FAULT_COUNT
};
const char *sim_fault_name(enum sim_fault fault);
#define SIM_FAULTS_ALL ((1u << SIM_FAULT_COUNT) - 1)

struct sim_options {
    uint64_t seed;
    uint32_t faults;     /* bits of enum sim_fault */
    uint32_t faults_max; /* at most so many, then none */
    uint32_t commands;   /* that buyers and organizers send */
    bool traced;         /* collect the prose */
};

struct sim_process {
    enum sim_daemon daemon;
    int32_t instance;
    bool alive;
    bool exits;              /* its name is taken: it ends after this step */
    int64_t paused_since_ms; /* 0: runs */
    int64_t resumes_ms;
    int64_t wakes_ms; /* nothing to do before */
    int64_t dead_since_ms;
    void *state;
};

struct sim_reservation_facts;
struct sim_tables;
struct sim_provider;
struct sim_buyers;

struct sim_world {
    struct sim_options options;
    struct sim_random schedule;
    struct sim_random chance; /* faults */
    struct sim_random buying;
    int64_t now_ms;
    uint64_t steps;
    bool healed; /* no more faults: everything must come to rest */
    uint32_t faults;
    uint32_t fault_kinds[SIM_FAULT_COUNT];
    uint32_t commands;

    struct sim_broker broker;
    struct sim_process processes[SIM_PROCESSES_MAX];
    int32_t process_count;
    struct {
        int32_t producers[2];
        int32_t process;       /* the one last started: if it ends, it is started again */
        int64_t starts_ms;     /* a process is to be started under this name; 0: none is */
        int32_t logic_version; /* that the decider of this name decides as */
    } slots[SIM_DAEMON_COUNT][SIM_INSTANCES];
    int64_t database_down_until_ms;
    struct sim_tables *tables;
    struct sim_provider *provider;
    struct sim_buyers *buyers;

    struct arena memory;  /* what lives as long as the run */
    struct arena scratch; /* what lives as long as a step */
    struct codec *codec;
    struct reservation_effects *effects;

    struct buffer trace;
    struct buffer violation; /* empty: none */
    uint32_t violations;
};

/* Runs to the end: the options' commands, then rest, then the checks. */
void sim_world_run(struct sim_world *world, const struct sim_options *options);
void sim_world_free(struct sim_world *world);

/* The one that runs, for what asks for the time without being told of a world; NULL: none yet. */
struct sim_world *sim_world_running(void);

/*
 * Whether a fault of this kind happens now, so often if the options allow it; counted if it does.
 */
bool sim_fault(struct sim_world *world, enum sim_fault fault, uint32_t per_mille);

/* The database answers. */
bool sim_database_is_up(struct sim_world *world);

/* What happened, as a line of prose, if the run is traced. */
void sim_trace(struct sim_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "reservation-1" */
const char *sim_process_name(const struct sim_process *process);

/* An invariant (1 to 9; 0: the simulation itself) does not hold. */
void sim_violated(struct sim_world *world, int invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether two views have the same octets. */
bool sim_octets_equal(struct octets left, struct octets right);
struct octets sim_octets_keep(struct sim_world *world, struct octets octets);
struct octets sim_show_key(struct sim_world *world, const struct uuid *show_id);
/* The first eight digits, for prose; lives as long as the step. */
const char *sim_short(struct sim_world *world, const struct uuid *uuid);

/* Decodes into the step's memory. A record of the log that cannot be decoded is a violation. */
bool sim_event_decode(struct sim_world *world, struct octets value, struct event *event);
bool sim_tickets_decode(struct sim_world *world, struct octets value, struct ticket_record *record);

/* What each daemon is to the scheduler. */
struct sim_daemon_model {
    void *(*start)(struct sim_world *world, int32_t process);
    /* One step; sets the process' wakes_ms if it has nothing to do. */
    void (*step)(struct sim_world *world, int32_t process);
    void (*stop)(struct sim_world *world, int32_t process);
    /* Whether it has nothing left to do. */
    bool (*rests)(struct sim_world *world, int32_t process);
};
extern const struct sim_daemon_model sim_reservation_model;
extern const struct sim_daemon_model sim_payment_model;
extern const struct sim_daemon_model sim_ticketgen_model;
extern const struct sim_daemon_model sim_notifier_model;
extern const struct sim_daemon_model sim_indexer_model;

#endif
