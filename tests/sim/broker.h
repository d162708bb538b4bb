/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual broker. */
#ifndef SEATLOG_TESTS_SIM_BROKER_H
#define SEATLOG_TESTS_SIM_BROKER_H

#include "codec/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Kafka, as far as Seatlog leans on it: partitions with log-append time, idempotent and
 * transactional producers with epochs and fencing, markers that are written one after the other, a
 * last stable offset, groups with static members and generations, transactional offsets that are
 * pending until their marker is there.
 *
 * Every call is one request with its answer. It may be acted upon and the answer dropped: the
 * caller sees SIM_RETRY as it would after librdkafka's time-out, and repeats the call.
 */
struct sim_world;

#define SIM_PARTITIONS_MAX 3
#define SIM_OPEN_MAX 32
#define SIM_MEMBERS_MAX 8
#define SIM_SESSION_TIMEOUT_MS 10000
#define SIM_REBALANCE_TIMEOUT_MS 60000
#define SIM_TRANSACTION_NONE (-1)

enum sim_topic {
    SIM_COMMANDS,
    SIM_EVENTS,
    SIM_TICKETS,
    SIM_SNAPSHOTS,
    SIM_DEAD_LETTERS,
    SIM_TOPIC_COUNT
};
const char *sim_topic_name(enum sim_topic topic);

enum sim_result {
    SIM_OK,
    SIM_RETRY,  /* no answer, or not now: the same call again is safe */
    SIM_ABORT,  /* the transaction must be aborted */
    SIM_FENCED, /* the producer must be made anew */
};

struct sim_entry {
    struct octets key;
    struct octets value;
    struct octets label; /* the header that fences the log; empty: it has none */
    int64_t timestamp_ms;
    int32_t transaction; /* SIM_TRANSACTION_NONE: none */
    uint64_t step;       /* of the simulation: when it was written */
    bool marker;
    bool compacted;
};

struct sim_log {
    struct sim_entry *entries;
    int64_t end;
    int64_t capacity;
    int64_t down_until_ms; /* it has no leader */
    int64_t kept;          /* what lies below has been read by somebody who goes by it for ever */
    int64_t skew_ms;       /* of its leader's clock */
    struct {
        int32_t transaction;
        int64_t first_offset;
    } open[SIM_OPEN_MAX]; /* transactions without a marker here */
    size_t open_count;
};

/* That a group commits for a partition, with a word about it. */
#define SIM_METADATA_SIZE 96
struct sim_offset {
    int64_t offset; /* -1: none */
    char metadata[SIM_METADATA_SIZE];
};

enum sim_transaction_state {
    SIM_TRANSACTION_OPEN,
    SIM_TRANSACTION_PREPARED_COMMIT,
    SIM_TRANSACTION_PREPARED_ABORT,
    SIM_TRANSACTION_COMMITTED,
    SIM_TRANSACTION_ABORTED
};

struct sim_transaction {
    enum sim_transaction_state state;
    int32_t producer;
    uint32_t markers; /* partitions that have records and no marker: bit topic * max + partition */
    bool offsets_pending;
    struct sim_offset offsets[SIM_PARTITIONS_MAX];
    int64_t offsets_number; /* of their record: the later one counts */
    int64_t started_ms;
    uint64_t prepared_step; /* of the simulation */
};

/* What the coordinator knows of a transactional id. */
struct sim_producer {
    int32_t epoch;
    int32_t transaction; /* the last one */
    int32_t group;
};

/* What a client holds. */
struct sim_client {
    int32_t producer; /* -1: not transactional */
    int32_t epoch;
};

struct sim_member {
    int32_t instance; /* group.instance.id */
    int32_t member_id;
    int32_t process;
    uint32_t partitions; /* assigned: one bit each */
    bool joined;         /* to the generation being made */
    bool told;           /* of its assignment */
};

struct sim_group {
    struct sim_member members[SIM_MEMBERS_MAX];
    size_t member_count;
    int32_t generation;
    int32_t member_ids;
    bool rebalancing;
    int64_t rebalance_deadline_ms;
    struct sim_offset committed[SIM_PARTITIONS_MAX];
    int64_t committed_number[SIM_PARTITIONS_MAX];
    int64_t numbers;
};

/* A request on its way: it arrives although nobody may wait for it any more. */
struct sim_in_flight {
    int64_t arrives_ms;
    enum sim_topic topic;
    int32_t partition;
    struct octets key, value, label; /* a record; value.data NULL: an EndTxn */
    struct sim_client client;        /* of the EndTxn */
    bool commit;
};

struct sim_stream;

struct sim_broker {
    int32_t partition_count;
    int64_t transaction_timeout_ms; /* of every producer */
    struct sim_log logs[SIM_TOPIC_COUNT][SIM_PARTITIONS_MAX];
    struct sim_transaction *transactions;
    int32_t transaction_count, transaction_capacity;
    struct sim_producer *producers;
    int32_t producer_count, producer_capacity;
    struct sim_group groups[8]; /* by daemon */
    struct sim_in_flight *in_flight;
    size_t in_flight_count, in_flight_capacity;
    struct sim_stream *streams; /* stream.h */
    int32_t stream_count, stream_capacity;
};

void sim_broker_init(struct sim_world *world, int32_t partition_count);
void sim_broker_deinit(struct sim_world *world);

/* A piece of the broker's own work: markers, time-outs, what is in flight. */
void sim_broker_step(struct sim_world *world);

/* When something of it is due at the latest; INT64_MAX: nothing is. */
int64_t sim_broker_wake_ms(const struct sim_world *world);

/* --- records --- */

/* An idempotent producer's record, not in a transaction. *offset may be NULL. */
enum sim_result sim_append(struct sim_world *world, enum sim_topic topic, int32_t partition,
                           struct octets key, struct octets value, int64_t *offset);

/* The same with a command, after a while, whatever becomes of the sender. */
void sim_append_later(struct sim_world *world, int32_t partition, struct octets key,
                      struct octets value, int64_t delay_ms);

/* The least of it: appends, whoever leads; for what else makes records. Keeps what is pointed to. */
int64_t sim_entry_append(struct sim_world *world, enum sim_topic topic, int32_t partition,
                         const struct sim_entry *entry);
/* A record that arrives after a while; those of one moment in the order of these calls. */
void sim_entry_append_later(struct sim_world *world, enum sim_topic topic, int32_t partition,
                            const struct sim_entry *entry, int64_t delay_ms);
bool sim_log_has_leader(const struct sim_world *world, enum sim_topic topic, int32_t partition);

/* The end of what a read-committed, or any, reader sees. */
int64_t sim_log_stable(const struct sim_world *world, enum sim_topic topic, int32_t partition);
int64_t sim_log_end(const struct sim_world *world, enum sim_topic topic, int32_t partition);

/*
 * The next record at or after *offset and before end, which becomes its offset + 1; NULL when there
 * is none: *offset is then where reading must go on. Only committed records, unless uncommitted.
 */
const struct sim_entry *sim_log_read(const struct sim_world *world, enum sim_topic topic,
                                     int32_t partition, int64_t *offset, int64_t end,
                                     bool uncommitted);

/*
 * The same for a process that goes by what it reads for ever: a row, a ticket, an answer. Its
 * consumer may skip a record of events, if what comes next shows it. Reads what is there now.
 */
const struct sim_entry *sim_log_fetch(struct sim_world *world, enum sim_topic topic,
                                      int32_t partition, int64_t *offset, bool uncommitted);

/* The same for a decider and events, which it may have to forget; *offset must not be beyond the
 * log's end. */
const struct sim_entry *sim_log_follow(struct sim_world *world, int32_t partition, int64_t *offset);

/* Somebody goes for ever by what events have below the offset. */
void sim_log_keep(struct sim_world *world, int32_t partition, int64_t offset);

/* Events lose records that nobody goes by; false: there are none. */
bool sim_log_tail_lose(struct sim_world *world, int32_t partition);

/* Drops snapshots that a later committed one of the same key replaces. */
void sim_log_compact(struct sim_world *world, int32_t partition);

/* --- transactions --- */

int32_t sim_producer_register(struct sim_world *world, int32_t group);
enum sim_result sim_producer_init(struct sim_world *world, struct sim_client *client);

/* Whether the markers of its last transaction are written. */
bool sim_producer_is_free(const struct sim_world *world, const struct sim_client *client);
enum sim_result sim_produce(struct sim_world *world, const struct sim_client *client,
                            enum sim_topic topic, int32_t partition, struct octets key,
                            struct octets value, int64_t *offset);
/* offsets of -1 are not sent. member_id 0: without the group's metadata. */
enum sim_result sim_offsets_send(struct sim_world *world, const struct sim_client *client,
                                 int32_t member_id, int32_t generation,
                                 const struct sim_offset offsets[SIM_PARTITIONS_MAX]);
enum sim_result sim_transaction_end(struct sim_world *world, const struct sim_client *client,
                                    bool commit);

/* --- groups --- */

enum sim_group_notice {
    SIM_GROUP_NOTHING,
    SIM_GROUP_REVOKED, /* finish, forget, then sim_group_join again */
    SIM_GROUP_LOST,    /* no member any more: forget, then join */
    SIM_GROUP_FENCED,  /* another process has the name: die */
    SIM_GROUP_ASSIGNED /* *partitions, of *generation */
};

/* Joins, or joins again; returns the member id. */
int32_t sim_group_join(struct sim_world *world, int32_t index, int32_t instance, int32_t process,
                       int32_t member_id);
enum sim_group_notice sim_group_poll(struct sim_world *world, int32_t index, int32_t instance,
                                     int32_t member_id, uint32_t *partitions, int32_t *generation);
/* RETRY: transactional offsets are pending, or no answer. */
enum sim_result sim_group_committed(struct sim_world *world, int32_t group, int32_t partition,
                                    struct sim_offset *offset);
/* A commit outside of any transaction. */
void sim_group_commit(struct sim_world *world, int32_t group, int32_t partition, int64_t offset);
/* Whether the coordinator says that a partition is this member's; RETRY: it does not know now. */
enum sim_result sim_group_describe(struct sim_world *world, int32_t index, int32_t partition,
                                   int32_t member_id, bool *is_its);
void sim_group_step(struct sim_world *world);
/* Every partition is with a member that lives and knows it. */
bool sim_group_rests(const struct sim_world *world, int32_t group);

#endif
