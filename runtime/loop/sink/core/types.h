/* SPDX-License-Identifier: Apache-2.0 */
/* What the sink's core knows, is told and tells; core.h says how they hang together. */
#ifndef SEATLOG_RUNTIME_LOOP_SINK_CORE_TYPES_H
#define SEATLOG_RUNTIME_LOOP_SINK_CORE_TYPES_H

#include "runtime/base/error.h"
#include "runtime/loop/blame.h"
#include "runtime/term/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SINK_OFFSET_UNKNOWN (-1)

/* What the loop stands on: a consumer must not see records of open or aborted transactions. */
#define SINK_ISOLATION_LEVEL "read_committed"

#define SINK_POLL_MS 100
#define SINK_TURN_RETRY_BASE_MS 200
#define SINK_BATCH_RETRY_BASE_MS 100
#define SINK_RETRY_MAX_MS 10000

/* A batch ends with the command that reaches this many bytes of values. */
#define SINK_BATCH_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* Records that do not count make no batch: after so many the loop looks around. */
#define SINK_POLLED_MAX ((size_t)10000)

/* A partition that is assigned to us; read only for the caller. */
struct sink_core_partition {
    int64_t next_offset;    /* as committed in PostgreSQL; unknown until it was read */
    int64_t position;       /* the least offset that may still arrive */
    int64_t end_offset;     /* where the log ended when we began: caught up once there */
    int64_t drained_offset; /* nothing below it is still to arrive (markers included); or unknown */
    struct term_position moves_to; /* where it stands after the transaction that is open */
    bool caught_up;
    struct blame blame; /* of what comes next, when it has failed */

    bool ruled;                /* of seatlog.events: the reader's rule says what counts */
    struct term_reader reader; /* where it is */
    size_t held_count;         /* entries of its command under way */
    int64_t deaf_since_ms;     /* while the reader is deaf */
    bool deaf_told;
};

/* A record of the batch or of a command under way; read only for the caller. */
struct sink_core_entry {
    void *record; /* the caller's */
    size_t partition;
    int64_t offset;
    size_t size;
    bool parked;                /* in the dead letters, or about to be */
    bool dead_lettered;         /* acknowledged there */
    bool ends;                  /* the last of its command */
    struct term_position after; /* if so: where the partition stands behind it */
};

enum sink_core_event_kind {
    SINK_START,

    /* Answers. */
    SINK_DONE,   /* it worked */
    SINK_FAILED, /* *error says what to do */
    SINK_FENCED, /* to ADVANCE: no row was moved; to LOOK: somebody else owns a partition, *error */
    SINK_FOUND,  /* to LOAD: offset, low, high, ruled, place; to SKIM: reader; to REREAD: offset */
    SINK_RECORD, /* to POLL, only if sink_core_expects it: partition, offset, where it is ruled
                    label and history_cursor; where sink_core_counts it record, size, undecodable */
    SINK_OTHER,  /* to POLL: something came that is not for us */
    SINK_QUIET,  /* to POLL: nothing came; to WAIT: it is over; to SKIM: it was overtaken */

    /* The group and the log, under JOIN, POLL, SKIM and WAIT. */
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
    bool ruled;
    const struct term_position *place; /* at offset; NULL: not known, to be skimmed */
    const struct term_reader *reader;  /* at the offset that was found */
    const struct term_label *label;
    int64_t history_cursor; /* as term_reader_feed wants it */
    void *record;
    size_t size;      /* bytes of the value */
    bool undecodable; /* to be parked; why is the caller's to say */
    const struct error *error;
    struct sink_core_partition *partitions; /* for the core until the next ASSIGNED or REVOKED */
    size_t partition_count;
};

enum sink_core_effect_kind {
    SINK_TELL_DROP,     /* records that are not among the entries any more are not needed */
    SINK_TELL_PARK,     /* entry is to become a dead letter: core->fault; tries 0: as it says */
    SINK_TELL_ROLLBACK, /* of the transaction */
    SINK_TELL_DISCARD,  /* the transaction is undone, as far as anybody knows */
    SINK_TELL_SETTLED,  /* it is committed: `handled` records */
    SINK_TELL_STUCK,    /* what comes next in the partitions of [from, to) failed: core->fault */
    SINK_TELL_FENCED,   /* another instance owns a partition: we shall leave and come back */
    SINK_TELL_STALE,    /* the record of partition does not count: `stale` */
    SINK_TELL_DEAF,     /* nothing of partition has counted for TERM_DEAF_MS_MAX: an alarm */

    SINK_ASK_NOTHING,
    SINK_ASK_JOIN,        /* leave the group if we are in it, and join it */
    SINK_ASK_LOAD,        /* where to go on in partition: FOUND */
    SINK_ASK_SKIM,        /* the reader of partition at its position, from what is below: FOUND */
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
    enum term_stale stale;
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
        SINK_FAULT_LOG_GAP,    /* does not hold `offset`, which is next: die */
        SINK_FAULT_LOG_FORGOT  /* goes on at `offset` behind the commands below `edge`, although we
                                  have those below the reader's cursor: die */
    } kind;
    struct error error;
    size_t partition;
    int64_t offset;
    int64_t edge;
};

struct sink_core_options {
    size_t batch_records_max;
    int record_tries_max;
    struct sink_core_entry *entries;
    size_t entry_capacity; /* at least batch_records_max */
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
    bool overtaken;     /* what is skimmed is not ours any more */
    bool flowing;       /* records come */

    size_t entry_count; /* the batch: whole commands, in the order in which they became so */
    size_t batch_bytes;
    size_t held_count; /* behind it: of commands under way, in order of arrival */
    size_t polled;     /* records since we last looked around or had a batch */

    enum sink_core_effect_kind asked; /* what the next answer is to */
    size_t cursor;                    /* of what is asked: a partition or an entry */
    int turn_failures;                /* turns in a row */

    bool running; /* the batch: [from, to) is tried, [from, entry_count) is left */
    size_t from, to;
    size_t limit;      /* how many records at a time, where commands end */
    size_t handles_to; /* [from, handles_to) is handled: to, but while among the records of a */
    size_t good, bad;  /* command that one is looked for that spoils its flush: [from, good) can
                          be flushed, [from, bad) cannot; bad 0: none is looked for */
    int failures;      /* in a row */
    bool unknown;      /* a commit's outcome is to be found out first */

    bool stopping;
    bool dying;
    struct sink_core_fault fault;
    int64_t now_ms;
    int64_t until_ms;
};

static inline bool sink_core_is_ending(const struct sink_core *core) {
    return core->stopping || core->dying;
}

static inline bool sink_core_is_known(const struct sink_core *core, size_t partition) {
    return partition < core->partition_count &&
           core->partitions[partition].next_offset != SINK_OFFSET_UNKNOWN;
}

#endif
