/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/calls/show.h"

#include "ingest-api/calls/reading.h"
#include "ingest-api/catalog/catalog.h"
#include "ingest-api/catalog/show_json.h"
#include "ingest-api/commands/command.h"
#include "ingest-api/commands/wish.h"
#include "ingest-api/http/request.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"

#include <string.h>

struct show_state {
    struct uuid show_id;
    enum catalog_result result;
    struct show_page *page;
    struct reader reader;
    bool valid;
    int32_t places;
    struct command command;
};

static struct show_state *state_new(struct request *request) {
    struct show_state *state = request_allocate(request, sizeof *state);
    request->state = state;
    return state;
}

static const char *location_of(struct request *request, const struct uuid *show_id) {
    char text[UUID_TEXT_SIZE];
    return arena_text_format(&request->arena, "/events/%s", uuid_format(show_id, text)).data;
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
    request->shared = page->body.data;
    request->shared_size = page->body.size;
    request->shared_release = page_release;
    request->shared_owner = page;
    request_answer(request, MHD_HTTP_OK, "application/json");
}

static void page_work(struct request *request, struct pg *pg) {
    struct show_state *state = request->state;
    state->result = catalog_page_load(request->ingest->catalog, pg, &state->show_id, &state->page);
}

static void page_read_late(struct request *request) {
    struct show_state *state = request->state;
    if (state->page != NULL) {
        page_answer(request, state->page);
    } else if (state->result == CATALOG_UNAVAILABLE) {
        problem_answer_unavailable(request, "Events cannot be read right now");
    } else if (request->reading->refused) {
        command_answer_refusal(request, &request->reading->refusal, NULL);
    } else {
        problem_answer(request, PROBLEM_NOT_FOUND, "There is no event with this id.");
    }
}

/* An event that is not there may be on its way through the projection. */
static void page_read_first(struct request *request) {
    struct show_state *state = request->state;
    if (state->page != NULL) {
        page_answer(request, state->page);
    } else if (state->result == CATALOG_UNAVAILABLE) {
        problem_answer_unavailable(request, "Events cannot be read right now");
    } else {
        reading_begin(request, &state->show_id, &(struct uuid){0},
                      location_of(request, &state->show_id), page_work, page_read_late);
    }
}

void show_get(struct request *request) {
    struct show_state *state = state_new(request);
    if (!request_show_id(request, &state->show_id)) {
        return;
    }
    if (request_query_parameter(request, "after") != NULL) {
        reading_begin(request, &state->show_id, &(struct uuid){0},
                      location_of(request, &state->show_id), page_work, page_read_late);
        return;
    }
    struct show_page *page = catalog_page_find(request->ingest->catalog, &state->show_id);
    if (page != NULL) {
        page_answer(request, page);
    } else {
        request_query(request, page_work, page_read_first);
    }
}

/* ---- POST /events, POST /events/{id}/cancel ---- */

static void made_answer(struct request *request, unsigned status, const char *show_status) {
    struct show_state *state = request->state;
    char text[UUID_TEXT_SIZE];
    json_t *body = json_pack("{s:s, s:s}", "event_id", uuid_format(&state->show_id, text), "status",
                             show_status);
    if (state->places > 0) {
        json_object_set_new(body, "places", json_integer(state->places));
    }
    request_answer_json(request, status, body);
    char after[COMMAND_POSITION_SIZE];
    struct command_position position = {
        .known = true,
        .partition =
            kafka_partition_of(text, UUID_TEXT_SIZE - 1, request->ingest->settings.partition_count),
        .offset = request->wait->answer->event.as.head.command_offset};
    command_position_format(&position, after);
    request_header_add(request, "Location",
                       arena_text_format(&request->arena, "/events/%s?after=%s", text, after).data);
}

static void show_decided(struct request *request) {
    const struct event *event = &request->wait->answer->event;
    const struct show_state *state = request->state;
    struct refusal refusal;
    if (refusal_of_event(event, &refusal)) {
        command_answer_refusal(request, &refusal, NULL);
    } else if (event->kind == EVENT_SHOW_CREATED) {
        made_answer(request, MHD_HTTP_CREATED, "on_sale");
    } else {
        bool cancelled = state->command.kind == COMMAND_CANCEL_SHOW;
        made_answer(request, MHD_HTTP_OK, cancelled ? "cancelled" : "on_sale");
    }
}

static void show_validate(struct request *request, struct pg *pg) {
    (void)pg;
    struct show_state *state = request->state;
    struct show_details *show = &state->command.as.create_show.show;
    const struct show_rules rules = {.now_ms = clock_now_ms(),
                                     .taken = &request->ingest->settings.money_taken};
    state->valid = wish_show_read(&state->reader, &request->arena, request->json, &rules, show);
    for (size_t i = 0; state->valid && i < show->sections.count; i++) {
        state->places += show->sections.items[i].capacity;
        for (size_t j = 0; j < show->sections.items[i].rows.count; j++) {
            state->places += (int32_t)show->sections.items[i].rows.items[j].seats.count;
        }
    }
}

static void show_validated(struct request *request) {
    struct show_state *state = request->state;
    if (!state->valid) {
        problem_answer_reader(request, &state->reader);
        return;
    }
    state->command.kind = COMMAND_CREATE_SHOW;
    state->command.as.create_show.head.show_id = state->show_id;
    state->command.as.create_show.owner_id = request->session.user_id;
    command_publish(request, &state->command, &(struct uuid){0},
                    location_of(request, &state->show_id), show_decided);
}

void show_create(struct request *request) {
    struct show_state *state = state_new(request);
    state->show_id = request->idempotency_key != NULL
                         ? uuid_named(&request->session.user_id, request->idempotency_key,
                                      strlen(request->idempotency_key))
                         : uuid_random();
    /* A large plan takes its time: not on the thread that serves everybody. */
    request_work(request, request->ingest->body_pool, show_validate, show_validated);
}

void show_cancel(struct request *request) {
    struct show_state *state = state_new(request);
    struct text reason;
    if (!request_show_id(request, &state->show_id)) {
        return;
    }
    if (!wish_cancel_show_read(&state->reader, &request->arena, request->json, &reason)) {
        problem_answer_reader(request, &state->reader);
        return;
    }
    state->command.kind = COMMAND_CANCEL_SHOW;
    state->command.as.cancel_show =
        (struct command_cancel_show){.head.show_id = state->show_id,
                                     .requested_by = request->session.user_id,
                                     .by_operator = (request->session.roles & ROLE_OPERATOR) != 0,
                                     .reason = reason};
    command_publish(request, &state->command, &(struct uuid){0},
                    location_of(request, &state->show_id), show_decided);
}
