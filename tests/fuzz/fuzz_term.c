/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/term/reader.h"
#include "tests/fuzz/fuzz.h"

/*
 * What anybody may write into the header seatlog-log, and any log of labels: the first byte chooses.
 * Texts are what they are read as. A reader of a log comes to its end, never goes back behind what
 * it delivered, and one that restarts wherever it likes makes the same of it.
 */
#define RECORDS_MAX 48
#define TERMS 4

static void label_try(const char *text, size_t size) {
    struct term_label label = term_label_parse(text, size);
    FUZZ_REQUIRE(label.kind != TERM_LABEL_NONE);
    if (label.kind != TERM_LABEL_MALFORMED) {
        char again[TERM_LABEL_TEXT_SIZE];
        FUZZ_REQUIRE(term_label_format(&label, again) == size);
        FUZZ_REQUIRE(memcmp(again, text, size) == 0);
    }
}

static void position_try(const char *text, size_t size) {
    struct term term;
    struct term_position position;
    char again[TERM_POSITION_TEXT_SIZE];
    if (term_parse(text, size, &term)) {
        FUZZ_REQUIRE(term_format(&term, again) == size && memcmp(again, text, size) == 0);
    }
    if (term_position_parse(text, size, &position)) {
        FUZZ_REQUIRE(term_position_format(&position, again) == size);
        FUZZ_REQUIRE(memcmp(again, text, size) == 0);
        struct term_reader reader;
        term_reader_init(&reader, &position);
    }
}

struct record {
    int64_t offset;
    struct term_label label;
};

struct log {
    struct record records[RECORDS_MAX];
    size_t count;
};

/* Offsets with gaps now and then; few terms, cursors and places, so that much of it fits. */
static void log_make(struct log *log, struct fuzz_input *input) {
    int64_t offset = 0;
    struct term terms[TERMS] = {{0, 1}, {1, 2}, {2, 3}, {2, 4}};
    uint32_t newest = 0;
    while (input->size > 0 && log->count < RECORDS_MAX) {
        struct record *record = &log->records[log->count++];
        uint32_t kind = fuzz_below(input, 32);
        struct term_label *label = &record->label;
        record->offset = offset;
        if (kind < 4) {
            newest = (newest + 1) % TERMS;
            terms[newest] = (struct term){offset, fuzz_below(input, 4)};
            *label = (struct term_label){.kind = TERM_LABEL_CLAIM,
                                         .term = {TERM_NONE, terms[newest].nonce}};
        } else if (kind < 8) {
            label->kind = kind < 6 ? TERM_LABEL_NONE : TERM_LABEL_MALFORMED;
        } else {
            uint32_t place = fuzz_octet(input);
            label->kind = TERM_LABEL_EVENT;
            label->term = terms[kind < 28 ? newest : kind % TERMS];
            label->prev = place & 7;
            label->next = label->prev + 1;
            label->index = place >> 3 & 3;
            label->last = (place >> 5 & 3) != 0;
        }
        offset += (kind & 16) != 0 && fuzz_octet(input) == 0 ? 2 : 1;
    }
}

static size_t record_find(const struct log *log, int64_t offset) {
    size_t at = 0;
    while (at < log->count && log->records[at].offset < offset) {
        at++;
    }
    return at;
}

/* false: the log has forgotten something, where this ends. */
static bool log_read(const struct log *log, struct term_reader *reader,
                     struct fuzz_input *restarts) {
    size_t at = record_find(log, reader->next_offset);
    int64_t floor = reader->position.next_offset, cursor = reader->position.cursor;
    for (int fed = 0; at < log->count; fed++) {
        FUZZ_REQUIRE(fed <= RECORDS_MAX * RECORDS_MAX);
        const struct record *record = &log->records[at++];
        uint32_t held = reader->held;
        enum term_verdict verdict =
            term_reader_feed(reader, record->offset, &record->label, record->offset);
        FUZZ_REQUIRE(reader->position.next_offset >= floor && reader->position.cursor >= cursor);
        FUZZ_REQUIRE(reader->next_offset >= reader->position.next_offset);
        FUZZ_REQUIRE(verdict != TERM_JOINS || reader->held == held + 1);
        FUZZ_REQUIRE(verdict != TERM_DELIVERS || reader->position.cursor > cursor);
        FUZZ_REQUIRE(verdict != TERM_PASSED || record->offset < reader->next_offset);
        floor = reader->position.next_offset;
        cursor = reader->position.cursor;
        if (verdict == TERM_FORGOTTEN) {
            return false;
        }
        if (restarts != NULL && restarts->size > 0 && fuzz_below(restarts, 8) == 0) {
            struct term_position kept = reader->position;
            term_reader_init(reader, &kept);
            verdict = TERM_REREAD;
            fed = 0;
        }
        at = verdict == TERM_REREAD ? record_find(log, reader->next_offset) : at;
    }
    return true;
}

static void reader_try(struct fuzz_input *input) {
    struct term_position beginning = term_position_of_beginning();
    struct term_reader once, often;
    struct log log = {.count = 0};
    struct fuzz_input restarts = *input;
    log_make(&log, input);
    term_reader_init(&once, &beginning);
    term_reader_init(&often, &beginning);
    bool good = log_read(&log, &once, NULL);
    FUZZ_REQUIRE(log_read(&log, &often, &restarts) == good);
    FUZZ_REQUIRE(once.position.next_offset == often.position.next_offset);
    FUZZ_REQUIRE(once.position.cursor == often.position.cursor);
    FUZZ_REQUIRE(term_equal(&once.position.term, &often.position.term));
    FUZZ_REQUIRE(!good || (once.held == often.held && once.deaf == often.deaf));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct fuzz_input input = {data + 1, size - 1};
    switch (data[0] % 3) {
    case 0:
        label_try((const char *)input.data, input.size);
        break;
    case 1:
        position_try((const char *)input.data, input.size);
        break;
    default:
        reader_try(&input);
    }
    return 0;
}
