/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of payments and refunds. */
#include "tools/provider/listing.h"

#include "runtime/base/time.h"
#include "tools/provider/check.h"
#include "tools/provider/formats.h"
#include "tools/provider/reply.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 100
#define YEAR_MS (INT64_C(365) * 86400 * 1000)
#define CURSOR_SIZE 128

/* What is listed. */
struct listing {
    const char *name; /* "payments", "refunds"; marks cursors too, so that they fit one call only */
    size_t count;
    int64_t (*created_ms)(struct simulator *simulator, size_t index);

    /* The object if it passes the call's own filters, else NULL; borrowed. */
    json_t *(*pick)(struct simulator *simulator, size_t index, const json_t *query);
};

struct page {
    int64_t begin_ms, end_ms;
    int64_t limit;
    bool ascending;
    size_t position; /* how many of the list, in its order, are behind us */
    const struct listing *listing;
};

static void cursor_format(const struct page *page, char out[CURSOR_SIZE]) {
    char plain[64];
    int size = snprintf(plain, sizeof plain, "%s:%s:%zu", page->listing->name,
                        page->ascending ? "ASC" : "DESC", page->position);
    sodium_bin2base64(out, CURSOR_SIZE, (const unsigned char *)plain, (size_t)size,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool cursor_parse(struct page *page, const char *cursor) {
    char plain[64], prefix[32];
    size_t size;
    if (sodium_base642bin((unsigned char *)plain, sizeof plain - 1, cursor, strlen(cursor), NULL,
                          &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return false;
    }
    plain[size] = '\0';
    int prefix_size = snprintf(prefix, sizeof prefix, "%s:%s:", page->listing->name,
                               page->ascending ? "ASC" : "DESC");
    if (strncmp(plain, prefix, (size_t)prefix_size) != 0) {
        return false;
    }
    char *end;
    page->position = strtoull(plain + prefix_size, &end, 10);
    return *end == '\0' && page->position <= page->listing->count;
}

static void page_read(struct page *page, struct check *check) {
    int64_t now_ms = clock_now_ms();
    const char *order = check_query_text(check, "sort_order");
    const char *cursor = check_query_text(check, "cursor");
    const char *field = check_query_text(check, "sort_field");
    page->begin_ms = check_query_time_ms(check, "begin_time", now_ms - YEAR_MS);
    page->end_ms = check_query_time_ms(check, "end_time", INT64_MAX);
    check_query_time_ms(check, "updated_at_begin_time", 0);
    check_query_time_ms(check, "updated_at_end_time", 0);
    page->limit = check_query_integer(check, "limit", 1, PAGE_MAX);
    page->limit = page->limit > PAGE_MAX ? PAGE_MAX : page->limit;
    page->ascending = order != NULL && strcmp(order, "ASC") == 0;
    if (order != NULL && !page->ascending && strcmp(order, "DESC") != 0) {
        check_fail(check, "INVALID_SORT_ORDER", "sort_order", "`%.20s` is not a sort order.",
                   order);
    }
    if (field != NULL && strcmp(field, "CREATED_AT") != 0) {
        check_fail(check, "INVALID_ENUM_VALUE", "sort_field", "Only CREATED_AT is supported.");
    }
    if (page->begin_ms > page->end_ms) {
        check_fail(check, "INVALID_TIME_RANGE", "begin_time",
                   "`begin_time` must not be after `end_time`.");
    }
    /* Newest first and no cursor: the list as it is now; a cursor keeps its own beginning. */
    page->position = page->ascending ? 0 : page->listing->count;
    if (cursor != NULL && !cursor_parse(page, cursor)) {
        check_fail(check, "INVALID_CURSOR", "cursor", "The cursor is not valid for this query.");
    }
}

/* Moves on by one. false: the list has ended. */
static bool page_step(struct page *page, size_t *index) {
    if (page->ascending) {
        *index = page->position;
        return page->position++ < page->listing->count;
    }
    if (page->position == 0) {
        return false;
    }
    *index = --page->position;
    return true;
}

static struct reply listing_reply(struct simulator *simulator, const struct listing *listing,
                                  const json_t *query) {
    struct check check = {.body = query, .errors = json_array()};
    struct page page = {.listing = listing};
    json_t *items = json_array();
    json_t *body = json_object();
    size_t index;
    page_read(&page, &check);
    if (!check_good(&check)) {
        json_decref(items);
        json_decref(body);
        return reply_errors(check.errors);
    }
    json_decref(check.errors);
    bool more;
    struct page before = page;
    while ((more = page_step(&page, &index))) {
        int64_t created_ms = listing->created_ms(simulator, index);
        if (page.ascending ? created_ms >= page.end_ms : created_ms < page.begin_ms) {
            more = false;
            break;
        }
        json_t *item = created_ms >= page.begin_ms && created_ms < page.end_ms
                           ? listing->pick(simulator, index, query)
                           : NULL;
        if (item != NULL && (int64_t)json_array_size(items) == page.limit) {
            break;
        }
        if (item != NULL) {
            json_array_append_new(items, json_deep_copy(item));
        }
        before = page;
    }
    if (more) {
        char cursor[CURSOR_SIZE];
        cursor_format(&before, cursor);
        json_object_set_new(body, "cursor", json_string(cursor));
    }
    if (json_array_size(items) > 0) {
        json_object_set(body, listing->name, items);
    }
    json_decref(items);
    return (struct reply){.status = 200, .body = body};
}

static int64_t payment_created_ms(struct simulator *simulator, size_t index) {
    return books_payment_at(simulator->books, index)->created_ms;
}

static bool text_differs(const json_t *query, const char *name, const json_t *value) {
    const char *wanted = json_string_value(json_object_get(query, name));
    const char *found = json_string_value(value);
    return wanted != NULL && *wanted != '\0' && (found == NULL || strcmp(wanted, found) != 0);
}

static bool updated_outside(const json_t *query, const json_t *object) {
    const char *begin = json_string_value(json_object_get(query, "updated_at_begin_time"));
    const char *end = json_string_value(json_object_get(query, "updated_at_end_time"));
    int64_t begin_ms = INT64_MIN, end_ms = INT64_MAX, updated_ms = 0;
    formats_time_read(json_string_value(json_object_get(object, "updated_at")), &updated_ms);
    if (begin != NULL) {
        formats_time_read(begin, &begin_ms);
    }
    if (end != NULL) {
        formats_time_read(end, &end_ms);
    }
    return updated_ms < begin_ms || updated_ms >= end_ms;
}

static json_t *payment_pick(struct simulator *simulator, size_t index, const json_t *query) {
    json_t *payment = books_payment_at(simulator->books, index)->payment;
    const json_t *card = json_object_get(json_object_get(payment, "card_details"), "card");
    const char *total = json_string_value(json_object_get(query, "total"));
    const json_t *amount = json_object_get(json_object_get(payment, "total_money"), "amount");
    bool out = text_differs(query, "location_id", json_object_get(payment, "location_id")) ||
               text_differs(query, "last_4", json_object_get(card, "last_4")) ||
               text_differs(query, "card_brand", json_object_get(card, "card_brand")) ||
               (total != NULL && *total != '\0' && atoll(total) != json_integer_value(amount)) ||
               updated_outside(query, payment);
    return out ? NULL : payment;
}

struct reply payments_list(struct simulator *simulator, const json_t *query) {
    const struct listing listing = {
        .name = "payments",
        .count = books_payment_count(simulator->books),
        .created_ms = payment_created_ms,
        .pick = payment_pick,
    };
    return listing_reply(simulator, &listing, query);
}

static int64_t refund_created_ms(struct simulator *simulator, size_t index) {
    return books_refund_at(simulator->books, index)->created_ms;
}

static json_t *refund_pick(struct simulator *simulator, size_t index, const json_t *query) {
    json_t *refund = books_refund_at(simulator->books, index)->refund;
    bool out = text_differs(query, "location_id", json_object_get(refund, "location_id")) ||
               text_differs(query, "status", json_object_get(refund, "status")) ||
               text_differs(query, "source_type", json_object_get(refund, "destination_type")) ||
               updated_outside(query, refund);
    return out ? NULL : refund;
}

struct reply refunds_list(struct simulator *simulator, const json_t *query) {
    const struct listing listing = {
        .name = "refunds",
        .count = books_refund_count(simulator->books),
        .created_ms = refund_created_ms,
        .pick = refund_pick,
    };
    return listing_reply(simulator, &listing, query);
}
