/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual broker: logs, transactions and their markers. */
#include "runtime/base/error.h"
#include "tests/sim/judge.h"
#include "tests/sim/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *sim_topic_name(enum sim_topic topic) {
    static const char *const names[] = {"commands", "events", "tickets", "snapshots",
                                        "dead letters"};
    _Static_assert(sizeof names / sizeof names[0] == SIM_TOPIC_COUNT, "a name for each");
    return names[topic];
}

void sim_broker_init(struct sim_world *world, int32_t partition_count) {
    struct sim_broker *broker = &world->broker;
    *broker = (struct sim_broker){
        .partition_count = partition_count,
        .transaction_timeout_ms = sim_random_chance(&world->schedule, 500) ? 10000 : 60000,
    };
    for (size_t group = 0; group < sizeof broker->groups / sizeof broker->groups[0]; group++) {
        for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
            broker->groups[group].committed[i].offset = -1;
        }
    }
}

void sim_broker_deinit(struct sim_world *world) {
    struct sim_broker *broker = &world->broker;
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
            free(broker->logs[topic][i].entries);
        }
    }
    free(broker->transactions);
    free(broker->producers);
    free(broker->in_flight);
    sim_streams_deinit(world);
}

static struct sim_log *log_of(struct sim_world *world, enum sim_topic topic, int32_t partition) {
    assert(partition >= 0 && partition < world->broker.partition_count);
    return &world->broker.logs[topic][partition];
}

/* --- records --- */

static int64_t entry_append(struct sim_world *world, struct sim_log *log,
                            const struct sim_entry *entry) {
    if (log->end == log->capacity) {
        log->capacity = log->capacity == 0 ? 256 : 2 * log->capacity;
        log->entries =
            reallocate(log->entries, (unsigned long)log->capacity * sizeof log->entries[0]);
    }
    log->entries[log->end] = *entry;
    log->entries[log->end].timestamp_ms = world->now_ms + log->skew_ms;
    log->entries[log->end].step = world->steps;
    return log->end++;
}

static bool has_leader(const struct sim_world *world, const struct sim_log *log) {
    return log->down_until_ms <= world->now_ms;
}

bool sim_log_has_leader(const struct sim_world *world, enum sim_topic topic, int32_t partition) {
    return has_leader(world, &world->broker.logs[topic][partition]);
}

int64_t sim_entry_append(struct sim_world *world, enum sim_topic topic, int32_t partition,
                         const struct sim_entry *entry) {
    struct sim_entry kept = *entry;
    kept.key = sim_octets_keep(world, entry->key);
    kept.value = sim_octets_keep(world, entry->value);
    kept.label = sim_octets_keep(world, entry->label);
    return entry_append(world, log_of(world, topic, partition), &kept);
}

static int64_t record_append(struct sim_world *world, enum sim_topic topic, int32_t partition,
                             struct octets key, struct octets value, int32_t transaction) {
    const struct sim_entry entry = {.key = key, .value = value, .transaction = transaction};
    return sim_entry_append(world, topic, partition, &entry);
}

enum sim_result sim_append(struct sim_world *world, enum sim_topic topic, int32_t partition,
                           struct octets key, struct octets value, int64_t *offset) {
    if (!has_leader(world, log_of(world, topic, partition))) {
        return SIM_RETRY;
    }
    int64_t appended = record_append(world, topic, partition, key, value, SIM_TRANSACTION_NONE);
    if (offset != NULL) {
        *offset = appended;
    }
    return sim_fault(world, SIM_FAULT_ANSWER, 20) ? SIM_RETRY : SIM_OK;
}

static struct sim_in_flight *in_flight_add(struct sim_world *world, int64_t delay_ms) {
    struct sim_broker *broker = &world->broker;
    if (broker->in_flight_count == broker->in_flight_capacity) {
        broker->in_flight_capacity =
            broker->in_flight_capacity == 0 ? 16 : 2 * broker->in_flight_capacity;
        broker->in_flight =
            reallocate(broker->in_flight, broker->in_flight_capacity * sizeof broker->in_flight[0]);
    }
    struct sim_in_flight *request = &broker->in_flight[broker->in_flight_count++];
    *request = (struct sim_in_flight){.arrives_ms = world->now_ms + delay_ms};
    return request;
}

void sim_entry_append_later(struct sim_world *world, enum sim_topic topic, int32_t partition,
                            const struct sim_entry *entry, int64_t delay_ms) {
    struct sim_in_flight *request = in_flight_add(world, delay_ms);
    request->topic = topic;
    request->partition = partition;
    request->key = sim_octets_keep(world, entry->key);
    request->value = sim_octets_keep(world, entry->value);
    request->label = sim_octets_keep(world, entry->label);
}

void sim_append_later(struct sim_world *world, int32_t partition, struct octets key,
                      struct octets value, int64_t delay_ms) {
    const struct sim_entry entry = {.key = key, .value = value};
    sim_entry_append_later(world, SIM_COMMANDS, partition, &entry, delay_ms);
}

int64_t sim_log_end(const struct sim_world *world, enum sim_topic topic, int32_t partition) {
    return world->broker.logs[topic][partition].end;
}

int64_t sim_log_stable(const struct sim_world *world, enum sim_topic topic, int32_t partition) {
    const struct sim_log *log = &world->broker.logs[topic][partition];
    int64_t stable = log->end;
    for (size_t i = 0; i < log->open_count; i++) {
        if (log->open[i].first_offset < stable) {
            stable = log->open[i].first_offset;
        }
    }
    return stable;
}

static bool is_visible(const struct sim_world *world, const struct sim_entry *entry,
                       bool uncommitted) {
    if (entry->marker || entry->compacted) {
        return false;
    }
    if (uncommitted || entry->transaction == SIM_TRANSACTION_NONE) {
        return true;
    }
    return world->broker.transactions[entry->transaction].state == SIM_TRANSACTION_COMMITTED ||
           world->broker.transactions[entry->transaction].state == SIM_TRANSACTION_PREPARED_COMMIT;
}

const struct sim_entry *sim_log_read(const struct sim_world *world, enum sim_topic topic,
                                     int32_t partition, int64_t *offset, int64_t end,
                                     bool uncommitted) {
    const struct sim_log *log = &world->broker.logs[topic][partition];
    int64_t limit = uncommitted ? log->end : sim_log_stable(world, topic, partition);
    limit = limit < end ? limit : end;
    while (*offset < limit) {
        const struct sim_entry *entry = &log->entries[(*offset)++];
        if (is_visible(world, entry, uncommitted)) {
            return entry;
        }
    }
    return NULL;
}

/* --- what consumers make of it --- */

/*
 * A consumer skips a record only if what comes next is of the same term and goes on from it: a gap
 * that nothing follows nobody can hear of.
 */
static bool is_skipped(struct sim_world *world, int32_t partition, int64_t offset) {
    const struct sim_log *log = &world->broker.logs[SIM_EVENTS][partition];
    if (offset + 1 >= log->end || log->entries[offset].label.size == 0) {
        return false;
    }
    struct sim_label skipped, next;
    sim_label_read(log->entries[offset].label, &skipped);
    sim_label_read(log->entries[offset + 1].label, &next);
    bool follows = next.kind == SIM_LABEL_EVENT && skipped.kind == SIM_LABEL_EVENT &&
                   strcmp(skipped.term, next.term) == 0 &&
                   (next.prev == skipped.next ||
                    (next.prev == skipped.prev && next.index == skipped.index + 1));
    char term[SIM_TERM_SIZE];
    sim_term_print(term, offset, skipped.nonce);
    bool begins = next.kind == SIM_LABEL_EVENT && skipped.kind == SIM_LABEL_CLAIM &&
                  strcmp(term, next.term) == 0;
    return (follows || begins) && sim_fault(world, SIM_FAULT_SKIP, 15);
}

static const struct sim_entry *record_fetch(struct sim_world *world, enum sim_topic topic,
                                            int32_t partition, int64_t *offset, bool uncommitted) {
    const struct sim_entry *entry =
        sim_log_read(world, topic, partition, offset, INT64_MAX, uncommitted);
    if (entry != NULL && topic == SIM_EVENTS && is_skipped(world, partition, *offset - 1)) {
        sim_trace(world, "FAULT: a consumer skips event %lld of partition %d",
                  (long long)*offset - 1, (int)partition);
        entry = sim_log_read(world, topic, partition, offset, INT64_MAX, uncommitted);
    }
    return entry;
}

void sim_log_keep(struct sim_world *world, int32_t partition, int64_t offset) {
    struct sim_log *log = log_of(world, SIM_EVENTS, partition);
    log->kept = offset > log->kept ? offset : log->kept;
}

const struct sim_entry *sim_log_fetch(struct sim_world *world, enum sim_topic topic,
                                      int32_t partition, int64_t *offset, bool uncommitted) {
    const struct sim_entry *entry = record_fetch(world, topic, partition, offset, uncommitted);
    if (entry != NULL && topic == SIM_EVENTS) {
        sim_log_keep(world, partition, *offset);
    }
    return entry;
}

const struct sim_entry *sim_log_follow(struct sim_world *world, int32_t partition,
                                       int64_t *offset) {
    assert(*offset <= sim_log_end(world, SIM_EVENTS, partition));
    return record_fetch(world, SIM_EVENTS, partition, offset, false);
}

bool sim_log_tail_lose(struct sim_world *world, int32_t partition) {
    struct sim_log *log = log_of(world, SIM_EVENTS, partition);
    int64_t from = log->end;
    while (from > log->kept && log->entries[from - 1].label.size > 0) {
        from--;
    }
    if (from == log->end) {
        return false;
    }
    int64_t end = sim_random_between(&world->chance, from, log->end - 1);
    sim_trace(world, "FAULT: events, partition %d, lose their tail: %lld of %lld records are left",
              (int)partition, (long long)end, (long long)log->end);
    log->end = end;
    return true;
}

void sim_log_compact(struct sim_world *world, int32_t partition) {
    struct sim_log *log = log_of(world, SIM_SNAPSHOTS, partition);
    int64_t stable = sim_log_stable(world, SIM_SNAPSHOTS, partition);
    for (int64_t i = 0; i < stable; i++) {
        for (int64_t later = i + 1; later < stable && !log->entries[i].compacted; later++) {
            log->entries[i].compacted =
                is_visible(world, &log->entries[i], false) &&
                is_visible(world, &log->entries[later], false) &&
                sim_octets_equal(log->entries[i].key, log->entries[later].key);
        }
    }
}

/* --- transactions --- */

int32_t sim_producer_register(struct sim_world *world, int32_t group) {
    struct sim_broker *broker = &world->broker;
    if (broker->producer_count == broker->producer_capacity) {
        broker->producer_capacity =
            broker->producer_capacity == 0 ? 32 : 2 * broker->producer_capacity;
        broker->producers = reallocate(broker->producers, (unsigned long)broker->producer_capacity *
                                                              sizeof broker->producers[0]);
    }
    broker->producers[broker->producer_count] =
        (struct sim_producer){.transaction = SIM_TRANSACTION_NONE, .group = group};
    return broker->producer_count++;
}

static struct sim_producer *producer_of(struct sim_world *world, const struct sim_client *client) {
    return &world->broker.producers[client->producer];
}

static struct sim_transaction *transaction_of(struct sim_world *world,
                                              const struct sim_producer *producer) {
    return producer->transaction == SIM_TRANSACTION_NONE
               ? NULL
               : &world->broker.transactions[producer->transaction];
}

static bool is_ending(const struct sim_transaction *transaction) {
    return transaction != NULL && (transaction->state == SIM_TRANSACTION_PREPARED_COMMIT ||
                                   transaction->state == SIM_TRANSACTION_PREPARED_ABORT);
}

static void transaction_prepare(struct sim_world *world, struct sim_transaction *transaction,
                                bool commit) {
    transaction->state = commit ? SIM_TRANSACTION_PREPARED_COMMIT : SIM_TRANSACTION_PREPARED_ABORT;
    transaction->prepared_step = world->steps;
}

static void transaction_settle(struct sim_transaction *transaction) {
    if (transaction->markers == 0 && !transaction->offsets_pending && is_ending(transaction)) {
        transaction->state = transaction->state == SIM_TRANSACTION_PREPARED_COMMIT
                                 ? SIM_TRANSACTION_COMMITTED
                                 : SIM_TRANSACTION_ABORTED;
    }
}

static void marker_write(struct sim_world *world, int32_t index, enum sim_topic topic,
                         int32_t partition) {
    struct sim_log *log = log_of(world, topic, partition);
    const struct sim_entry marker = {.transaction = index, .marker = true};
    entry_append(world, log, &marker);
    for (size_t i = 0; i < log->open_count; i++) {
        if (log->open[i].transaction == index) {
            log->open[i] = log->open[--log->open_count];
            break;
        }
    }
    world->broker.transactions[index].markers &=
        ~(1u << ((uint32_t)topic * SIM_PARTITIONS_MAX + (uint32_t)partition));
}

static void offsets_settle(struct sim_world *world, struct sim_transaction *transaction) {
    struct sim_group *group =
        &world->broker.groups[world->broker.producers[transaction->producer].group];
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        if (transaction->offsets[i].offset >= 0 &&
            transaction->state == SIM_TRANSACTION_PREPARED_COMMIT &&
            transaction->offsets_number > group->committed_number[i]) {
            group->committed[i] = transaction->offsets[i];
            group->committed_number[i] = transaction->offsets_number;
        }
    }
    transaction->offsets_pending = false;
}

/* Some of the markers of a transaction that is ending, or all of them. */
static void markers_write(struct sim_world *world, int32_t index, bool all) {
    struct sim_transaction *transaction = &world->broker.transactions[index];
    for (int topic = 0; topic < SIM_TOPIC_COUNT; topic++) {
        for (int32_t i = 0; i < world->broker.partition_count; i++) {
            uint32_t bit = 1u << ((uint32_t)topic * SIM_PARTITIONS_MAX + (uint32_t)i);
            bool may = all || (has_leader(world, log_of(world, topic, i)) &&
                               sim_random_chance(&world->schedule, 600));
            if ((transaction->markers & bit) != 0 && may) {
                marker_write(world, index, topic, i);
            }
        }
    }
    if (transaction->offsets_pending && (all || sim_random_chance(&world->schedule, 600))) {
        offsets_settle(world, transaction);
    }
    transaction_settle(transaction);
}

enum sim_result sim_producer_init(struct sim_world *world, struct sim_client *client) {
    struct sim_producer *producer = producer_of(world, client);
    struct sim_transaction *transaction = transaction_of(world, producer);
    if (transaction != NULL && transaction->state == SIM_TRANSACTION_OPEN) {
        transaction_prepare(world, transaction, false);
        producer->epoch++; /* whoever has it open is fenced at once */
    }
    if (is_ending(transaction)) {
        return SIM_RETRY;
    }
    producer->epoch++;
    if (sim_fault(world, SIM_FAULT_ANSWER, 20)) {
        return SIM_RETRY;
    }
    client->epoch = producer->epoch;
    return SIM_OK;
}

bool sim_producer_is_free(const struct sim_world *world, const struct sim_client *client) {
    const struct sim_producer *producer = &world->broker.producers[client->producer];
    return producer->transaction == SIM_TRANSACTION_NONE ||
           !is_ending(&world->broker.transactions[producer->transaction]);
}

/* The producer's open transaction, begun if there is none. */
static struct sim_transaction *transaction_open(struct sim_world *world,
                                                struct sim_producer *producer) {
    struct sim_broker *broker = &world->broker;
    struct sim_transaction *transaction = transaction_of(world, producer);
    if (is_ending(transaction)) {
        /* Refused until the markers are written; librdkafka asks again until they are. */
        markers_write(world, producer->transaction, true);
    }
    if (transaction != NULL && transaction->state == SIM_TRANSACTION_OPEN) {
        return transaction;
    }
    if (broker->transaction_count == broker->transaction_capacity) {
        broker->transaction_capacity =
            broker->transaction_capacity == 0 ? 256 : 2 * broker->transaction_capacity;
        broker->transactions =
            reallocate(broker->transactions, (unsigned long)broker->transaction_capacity *
                                                 sizeof broker->transactions[0]);
    }
    transaction = &broker->transactions[broker->transaction_count];
    *transaction = (struct sim_transaction){.producer = (int32_t)(producer - broker->producers),
                                            .started_ms = world->now_ms};
    for (int32_t i = 0; i < SIM_PARTITIONS_MAX; i++) {
        transaction->offsets[i].offset = -1;
    }
    producer->transaction = broker->transaction_count++;
    return transaction;
}

enum sim_result sim_produce(struct sim_world *world, const struct sim_client *client,
                            enum sim_topic topic, int32_t partition, struct octets key,
                            struct octets value, int64_t *offset) {
    struct sim_producer *producer = producer_of(world, client);
    struct sim_log *log = log_of(world, topic, partition);
    if (client->epoch != producer->epoch) {
        return SIM_FENCED;
    }
    if (!has_leader(world, log)) {
        return SIM_RETRY;
    }
    struct sim_transaction *transaction = transaction_open(world, producer);
    uint32_t bit = 1u << ((uint32_t)topic * SIM_PARTITIONS_MAX + (uint32_t)partition);
    if ((transaction->markers & bit) == 0) {
        assert(log->open_count < SIM_OPEN_MAX);
        transaction->markers |= bit;
        log->open[log->open_count].transaction = producer->transaction;
        log->open[log->open_count++].first_offset = log->end;
    }
    int64_t appended = record_append(world, topic, partition, key, value, producer->transaction);
    /* A repeated batch is known by its sequence number, but its offset is not told. */
    *offset = sim_fault(world, SIM_FAULT_ANSWER, 10) ? -1 : appended;
    return SIM_OK;
}

static const struct sim_member *member_find(const struct sim_group *group, int32_t member_id) {
    for (size_t i = 0; i < group->member_count; i++) {
        if (group->members[i].member_id == member_id) {
            return &group->members[i];
        }
    }
    return NULL;
}

enum sim_result sim_offsets_send(struct sim_world *world, const struct sim_client *client,
                                 int32_t member_id, int32_t generation,
                                 const struct sim_offset offsets[SIM_PARTITIONS_MAX]) {
    struct sim_producer *producer = producer_of(world, client);
    struct sim_group *group = &world->broker.groups[producer->group];
    if (client->epoch != producer->epoch) {
        return SIM_FENCED;
    }
    if (member_id != 0 &&
        (member_find(group, member_id) == NULL || generation != group->generation)) {
        return SIM_ABORT;
    }
    struct sim_transaction *transaction = transaction_open(world, producer);
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        if (offsets[i].offset >= 0) {
            transaction->offsets[i] = offsets[i];
            transaction->offsets_number = ++group->numbers;
            transaction->offsets_pending = true;
        }
    }
    return sim_fault(world, SIM_FAULT_ANSWER, 20) ? SIM_RETRY : SIM_OK;
}

enum sim_result sim_transaction_end(struct sim_world *world, const struct sim_client *client,
                                    bool commit) {
    struct sim_producer *producer = producer_of(world, client);
    if (client->epoch != producer->epoch) {
        return SIM_FENCED;
    }
    struct sim_transaction *transaction = transaction_of(world, producer);
    if (transaction == NULL) {
        return SIM_OK; /* nothing was ever sent */
    }
    bool committed = transaction->state == SIM_TRANSACTION_PREPARED_COMMIT ||
                     transaction->state == SIM_TRANSACTION_COMMITTED;
    if (transaction->state == SIM_TRANSACTION_OPEN) {
        if (sim_fault(world, SIM_FAULT_DELAY, 25)) {
            /* It takes so long that it is sent again; the first one arrives later. */
            struct sim_in_flight *request =
                in_flight_add(world, sim_random_between(&world->chance, 1, 400));
            request->client = *client;
            request->commit = commit;
            return SIM_RETRY;
        }
        transaction_prepare(world, transaction, commit);
        transaction_settle(transaction);
    } else if (committed != commit) {
        return SIM_FENCED;
    }
    return sim_fault(world, SIM_FAULT_ANSWER, 20) ? SIM_RETRY : SIM_OK;
}

/* --- the broker's own work --- */

static void end_arrived(struct sim_world *world, const struct sim_in_flight *request) {
    struct sim_producer *producer = producer_of(world, &request->client);
    struct sim_transaction *transaction = transaction_of(world, producer);
    if (producer->epoch == request->client.epoch && transaction != NULL &&
        transaction->state == SIM_TRANSACTION_OPEN) {
        sim_trace(world, "a late EndTxn ends what is open now: %s",
                  request->commit ? "commit" : "abort");
        transaction_prepare(world, transaction, request->commit);
        transaction_settle(transaction);
    }
}

static void in_flight_deliver(struct sim_world *world) {
    struct sim_broker *broker = &world->broker;
    for (size_t i = 0; i < broker->in_flight_count;) {
        const struct sim_in_flight request = broker->in_flight[i];
        bool arrives = request.arrives_ms <= world->now_ms &&
                       (request.value.data == NULL ||
                        sim_log_has_leader(world, request.topic, request.partition));
        if (!arrives) {
            i++;
            continue;
        }
        broker->in_flight_count--;
        memmove(&broker->in_flight[i], &broker->in_flight[i + 1],
                (broker->in_flight_count - i) * sizeof broker->in_flight[0]);
        if (request.value.data == NULL) {
            end_arrived(world, &request);
            continue;
        }
        const struct sim_entry entry = {.key = request.key,
                                        .value = request.value,
                                        .label = request.label,
                                        .transaction = SIM_TRANSACTION_NONE};
        entry_append(world, log_of(world, request.topic, request.partition), &entry);
    }
}

void sim_broker_step(struct sim_world *world) {
    struct sim_broker *broker = &world->broker;
    /* Markers wait while the coordinator is busy. */
    bool slow = sim_fault(world, SIM_FAULT_DELAY, 100);
    for (int32_t i = 0; i < broker->producer_count; i++) {
        struct sim_producer *producer = &broker->producers[i];
        struct sim_transaction *transaction = transaction_of(world, producer);
        if (transaction == NULL) {
            continue;
        }
        if (transaction->state == SIM_TRANSACTION_OPEN &&
            world->now_ms - transaction->started_ms > broker->transaction_timeout_ms) {
            sim_trace(world, "the broker gives up a transaction that is open too long");
            transaction_prepare(world, transaction, false);
            producer->epoch++;
        }
        if (is_ending(transaction) && !slow) {
            markers_write(world, producer->transaction, false);
        }
    }
    in_flight_deliver(world);
    sim_streams_step(world);
    if (sim_random_chance(&world->schedule, 3)) {
        sim_log_compact(
            world, (int32_t)sim_random_below(&world->schedule, (uint32_t)broker->partition_count));
    }
    sim_group_step(world);
}

int64_t sim_broker_wake_ms(const struct sim_world *world) {
    const struct sim_broker *broker = &world->broker;
    int64_t wake_ms = INT64_MAX;
    for (int32_t i = 0; i < broker->producer_count; i++) {
        int32_t index = broker->producers[i].transaction;
        if (index == SIM_TRANSACTION_NONE) {
            continue;
        }
        const struct sim_transaction *transaction = &broker->transactions[index];
        if (is_ending(transaction)) {
            return world->now_ms;
        }
        if (transaction->state == SIM_TRANSACTION_OPEN &&
            transaction->started_ms + broker->transaction_timeout_ms + 1 < wake_ms) {
            wake_ms = transaction->started_ms + broker->transaction_timeout_ms + 1;
        }
    }
    for (size_t i = 0; i < broker->in_flight_count; i++) {
        if (broker->in_flight[i].arrives_ms < wake_ms) {
            wake_ms = broker->in_flight[i].arrives_ms;
        }
    }
    int64_t streams_ms = sim_streams_wake_ms(world);
    return streams_ms < wake_ms ? streams_ms : wake_ms;
}

/* --- offsets of groups --- */

enum sim_result sim_group_committed(struct sim_world *world, int32_t group, int32_t partition,
                                    struct sim_offset *offset) {
    struct sim_broker *broker = &world->broker;
    for (int32_t i = 0; i < broker->producer_count; i++) {
        const struct sim_transaction *transaction = transaction_of(world, &broker->producers[i]);
        if (broker->producers[i].group == group && transaction != NULL &&
            transaction->offsets_pending && transaction->offsets[partition].offset >= 0) {
            return SIM_RETRY; /* unstable */
        }
    }
    if (sim_fault(world, SIM_FAULT_ANSWER, 20)) {
        return SIM_RETRY;
    }
    *offset = broker->groups[group].committed[partition];
    return SIM_OK;
}

void sim_group_commit(struct sim_world *world, int32_t group, int32_t partition, int64_t offset) {
    world->broker.groups[group].committed[partition].offset = offset;
}
