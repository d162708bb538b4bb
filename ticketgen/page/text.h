/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_PAGE_TEXT_H
#define SEATLOG_TICKETGEN_PAGE_TEXT_H

#include "codec/value.h"

#include <pango/pangocairo.h>
#include <stdbool.h>
#include <stddef.h>

struct page_emoji;

/*
 * Text on a page, in any script: fitted into its box by wrapping and shrinking: nothing is
 * ever cut off. Lengths are points (1/72 inch).
 */
struct page_text {
    cairo_t *cairo;
    PangoContext *pango;
    const char
        *language; /* of Han characters in a text that has no other sign of it: "ja", "zh-cn", … */
    struct page_emoji *emoji;
    size_t missing; /* characters shown as U+FFFD so far, since no installed font has them */
};

/* What a text should look like. */
struct page_style {
    double size_max;   /* first try */
    double size_min;   /* down to this with whole words and lines_max; below, as it fits the box */
    int lines_max;     /* that it should take */
    double height_max; /* of the box: never more than that is taken */
    bool bold;         /* else regular */
    bool balanced;     /* lines of about the same length, rather than a last one of a single word */
    bool anywhere;     /* may be broken within a word, as ids are */
    double spacing;    /* between letters */
    const char *family; /* NULL: the page's */
    enum {
        PAGE_ALIGN_START, /* where its script begins: Arabic at the right */
        PAGE_ALIGN_LEFT,  /* at the left in any script: under a label */
        PAGE_ALIGN_RIGHT
    } align;
};

void page_text_init(struct page_text *text, cairo_t *cairo, struct text time_zone);
void page_text_deinit(struct page_text *text);

/*
 * Draws in the current colour with the top of the first line at y, in a box that begins at x.
 * Returns the height taken. The text is cleaned by present_line; nothing visible is a dash.
 * Characters that no font has are shown as U+FFFD and counted.
 */
double page_text_draw(struct page_text *text, struct text value, const struct page_style *style,
                      double x, double y, double width);

/* The height page_text_draw would take. */
double page_text_measure(struct page_text *text, struct text value, const struct page_style *style,
                         double width);

/*
 * Whether the fonts installed have a sample of each script that titles are likely to be in: Latin,
 * Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai, Japanese, Korean, Chinese, and emoji in
 * colour. false: *script names the first that cannot be written.
 */
bool page_text_fonts_check(const char **script);

/* Gives back the fonts that this thread has loaded; whoever writes next loads them again. */
void page_text_fonts_release(void);

#endif
