/* SPDX-License-Identifier: Apache-2.0 */
/* A command on its way: published, waited for, and told where it stands if that takes too long. */
#include "ingest-api/commands/command.h"

#include "ingest-api/admission/call.h"
#include "ingest-api/commands/wait.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/loop/daemon.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* However short the wait that was asked for: without the record's place in the log a 202 says
 * little. */
#define REPORT_WAIT_MS 3000

#define CLOUD_EVENT_TYPE_SIZE 64   /* seatlog.commands.RetryRefund */
#define CLOUD_EVENT_SOURCE_SIZE 96 /* ingest-api/ and an instance */

struct publication {
    struct request_hold hold;
    struct uuid show_id;
    struct uuid reservation_id;
    const char *location;
    struct command *command;
    struct wait *wait; /* NULL: not published yet */
    bool patient;      /* waits for the report alone by now */
};

void command_position_format(const struct command_position *position,
                             char out[COMMAND_POSITION_SIZE]) {
    snprintf(out, COMMAND_POSITION_SIZE,
             position->known ? "%" PRId32 "-%" PRId64 : "~%" PRId32 "-%" PRId64,
             position->partition, position->known ? position->offset : position->sent_ms);
}

static bool digits_read(const char **text, int64_t maximum, int64_t *out) {
    int64_t value = 0;
    const char *start = *text;
    while (**text >= '0' && **text <= '9' && value <= maximum) {
        value = value * 10 + (**text - '0');
        (*text)++;
    }
    *out = value;
    return *text > start && value <= maximum;
}

bool command_position_parse(const char *text, struct command_position *out) {
    int64_t partition;
    int64_t number;
    *out = (struct command_position){.known = *text != '~'};
    text += !out->known;
    if (!digits_read(&text, 99999, &partition) || *text++ != '-' ||
        !digits_read(&text, INT64_MAX / 100, &number) || *text != '\0') {
        return false;
    }
    out->partition = (int32_t)partition;
    out->offset = number;
    out->sent_ms = number;
    return true;
}

void command_answer_pending(struct request *request, const struct uuid *show_id,
                            const struct uuid *reservation_id, const char *location,
                            const char *after) {
    char text[UUID_TEXT_SIZE];
    json_t *body = json_pack("{s:s, s:s, s:s}", "status", "pending", "detail",
                             "This is still being worked on. Please look again in a moment.",
                             "event_id", uuid_format(show_id, text));
    if (!uuid_is_zero(reservation_id)) {
        char order[PUBLIC_ORDER_ID_SIZE];
        json_object_set_new(body, "reservation_id",
                            json_string(public_order_id_format(show_id, reservation_id, order)));
    }
    request_answer_json(request, MHD_HTTP_ACCEPTED, body);
    const char *address = location;
    if (after != NULL) {
        address = arena_text_format(&request->arena, "%s?after=%s", location, after).data;
    }
    request_header_add(request, "Location", address);
    request_header_add(request, "Retry-After", "1");
    if (request->call->respond_async) {
        request_header_add(request, "Preference-Applied", "respond-async");
    }
}

int32_t command_partition_of(const struct request *request, const struct uuid *show_id) {
    char key[UUID_TEXT_SIZE];
    uuid_format(show_id, key);
    return kafka_partition_of(key, UUID_TEXT_SIZE - 1,
                              request->call->ingest->settings.partition_count);
}

/* ---- in the order of time: prepared, sent, woken ---- */

/* The request is over. */
static void publication_release(struct request_hold *hold) {
    wait_release(((struct publication *)hold)->wait); /* the hold is its first member */
}

void command_prepare(struct request *request, struct command *command,
                     const struct uuid *reservation_id, const char *location) {
    struct publication *publication = request_allocate(request, sizeof *publication);
    assert(request->call->publication == NULL); /* a call publishes one command */
    *publication = (struct publication){.show_id = command->as.head.show_id,
                                        .reservation_id = *reservation_id,
                                        .location = location,
                                        .command = command};
    request_hold_add(request, &publication->hold, publication_release);
    request->call->publication = publication;
}

static void reported(void *context, const struct producer_report *report) {
    wait_report(context, report);
}

static bool record_send(struct request *request, const struct command *command,
                        struct error *error) {
    struct ingest *ingest = request->call->ingest;
    char key[UUID_TEXT_SIZE];
    uuid_format(&command->as.head.show_id, key);
    char type[CLOUD_EVENT_TYPE_SIZE];
    snprintf(type, sizeof type, "seatlog.commands.%s", command_kind_name(command->kind));
    char source[CLOUD_EVENT_SOURCE_SIZE];
    snprintf(source, sizeof source, "ingest-api/%s", ingest->daemon->instance);
    struct kafka_envelope envelope = {.type = type,
                                      .source = source,
                                      .id = command->as.head.command_id,
                                      .command_id = command->as.head.command_id};
    snprintf(envelope.traceparent, sizeof envelope.traceparent, "%s", request->traceparent);
    snprintf(envelope.waiter, sizeof envelope.waiter, "%s", ingest->daemon->instance);
    struct producer_record record = {
        .topic = TOPIC_COMMANDS,
        .partition = RD_KAFKA_PARTITION_UA,
        .key = {.data = (const uint8_t *)key, .size = UUID_TEXT_SIZE - 1},
        .value = codec_command_encode(ingest->codec, command),
        .envelope = &envelope,
        .show_id = command->as.head.show_id};
    return producer_send(ingest->producer, &record, reported, request->call->publication->wait,
                         error);
}

static void publication_expired(struct deadline *deadline) {
    struct request *request = request_of_deadline(deadline);
    struct publication *publication = request->call->publication;
    if (!publication->patient && wait_for_report(publication->wait)) {
        publication->patient = true;
        request_deadline_set(request, clock_monotonic_ms() + REPORT_WAIT_MS, publication_expired);
    } else if (wait_take(publication->wait)) {
        request_wake(request);
    }
}

static void publication_woken(struct request *request) {
    const struct publication *publication = request->call->publication;
    struct wait_status status = wait_status(publication->wait);
    if (status.decided) {
        return; /* the call goes on, with command_event */
    }
    if (status.reported && status.outcome == PRODUCER_NOT_PERSISTED) {
        problem_answer_unavailable(request, "The service cannot take orders right now");
        return;
    }
    struct command_position position = {.known =
                                            status.reported && status.outcome == PRODUCER_PERSISTED,
                                        .partition = status.partition,
                                        .offset = status.offset};
    if (!position.known) {
        position.partition = command_partition_of(request, &publication->show_id);
        position.sent_ms = clock_now_ms();
    }
    char after[COMMAND_POSITION_SIZE];
    command_position_format(&position, after);
    command_answer_pending(request, &publication->show_id, &publication->reservation_id,
                           publication->location, after);
}

void command_publish(struct request *request) {
    struct call *call = request->call;
    struct publication *publication = call->publication;
    struct command *command = publication->command;
    assert(publication->wait == NULL);
    command->as.head.command_id = uuid_random();
    struct judge judge = {.command = command->kind,
                          .command_id = command->as.head.command_id,
                          .reservation_id = publication->reservation_id};
    request_suspend(request, publication_woken);
    publication->wait =
        wait_new(call->ingest->waits, request, &publication->show_id, &judge, call->respond_async);
    request_deadline_set(request, request_is_draining(request) ? 0 : call->wait_until_ms,
                         publication_expired);
    log_debug("publishing", LOG_TEXT("command", command_kind_name(command->kind)),
              LOG_UUID("command_id", &command->as.head.command_id),
              LOG_UUID("show_id", &publication->show_id));
    struct error error;
    if (!record_send(request, command, &error)) {
        struct producer_report report = {
            .outcome = PRODUCER_NOT_PERSISTED, .partition = -1, .offset = -1};
        log_warning("a command cannot be published", LOG_TEXT("reason", error.message));
        wait_report(publication->wait, &report);
    }
}

/* ---- once it is decided ---- */

const struct event *command_event(const struct request *request) {
    const struct wait_answer *answer = request->call->publication->wait->answer;
    assert(answer != NULL);
    return &answer->event;
}

const char *command_location_after(struct request *request, const char *address) {
    char after[COMMAND_POSITION_SIZE];
    struct command_position position = {
        .known = true,
        .partition = command_partition_of(request, &request->call->publication->show_id),
        .offset = command_event(request)->as.head.command_offset};
    command_position_format(&position, after);
    return arena_text_format(&request->arena, "%s?after=%s", address, after).data;
}
