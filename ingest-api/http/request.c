/* SPDX-License-Identifier: Apache-2.0 */
/* A request's memory, its sleep, and its answer. */
#include "ingest-api/http/request.h"

#include "ingest-api/http/loop.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void request_init(struct request *request, struct http_loop *loop,
                  struct MHD_Connection *connection, const char *method, const char *path) {
    request->loop = loop;
    request->connection = connection;
    request->method = method;
    request->path = text_duplicate(path);
    request->body.size_max = REQUEST_BODY_SIZE_MAX;
    request->started_ms = clock_monotonic_ms();
}

void request_deinit(struct request *request) {
    assert(http_loop_is_here(request->loop));
    deadline_cancel(&request->loop->deadlines, &request->flow.deadline);
    while (request->holds != NULL) {
        struct request_hold *hold = request->holds;
        request->holds = hold->next; /* first: the hold may go with what it holds */
        hold->release(hold);
    }
    if (request->shared.release != NULL) {
        request->shared.release(request->shared.owner);
    }
    json_decref(request->body.json);
    buffer_deinit(&request->body.bytes);
    http_loop_memory_give_back(request->loop, request->body.reserved);
    buffer_deinit(&request->answer.bytes);
    arena_deinit(&request->arena);
    free(request->path);
}

void *request_allocate(struct request *request, size_t size) {
    void *memory = arena_allocate(&request->arena, size);
    memset(memory, 0, size);
    return memory;
}

void request_hold_add(struct request *request, struct request_hold *hold,
                      void (*release)(struct request_hold *hold)) {
    assert(hold->release == NULL); /* held once */
    hold->release = release;
    hold->next = request->holds;
    request->holds = hold;
}

bool request_body_reserve(struct request *request, size_t bytes) {
    if (bytes <= request->body.reserved) {
        return true;
    }
    size_t more = bytes - request->body.reserved;
    bool taken = http_loop_memory_take(request->loop, more);
    request->body.reserved += taken ? more : 0;
    return taken;
}

void request_suspend(struct request *request, request_step *next) {
    assert(http_loop_is_here(request->loop) && !request->flow.suspended);
    assert(request->flow.next == NULL); /* one thing at a time is to follow */
    request->flow.next = next;
    request->flow.suspended = true;
    MHD_suspend_connection(request->connection);
}

void request_wake(struct request *request) {
    struct http_loop *loop = request->loop;
    assert(request->flow.suspended);            /* it was handed over, and is handed back once */
    MHD_resume_connection(request->connection); /* from here on the request may be gone */
    http_loop_wake(loop);
}

struct request *request_of_deadline(struct deadline *deadline) {
    return (struct request *)((char *)deadline - offsetof(struct request, flow.deadline));
}

void request_deadline_set(struct request *request, int64_t due_ms,
                          void (*expired)(struct deadline *deadline)) {
    assert(http_loop_is_here(request->loop) && request->flow.suspended);
    deadline_set(&request->loop->deadlines, &request->flow.deadline, due_ms, expired);
}

static void sleep_expired(struct deadline *deadline) {
    request_wake(request_of_deadline(deadline));
}

void request_sleep(struct request *request, int64_t duration_ms, request_step *next) {
    request_suspend(request, next);
    int64_t due_ms = request_is_draining(request) ? 0 : clock_monotonic_ms() + duration_ms;
    request_deadline_set(request, due_ms, sleep_expired);
}

bool request_is_draining(const struct request *request) {
    assert(http_loop_is_here(request->loop));
    return request->loop->draining;
}

void request_answer(struct request *request, unsigned status, const char *content_type) {
    request->answer.status = status;
    request->answer.content_type = content_type;
    request->flow.answered = true;
}

void request_answer_json(struct request *request, unsigned status, json_t *body) {
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char *text = json_dumps(body, flags);
    json_decref(body);
    buffer_reset(&request->answer.bytes);
    if (text == NULL) {
        log_error("an answer could not be written as JSON", LOG_TEXT("path", request->path));
        buffer_append_text(&request->answer.bytes, "{}");
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    } else {
        buffer_append_text(&request->answer.bytes, text);
        buffer_append_text(&request->answer.bytes, "\n");
        free(text);
    }
    request_answer(request, status, "application/json");
}

void request_answer_empty(struct request *request, unsigned status) {
    buffer_reset(&request->answer.bytes);
    request_answer(request, status, NULL);
}

void request_answer_shared(struct request *request, unsigned status, const char *content_type,
                           struct request_shared body) {
    assert(body.data != NULL && request->shared.data == NULL);
    request->shared = body;
    request_answer(request, status, content_type);
}

void request_header_add(struct request *request, const char *name, const char *value) {
    struct request_answer *answer = &request->answer;
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i].name, name) == 0) {
            answer->headers[i].value = value;
            return;
        }
    }
    if (answer->header_count < REQUEST_HEADERS_MAX) {
        answer->headers[answer->header_count++] =
            (struct request_header){.name = name, .value = value};
    }
}

const char *request_query_parameter(struct request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(struct request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}
