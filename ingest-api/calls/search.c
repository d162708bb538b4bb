/* SPDX-License-Identifier: Apache-2.0 */
/* GET /search. */
#include "ingest-api/calls/search.h"

#include "ingest-api/catalog/search.h"
#include "ingest-api/http/page.h"
#include "ingest-api/http/problem.h"
#include "ingest-api/http/reader.h"
#include "ingest-api/http/text.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "seatlog_bounds.h"
#include "seatlog_codec.h"

#include <stdio.h>
#include <string.h>

#define TYPE_NAME_SIZE 16
#define DETAIL_SIZE 64
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* One end of what is looked for. */
struct search_end {
    struct time_said said; /* NONE: not told */
    char day[sizeof "2026-12-31"];
};

struct search_state {
    struct search_wish wish;
    struct page_wish page;
    char type[TYPE_NAME_SIZE];
    struct search_end from;
    struct search_end to;
};

/* A parameter of the query, trimmed and composed as what it is compared with: *out is NULL where it
 * is not there or empty. */
static bool text_read(struct request *request, struct reader *reader, const char *name,
                      size_t size_max, const char **out) {
    const char *given = request_query_parameter(request, name);
    char detail[DETAIL_SIZE];
    *out = NULL;
    if (given == NULL) {
        return true;
    }
    struct text text = display_text_form(&request->arena, TEXT_LINE,
                                         (struct text){.data = given, .size = strlen(given)});
    if (text.size > size_max) {
        snprintf(detail, sizeof detail, "must have at most %zu bytes of UTF-8", size_max);
        return reader_error_named(reader, name, detail);
    }
    if (!text_is_printable(text, false)) {
        return reader_error_named(reader, name, "must be UTF-8 without control characters");
    }
    *out = text.size > 0 ? arena_text_copy(&request->arena, text).data : NULL;
    return true;
}

static void end_read(struct request *request, struct reader *reader, const char *name,
                     struct search_end *out) {
    const char *text = request_query_parameter(request, name);
    if (text == NULL || text[0] == '\0') {
        return;
    }
    out->said = time_parse(text);
    switch (out->said.form) {
    case TIME_IS_NONE:
        reader_error_named(reader, name,
                           "must be a date that exists, such as 2026-12-31, or a time with Z or "
                           "its offset from UTC, such as 2026-12-31T20:00:00-08:00; a plus sign "
                           "is written %2B in a URL");
        break;
    case TIME_IS_LOCAL:
        reader_error_named(reader, name,
                           "must end in Z or in the offset from UTC, such as "
                           "2026-12-31T20:00:00-08:00; a date alone is the day at the venue");
        break;
    case TIME_IS_DATE:
        snprintf(out->day, sizeof out->day, "%.10s", text);
        break;
    case TIME_IS_UTC:
    case TIME_IS_OFFSET:
        break;
    }
}

/*
 * A date is the day at the venue, an instant an instant. A day begins and ends within 24 hours of
 * the same day in UTC, so these bound it besides, for the index.
 */
static void times_read(struct request *request, struct reader *reader, struct search_state *state) {
    struct search_wish *wish = &state->wish;
    end_read(request, reader, "from", &state->from);
    end_read(request, reader, "to", &state->to);
    bool from_day = state->from.said.form == TIME_IS_DATE;
    bool to_day = state->to.said.form == TIME_IS_DATE;
    if (state->from.said.form != TIME_IS_NONE) {
        wish->from_ms = state->from.said.at_ms - (from_day ? DAY_MS : 0);
        wish->from_day = from_day ? state->from.day : NULL;
    }
    if (state->to.said.form != TIME_IS_NONE) {
        wish->to_ms = state->to.said.at_ms + (to_day ? 2 * DAY_MS : 0);
        wish->to_day = to_day ? state->to.day : NULL;
    }
    bool both = state->from.said.form != TIME_IS_NONE && state->to.said.form != TIME_IS_NONE;
    bool backwards = from_day && to_day ? strcmp(state->from.day, state->to.day) > 0
                                        : wish->from_ms > wish->to_ms;
    if (both && backwards && !reader_failed(reader)) {
        reader_error_named(reader, "to", "must not be before from");
    }
}

static void type_read(struct request *request, struct reader *reader, struct search_state *state) {
    const char *text;
    if (!text_read(request, reader, "type", sizeof state->type - 1, &text) || text == NULL) {
        return;
    }
    enum show_type type;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        char letter = text[i];
        state->type[i] = (char)(letter >= 'a' && letter <= 'z' ? letter - ('a' - 'A') : letter);
    }
    if (show_type_parse((struct text){.data = state->type, .size = i}, &type)) {
        state->wish.type = state->type;
    } else {
        reader_error_named(reader, "type",
                           "must be film, concert, theatre, comedy, sport or other");
    }
}

static void search_read(struct request *request) {
    struct search_state *state = call_state_new(request, sizeof *state);
    struct reader reader = {0};
    state->wish.from_ms = clock_now_ms();
    state->wish.to_ms = INT64_MAX;
    text_read(request, &reader, "q", SEARCH_WORDS_SIZE_MAX, &state->wish.words);
    text_read(request, &reader, "city", SEARCH_CITY_SIZE_MAX, &state->wish.city);
    type_read(request, &reader, state);
    times_read(request, &reader, state);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    if (!page_read(request, &state->page)) {
        return;
    }
    state->wish.limit = state->page.per_page + 1;
    state->wish.offset = (state->page.page - 1) * state->page.per_page;
}

static void search_work(struct request *request, struct pg *pg) {
    struct search_state *state = request->call->state;
    struct search *search = request->call->ingest->search;
    struct error error;
    json_t *found = search->find(search, pg, &state->wish, &error);
    if (found == NULL) {
        log_warning("search failed", LOG_TEXT("reason", error.message));
        problem_answer_unavailable(request, "Search is not available right now");
        return;
    }
    /* One more was asked for than the page holds. */
    bool more = (int64_t)json_array_size(found) > state->page.per_page;
    if (more) {
        json_array_remove(found, (size_t)state->page.per_page);
    }
    request_answer_json(request, MHD_HTTP_OK, page_json("events", found, &state->page, more));
}

const struct call_step search_get[] = {STEP(search_read), STEP_ON_DATABASE(search_work), STEPS_END};
