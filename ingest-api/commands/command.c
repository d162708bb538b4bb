/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/commands/command.h"

#include "ingest-api/commands/idempotency.h"
#include "ingest-api/http/request.h"
#include "ingest-api/http/server.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* However short the wait that was asked for: without the record's place in the log a 202 says
 * little. */
#define REPORT_WAIT_MS 3000

struct publication {
    struct uuid show_id;
    struct uuid reservation_id;
    const char *location;
    void (*decided)(struct request *request);
    struct command *command;
    bool patient; /* waits for the report alone by now */
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
    if (request->respond_async) {
        request_header_add(request, "Preference-Applied", "respond-async");
    }
}

static void publication_expired(struct deadline *deadline) {
    struct request *request =
        (struct request *)((char *)deadline - offsetof(struct request, deadline));
    struct publication *publication = request->publication;
    if (!publication->patient && wait_for_report(request->wait)) {
        publication->patient = true;
        deadline_set(http_server_deadlines(request->ingest->http), deadline,
                     clock_monotonic_ms() + REPORT_WAIT_MS, publication_expired);
    } else if (wait_take(request->wait)) {
        request_wake(request);
    }
}

static void publication_woken(struct request *request) {
    struct publication *publication = request->publication;
    struct wait_status status = wait_status(request->wait);
    if (status.decided) {
        request_next(request, publication->decided);
        return;
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
        char key[UUID_TEXT_SIZE];
        uuid_format(&publication->show_id, key);
        position.partition =
            kafka_partition_of(key, UUID_TEXT_SIZE - 1, request->ingest->settings.partition_count);
        position.sent_ms = clock_now_ms();
    }
    char after[COMMAND_POSITION_SIZE];
    command_position_format(&position, after);
    command_answer_pending(request, &publication->show_id, &publication->reservation_id,
                           publication->location, after);
}

static void reported(void *context, const struct producer_report *report) {
    wait_report(context, report);
}

static bool record_send(struct request *request, const struct command *command,
                        struct error *error) {
    struct ingest *ingest = request->ingest;
    char key[UUID_TEXT_SIZE];
    uuid_format(&command->as.head.show_id, key);
    char type[64];
    snprintf(type, sizeof type, "seatlog.commands.%s", command_kind_name(command->kind));
    char source[96];
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
    return producer_send(ingest->producer, &record, reported, request->wait, error);
}

static void publication_begin(struct request *request) {
    struct ingest *ingest = request->ingest;
    struct publication *publication = request->publication;
    struct command *command = publication->command;
    command->as.head.command_id = uuid_random();
    struct judge judge = {.command = command->kind,
                          .command_id = command->as.head.command_id,
                          .reservation_id = publication->reservation_id};
    request_suspend(request, publication_woken);
    request->wait =
        wait_new(ingest->waits, request, &publication->show_id, &judge, request->respond_async);
    deadline_set(http_server_deadlines(ingest->http), &request->deadline,
                 http_server_draining(ingest->http) ? 0 : request->wait_until_ms,
                 publication_expired);
    log_debug("publishing", LOG_TEXT("command", command_kind_name(command->kind)),
              LOG_UUID("command_id", &command->as.head.command_id),
              LOG_UUID("show_id", &publication->show_id));
    struct error error;
    if (!record_send(request, command, &error)) {
        struct producer_report report = {
            .outcome = PRODUCER_NOT_PERSISTED, .partition = -1, .offset = -1};
        log_warning("a command cannot be published", LOG_TEXT("reason", error.message));
        wait_report(request->wait, &report);
    }
}

void command_publish(struct request *request, struct command *command,
                     const struct uuid *reservation_id, const char *location,
                     void (*decided)(struct request *request)) {
    struct publication *publication = request_allocate(request, sizeof *publication);
    *publication = (struct publication){.show_id = command->as.head.show_id,
                                        .reservation_id = *reservation_id,
                                        .location = location,
                                        .decided = decided,
                                        .command = command};
    request->publication = publication;
    idempotency_claim(request, publication_begin);
}
