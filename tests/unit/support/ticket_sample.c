/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For test_ticket_paper.py: draws one ticket of what is written in a file, and says how many
 * characters no font had.
 *
 *     ticket_sample FIELDS PDF
 *
 * FIELDS: title, venue, city, section, row, seat, category, time zone, start and end in
 * milliseconds, each ended with a NUL. An empty row and seat is a general section.
 */
#include "runtime/base/error.h"
#include "ticketgen/core/core.h"
#include "ticketgen/page/pdf.h"
#include "ticketgen/page/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_COUNT 10

static char contents[1 << 16];

static bool fields_read(const char *path, struct text *fields) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(contents, 1, sizeof(contents) - 1, file);
    fclose(file);
    char *at = contents;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        char *end = memchr(at, '\0', size - (size_t)(at - contents));
        if (end == NULL) {
            return false;
        }
        fields[i] = (struct text){at, (size_t)(end - at)};
        at = end + 1;
    }
    return true;
}

static bool ticket_draw(const struct text *fields, struct buffer *pdf, size_t *missing) {
    static const uint8_t seed[TICKET_SEED_SIZE] = {42};
    bool general = fields[4].size == 0 && fields[5].size == 0;
    struct place place = {.seat = general ? -1 : 3,
                          .section = fields[3],
                          .row = fields[4],
                          .label = fields[5],
                          .category = fields[6],
                          .price_minor = 1450};
    struct event_sold sold = {
        .head = {.show_id = {{1}}, .owner_id = {{2}}, .seq = 17, .at = 1795000000123},
        .reservation_id = {{3}},
        .buyer_id = {{4}},
        .amount_minor = 1450,
        .currency = {"USD", 3},
        .summary = {.title = fields[0],
                    .venue = fields[1],
                    .city = fields[2],
                    .starts_at = strtoll(fields[8].data, NULL, 10),
                    .ends_at = strtoll(fields[9].data, NULL, 10),
                    .time_zone = fields[7]},
        .places = {&place, 1},
    };
    struct ticket_key key;
    struct arena arena = {0};
    struct ticket_tickets_issued issued;
    struct error error = {0};
    const char *reason = "";
    ticket_key_derive(seed, &key);
    bool drawn = ticket_core_issue(&sold, &key, &arena, &issued, &reason) &&
                 ticket_pdf_render(&issued, 0, 1, "Seatlog", pdf, missing, &error);
    if (!drawn) {
        fprintf(stderr, "%s%s\n", reason, error.message);
    }
    arena_deinit(&arena);
    return drawn;
}

int main(int argc, char **argv) {
    struct text fields[FIELD_COUNT];
    struct buffer pdf = {0};
    size_t missing = 0;
    if (argc != 3 || !fields_read(argv[1], fields) || !ticket_draw(fields, &pdf, &missing)) {
        return EXIT_FAILURE;
    }
    FILE *file = fopen(argv[2], "wb");
    bool written = file != NULL && fwrite(pdf.data, 1, pdf.size, file) == pdf.size;
    written = file != NULL && fclose(file) == 0 && written;
    printf("%zu\n", missing);
    buffer_deinit(&pdf);
    page_text_fonts_release();
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}
