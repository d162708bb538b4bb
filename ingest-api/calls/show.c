/* SPDX-License-Identifier: Apache-2.0 */
/* The calls on events, each from its first step to its last. */
#include "ingest-api/calls/show.h"

#include "ingest-api/admission/idempotency.h"
#include "ingest-api/calls/reading.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/commands/command.h"
#include "ingest-api/commands/money.h"
#include "ingest-api/commands/refusal.h"
#include "ingest-api/commands/wish.h"
#include "ingest-api/commands/wish_show.h"
#include "ingest-api/http/problem.h"
#include "runtime/base/identity.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"

#include <string.h>

struct show_state {
    struct uuid show_id;
    bool follows; /* GET: not what is remembered, but what is behind a command or an event */
    enum catalog_result result;
    struct show_page *page;
    struct reader reader;
    bool valid;
    int32_t places;
    struct command command;
};

static const char *location_of(struct request *request, const struct uuid *show_id) {
    char text[UUID_TEXT_SIZE];
    return arena_text_format(&request->arena, "/events/%s", uuid_format(show_id, text)).data;
}

bool show_id_of_path(struct request *request, struct uuid *show_id) {
    struct text text = request->call->parameters[0];
    if (uuid_parse(text.data, text.size, show_id)) {
        return true;
    }
    problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
    return false;
}

/* ---- GET /events/{id} ---- */

/* Whether the client has this version: If-None-Match lists entity tags, or is a star. */
static bool has_etag(const char *list, const char *etag) {
    if (list == NULL) {
        return false;
    }
    size_t size = strlen(etag);
    for (const char *at = list; *at != '\0';) {
        at += strspn(at, ", \t");
        if (strncmp(at, "W/", 2) == 0) {
            at += 2;
        }
        if (*at == '*' || (strncmp(at, etag, size) == 0 && strchr(", \t", at[size]) != NULL)) {
            return true;
        }
        at += strcspn(at, ",");
    }
    return false;
}

/* Takes the page. */
static void page_answer(struct request *request, struct show_page *page) {
    request_header_add(request, "ETag", arena_text_copy_string(&request->arena, page->etag).data);
    request_header_add(request, "Cache-Control", "private, no-cache");
    if (has_etag(request_header(request, "If-None-Match"), page->etag)) {
        request_answer_empty(request, MHD_HTTP_NOT_MODIFIED);
        page_release(page);
        return;
    }
    request_answer_shared(request, MHD_HTTP_OK, "application/json",
                          (struct request_shared){.data = page->body.data,
                                                  .size = page->body.size,
                                                  .release = page_release,
                                                  .owner = page});
}

static void page_read(struct request *request) {
    struct show_state *state = call_state_new(request, sizeof *state);
    if (!show_id_of_path(request, &state->show_id)) {
        return;
    }
    state->follows = request_query_parameter(request, "after") != NULL;
    struct show_page *page =
        state->follows ? NULL : catalog_page_find(request->call->ingest->catalog, &state->show_id);
    if (page != NULL) {
        page_answer(request, page);
    }
}

static void page_work(struct request *request, struct pg *pg) {
    struct show_state *state = request->call->state;
    state->result =
        catalog_page_load(request->call->ingest->catalog, pg, &state->show_id, &state->page);
}

static void page_query(struct request *request) {
    const struct show_state *state = request->call->state;
    if (!state->follows) {
        call_query(request, page_work, NULL);
    }
}

/* An event that is not there may be on its way through the projection. */
static void page_judge(struct request *request) {
    const struct show_state *state = request->call->state;
    if (state->page != NULL) {
        page_answer(request, state->page);
    } else if (!state->follows && state->result == CATALOG_UNAVAILABLE) {
        problem_answer_unavailable(request, "Events cannot be read right now");
    } else {
        reading_begin(request, &state->show_id, &(struct uuid){0},
                      location_of(request, &state->show_id), page_work);
    }
}

static void page_judge_late(struct request *request) {
    const struct show_state *state = request->call->state;
    const struct reading *reading = request->call->reading;
    if (state->page != NULL) {
        page_answer(request, state->page);
    } else if (state->result == CATALOG_UNAVAILABLE) {
        problem_answer_unavailable(request, "Events cannot be read right now");
    } else if (reading->refused) {
        refusal_answer(request, &reading->refusal, NULL);
    } else {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
    }
}

const struct call_step show_get[] = {
    STEP(page_read),       /* which event; from memory, if that is fresh */
    STEP(page_query),      /* from PostgreSQL */
    STEP(page_judge),      /* not there? It may be on its way */
    STEP(page_judge_late), /* what is there once the catalog has got there */
    STEPS_END,
};

/* ---- POST /events, and what it has in common with POST /events/{id}/cancel ---- */

static void show_name(struct request *request) {
    struct show_state *state = call_state_new(request, sizeof *state);
    const char *key = request->call->idempotency_key;
    state->show_id =
        key != NULL ? uuid_named(call_user_id(request), key, strlen(key)) : uuid_random();
}

/* A large plan takes its time: not on the thread that serves everybody. */
static void show_validate(struct request *request, struct pg *pg) {
    (void)pg;
    struct show_state *state = request->call->state;
    struct show_details *show = &state->command.as.create_show.show;
    const struct show_rules rules = {.now_ms = clock_now_ms(),
                                     .taken = request->call->ingest->money_taken};
    state->valid =
        wish_show_read(&state->reader, &request->arena, request->body.json, &rules, show);
    for (size_t i = 0; state->valid && i < show->sections.count; i++) {
        state->places += show->sections.items[i].capacity;
        for (size_t j = 0; j < show->sections.items[i].rows.count; j++) {
            state->places += (int32_t)show->sections.items[i].rows.items[j].seats.count;
        }
    }
}

static void publication_prepare(struct request *request, enum command_kind kind) {
    struct show_state *state = request->call->state;
    state->command.kind = kind;
    state->command.as.head.show_id = state->show_id;
    command_prepare(request, &state->command, &(struct uuid){0},
                    location_of(request, &state->show_id));
}

static void show_make(struct request *request) {
    struct show_state *state = request->call->state;
    if (!state->valid) {
        problem_answer_reader(request, &state->reader);
        return;
    }
    state->command.as.create_show.owner_id = *call_user_id(request);
    publication_prepare(request, COMMAND_CREATE_SHOW);
}

static void made_answer(struct request *request, unsigned status, const char *show_status) {
    const struct show_state *state = request->call->state;
    char text[UUID_TEXT_SIZE];
    json_t *body = json_pack("{s:s, s:s}", "event_id", uuid_format(&state->show_id, text), "status",
                             show_status);
    if (state->places > 0) {
        json_object_set_new(body, "places", json_integer(state->places));
    }
    request_answer_json(request, status, body);
    request_header_add(request, "Location",
                       command_location_after(request, location_of(request, &state->show_id)));
}

static void show_answer(struct request *request) {
    const struct event *event = command_event(request);
    const struct show_state *state = request->call->state;
    struct refusal refusal;
    if (refusal_of_event(event, &refusal)) {
        refusal_answer(request, &refusal, NULL);
    } else if (event->kind == EVENT_SHOW_CREATED) {
        made_answer(request, MHD_HTTP_CREATED, "on_sale");
    } else {
        bool cancelled = state->command.kind == COMMAND_CANCEL_SHOW;
        made_answer(request, MHD_HTTP_OK, cancelled ? "cancelled" : "on_sale");
    }
}

const struct call_step show_create[] = {
    STEP(show_name),                  /* the event's id */
    STEP_ON_BODY_POOL(show_validate), /* a large plan takes its time */
    STEP(show_make),                  /* the command */
    STEP(idempotency_claim),          /* waits for PostgreSQL, not for long */
    STEP(command_publish),            /* waits for the event, or answers 202 */
    STEP(show_answer),                /* 201, 200 or a refusal */
    STEPS_END,
};

/* ---- POST /events/{id}/cancel ---- */

static void cancel_read(struct request *request) {
    struct show_state *state = call_state_new(request, sizeof *state);
    struct text reason;
    if (!show_id_of_path(request, &state->show_id)) {
        return;
    }
    if (!wish_cancel_show_read(&state->reader, &request->arena, request->body.json, &reason)) {
        problem_answer_reader(request, &state->reader);
        return;
    }
    bool by_operator = (request->call->caller.session.roles & ROLE_OPERATOR) != 0;
    state->command.as.cancel_show = (struct command_cancel_show){
        .requested_by = *call_user_id(request), .by_operator = by_operator, .reason = reason};
    publication_prepare(request, COMMAND_CANCEL_SHOW);
}

const struct call_step show_cancel[] = {
    STEP(cancel_read),       /* which event and why: the command */
    STEP(idempotency_claim), /* waits for PostgreSQL, not for long */
    STEP(command_publish),   /* waits for the event, or answers 202 */
    STEP(show_answer),       /* 200 or a refusal */
    STEPS_END,
};
