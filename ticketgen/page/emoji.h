/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_PAGE_EMOJI_H
#define SEATLOG_TICKETGEN_PAGE_EMOJI_H

#include <pango/pangocairo.h>
#include <stdbool.h>

/*
 * Shows a layout with the glyphs of colour fonts (emoji) as images of PAGE_EMOJI_SCALE pixels a
 * point. Cairo's own way puts them into a PDF with one pixel a point, which is coarse in print.
 * Each glyph of a size is in the document once: the images are kept until the document is done.
 */
#define PAGE_EMOJI_SCALE 4 /* 288 pixels an inch */

struct page_emoji;

struct page_emoji *page_emoji_new(void);
void page_emoji_free(struct page_emoji *emoji);

/* As pango_cairo_show_layout, at the current point and in the current colour. */
void page_emoji_show_layout(struct page_emoji *emoji, cairo_t *cairo, PangoLayout *layout);

/* Whether a glyph of the layout is from a colour font. */
bool page_emoji_is_in(PangoLayout *layout);

#endif
