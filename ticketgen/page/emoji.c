/* SPDX-License-Identifier: Apache-2.0 */
/* Emoji in colour, each once a document. */
#include "ticketgen/page/emoji.h"

#include "runtime/base/error.h"

#include <hb-ot.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One glyph of one size, drawn. Fonts are told apart by their description: a pango font may be made
 * again at another address. */
struct image {
    char *key;
    cairo_surface_t *surface; /* NULL: there is nothing to see of it */
    double left, top;         /* of the surface, from the glyph's origin, in points */
};

struct page_emoji {
    GHashTable *images; /* by key */
};

static void image_free(gpointer value) {
    struct image *image = value;
    if (image->surface != NULL) {
        cairo_surface_destroy(image->surface);
    }
    g_free(image->key);
    free(image);
}

struct page_emoji *page_emoji_new(void) {
    struct page_emoji *emoji = allocate_zeroed(1, sizeof(*emoji));
    emoji->images = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, image_free);
    return emoji;
}

void page_emoji_free(struct page_emoji *emoji) {
    g_hash_table_unref(emoji->images);
    free(emoji);
}

static bool font_is_coloured(PangoFont *font) {
    hb_face_t *face = hb_font_get_face(pango_font_get_hb_font(font));
    return hb_ot_color_has_png(face) || hb_ot_color_has_layers(face);
}

static char *key_of(PangoFont *font, PangoGlyph glyph) {
    PangoFontDescription *description = pango_font_describe_with_absolute_size(font);
    char *name = pango_font_description_to_string(description);
    char *key = g_strdup_printf("%s %u", name, glyph);
    g_free(name);
    pango_font_description_free(description);
    return key;
}

static void image_draw(struct image *image, PangoFont *font, PangoGlyph glyph) {
    PangoGlyphString *one = pango_glyph_string_new();
    pango_glyph_string_set_size(one, 1);
    one->glyphs[0] = (PangoGlyphInfo){.glyph = glyph};
    one->log_clusters[0] = 0;
    PangoRectangle ink;
    pango_glyph_string_extents(one, font, &ink, NULL);
    if (ink.width > 0 && ink.height > 0) {
        /* A pixel more on each side, for what smoothing spreads. */
        double margin = 1.0 / PAGE_EMOJI_SCALE;
        image->left = (double)ink.x / PANGO_SCALE - margin;
        image->top = (double)ink.y / PANGO_SCALE - margin;
        double width = (double)ink.width / PANGO_SCALE + 2 * margin;
        double height = (double)ink.height / PANGO_SCALE + 2 * margin;
        image->surface =
            cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(width * PAGE_EMOJI_SCALE),
                                       (int)ceil(height * PAGE_EMOJI_SCALE));
        cairo_t *cairo = cairo_create(image->surface);
        cairo_scale(cairo, PAGE_EMOJI_SCALE, PAGE_EMOJI_SCALE);
        cairo_move_to(cairo, -image->left, -image->top);
        pango_cairo_show_glyph_string(cairo, font, one);
        cairo_destroy(cairo);
    }
    pango_glyph_string_free(one);
}

static const struct image *image_of(struct page_emoji *emoji, PangoFont *font, PangoGlyph glyph) {
    char *key = key_of(font, glyph);
    struct image *image = g_hash_table_lookup(emoji->images, key);
    if (image != NULL) {
        g_free(key);
        return image;
    }
    image = allocate_zeroed(1, sizeof(*image));
    image->key = key;
    image_draw(image, font, glyph);
    g_hash_table_insert(emoji->images, image->key, image);
    return image;
}

static void image_show(cairo_t *cairo, const struct image *image, double x, double y) {
    if (image->surface == NULL) {
        return;
    }
    cairo_save(cairo);
    cairo_translate(cairo, x + image->left, y + image->top);
    cairo_scale(cairo, 1.0 / PAGE_EMOJI_SCALE, 1.0 / PAGE_EMOJI_SCALE);
    cairo_set_source_surface(cairo, image->surface, 0, 0);
    cairo_paint(cairo);
    cairo_restore(cairo);
}

static void run_show(struct page_emoji *emoji, cairo_t *cairo, PangoLayout *layout,
                     PangoLayoutRun *run, double x, double y) {
    PangoFont *font = run->item->analysis.font;
    if (font == NULL || !font_is_coloured(font)) {
        cairo_move_to(cairo, x, y);
        pango_cairo_show_glyph_item(cairo, pango_layout_get_text(layout), run);
        return;
    }
    for (int i = 0; i < run->glyphs->num_glyphs; i++) {
        const PangoGlyphInfo *info = &run->glyphs->glyphs[i];
        if (info->glyph != PANGO_GLYPH_EMPTY && (info->glyph & PANGO_GLYPH_UNKNOWN_FLAG) == 0) {
            image_show(cairo, image_of(emoji, font, info->glyph),
                       x + (double)info->geometry.x_offset / PANGO_SCALE,
                       y + (double)info->geometry.y_offset / PANGO_SCALE);
        }
        x += (double)info->geometry.width / PANGO_SCALE;
    }
}

void page_emoji_show_layout(struct page_emoji *emoji, cairo_t *cairo, PangoLayout *layout) {
    double left, top;
    cairo_get_current_point(cairo, &left, &top);
    PangoLayoutIter *iterator = pango_layout_get_iter(layout);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(iterator);
        if (run != NULL) {
            PangoRectangle logical;
            pango_layout_iter_get_run_extents(iterator, NULL, &logical);
            int baseline = pango_layout_iter_get_run_baseline(iterator);
            run_show(emoji, cairo, layout, run, left + (double)logical.x / PANGO_SCALE,
                     top + (double)baseline / PANGO_SCALE);
        }
    } while (pango_layout_iter_next_run(iterator));
    pango_layout_iter_free(iterator);
}

bool page_emoji_is_in(PangoLayout *layout) {
    bool found = false;
    PangoLayoutIter *iterator = pango_layout_get_iter(layout);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(iterator);
        found |= run != NULL && run->item->analysis.font != NULL &&
                 font_is_coloured(run->item->analysis.font);
    } while (pango_layout_iter_next_run(iterator));
    pango_layout_iter_free(iterator);
    return found;
}
