/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of others' books have in common. */
#include "replay/verify/books.h"

#include <stdarg.h>
#include <stdio.h>

#define FINDINGS_MAX 20

void replay_books_find(struct replay_books *books, const char *format, ...) {
    if (books->violated++ >= FINDINGS_MAX) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

bool replay_books_due(const struct replay_books *books, const struct ledger_order *order) {
    return books->now_ms - order->sold_at_ms >= books->overdue_ms;
}

struct ledger_order *replay_books_order(struct replay_books *books, const struct uuid *order_id) {
    for (int32_t i = 0; i < books->count; i++) {
        struct ledger_order *order = uuid_table_find(&books->ledgers[i].orders, order_id);
        if (order != NULL) {
            return order;
        }
    }
    return NULL;
}
