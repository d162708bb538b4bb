/* SPDX-License-Identifier: Apache-2.0 */
/* Idempotent producers and what becomes of their requests. */
#include "tests/sim/stream.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_RECORDS_MAX 6

struct sim_stream_record {
    struct sim_entry entry;
    int64_t tag;
};

struct sim_stream {
    bool open;
    bool fatal;
    int32_t process;
    enum sim_topic topic;
    int32_t partition;
    size_t on_wire; /* so many of the first records are in the request under way */
    bool acted;     /* it was written, and the answer was lost */
    struct sim_stream_record *records;
    size_t count, capacity;
    struct sim_report *reports;
    size_t report_count, report_capacity;
};

static struct sim_stream *stream_of(struct sim_world *world, int32_t number) {
    struct sim_stream *stream = &world->broker.streams[number];
    assert(number >= 0 && number < world->broker.stream_count && stream->open);
    return stream;
}

int32_t sim_stream_open(struct sim_world *world, int32_t process, enum sim_topic topic,
                        int32_t partition) {
    struct sim_broker *broker = &world->broker;
    int32_t number = 0;
    while (number < broker->stream_count && broker->streams[number].open) {
        number++;
    }
    if (number == broker->stream_capacity) {
        broker->stream_capacity = number == 0 ? 8 : 2 * number;
        broker->streams = reallocate(broker->streams, (unsigned long)broker->stream_capacity *
                                                          sizeof broker->streams[0]);
    }
    broker->stream_count += number == broker->stream_count;
    broker->streams[number] = (struct sim_stream){
        .open = true, .process = process, .topic = topic, .partition = partition};
    return number;
}

/* The request that is on its way has left the client: it lands now, late, or never. */
void sim_stream_close(struct sim_world *world, int32_t number) {
    struct sim_stream *stream = stream_of(world, number);
    bool lands = sim_random_chance(&world->schedule, 600);
    int64_t delay_ms =
        sim_fault(world, SIM_FAULT_DELAY, 400) ? sim_random_between(&world->chance, 1, 15000) : 0;
    for (size_t i = 0; i < stream->on_wire && lands && !stream->acted; i++) {
        sim_entry_append_later(world, stream->topic, stream->partition, &stream->records[i].entry,
                               delay_ms);
    }
    free(stream->records);
    free(stream->reports);
    *stream = (struct sim_stream){0};
}

void sim_stream_send(struct sim_world *world, int32_t number, struct octets key,
                     struct octets value, struct octets label, int64_t tag) {
    struct sim_stream *stream = stream_of(world, number);
    if (stream->count == stream->capacity) {
        stream->capacity = stream->capacity == 0 ? 16 : 2 * stream->capacity;
        stream->records = reallocate(stream->records, stream->capacity * sizeof stream->records[0]);
    }
    stream->records[stream->count++] = (struct sim_stream_record){
        .entry = {.key = sim_octets_keep(world, key),
                  .value = sim_octets_keep(world, value),
                  .label = sim_octets_keep(world, label),
                  .transaction = SIM_TRANSACTION_NONE},
        .tag = tag,
    };
}

static void report_add(struct sim_world *world, struct sim_stream *stream,
                       enum sim_report_kind kind, int64_t tag, int64_t offset, int64_t delay_ms) {
    if (stream->report_count == stream->report_capacity) {
        stream->report_capacity = stream->report_capacity == 0 ? 16 : 2 * stream->report_capacity;
        stream->reports =
            reallocate(stream->reports, stream->report_capacity * sizeof stream->reports[0]);
    }
    stream->reports[stream->report_count++] = (struct sim_report){
        .kind = kind, .tag = tag, .offset = offset, .heard_ms = world->now_ms + delay_ms};
}

bool sim_stream_report(struct sim_world *world, int32_t number, struct sim_report *report) {
    struct sim_stream *stream = stream_of(world, number);
    for (size_t i = 0; i < stream->report_count; i++) {
        if (stream->reports[i].heard_ms <= world->now_ms) {
            *report = stream->reports[i];
            stream->report_count--;
            memmove(&stream->reports[i], &stream->reports[i + 1],
                    (stream->report_count - i) * sizeof stream->reports[0]);
            return true;
        }
    }
    return false;
}

size_t sim_stream_waiting(const struct sim_world *world, int32_t number) {
    return world->broker.streams[number].count + world->broker.streams[number].report_count;
}

/* --- requests --- */

static int64_t record_write(struct sim_world *world, const struct sim_stream *stream,
                            const struct sim_entry *entry) {
    return sim_entry_append(world, stream->topic, stream->partition, entry);
}

/* The broker knows the producer no more: everything that it has fails, be it written or not. */
static void stream_end(struct sim_world *world, struct sim_stream *stream) {
    sim_trace(world, "FAULT: the broker has forgotten a producer of %s, partition %d",
              sim_topic_name(stream->topic), (int)stream->partition);
    stream->fatal = true;
    for (size_t i = 0; i < stream->count; i++) {
        report_add(world, stream, SIM_REPORT_FAILED, stream->records[i].tag, -1, 0);
    }
    stream->count = stream->on_wire = 0;
    report_add(world, stream, SIM_REPORT_FATAL, 0, -1, 0);
}

static void record_arrive(struct sim_world *world, struct sim_stream *stream,
                          const struct sim_stream_record *record) {
    if (stream->topic == SIM_EVENTS && sim_fault(world, SIM_FAULT_PRODUCER, 8)) {
        sim_trace(world, "FAULT: a record for %s, partition %d, is lost, what follows is not",
                  sim_topic_name(stream->topic), (int)stream->partition);
        report_add(world, stream, SIM_REPORT_FAILED, record->tag, -1,
                   sim_random_between(&world->chance, 0, 3000));
        return;
    }
    int64_t offset = record_write(world, stream, &record->entry);
    report_add(world, stream, SIM_REPORT_DELIVERED, record->tag, offset, 0);
}

/* What has an answer leaves the queue. */
static void request_end(struct sim_stream *stream) {
    stream->count -= stream->on_wire;
    memmove(stream->records, stream->records + stream->on_wire,
            stream->count * sizeof stream->records[0]);
    stream->on_wire = 0;
    stream->acted = false;
}

/* Sent again after a lost answer: known by its number, unless the broker has forgotten that. */
static void request_arrive_again(struct sim_world *world, struct sim_stream *stream) {
    bool twice = sim_fault(world, SIM_FAULT_PRODUCER, 150);
    for (size_t i = 0; i < stream->on_wire; i++) {
        if (twice) {
            record_write(world, stream, &stream->records[i].entry);
        }
        report_add(world, stream, SIM_REPORT_DELIVERED, stream->records[i].tag, -1, 0);
    }
    if (twice) {
        sim_trace(world, "FAULT: %zu records for %s, partition %d, are written twice",
                  stream->on_wire, sim_topic_name(stream->topic), (int)stream->partition);
    }
    request_end(stream);
}

static void request_arrive(struct sim_world *world, struct sim_stream *stream) {
    if (stream->acted) {
        request_arrive_again(world, stream);
        return;
    }
    if (sim_fault(world, SIM_FAULT_ANSWER, 40)) {
        for (size_t i = 0; i < stream->on_wire; i++) {
            record_write(world, stream, &stream->records[i].entry);
        }
        stream->acted = true;
        return;
    }
    if (sim_fault(world, SIM_FAULT_PRODUCER, 8)) {
        for (size_t i = 0; i < stream->on_wire && sim_random_chance(&world->chance, 500); i++) {
            record_write(world, stream, &stream->records[i].entry);
        }
        stream_end(world, stream);
        return;
    }
    for (size_t i = 0; i < stream->on_wire; i++) {
        record_arrive(world, stream, &stream->records[i]);
    }
    request_end(stream);
}

static bool process_runs(const struct sim_world *world, int32_t process) {
    return world->processes[process].alive && world->processes[process].paused_since_ms == 0;
}

/* A request is made only by a process that runs; what is on its way arrives all the same. */
static void stream_step(struct sim_world *world, struct sim_stream *stream) {
    bool runs = process_runs(world, stream->process);
    if (stream->on_wire == 0 && stream->count > 0 && runs) {
        uint32_t most =
            (uint32_t)(stream->count < REQUEST_RECORDS_MAX ? stream->count : REQUEST_RECORDS_MAX);
        stream->on_wire = 1 + sim_random_below(&world->schedule, most);
        if (sim_random_chance(&world->schedule, 300)) {
            return;
        }
    }
    if (stream->on_wire > 0 && (runs || !stream->acted) &&
        sim_log_has_leader(world, stream->topic, stream->partition)) {
        request_arrive(world, stream);
    }
}

void sim_streams_step(struct sim_world *world) {
    for (int32_t i = 0; i < world->broker.stream_count; i++) {
        struct sim_stream *stream = &world->broker.streams[i];
        if (stream->open && stream->count > 0 && sim_random_chance(&world->schedule, 800)) {
            stream_step(world, stream);
        }
    }
}

int64_t sim_streams_wake_ms(const struct sim_world *world) {
    int64_t wake_ms = INT64_MAX;
    for (int32_t i = 0; i < world->broker.stream_count; i++) {
        const struct sim_stream *stream = &world->broker.streams[i];
        bool waits = stream->open && stream->count > 0;
        if (waits &&
            (process_runs(world, stream->process) || (stream->on_wire > 0 && !stream->acted))) {
            int64_t down_ms = world->broker.logs[stream->topic][stream->partition].down_until_ms;
            int64_t at_ms = down_ms > world->now_ms ? down_ms : world->now_ms;
            wake_ms = at_ms < wake_ms ? at_ms : wake_ms;
        }
    }
    return wake_ms;
}

void sim_streams_deinit(struct sim_world *world) {
    for (int32_t i = 0; i < world->broker.stream_count; i++) {
        free(world->broker.streams[i].records);
        free(world->broker.streams[i].reports);
    }
    free(world->broker.streams);
}
