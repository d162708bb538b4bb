/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox, and what arrived, against the orders. */
#include "replay/verify/check_mails.h"

#include "runtime/base/buffer.h"
#include "runtime/base/identity.h"
#include "runtime/base/table.h"
#include "runtime/kafka/kafka.h"
#include "runtime/pg/pg.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PAGE_ROWS 5000

static const struct uuid first_id;

/* What the outbox says of an order's confirmation. */
struct confirmation {
    struct uuid order_id; /* first: the table's key */
    char state[16];
    char message_id[128];
    int count;
};

static void confirmation_keep(struct uuid_table *table, const PGresult *result, int row) {
    struct uuid order_id = pg_uuid(result, row, 0);
    struct confirmation *kept = uuid_table_find(table, &order_id);
    if (kept == NULL) {
        kept = allocate_zeroed(1, sizeof *kept);
        kept->order_id = order_id;
        uuid_table_add(table, kept);
    }
    snprintf(kept->state, sizeof kept->state, "%s", pg_text(result, row, 1));
    snprintf(kept->message_id, sizeof kept->message_id, "%s", pg_text(result, row, 2));
    kept->count++;
}

static bool confirmations_load(struct pg *pg, struct uuid_table *table, struct error *error) {
    struct uuid last = first_id;
    int rows;
    do {
        PGresult *result =
            PG_QUERY(pg, error,
                     "SELECT order_id, state, message_id FROM mail.outbox WHERE template = "
                     "'confirmation' AND order_id > $1"
                     " ORDER BY order_id LIMIT $2",
                     PG_UUID(&last), PG_INTEGER(PAGE_ROWS));
        if (result == NULL) {
            return false;
        }
        rows = PQntuples(result);
        for (int row = 0; row < rows; row++) {
            last = pg_uuid(result, row, 0);
            confirmation_keep(table, result, row);
        }
        PQclear(result);
    } while (rows == PAGE_ROWS);
    return true;
}

/* A Message-ID that the receiving side has seen. */
struct seen {
    struct uuid key;
};

static struct uuid message_key(const char *message_id, size_t size) {
    return replay_ledger_payment_key((struct text){message_id, size});
}

/* Reads the header of one mail as it was received. */
static void mail_read(struct uuid_table *table, const char *path) {
    static const char name[] = "Message-ID:";
    char line[1024];
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL && line[strspn(line, "\r\n")]) {
        if (strncasecmp(line, name, sizeof name - 1) != 0) {
            continue;
        }
        const char *value = line + sizeof name - 1;
        value += strspn(value, " \t");
        struct uuid key = message_key(value, strcspn(value, " \t\r\n"));
        if (uuid_table_find(table, &key) == NULL) {
            struct seen *seen = allocate(sizeof *seen);
            seen->key = key;
            uuid_table_add(table, seen);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static bool folder_read(struct uuid_table *table, const char *folder, struct error *error) {
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        return error_set(error, ERROR_DIE, "%s: %s", folder, strerror(errno));
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size > 4 && strcmp(entry->d_name + size - 4, ".eml") == 0) {
            struct buffer path = {0};
            buffer_append_format(&path, "%s/%s", folder, entry->d_name);
            mail_read(table, path.data);
            buffer_deinit(&path);
        }
    }
    closedir(directory);
    return true;
}

/* Every confirmation that counts as sent has arrived, under the Message-ID of its row. */
static bool arrivals_check(struct replay_books *books, const struct uuid_table *confirmations,
                           struct error *error) {
    const char *folder = config_text(books->context->config, "mails_folder");
    struct uuid_table seen = {0};
    if (*folder == '\0') {
        return true;
    }
    bool read = folder_read(&seen, folder, error);
    for (size_t i = 0; read && i < confirmations->capacity; i++) {
        const struct confirmation *confirmation = confirmations->entries[i];
        if (confirmation == NULL || strcmp(confirmation->state, "sent") != 0) {
            continue;
        }
        char text[UUID_TEXT_SIZE];
        struct uuid key = message_key(confirmation->message_id, strlen(confirmation->message_id));
        if (uuid_table_find(&seen, &key) == NULL) {
            replay_books_find(
                books, "the confirmation of order %s is said to be sent as %s, and never arrived",
                uuid_format(&confirmation->order_id, text), confirmation->message_id);
        }
    }
    uuid_table_clear(&seen, free);
    return read;
}

/* The server has said no for good, or it was tried for as long as the notifier tries. */
static bool refused(const struct confirmation *confirmation) {
    return strcmp(confirmation->state, "refused") == 0 ||
           strcmp(confirmation->state, "expired") == 0;
}

/* An order that was returned before its mail went out needs none; nor does a buyer who is gone. */
static bool settled(const struct ledger_order *order, const struct confirmation *confirmation) {
    return strcmp(confirmation->state, "sent") == 0 || strcmp(confirmation->state, "erased") == 0 ||
           (order->cancelled && strcmp(confirmation->state, "superseded") == 0);
}

/* Which record the mail would have come from, and why notifier set it aside; NULL: it did not. */
static const char *set_aside(const struct replay_books *books, const struct ledger_order *order) {
    return order->issued == 0
               ? NULL
               : replay_dead_letters_reason(books->letters, "notifier", TOPIC_TICKETS,
                                            order->issued_partition, order->issued_offset);
}

/* Neither there nor settled. */
static void missing_tell(struct replay_books *books, const struct ledger_order *order,
                         const struct confirmation *confirmation) {
    char text[UUID_TEXT_SIZE];
    const char *reason = set_aside(books, order);
    int64_t age_s = (books->now_ms - order->sold_at_ms) / 1000;
    uuid_format(&order->order_id, text);
    if (!replay_books_due(books, order) && reason == NULL) {
        books->early++;
    } else if (confirmation != NULL) {
        replay_books_find(books,
                          "order %s was sold %" PRId64 " s ago, and its confirmation is still %s",
                          text, age_s, confirmation->state);
    } else {
        replay_books_find(
            books, "order %s was sold %" PRId64 " s ago and has no confirmation in the outbox%s%s",
            text, age_s, reason != NULL ? "; notifier set its tickets aside: " : "",
            reason != NULL ? reason : "");
    }
}

static void order_check(struct replay_books *books, const struct uuid_table *confirmations,
                        const struct ledger_order *order) {
    char text[UUID_TEXT_SIZE];
    const struct confirmation *confirmation = uuid_table_find(confirmations, &order->order_id);
    books->checked++;
    if (confirmation == NULL) {
        if (!order->cancelled) {
            missing_tell(books, order, NULL);
        }
    } else if (confirmation->count > 1) {
        replay_books_find(books, "order %s has %d confirmations in the outbox",
                          uuid_format(&order->order_id, text), confirmation->count);
    } else if (refused(confirmation)) {
        books->refused++;
    } else if (!settled(order, confirmation)) {
        missing_tell(books, order, confirmation);
    }
}

bool replay_check_mails(struct replay_books *books, struct error *error) {
    struct pg *pg = replay_pg_new(books->context);
    struct uuid_table confirmations = {0};
    bool loaded = confirmations_load(pg, &confirmations, error);
    for (int32_t i = 0; loaded && i < books->count; i++) {
        const struct uuid_table *orders = &books->ledgers[i].orders;
        for (size_t j = 0; j < orders->capacity; j++) {
            if (orders->entries[j] != NULL) {
                order_check(books, &confirmations, orders->entries[j]);
            }
        }
    }
    loaded = loaded && arrivals_check(books, &confirmations, error);
    uuid_table_clear(&confirmations, free);
    pg_free(pg);
    return loaded;
}
