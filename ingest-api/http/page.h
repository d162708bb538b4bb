/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_HTTP_PAGE_H
#define SEATLOG_INGEST_API_HTTP_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Lists in pages: ?page=1&per_page=20.
 */
struct request;

struct page_wish {
    int64_t page; /* from 1 */
    int64_t per_page;
};

/* Reads both from the query; false: it is answered 422. */
bool page_read(struct request *request, struct page_wish *out);

/* {name: list, "page", "per_page", "more"}; takes list. */
json_t *page_json(const char *name, json_t *list, const struct page_wish *page, bool more);

#endif
