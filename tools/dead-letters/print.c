/* SPDX-License-Identifier: Apache-2.0 */
/* What was set aside, for people: 80 columns, words from outside made harmless for a terminal. */
#include "tools/dead-letters/print.h"

#include "runtime/base/buffer.h"
#include "runtime/base/hex.h"
#include "runtime/base/identity.h"
#include "runtime/base/time.h"
#include "runtime/kafka/kafka.h"
#include "runtime/present/present_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, LABEL = 10, HEX_BYTES_MAX = 1024, HEX_LINE = 16 };

/* "2026-11-24 06:00:00Z" */
static void moment_append(struct buffer *out, int64_t at_ms) {
    char text[TIME_TEXT_SIZE];
    buffer_append_format(out, "%.*sZ", TIME_SPACED_SECONDS_SIZE, time_format_spaced(at_ms, text));
}

/* Columns of what is at most one column a character, which is all that reasons and prose are made
 * of but for titles. */
static int columns_of(const char *word, size_t size) {
    int columns = 0;
    for (size_t i = 0; i < size; i++) {
        columns += ((unsigned char)word[i] & 0xC0) != 0x80;
    }
    return columns;
}

/* A label, and text wrapped between words behind it. */
static void line_print(const char *label, const char *text) {
    int column = printf("%-*s", LABEL, label);
    bool first = true;
    while (*text != '\0') {
        size_t size = strcspn(text, " \n\t\r");
        if (size > 0) {
            int columns = columns_of(text, size);
            if (!first && column + 1 + columns > WIDTH) {
                column = printf("\n%-*s", LABEL, "") - 1;
                first = true;
            }
            column += columns + (first ? 0 : printf(" "));
            for (size_t i = 0; i < size; i++) { /* no escape sequence gets through */
                putchar((unsigned char)text[i] < 0x20 || text[i] == 0x7F ? '?' : text[i]);
            }
            first = false;
        }
        text += size + (text[size] != '\0');
    }
    putchar('\n');
}

static void line_free(const char *label, struct buffer *text) {
    line_print(label, text->size > 0 ? text->data : "");
    buffer_deinit(text);
}

/* What the record says. Returns false where nobody can read it, with the reason. */
static bool record_say(const struct dead_letter *record, struct codec *codec, struct buffer *out) {
    struct arena arena;
    struct text reason = {0};
    bool good = true;
    arena_init(&arena);
    if (strcmp(record->topic.data, TOPIC_EVENTS) == 0) {
        struct event event;
        good = codec_event_decode(codec, &arena, record->value, &event, &reason);
        if (good) {
            buffer_append_format(out, "%s: ", event_kind_name(event.kind));
            present_event(out, &event, NULL);
        }
    } else if (strcmp(record->topic.data, TOPIC_TICKETS) == 0) {
        struct ticket_record tickets;
        good = codec_ticket_record_decode(codec, &arena, record->value, &tickets, &reason);
        if (good) {
            char order[UUID_TEXT_SIZE];
            uuid_format(tickets.kind == TICKET_RECORD_TICKETS_ISSUED
                            ? &tickets.as.tickets_issued.order_id
                            : &tickets.as.tickets_revoked.order_id,
                        order);
            buffer_append_format(out, "%s of order %s", ticket_record_kind_name(tickets.kind),
                                 order);
        }
    } else {
        struct command command;
        good = codec_command_decode(codec, &arena, record->value, &command, &reason);
        if (good) {
            buffer_append_format(out, "the command %s", command_kind_name(command.kind));
        }
    }
    if (!good) {
        buffer_append_format(out, "cannot be read: %.*s", TEXT_FORMAT(reason));
    }
    arena_deinit(&arena);
    return good;
}

static void state_write(const struct letter *letter, struct buffer *out) {
    static const char *const names[] = {[LETTER_ASIDE] = "set aside",
                                        [LETTER_ASKED] = "asked for again, not handled yet",
                                        [LETTER_SETTLED] = "settled"};
    _Static_assert(sizeof names / sizeof names[0] == LETTER_STATE_COUNT, "a name for each");
    buffer_append_text(out, names[letter->state]);
    if (letter->ended[0] != '\0' && letter->state == LETTER_SETTLED) {
        buffer_append_format(out, " %s", letter->ended);
        buffer_append_format(out, letter->said[0] != '\0' ? ": %s" : " by handling it%s",
                             letter->said);
    } else if (letter->tries > 0) {
        buffer_append_format(out, "; retried %" PRId64 " time%s, last %s%s%s", letter->tries,
                             letter->tries == 1 ? "" : "s", letter->ended,
                             letter->said[0] != '\0' ? ": " : "", letter->said);
    }
}

void letter_state_say(const struct letter *letter) {
    char id[LETTER_ID_SIZE];
    struct buffer text = {0};
    snprintf(id, sizeof id, "%d-%" PRId64, letter->partition, letter->offset);
    state_write(letter, &text);
    line_free(id, &text);
}

void letters_list(const struct letters *letters, struct codec *codec, bool all) {
    size_t open = 0;
    for (size_t i = 0; i < letters->count; i++) {
        const struct letter *letter = &letters->items[i];
        open += letter->state != LETTER_SETTLED;
        if (letter->state == LETTER_SETTLED && !all) {
            continue;
        }
        const struct dead_letter *record = &letter->record;
        char id[LETTER_ID_SIZE];
        struct buffer text = {0};
        snprintf(id, sizeof id, "%d-%" PRId64, letter->partition, letter->offset);
        moment_append(&text, letter->at_ms);
        buffer_append_format(&text, ", %s of %s/%d, offset %" PRId64, record->daemon.data,
                             record->topic.data, record->partition, record->offset);
        line_free(id, &text);
        record_say(record, codec, &text);
        line_free("", &text);
        buffer_append_format(&text, "show %.*s", (int)record->key.size,
                             (const char *)record->key.data);
        line_free("", &text);
        line_print("", record->reason.data);
        state_write(letter, &text);
        line_free("", &text);
    }
    size_t settled = letters->count - open;
    if (letters->count == 0) {
        puts("No record was ever set aside.");
    } else if (open == 0) {
        printf("Nothing is set aside%s.\n", all ? "" : " that is not settled (--all shows it too)");
    } else {
        printf("%zu set aside, %zu settled%s. ./seatlog dead-letters show ID\n", open, settled,
               settled > 0 && !all ? " (--all shows them too)" : "");
    }
}

static void bytes_print(const char *label, struct octets octets) {
    for (size_t at = 0; at < octets.size && at < HEX_BYTES_MAX; at += HEX_LINE) {
        printf("%-*s%04zx", LABEL, at == 0 ? label : "", at);
        size_t size = octets.size - at < HEX_LINE ? octets.size - at : HEX_LINE;
        char digits[2 * HEX_LINE + 1];
        hex_format(octets.data + at, size, digits);
        for (size_t i = 0; i < HEX_LINE; i++) {
            printf(" %2.2s", i < size ? digits + 2 * i : "");
        }
        putchar(' ');
        for (size_t i = at; i < at + size; i++) {
            putchar(octets.data[i] >= 0x20 && octets.data[i] < 0x7F ? octets.data[i] : '.');
        }
        putchar('\n');
    }
    if (octets.size == 0) {
        line_print(label, "none");
    } else if (octets.size > HEX_BYTES_MAX) {
        printf("%-*s… %zu bytes in all\n", LABEL, "", octets.size);
    }
}

static const char *retry_does(const struct letter *letter) {
    const char *daemon = letter->record.daemon.data;
    const char *refusal = letter_refusal(letter);
    if (refusal != NULL) {
        return refusal;
    }
    if (letter->state == LETTER_SETTLED) {
        return "Nothing: it is settled.";
    }
    if (strcmp(daemon, "indexer") == 0) {
        return "The indexer folds it into the catalog if nothing of the show came after it. "
               "Otherwise it says so, and ./seatlog replay rebuild makes the catalog again.";
    }
    if (strcmp(daemon, "ticketgen") == 0) {
        return "ticketgen signs and draws the tickets, which are mailed then; or makes them void. "
               "An order that was cancelled meanwhile gets none.";
    }
    if (strcmp(daemon, "notifier") == 0) {
        return "The notifier queues the mail, unless it is there already.";
    }
    if (strcmp(daemon, "payment") == 0) {
        return "payment does at the provider what the event asks for, unless that is under way "
               "already, and tells the decider, who gives back what came too late.";
    }
    return "Its consumer handles the record once more.";
}

void letter_show(const struct letter *letter, struct codec *codec) {
    const struct dead_letter *record = &letter->record;
    struct buffer text = {0};
    buffer_append_format(&text, "%d-%" PRId64 ", set aside ", letter->partition, letter->offset);
    moment_append(&text, letter->at_ms);
    buffer_append_format(&text, " by %s", record->daemon.data);
    line_free("letter", &text);
    buffer_append_format(&text, "%s, partition %d, offset %" PRId64 ", of ", record->topic.data,
                         record->partition, record->offset);
    moment_append(&text, record->at);
    line_free("record", &text);
    record_say(record, codec, &text);
    line_free("it says", &text);
    line_print("reason", record->reason.data);
    state_write(letter, &text);
    line_free("state", &text);
    line_print("a retry", retry_does(letter));
    bytes_print("key", record->key);
    bytes_print("value", record->value);
}
