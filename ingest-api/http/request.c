/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/http/request.h"

#include "ingest-api/http/problem.h"
#include "ingest-api/http/server.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <string.h>

#define WORK_QUEUE_MS_MAX 10000

void *request_allocate(struct request *request, size_t size) {
    void *memory = arena_allocate(&request->arena, size);
    memset(memory, 0, size);
    return memory;
}

bool request_body_reserve(struct request *request, size_t bytes) {
    if (bytes <= request->body_reserved) {
        return true;
    }
    size_t more = bytes - request->body_reserved;
    bool taken = http_server_memory_take(request->ingest->http, more);
    request->body_reserved += taken ? more : 0;
    return taken;
}

void request_next(struct request *request, request_step *next) { request->next = next; }

void request_suspend(struct request *request, request_step *next) {
    request->next = next;
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

void request_wake(struct request *request) {
    struct http_server *server = request->ingest->http;
    MHD_resume_connection(request->connection); /* from here on the request may be gone */
    http_server_wake(server);
}

#define REQUEST_OF(member_pointer, member)                                                         \
    ((struct request *)((char *)(member_pointer)-offsetof(struct request, member)))

static void work_refuse(struct request *request) {
    problem_answer_unavailable(request, "The service is busy");
    request->next = request_done;
    request_wake(request);
}

/*
 * What has waited too long for a thread is not begun: where each job before it waits for a database
 * that does not answer, the queue would take hours, and whoever asked has left.
 */
static void work_run(struct pool_job *job, void *worker) {
    struct request *request = REQUEST_OF(job, job);
    if (clock_monotonic_ms() - request->queued_ms > WORK_QUEUE_MS_MAX) {
        work_refuse(request);
        return;
    }
    log_trace_set(request->traceparent);
    request->work(request, worker);
    log_trace_set(NULL);
    request_wake(request);
}

void request_work(struct request *request, struct pool *pool,
                  void (*work)(struct request *request, struct pg *pg), request_step *next) {
    request->work = work;
    request->job.run = work_run;
    request->queued_ms = clock_monotonic_ms();
    request_suspend(request, next);
    if (!pool_push(pool, &request->job)) {
        work_refuse(request);
    }
}

static void sleep_expired(struct deadline *deadline) {
    request_wake(REQUEST_OF(deadline, deadline));
}

void request_sleep(struct request *request, int64_t duration_ms, request_step *next) {
    request_suspend(request, next);
    int64_t due_ms =
        http_server_draining(request->ingest->http) ? 0 : clock_monotonic_ms() + duration_ms;
    deadline_set(http_server_deadlines(request->ingest->http), &request->deadline, due_ms,
                 sleep_expired);
}

void request_done(struct request *request) { (void)request; }

void request_answer(struct request *request, unsigned status, const char *content_type) {
    request->status = status;
    request->content_type = content_type;
    request->answered = true;
}

void request_answer_json(struct request *request, unsigned status, json_t *body) {
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char *text = json_dumps(body, flags);
    json_decref(body);
    buffer_reset(&request->answer);
    if (text == NULL) {
        log_error("an answer could not be written as JSON", LOG_TEXT("path", request->path));
        buffer_append_text(&request->answer, "{}");
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    } else {
        buffer_append_text(&request->answer, text);
        buffer_append_text(&request->answer, "\n");
        free(text);
    }
    request_answer(request, status, "application/json");
}

void request_answer_empty(struct request *request, unsigned status) {
    buffer_reset(&request->answer);
    request_answer(request, status, NULL);
}

void request_header_add(struct request *request, const char *name, const char *value) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            request->headers[i].value = value;
            return;
        }
    }
    if (request->header_count < REQUEST_HEADERS_MAX) {
        request->headers[request->header_count++] =
            (struct request_header){.name = name, .value = value};
    }
}

const char *request_query_parameter(struct request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *request_header(struct request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool request_show_id(struct request *request, struct uuid *show_id) {
    if (uuid_parse(request->parameters[0].data, request->parameters[0].size, show_id)) {
        return true;
    }
    problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
    return false;
}

int64_t request_wait_left_ms(const struct request *request) {
    int64_t left_ms = request->wait_until_ms - clock_monotonic_ms();
    return left_ms > 0 ? left_ms : 0;
}
