/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a ticket. */
#include "ticketgen/page/page.h"

#include "runtime/base/error.h"
#include "runtime/base/identity.h"
#include "runtime/present/present.h"
#include "runtime/present/present_text.h"
#include "runtime/present/present_time.h"

#include <errno.h>
#include <math.h>
#include <qrencode.h>
#include <stdio.h>
#include <string.h>

/* Where things stand, in points from the top left of the page. */
enum {
    MARGIN = 20,
    PADDING = 24, /* from the card's edge to its contents */
    BAND_HEIGHT = 190,
    TEAR_Y = 378,
    NOTCH_RADIUS = 9,
    CARD_RADIUS = 16,
    QR_SIZE = 168
};
#define CARD_LEFT ((double)MARGIN)
#define CARD_RIGHT (TICKET_PAGE_WIDTH - MARGIN)
#define CARD_TOP ((double)MARGIN)
#define CARD_BOTTOM (TICKET_PAGE_HEIGHT - MARGIN)
#define LEFT (CARD_LEFT + PADDING)
#define RIGHT (CARD_RIGHT - PADDING)
#define WIDTH (RIGHT - LEFT)
#define QR_QUIET_MODULES 4 /* ISO/IEC 18004: four modules of nothing around the code */

struct colour {
    double red, green, blue;
};

/* From the top left of the band to its bottom right, and what stands out on white. White reads on
 * all. */
struct palette {
    struct colour from, to, accent;
};

#define RGB(value)                                                                                 \
    { ((value) >> 16) / 255.0, ((value) >> 8 & 0xff) / 255.0, ((value)&0xff) / 255.0 }
static const struct palette palettes[] = {
    {RGB(0x312e81), RGB(0x6d28d9), RGB(0x4c1d95)}, {RGB(0x0f3d5c), RGB(0x0e7490), RGB(0x155e75)},
    {RGB(0x7f1d1d), RGB(0xbe123c), RGB(0x9f1239)}, {RGB(0x064e3b), RGB(0x047857), RGB(0x065f46)},
    {RGB(0x1e293b), RGB(0x334e8a), RGB(0x1e3a8a)}, {RGB(0x701a75), RGB(0xbe185d), RGB(0x9d174d)},
    {RGB(0x7c2d12), RGB(0xb45309), RGB(0x92400e)}, {RGB(0x134e4a), RGB(0x1d4ed8), RGB(0x1e40af)},
};
static const struct colour ink = RGB(0x14161f);
static const struct colour grey = RGB(0x6b7080);
static const struct colour hairline = RGB(0xd4d7e0);
static const struct colour white = RGB(0xffffff);

static void colour_set(cairo_t *cairo, const struct colour *colour, double alpha) {
    cairo_set_source_rgba(cairo, colour->red, colour->green, colour->blue, alpha);
}

static const struct palette *palette_of(const struct uuid *show_id) {
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof(show_id->octets); i++) {
        sum += show_id->octets[i];
    }
    return &palettes[sum % (sizeof(palettes) / sizeof(palettes[0]))];
}

static struct text text_of(const char *value) { return (struct text){value, strlen(value)}; }

/* The card with its rounded corners and the two notches where it is torn. */
static void card_path(cairo_t *cairo) {
    double tear = TEAR_Y, radius = CARD_RADIUS, notch = NOTCH_RADIUS;
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, CARD_LEFT + radius, CARD_TOP + radius, radius, M_PI, 1.5 * M_PI);
    cairo_arc(cairo, CARD_RIGHT - radius, CARD_TOP + radius, radius, 1.5 * M_PI, 2 * M_PI);
    cairo_arc_negative(cairo, CARD_RIGHT, tear, notch, 1.5 * M_PI, 0.5 * M_PI);
    cairo_arc(cairo, CARD_RIGHT - radius, CARD_BOTTOM - radius, radius, 0, 0.5 * M_PI);
    cairo_arc(cairo, CARD_LEFT + radius, CARD_BOTTOM - radius, radius, 0.5 * M_PI, M_PI);
    cairo_arc_negative(cairo, CARD_LEFT, tear, notch, 0.5 * M_PI, -0.5 * M_PI);
    cairo_close_path(cairo);
}

static void band_draw(cairo_t *cairo, const struct palette *palette) {
    cairo_save(cairo);
    card_path(cairo);
    cairo_clip(cairo);
    cairo_pattern_t *gradient =
        cairo_pattern_create_linear(CARD_LEFT, CARD_TOP, CARD_RIGHT, CARD_TOP + BAND_HEIGHT);
    cairo_pattern_add_color_stop_rgb(gradient, 0, palette->from.red, palette->from.green,
                                     palette->from.blue);
    cairo_pattern_add_color_stop_rgb(gradient, 1, palette->to.red, palette->to.green,
                                     palette->to.blue);
    cairo_rectangle(cairo, CARD_LEFT, CARD_TOP, CARD_RIGHT - CARD_LEFT, BAND_HEIGHT);
    cairo_set_source(cairo, gradient);
    cairo_fill(cairo);
    cairo_pattern_destroy(gradient);

    /* Rings, as of a spotlight from beyond the corner. */
    cairo_rectangle(cairo, CARD_LEFT, CARD_TOP, CARD_RIGHT - CARD_LEFT, BAND_HEIGHT);
    cairo_clip(cairo);
    colour_set(cairo, &white, 0.07);
    cairo_set_line_width(cairo, 18);
    for (int ring = 0; ring < 5; ring++) {
        cairo_arc(cairo, CARD_RIGHT - 10, CARD_TOP + BAND_HEIGHT + 26, 46 + ring * 46, 0, 2 * M_PI);
        cairo_stroke(cairo);
    }
    cairo_restore(cairo);
}

static void tear_draw(cairo_t *cairo) {
    static const double dashes[] = {0, 6};
    cairo_save(cairo);
    cairo_set_line_cap(cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cairo, 2);
    cairo_set_dash(cairo, dashes, 2, 0);
    colour_set(cairo, &hairline, 1);
    cairo_move_to(cairo, CARD_LEFT + NOTCH_RADIUS + 8, TEAR_Y);
    cairo_line_to(cairo, CARD_RIGHT - NOTCH_RADIUS - 6, TEAR_Y);
    cairo_stroke(cairo);
    cairo_restore(cairo);
}

static void card_outline_draw(cairo_t *cairo) {
    card_path(cairo);
    colour_set(cairo, &hairline, 1);
    cairo_set_line_width(cairo, 0.8);
    cairo_stroke(cairo);
}

/* A small label over a value. Returns where the value ends. */
static double field_draw(struct page_text *text, const char *label, struct text value,
                         const struct page_style *style, const struct colour *colour, double x,
                         double y, double width) {
    static const struct page_style label_style = {.size_max = 6.8,
                                                  .size_min = 5,
                                                  .lines_max = 1,
                                                  .height_max = 11,
                                                  .bold = true,
                                                  .spacing = 0.55};
    colour_set(text->cairo, &grey, 1);
    y += page_text_draw(text, text_of(label), &label_style, x, y, width) + 1;
    colour_set(text->cairo, colour, 1);
    return y + page_text_draw(text, value, style, x, y, width);
}

static void header_draw(struct page_text *text, const struct ticket_tickets_issued *issued,
                        size_t index, const char *issuer) {
    static const struct page_style issuer_style = {.size_max = 10,
                                                   .size_min = 6,
                                                   .lines_max = 1,
                                                   .height_max = 16,
                                                   .bold = true,
                                                   .spacing = 2.4};
    static const struct page_style count_style = {.size_max = 8.5,
                                                  .size_min = 6,
                                                  .lines_max = 1,
                                                  .height_max = 14,
                                                  .align = PAGE_ALIGN_RIGHT,
                                                  .spacing = 0.3};
    static const struct page_style title_style = {
        .size_max = 31, .size_min = 14, .lines_max = 3, .bold = true, .balanced = true};
    static const struct page_style venue_style = {
        .size_max = 12.5, .size_min = 8, .lines_max = 1, .height_max = 28, .bold = true};
    static const struct page_style city_style = {
        .size_max = 11, .size_min = 8, .lines_max = 1, .height_max = 22};
    const struct show_summary *summary = &issued->summary;
    char *name = g_utf8_strup(issuer, -1);
    char count[48];
    snprintf(count, sizeof(count), "Ticket %zu of %zu", index + 1, issued->tickets.count);

    colour_set(text->cairo, &white, 0.95);
    page_text_draw(text, text_of(name), &issuer_style, LEFT, CARD_TOP + 17, WIDTH * 0.62);
    colour_set(text->cairo, &white, 0.8);
    page_text_draw(text, text_of(count), &count_style, RIGHT - WIDTH * 0.36, CARD_TOP + 18,
                   WIDTH * 0.36);
    g_free(name);

    /* Venue and city stand at the foot of the band; the title in the middle of what is left. */
    double foot = CARD_TOP + BAND_HEIGHT - 18;
    double city_height = page_text_measure(text, summary->city, &city_style, WIDTH);
    double venue_height = page_text_measure(text, summary->venue, &venue_style, WIDTH);
    colour_set(text->cairo, &white, 0.82);
    page_text_draw(text, summary->city, &city_style, LEFT, foot - city_height, WIDTH);
    colour_set(text->cairo, &white, 1);
    double venue_top = foot - city_height - venue_height;
    page_text_draw(text, summary->venue, &venue_style, LEFT, venue_top, WIDTH);

    double room_top = CARD_TOP + 38, room = venue_top - 4 - room_top;
    struct page_style style = title_style;
    style.height_max = room;
    struct buffer shown = {0};
    present_title(summary->title, &shown);
    struct text title = {shown.data, shown.size};
    double height = page_text_measure(text, title, &style, WIDTH);
    page_text_draw(text, title, &style, LEFT, room_top + (room - height) / 2, WIDTH);
    buffer_deinit(&shown);
}

/* A moment with all that one needs to be there: clock, day, and the zone of that moment. */
static void moment_draw(struct page_text *text, const char *label, int64_t at_ms,
                        struct text time_zone, const struct colour *accent, double left,
                        double width) {
    static const struct page_style time_style = {.size_max = 19,
                                                 .size_min = 12,
                                                 .lines_max = 1,
                                                 .height_max = 27,
                                                 .align = PAGE_ALIGN_LEFT,
                                                 .bold = true};
    static const struct page_style day_style = {.size_max = 10.5,
                                                .size_min = 7,
                                                .lines_max = 1,
                                                .height_max = 16,
                                                .align = PAGE_ALIGN_LEFT,
                                                .bold = true};
    static const struct page_style zone_style = {
        .size_max = 9, .size_min = 7, .lines_max = 1, .height_max = 13, .align = PAGE_ALIGN_LEFT};
    struct present_time at;
    char day[64];
    present_time_at(at_ms, time_zone, &at);
    snprintf(day, sizeof(day), "%s%s%s", at.weekday, at.weekday[0] != '\0' ? ", " : "", at.date);
    double y = CARD_TOP + BAND_HEIGHT + 16;
    y = field_draw(text, label, text_of(at.time), &time_style, accent, left, y, width);
    colour_set(text->cairo, &ink, 1);
    y += page_text_draw(text, text_of(day), &day_style, left, y - 2, width) - 2;
    colour_set(text->cairo, &grey, 1);
    page_text_draw(text, text_of(at.clock), &zone_style, left, y, width);
}

static void when_draw(struct page_text *text, const struct show_summary *summary,
                      const struct palette *palette) {
    double gap = 12, width = (WIDTH - gap) / 2;
    if (!present_has_end(summary->starts_at, summary->ends_at)) {
        moment_draw(text, "STARTS", summary->starts_at, summary->time_zone, &palette->accent, LEFT,
                    WIDTH);
        return;
    }
    moment_draw(text, "STARTS", summary->starts_at, summary->time_zone, &palette->accent, LEFT,
                width);
    moment_draw(text, "ENDS", summary->ends_at, summary->time_zone, &palette->accent,
                LEFT + width + gap, width);
}

static void place_draw(struct page_text *text, const struct place *place) {
    static const struct page_style label_style = {.size_max = 27,
                                                  .size_min = 8,
                                                  .lines_max = 3,
                                                  .height_max = 48,
                                                  .align = PAGE_ALIGN_LEFT,
                                                  .bold = true};
    static const struct page_style section_style = {.size_max = 27,
                                                    .size_min = 11,
                                                    .lines_max = 2,
                                                    .height_max = 48,
                                                    .align = PAGE_ALIGN_LEFT,
                                                    .bold = true};
    double top = CARD_TOP + BAND_HEIGHT + 88;
    colour_set(text->cairo, &hairline, 1);
    cairo_set_line_width(text->cairo, 0.8);
    cairo_move_to(text->cairo, LEFT, top);
    cairo_line_to(text->cairo, RIGHT, top);
    cairo_stroke(text->cairo);
    top += 10;
    if (place->seat < 0) {
        field_draw(text, "GENERAL ADMISSION", place->section, &section_style, &ink, LEFT, top,
                   WIDTH);
        return;
    }
    double section_width = WIDTH * 0.42, gap = 10;
    double label_width = (WIDTH - section_width - 2 * gap) / 2;
    double row_left = LEFT + section_width + gap, seat_left = row_left + label_width + gap;
    field_draw(text, "SECTION", place->section, &section_style, &ink, LEFT, top, section_width);
    field_draw(text, "ROW", place->row, &label_style, &ink, row_left, top, label_width);
    field_draw(text, "SEAT", place->label, &label_style, &ink, seat_left, top, label_width);
}

static bool code_draw(cairo_t *cairo, struct text token, double left, double top) {
    QRinput *input = QRinput_new2(0, QR_ECLEVEL_M);
    QRcode *code = NULL;
    if (input != NULL && QRinput_append(input, QR_MODE_AN, (int)token.size,
                                        (const unsigned char *)token.data) == 0) {
        code = QRcode_encodeInput(input);
    }
    bool exhausted = code == NULL && errno == ENOMEM;
    QRinput_free(input);
    if (exhausted) {
        die("out of memory while a QR code is made");
    }
    if (code == NULL) {
        return false;
    }
    double module = (double)QR_SIZE / (code->width + 2 * QR_QUIET_MODULES);
    double origin = QR_QUIET_MODULES * module;
    cairo_rectangle(cairo, left, top, QR_SIZE, QR_SIZE);
    colour_set(cairo, &white, 1);
    cairo_fill(cairo);
    /* One path, and dark modules of a row as one rectangle: no hairlines between them. */
    for (int y = 0; y < code->width; y++) {
        for (int x = 0; x < code->width; x++) {
            int begin = x;
            while (x < code->width && (code->data[y * code->width + x] & 1) != 0) {
                x++;
            }
            if (x > begin) {
                cairo_rectangle(cairo, left + origin + begin * module, top + origin + y * module,
                                (x - begin) * module, module);
            }
        }
    }
    cairo_set_source_rgb(cairo, 0, 0, 0);
    cairo_fill(cairo);
    QRcode_free(code);
    return true;
}

static void stub_draw(struct page_text *text, const struct ticket_tickets_issued *issued,
                      const struct ticket *ticket, double left, double top) {
    static const struct page_style style = {.size_max = 13,
                                            .size_min = 8,
                                            .lines_max = 2,
                                            .height_max = 32,
                                            .align = PAGE_ALIGN_LEFT,
                                            .bold = true};
    static const struct page_style price_style = {.size_max = 19,
                                                  .size_min = 9,
                                                  .lines_max = 1,
                                                  .height_max = 27,
                                                  .align = PAGE_ALIGN_LEFT,
                                                  .bold = true};
    static const struct page_style id_style = {.size_max = 7.4,
                                               .size_min = 5,
                                               .lines_max = 2,
                                               .height_max = 24,
                                               .anywhere = true,
                                               .balanced = true,
                                               .family = "Noto Sans Mono, DejaVu Sans Mono"};
    double width = RIGHT - left;
    char price[PRESENT_MONEY_SIZE], ticket_id[UUID_TEXT_SIZE + 1], order_id[PUBLIC_ORDER_ID_SIZE];
    present_money(ticket->place.price_minor, issued->currency, price);
    double y = field_draw(text, "PRICE", text_of(price), &price_style, &ink, left, top, width);
    y = field_draw(text, "CATEGORY", ticket->place.category, &style, &ink, left, y + 7, width);

    public_order_id_format(&issued->show_id, &issued->order_id, order_id);
    y = field_draw(text, "ORDER", text_of(order_id), &id_style, &ink, left, y + 7, width);
    uuid_format(&ticket->ticket_id, ticket_id);
    field_draw(text, "TICKET", text_of(ticket_id), &id_style, &ink, left, y + 7, width);
}

static void notes_draw(struct page_text *text) {
    static const struct page_style style = {
        .size_max = 6.6, .size_min = 6, .lines_max = 2, .height_max = 22};
    static const char note[] =
        "Show this code at the door, on your phone or on paper. It lets one person in, once. Keep "
        "it to yourself: a copy does not let in anyone else. Not valid after a refund.";
    colour_set(text->cairo, &grey, 1);
    double height = page_text_measure(text, text_of(note), &style, WIDTH);
    page_text_draw(text, text_of(note), &style, LEFT, CARD_BOTTOM - 12 - height, WIDTH);
}

bool ticket_page_draw(struct page_text *text, const struct ticket_tickets_issued *issued,
                      size_t index, const char *issuer) {
    const struct ticket *ticket = &issued->tickets.items[index];
    const struct palette *palette = palette_of(&issued->show_id);
    band_draw(text->cairo, palette);
    header_draw(text, issued, index, issuer);
    when_draw(text, &issued->summary, palette);
    place_draw(text, &ticket->place);
    tear_draw(text->cairo);
    card_outline_draw(text->cairo);
    /* The quiet zone is part of the code's square: its modules begin at the text's left edge. */
    double quiet = QR_SIZE * (double)QR_QUIET_MODULES / (45 + 2 * QR_QUIET_MODULES);
    bool drawn = code_draw(text->cairo, ticket->token, LEFT - quiet, TEAR_Y + 2);
    stub_draw(text, issued, ticket, LEFT - quiet + QR_SIZE + 8, TEAR_Y + 2 + quiet - 1);
    notes_draw(text);
    return drawn;
}
