/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_story.h"
#include "core_story_render.h"

#define WORDS_MAX 64

/* A line of a story, word by word, without the commas and colons behind them. */
struct words {
    struct story *story;
    char *items[WORDS_MAX];
    size_t count;
    size_t next;
};

static bool word_is(const struct words *words, const char *expected) {
    return words->next < words->count && strcmp(words->items[words->next], expected) == 0;
}

static bool word_take(struct words *words, const char *expected) {
    bool is = word_is(words, expected);
    words->next += is;
    return is;
}

static char *word_next(struct words *words) {
    static char none[] = "";
    return words->next < words->count ? words->items[words->next++] : none;
}

static void word_must(struct words *words, const char *expected) {
    if (!word_take(words, expected)) {
        fail_msg("a story says '%s' where '%s' belongs", word_next(words), expected);
    }
}

/* "" is empty, x*300 is three hundred times x. */
static struct text word_text(struct words *words) {
    char *word = word_next(words);
    const char *times = strchr(word, '*');
    if (strcmp(word, "\"\"") == 0) {
        return (struct text){.data = ""};
    }
    if (times == NULL || times != word + 1) {
        return (struct text){.data = word, .size = strlen(word)};
    }
    size_t size = (size_t)atoi(times + 1);
    char *data = arena_allocate(&words->story->arena, size);
    memset(data, word[0], size);
    return (struct text){.data = data, .size = size};
}

static void words_split(struct words *words, struct story *story, const char *line) {
    *words = (struct words){.story = story};
    char *copy = arena_allocate(&story->arena, strlen(line) + 1);
    memcpy(copy, line, strlen(line) + 1);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        size_t size = strlen(word);
        if (size > 1 && (word[size - 1] == ',' || word[size - 1] == ':')) {
            word[size - 1] = '\0';
        }
        assert_true(words->count < WORDS_MAX);
        words->items[words->count++] = word;
    }
}

/* "at 10:00", "at day 2 10:00:30.250" */
static int64_t words_time(struct words *words) {
    word_must(words, "at");
    int64_t day = 0;
    if (word_take(words, "day")) {
        day = atoi(word_next(words));
    }
    int hour = 0;
    int minute = 0;
    int second = 0;
    int millisecond = 0;
    assert_true(sscanf(word_next(words), "%d:%d:%d.%3d", &hour, &minute, &second, &millisecond) >=
                2);
    return STORY_DAY_MS + (day * 24 + hour) * STORY_HOUR_MS + minute * 60000LL + second * 1000LL +
           millisecond;
}

static int32_t seat_parse(const char *name) {
    static const int32_t firsts[] = {0, 6, 12, 18, 0, 0, 22};
    if (name[0] == '#') {
        return atoi(name + 1);
    }
    if (name[0] < 'A' || name[0] > 'G') {
        fail_msg("a story has no seat '%s'", name);
    }
    return firsts[name[0] - 'A'] + atoi(name + 1) - 1;
}

static int32_t section_parse(const char *name) {
    static const char *const names[] = {"Stalls", "Balcony", "Floor", "Gallery"};
    for (int32_t i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return atoi(name);
}

/* "A1 C2", "#0..#100" */
static struct integers seats_parse(struct words *words) {
    static int32_t items[256];
    size_t count = 0;
    while (!word_is(words, "as")) {
        char *word = word_next(words);
        char *range = strstr(word, "..");
        int32_t first = seat_parse(word);
        int32_t last = range == NULL ? first : seat_parse(range + 2);
        for (; first <= last; first++) {
            assert_true(count < sizeof(items) / sizeof(*items));
            items[count++] = first;
        }
    }
    return (struct integers){.items = items, .count = count};
}

static void reserve_parse(struct words *words, struct command_reserve *reserve) {
    reserve->section = -1;
    reserve->category = -1;
    char *end;
    long quantity = strtol(words->items[words->next], &end, 10);
    if (word_take(words, "nothing")) {
        reserve->selection = SELECTION_NAMED;
    } else if (*end != '\0') {
        reserve->selection = SELECTION_NAMED;
        reserve->seats = seats_parse(words);
    } else {
        word_next(words);
        reserve->quantity = (int32_t)quantity;
        reserve->selection = SELECTION_GENERAL;
        if (word_take(words, "best")) {
            reserve->selection = SELECTION_BEST_AVAILABLE;
        }
        if (word_take(words, "in") || word_take(words, "on")) {
            reserve->section = section_parse(word_next(words));
        }
        if (word_take(words, "of")) {
            word_must(words, "category");
            reserve->category = atoi(word_next(words));
        }
    }
    word_must(words, "as");
    reserve->reservation_id = story_uuid(word_next(words));
    reserve->keyed = !word_take(words, "unkeyed");
}

/* "r1/2" or "r1#2": reservation and number. */
static struct uuid numbered_parse(struct words *words, int32_t *number) {
    char *word = word_next(words);
    char *mark = strpbrk(word, "/#");
    if (mark == NULL) {
        abort();
    }
    *number = atoi(mark + 1);
    *mark = '\0';
    return story_uuid(word);
}

static struct text id_parse(struct words *words) {
    word_must(words, "as");
    return word_text(words);
}

/* "20.00", "-1.00" */
static int64_t amount_parse(struct words *words) {
    char *word = word_next(words);
    bool negative = word[0] == '-';
    int whole = 0;
    int hundredths = 0;
    assert_int_equal(sscanf(word + negative, "%d.%2d", &whole, &hundredths), 2);
    int64_t amount_minor = whole * 100LL + hundredths;
    return negative ? -amount_minor : amount_minor;
}

static bool provider_parse(struct words *words, struct command *command) {
    if (word_take(words, "payment")) {
        if (word_take(words, "authorized")) {
            struct command_payment_authorized *to = &command->as.payment_authorized;
            command->kind = COMMAND_PAYMENT_AUTHORIZED;
            to->reservation_id = numbered_parse(words, &to->attempt);
            to->payment_id = id_parse(words);
            to->amount_minor = amount_parse(words);
            to->currency = word_text(words);
        } else if (word_take(words, "captured")) {
            struct command_payment_captured *to = &command->as.payment_captured;
            command->kind = COMMAND_PAYMENT_CAPTURED;
            to->reservation_id = numbered_parse(words, &to->attempt);
            to->payment_id = id_parse(words);
            to->amount_minor = amount_parse(words);
            to->currency = word_text(words);
        } else if (word_take(words, "declined")) {
            struct command_payment_declined *to = &command->as.payment_declined;
            command->kind = COMMAND_PAYMENT_DECLINED;
            to->reservation_id = numbered_parse(words, &to->attempt);
            to->code = word_text(words);
        } else {
            struct command_payment_voided *to = &command->as.payment_voided;
            word_must(words, "voided");
            command->kind = COMMAND_PAYMENT_VOIDED;
            to->reservation_id = numbered_parse(words, &to->attempt);
            to->payment_id = id_parse(words);
        }
        return true;
    }
    if (word_take(words, "capture")) {
        struct command_capture_failed *to = &command->as.capture_failed;
        word_must(words, "failed");
        command->kind = COMMAND_CAPTURE_FAILED;
        to->reservation_id = numbered_parse(words, &to->attempt);
        to->payment_id = id_parse(words);
        to->code = word_text(words);
        return true;
    }
    if (!word_take(words, "refund")) {
        return false;
    }
    if (word_take(words, "completed")) {
        struct command_refund_completed *to = &command->as.refund_completed;
        command->kind = COMMAND_REFUND_COMPLETED;
        to->reservation_id = numbered_parse(words, &to->refund_attempt);
        to->refund_id = id_parse(words);
        to->amount_minor = amount_parse(words);
        to->currency = word_text(words);
    } else {
        struct command_refund_failed *to = &command->as.refund_failed;
        word_must(words, "failed");
        command->kind = COMMAND_REFUND_FAILED;
        to->reservation_id = numbered_parse(words, &to->refund_attempt);
        to->refund_id = id_parse(words);
        to->code = word_text(words);
    }
    return true;
}

static void person_parse(struct words *words, struct command *command) {
    bool is_operator = word_take(words, "operator");
    struct uuid person = story_uuid(word_next(words));
    if (word_take(words, "reserves")) {
        command->kind = COMMAND_RESERVE;
        command->as.reserve.buyer_id = person;
        reserve_parse(words, &command->as.reserve);
    } else if (word_take(words, "releases")) {
        command->kind = COMMAND_RELEASE;
        command->as.release.reservation_id = story_uuid(word_next(words));
        command->as.release.buyer_id = person;
    } else if (word_take(words, "pays")) {
        command->kind = COMMAND_PAY;
        command->as.pay.reservation_id = story_uuid(word_next(words));
        command->as.pay.buyer_id = person;
        word_must(words, "with");
        if (!word_take(words, "nothing")) {
            command->as.pay.source_id = word_text(words);
        }
    } else if (word_take(words, "retries")) {
        command->kind = COMMAND_RETRY_REFUND;
        command->as.retry_refund.reservation_id = story_uuid(word_next(words));
        command->as.retry_refund.requested_by = person;
    } else if (word_take(words, "creates")) {
        command->kind = COMMAND_CREATE_SHOW;
        command->as.head.show_id = story_uuid(word_next(words));
        command->as.create_show.owner_id = person;
        command->as.create_show.show = story_details();
        if (word_take(words, "titled")) {
            command->as.create_show.show.title = word_text(words);
        }
    } else {
        word_must(words, "cancels");
        if (words->next < words->count && words->items[words->next][0] == 'r') {
            command->kind = COMMAND_CANCEL;
            command->as.cancel.reservation_id = story_uuid(word_next(words));
            command->as.cancel.buyer_id = person;
            return;
        }
        command->kind = COMMAND_CANCEL_SHOW;
        command->as.head.show_id = story_uuid(word_next(words));
        command->as.cancel_show.requested_by = person;
        command->as.cancel_show.by_operator = is_operator;
        command->as.cancel_show.reason = word_text(words);
    }
}

struct command story_command(struct story *story, const char *line, int64_t *now_ms) {
    struct words words;
    words_split(&words, story, line);
    struct command command;
    memset(&command, 0, sizeof(command));
    *now_ms = words_time(&words);
    command.as.head.show_id = story_uuid("Ghost");
    command.as.head.command_id = story_uuid("command");
    memcpy(command.as.head.command_id.octets + 8, &story->offset, sizeof(story->offset));
    if (word_take(&words, "in")) {
        command.as.head.show_id = story_uuid(word_next(&words));
    }
    if (word_take(&words, "tick")) {
        command.kind = COMMAND_TICK;
    } else if (!provider_parse(&words, &command)) {
        person_parse(&words, &command);
    }
    if (words.next != words.count) {
        fail_msg("a story goes on with '%s': %s", words.items[words.next], line);
    }
    return command;
}

static void story_play(struct story *story, const char *text) {
    char line[512];
    for (const char *begin = text; *begin != '\0';) {
        size_t size = strcspn(begin, "\n");
        assert_true(size < sizeof(line));
        memcpy(line, begin, size);
        line[size] = '\0';
        begin += size + (begin[size] == '\n');
        if (line[0] == '#') {
            fprintf(story->out, "%s\n", line);
        } else if (strncmp(line, "at ", 3) == 0) {
            int64_t now_ms;
            struct command command = story_command(story, line, &now_ms);
            fputs(line, story->out);
            story_step(story, &command, now_ms);
            fputs("\n", story->out);
        }
    }
}

static void lines_differ(const char *expected, const char *actual) {
    size_t same = 0;
    for (size_t i = 0; expected[i] != '\0' && expected[i] == actual[i]; i++) {
        if (expected[i] == '\n') {
            same = i + 1;
        }
    }
    print_error("what happens differs from the story here:\n  expected: %.*s\n  happens:  %.*s\n",
                (int)strcspn(expected + same, "\n"), expected + same,
                (int)strcspn(actual + same, "\n"), actual + same);
    fail();
}

char *story_play_text(const char *text) {
    struct story story;
    story_init(&story);
    int64_t now_ms;
    struct command create = story_command(&story, "at 09:00 Olga creates Ghost", &now_ms);
    story_step(&story, &create, now_ms);
    assert_string_equal(
        story_transcript(&story),
        "\n  1 ShowCreated Ghost at Odeon, screen 3, Chico: 24 seats, 10 places, of Olga");
    size_t begin = story.transcript_size;
    story_play(&story, text);
    char *happened = strdup(story_transcript(&story) + begin);
    story_deinit(&story);
    return happened;
}

void story_run(const char *text) {
    char *happened = story_play_text(text);
    if (strcmp(happened, text) != 0) {
        lines_differ(text, happened);
    }
    free(happened);
}
