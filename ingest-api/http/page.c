/* SPDX-License-Identifier: Apache-2.0 */
/* ?page=1&per_page=20, and a list with them. */
#include "ingest-api/http/page.h"

#include "ingest-api/http/problem.h"
#include "ingest-api/http/request.h"
#include "seatlog_bounds.h"

#include <stdlib.h>
#include <string.h>

static bool number_read(struct request *request, const char *name, int64_t maximum, int64_t *out) {
    const char *text = request_query_parameter(request, name);
    if (text == NULL) {
        return true;
    }
    size_t size = strspn(text, "0123456789");
    long value = size > 0 && size <= 6 && text[size] == '\0' ? strtol(text, NULL, 10) : 0;
    if (value < 1 || value > maximum) {
        problem_answer_field(request, name, "must be a whole number from 1 to %d", (int)maximum);
        return false;
    }
    *out = value;
    return true;
}

bool page_read(struct request *request, struct page_wish *out) {
    *out = (struct page_wish){.page = 1, .per_page = 20};
    return number_read(request, "page", PAGE_MAX, &out->page) &&
           number_read(request, "per_page", PAGE_SIZE_MAX, &out->per_page);
}

json_t *page_json(const char *name, json_t *list, const struct page_wish *page, bool more) {
    return json_pack("{s:o, s:I, s:I, s:b}", name, list, "page", (json_int_t)page->page, "per_page",
                     (json_int_t)page->per_page, "more", more);
}
