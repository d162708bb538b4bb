/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's books, in memory and as lines on disk. */
#include "tools/provider/books.h"

#include "runtime/base/buffer.h"
#include "runtime/base/time.h"
#include "tools/provider/formats.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_NAME_SIZE 128 /* of an operation, a colon and an idempotency key */

struct books {
    int file;
    struct buffer lines; /* gathered, not yet on disk */
    size_t line_count;
    struct books_payment *payments;
    size_t payment_count, payment_capacity;
    struct books_refund *refunds;
    size_t refund_count, refund_capacity;
    json_t *payment_indexes; /* id → position */
    json_t *refund_indexes;
    json_t *keys; /* "operation:key" → {body_hash, status, response, payment_id} */
};

size_t books_payment_count(const struct books *books) { return books->payment_count; }

struct books_payment *books_payment_at(struct books *books, size_t index) {
    return &books->payments[index];
}

struct books_payment *books_payment_find(struct books *books, const char *id) {
    const json_t *index = json_object_get(books->payment_indexes, id);
    return index == NULL ? NULL : &books->payments[json_integer_value(index)];
}

size_t books_payment_index(const struct books *books, const struct books_payment *payment) {
    return (size_t)(payment - books->payments);
}

size_t books_refund_count(const struct books *books) { return books->refund_count; }

struct books_refund *books_refund_at(struct books *books, size_t index) {
    return &books->refunds[index];
}

struct books_refund *books_refund_find(struct books *books, const char *id) {
    const json_t *index = json_object_get(books->refund_indexes, id);
    return index == NULL ? NULL : &books->refunds[json_integer_value(index)];
}

size_t books_refund_index(const struct books *books, const struct books_refund *refund) {
    return (size_t)(refund - books->refunds);
}

struct books_payment *books_payment_add(struct books *books, json_t *payment, int64_t created_ms) {
    if (books->payment_count == books->payment_capacity) {
        books->payment_capacity = books->payment_capacity == 0 ? 256 : books->payment_capacity * 2;
        books->payments =
            reallocate(books->payments, books->payment_capacity * sizeof books->payments[0]);
    }
    struct books_payment *added = &books->payments[books->payment_count];
    *added = (struct books_payment){
        .payment = payment,
        .id = json_string_value(json_object_get(payment, "id")),
        .created_ms = created_ms,
    };
    json_object_set_new(books->payment_indexes, added->id,
                        json_integer((json_int_t)books->payment_count++));
    return added;
}

struct books_refund *books_refund_add(struct books *books, json_t *refund, int64_t created_ms) {
    if (books->refund_count == books->refund_capacity) {
        books->refund_capacity = books->refund_capacity == 0 ? 64 : books->refund_capacity * 2;
        books->refunds =
            reallocate(books->refunds, books->refund_capacity * sizeof books->refunds[0]);
    }
    struct books_refund *added = &books->refunds[books->refund_count];
    *added = (struct books_refund){
        .refund = refund,
        .id = json_string_value(json_object_get(refund, "id")),
        .created_ms = created_ms,
    };
    json_object_set_new(books->refund_indexes, added->id,
                        json_integer((json_int_t)books->refund_count++));
    return added;
}

static void key_name(const char *operation, const char *key, char out[KEY_NAME_SIZE]) {
    snprintf(out, KEY_NAME_SIZE, "%s:%s", operation, key);
}

bool books_key_find(const struct books *books, const char *operation, const char *key,
                    struct books_key *out) {
    char name[KEY_NAME_SIZE];
    key_name(operation, key, name);
    const json_t *entry = json_object_get(books->keys, name);
    if (entry == NULL) {
        return false;
    }
    const char *payment_id = json_string_value(json_object_get(entry, "payment_id"));
    const char *hash = json_string_value(json_object_get(entry, "body_hash"));
    *out = (struct books_key){
        .status = (int)json_integer_value(json_object_get(entry, "status")),
        .response = json_object_get(entry, "response"),
    };
    sodium_hex2bin(out->body_hash.octets, sizeof out->body_hash.octets, hash, strlen(hash), NULL,
                   NULL, NULL);
    snprintf(out->payment_id, sizeof out->payment_id, "%s", payment_id ? payment_id : "");
    return true;
}

static void time_set(json_t *line, const char *name, int64_t time_ms) {
    char text[TIME_TEXT_SIZE];
    json_object_set_new(line, name, json_string(time_format(time_ms, text)));
}

static json_t *key_entry(const struct books_action *action) {
    char hash[sizeof action->body_hash.octets * 2 + 1];
    sodium_bin2hex(hash, sizeof hash, action->body_hash.octets, sizeof action->body_hash.octets);
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:i}", "operation", action->operation, "idempotency_key",
                  action->key, "body_hash", hash, "status", action->status);
    json_object_set_new(entry, "response", json_deep_copy(action->response));
    if (action->payment != NULL) {
        json_object_set_new(entry, "payment_id", json_string(action->payment->id));
    }
    return entry;
}

static void key_remember(struct books *books, json_t *entry) {
    char name[KEY_NAME_SIZE];
    key_name(json_string_value(json_object_get(entry, "operation")),
             json_string_value(json_object_get(entry, "idempotency_key")), name);
    json_object_set(books->keys, name, entry);
}

static void key_forget(struct books *books, const char *key) {
    char name[KEY_NAME_SIZE];
    key_name("CreatePayment", key, name);
    json_object_del(books->keys, name);
}

void books_record(struct books *books, const struct books_action *action) {
    json_t *line = json_object();
    time_set(line, "at", action->at_ms);
    json_object_set_new(line, "operation", json_string(action->operation));
    if (action->payment != NULL) {
        json_object_set(line, "payment", action->payment->payment);
        if (action->payment->expired) {
            json_object_set_new(line, "expired", json_true());
        }
    }
    if (action->refund != NULL) {
        json_object_set(line, "refund", action->refund->refund);
        if (action->refund->settles_ms != 0) {
            time_set(line, "settles_at", action->refund->settles_ms);
            json_object_set_new(line, "settles_as", json_string(action->refund->settles_as));
        }
    }
    if (action->key != NULL) {
        json_t *entry = key_entry(action);
        key_remember(books, entry);
        json_object_set_new(line, "key", entry);
    }
    if (action->key_forgotten != NULL) {
        key_forget(books, action->key_forgotten);
        json_object_set_new(line, "key_forgotten", json_string(action->key_forgotten));
    }
    char *text = json_dumps(line, JSON_COMPACT);
    buffer_append_text(&books->lines, text);
    buffer_append_text(&books->lines, "\n");
    books->line_count++;
    free(text);
    json_decref(line);
}

size_t books_flush(struct books *books) {
    size_t written = 0;
    size_t count = books->line_count;
    if (count == 0) {
        return 0;
    }
    while (written < books->lines.size) {
        ssize_t size = write(books->file, books->lines.data + written, books->lines.size - written);
        if (size < 0 && errno != EINTR) {
            die("the books cannot be written: %s", strerror(errno));
        }
        written += size < 0 ? 0 : (size_t)size;
    }
    if (fdatasync(books->file) != 0) {
        die("the books cannot be written: %s", strerror(errno));
    }
    buffer_reset(&books->lines);
    books->line_count = 0;
    return count;
}

static int64_t line_time(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    int64_t time_ms = 0;
    return text != NULL && formats_time_read(text, &time_ms) ? time_ms : 0;
}

static void payment_replay(struct books *books, const json_t *line, json_t *payment) {
    const char *id = json_string_value(json_object_get(payment, "id"));
    struct books_payment *found = books_payment_find(books, id);
    if (found == NULL) {
        found = books_payment_add(books, json_incref(payment), line_time(payment, "created_at"));
    } else {
        json_decref(found->payment);
        found->payment = json_incref(payment);
        found->id = json_string_value(json_object_get(payment, "id"));
    }
    found->delayed_until_ms = line_time(payment, "delayed_until");
    found->expired = json_is_true(json_object_get(line, "expired"));
}

static void refund_replay(struct books *books, const json_t *line, json_t *refund) {
    const char *id = json_string_value(json_object_get(refund, "id"));
    const char *settles_as = json_string_value(json_object_get(line, "settles_as"));
    struct books_refund *found = books_refund_find(books, id);
    if (found == NULL) {
        found = books_refund_add(books, json_incref(refund), line_time(refund, "created_at"));
    } else {
        json_decref(found->refund);
        found->refund = json_incref(refund);
        found->id = json_string_value(json_object_get(refund, "id"));
    }
    found->settles_ms = line_time(line, "settles_at");
    snprintf(found->settles_as, sizeof found->settles_as, "%s", settles_as ? settles_as : "");
}

static void line_replay(struct books *books, const json_t *line) {
    json_t *payment = json_object_get(line, "payment");
    json_t *refund = json_object_get(line, "refund");
    json_t *key = json_object_get(line, "key");
    const char *forgotten = json_string_value(json_object_get(line, "key_forgotten"));
    if (payment != NULL) {
        payment_replay(books, line, payment);
    }
    if (refund != NULL) {
        refund_replay(books, line, refund);
    }
    if (key != NULL) {
        key_remember(books, key);
    }
    if (forgotten != NULL) {
        key_forget(books, forgotten);
    }
}

/* Reads all whole lines and cuts off what follows the last of them. */
static bool books_load(struct books *books, const char *path, struct error *error) {
    FILE *file = fdopen(dup(books->file), "r");
    char *text = NULL;
    size_t capacity = 0;
    off_t whole = 0;
    size_t number = 0;
    bool good = true;
    ssize_t size;
    while (good && (size = getline(&text, &capacity, file)) > 0 && text[size - 1] == '\n') {
        json_error_t reason;
        json_t *line = json_loadb(text, (size_t)size, 0, &reason);
        number++;
        if (line == NULL) {
            good = error_set(error, ERROR_DIE, "%s: line %zu: %s", path, number, reason.text);
        } else {
            line_replay(books, line);
            whole += size;
        }
        json_decref(line);
    }
    free(text);
    fclose(file);
    if (good && ftruncate(books->file, whole) != 0) {
        good = error_set(error, ERROR_DIE, "%s: %s", path, strerror(errno));
    }
    return good;
}

struct books *books_open(const char *path, struct error *error) {
    struct stat status;
    char file_path[4096];
    bool directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    snprintf(file_path, sizeof file_path, "%s%s", path, directory ? "/books.jsonl" : "");
    int file = open(file_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || flock(file, LOCK_EX | LOCK_NB) != 0) {
        error_set(error, ERROR_DIE, "the books cannot be opened: %s: %s", file_path,
                  errno == EWOULDBLOCK ? "another simulator keeps them" : strerror(errno));
        if (file >= 0) {
            close(file);
        }
        return NULL;
    }
    struct books *books = allocate_zeroed(1, sizeof *books);
    books->file = file;
    books->payment_indexes = json_object();
    books->refund_indexes = json_object();
    books->keys = json_object();
    if (!books_load(books, file_path, error)) {
        books_close(books);
        return NULL;
    }
    return books;
}

void books_close(struct books *books) {
    if (books == NULL) {
        return;
    }
    books_flush(books);
    for (size_t i = 0; i < books->payment_count; i++) {
        json_decref(books->payments[i].payment);
    }
    for (size_t i = 0; i < books->refund_count; i++) {
        json_decref(books->refunds[i].refund);
    }
    free(books->payments);
    free(books->refunds);
    json_decref(books->payment_indexes);
    json_decref(books->refund_indexes);
    json_decref(books->keys);
    buffer_deinit(&books->lines);
    close(books->file);
    free(books);
}
