/* SPDX-License-Identifier: Apache-2.0 */
/* What the PostgreSQL sink decides: a pure step from what happened to what is to be done. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_H

#include "runtime/base/error.h"
#include "runtime/loop/blame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The core knows which partitions are ours and how far they are, what makes a batch, the order of
 * its transaction, what a failure leads to, how long to wait, when to leave the group and when to
 * end. It does no I/O, reads no clock, draws nothing and allocates nothing: times and a random
 * number come with the events, all memory is the caller's.
 *
 * A caller begins with SINK_START and then carries out the effects of each step, in order. Those
 * named TELL have no answer. The last one is always an ASK, and what came of it is the next event;
 * SINK_ASK_END has none. Besides, the group may speak up while the consumer is served, that is
 * under JOIN, POLL and WAIT; STOP and BROKEN may come before any step. These lead to TELLs only,
 * and what was asked for stays asked for.
 *
 * A turn: join the group where we are not in it; load where to go on; let records flow; poll until
 * nothing comes or the batch is full; run the batch; look around. A batch: read the offsets again
 * where a commit's answer was lost; dead letters; begin; advance each partition; handle each
 * record; flush; commit. The offsets move first: an owner that has been replaced is stopped before
 * it touches anything.
 */
#define SINK_OFFSET_UNKNOWN (-1)

/* What the loop stands on: a consumer must not see records of open or aborted transactions. */
#define SINK_ISOLATION_LEVEL "read_committed"

#define SINK_POLL_MS 100
#define SINK_TURN_RETRY_BASE_MS 200
#define SINK_BATCH_RETRY_BASE_MS 100
#define SINK_RETRY_MAX_MS 10000

/* A batch ends with the record that reaches this many bytes of values. */
#define SINK_BATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* A partition that is assigned to us; read only for the caller. */
struct sink_core_partition {
    int64_t next_offset;    /* as committed in PostgreSQL; unknown until it was read */
    int64_t position;       /* the least offset that may still arrive */
    int64_t end_offset;     /* where the log ended when we began: caught up once there */
    int64_t drained_offset; /* nothing below it is still to arrive (markers included); or unknown */
    int64_t moves_to;       /* next_offset after the transaction that is open */
    bool caught_up;
    struct blame blame; /* of what comes next, when it has failed */
};

/* A record of the batch; read only for the caller. */
struct sink_core_entry {
    size_t partition;
    int64_t offset;
    size_t size;
    bool parked;        /* in the dead letters, or about to be */
    bool dead_lettered; /* acknowledged there */
};

enum sink_core_event_kind {
    SINK_START,

    /* Answers. */
    SINK_DONE,   /* it worked */
    SINK_FAILED, /* *error says what to do */
    SINK_FENCED, /* to ADVANCE: no row was moved; to LOOK: somebody else owns a partition, *error */
    SINK_FOUND,  /* to LOAD: offset, low, high; to REREAD: offset */
    SINK_RECORD, /* to POLL: partition, offset, size, undecodable; only if sink_core_wants it */
    SINK_OTHER,  /* to POLL: something came that is not for the batch */
    SINK_QUIET,  /* to POLL: nothing came; to WAIT: it is over */

    /* The group and the log, under JOIN, POLL and WAIT. */
    SINK_ASSIGNED,     /* partitions, partition_count */
    SINK_REVOKED,      /* or lost, or left */
    SINK_UNASSIGNABLE, /* an assignment did not work out: leave and come back */
    SINK_DRAINED,      /* partition has nothing before offset any more */
    SINK_GAP,          /* the log of partition does not hold what comes next */

    /* Before any step. */
    SINK_STOP,  /* the process is asked to end */
    SINK_BROKEN /* the consumer is of no use any more, *error */
};

struct sink_core_event {
    enum sink_core_event_kind kind;
    int64_t now_ms;  /* of a clock that never goes back */
    uint32_t random; /* for the back-off that FAILED, FENCED and FOUND may lead to */
    size_t partition;
    int64_t offset;
    int64_t low, high; /* where the log begins and ends */
    size_t size;       /* bytes of the value */
    bool undecodable;  /* to be parked; why is the caller's to say */
    const struct error *error;
    struct sink_core_partition *partitions; /* for the core until the next ASSIGNED or REVOKED */
    size_t partition_count;
};

enum sink_core_effect_kind {
    SINK_TELL_DROP,     /* the batch's records are not needed any more */
    SINK_TELL_PARK,     /* entry is to become a dead letter: core->fault; tries 0: as it says */
    SINK_TELL_ROLLBACK, /* of the transaction */
    SINK_TELL_DISCARD,  /* the transaction is undone, as far as anybody knows */
    SINK_TELL_SETTLED,  /* it is committed: `handled` records */
    SINK_TELL_STUCK,    /* what comes next in the partitions of [from, to) failed: core->fault */
    SINK_TELL_FENCED,   /* another instance owns a partition: we shall leave and come back */

    SINK_ASK_NOTHING,
    SINK_ASK_JOIN,        /* leave the group if we are in it, and join it */
    SINK_ASK_LOAD,        /* where to go on in partition: FOUND */
    SINK_ASK_FLOW,        /* let records come, of each partition from its position on */
    SINK_ASK_POLL,        /* wait at most timeout_ms for something to come */
    SINK_ASK_LOOK,        /* whatever is to be done between batches */
    SINK_ASK_REREAD,      /* where partition is, after a commit whose answer was lost: FOUND */
    SINK_ASK_DEAD_LETTER, /* of entry, acknowledged */
    SINK_ASK_BEGIN,
    SINK_ASK_ADVANCE, /* partition from next_offset to moves_to, if it is where we think */
    SINK_ASK_HANDLE,  /* entry */
    SINK_ASK_FLUSH,
    SINK_ASK_COMMIT,
    SINK_ASK_WAIT, /* until_ms, or STOP, or BROKEN; no records meanwhile: core->fault says why */
    SINK_ASK_END   /* core->dying: of core->fault */
};

struct sink_core_effect {
    enum sink_core_effect_kind kind;
    size_t partition;
    size_t entry;
    size_t from, to;
    int tries;
    int timeout_ms;
    int64_t until_ms;
    int failures; /* WAIT: in a row */
    int64_t handled;
};

#define SINK_CORE_EFFECTS_MAX 8

struct sink_core_effects {
    struct sink_core_effect items[SINK_CORE_EFFECTS_MAX];
    size_t count;
};

/* What went wrong last. */
struct sink_core_fault {
    enum {
        SINK_FAULT_TOLD,       /* error */
        SINK_FAULT_LOG_BEGINS, /* only at `edge`, behind `offset`, which is next: die */
        SINK_FAULT_LOG_ENDS,   /* at `edge` already, before `offset`, which is next: wait */
        SINK_FAULT_LOG_GAP     /* does not hold `offset`, which is next: die */
    } kind;
    struct error error;
    size_t partition;
    int64_t offset;
    int64_t edge;
};

struct sink_core_options {
    size_t batch_records_max;
    int record_tries_max;
    struct sink_core_entry *entries; /* batch_records_max of them */
};

/* Read only for the caller. */
struct sink_core {
    struct sink_core_options options;

    struct sink_core_partition *partitions; /* the assignment */
    size_t partition_count;
    bool joined;        /* as far as it is for us to do */
    bool rejoin;        /* leave the group and come back */
    bool assigned;      /* the group has said which; perhaps none */
    bool offsets_known; /* of all of them */
    bool flowing;       /* records come */

    size_t entry_count; /* the batch, in order of arrival */
    size_t batch_bytes;

    enum sink_core_effect_kind asked; /* what the next answer is to */
    size_t cursor;                    /* of what is asked: a partition or an entry */
    int turn_failures;                /* turns in a row */

    bool running; /* the batch: [from, to) is tried, [from, entry_count) is left */
    size_t from, to;
    size_t limit; /* how many records at a time */
    int failures; /* in a row */
    bool unknown; /* a commit's outcome is to be found out first */

    bool stopping;
    bool dying;
    struct sink_core_fault fault;
    int64_t now_ms;
    int64_t until_ms;
};

void sink_core_init(struct sink_core *core, const struct sink_core_options *options);

/* Fills *effects; what it points to stays until the next step. */
void sink_core_step(struct sink_core *core, const struct sink_core_event *event,
                    struct sink_core_effects *effects);

/* Whether a record that came is for the batch: not one that we have, or that is read again later. */
bool sink_core_wants(const struct sink_core *core, size_t partition, int64_t offset);

/* Whether a range of the batch has records of a partition. */
bool sink_core_touches(const struct sink_core *core, size_t partition, size_t from, size_t to);

/*
 * How many records of a partition are left when the log ends at `end`; marks it as caught up where
 * it is. Where nothing is known of it yet: -1.
 */
int64_t sink_core_lag(struct sink_core *core, size_t index, int64_t end);

/* Whether all partitions are where their logs ended when we began; without one: standing by. */
bool sink_core_caught_up(const struct sink_core *core);

#endif
