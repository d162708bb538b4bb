/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest-api/ingest_search.h"

#include "ingest-api/ingest_page.h"
#include "ingest-api/ingest_problem.h"
#include "ingest-api/ingest_reader.h"
#include "ingest-api/ingest_request.h"
#include "ingest-api/ingest_time.h"
#include "runtime/log.h"
#include "seatlog_codec.h"

#include <string.h>

#define WORDS_SIZE_MAX 200
#define CITY_SIZE_MAX 100
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

struct search_state {
    struct search_wish wish;
    struct page_wish page;
    char type[16];
};

static void search_work(struct request *request, struct pg *pg) {
    struct search_state *state = request->state;
    struct search *search = request->ingest->search;
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

/* A parameter of the query: *out is NULL where it is not there or empty. */
static bool text_read(struct request *request, struct reader *reader, const char *name,
                      size_t size_max, const char **out) {
    const char *text = request_query_parameter(request, name);
    *out = text != NULL && text[0] != '\0' ? text : NULL;
    if (*out == NULL) {
        return true;
    }
    if (strlen(text) > size_max) {
        return reader_error_named(reader, name, "is too long");
    }
    return text_is_printable((struct text){.data = text, .size = strlen(text)}, false) ||
           reader_error_named(reader, name, "must be UTF-8 without control characters");
}

static void time_read(struct request *request, struct reader *reader, const char *name, bool end,
                      int64_t *out) {
    const char *text = request_query_parameter(request, name);
    int64_t day_ms;
    if (text == NULL || text[0] == '\0') {
        return;
    }
    if (time_date_parse(text, &day_ms)) {
        *out = end ? day_ms + DAY_MS : day_ms;
    } else if (!time_parse(text, out)) {
        reader_error_named(reader, name, "must be a date, or a time with its offset");
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

void search_get(struct request *request) {
    struct search_state *state = request_allocate(request, sizeof *state);
    struct reader reader = {0};
    request->state = state;
    state->wish.from_ms = clock_now_ms();
    state->wish.to_ms = INT64_MAX;
    text_read(request, &reader, "q", WORDS_SIZE_MAX, &state->wish.words);
    text_read(request, &reader, "city", CITY_SIZE_MAX, &state->wish.city);
    type_read(request, &reader, state);
    time_read(request, &reader, "from", false, &state->wish.from_ms);
    time_read(request, &reader, "to", true, &state->wish.to_ms);
    if (reader_failed(&reader)) {
        problem_answer_reader(request, &reader);
        return;
    }
    if (!page_read(request, &state->page)) {
        return;
    }
    state->wish.limit = state->page.per_page + 1;
    state->wish.offset = (state->page.page - 1) * state->page.per_page;
    request_query(request, search_work, request_done);
}
