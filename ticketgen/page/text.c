/* SPDX-License-Identifier: Apache-2.0 */
/* Text of every script, fitted into a box. */
#include "ticketgen/page/text.h"

#include "runtime/base/error.h"
#include "runtime/present/present_text.h"
#include "ticketgen/page/emoji.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY "Noto Sans"
#define SHRINK_STEP 0.5    /* points */
#define SHRINK_FACTOR 0.92 /* below the smallest size that a style wants */
#define SIZE_LEAST 0.5     /* points: ends the search, whatever the text */
#define MISSING_ROUNDS_MAX 4

/* Han characters are drawn as in the country of the venue. */
static const char *language_of_zone(struct text time_zone) {
    static const struct {
        const char *zone;
        const char *language;
    } known[] = {
        {"Asia/Tokyo", "ja"},        {"Asia/Seoul", "ko"},     {"Asia/Taipei", "zh-tw"},
        {"Asia/Hong_Kong", "zh-hk"}, {"Asia/Macau", "zh-hk"},  {"Asia/Shanghai", "zh-cn"},
        {"Asia/Singapore", "zh-cn"}, {"Asia/Urumqi", "zh-cn"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strlen(known[i].zone) == time_zone.size &&
            memcmp(known[i].zone, time_zone.data, time_zone.size) == 0) {
            return known[i].language;
        }
    }
    return "ja";
}

static void context_prepare(PangoContext *pango) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(pango, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(pango, 72);
    pango_context_set_base_dir(pango, PANGO_DIRECTION_LTR);
}

void page_text_init(struct page_text *text, cairo_t *cairo, struct text time_zone) {
    *text = (struct page_text){
        .cairo = cairo,
        .pango = pango_cairo_create_context(cairo),
        .language = language_of_zone(time_zone),
        .emoji = page_emoji_new(),
    };
    context_prepare(text->pango);
    pango_context_set_language(text->pango, pango_language_from_string("en"));
}

void page_text_deinit(struct page_text *text) {
    g_clear_object(&text->pango);
    page_emoji_free(text->emoji);
}

static bool has_script_of_its_own(const char *value) {
    for (const char *at = value; *at != '\0'; at = g_utf8_next_char(at)) {
        GUnicodeScript script = g_unichar_get_script(g_utf8_get_char(at));
        if (script == G_UNICODE_SCRIPT_HIRAGANA || script == G_UNICODE_SCRIPT_KATAKANA ||
            script == G_UNICODE_SCRIPT_HANGUL) {
            return true;
        }
    }
    return false;
}

/* Kana means Japanese and hangul Korean, wherever the venue is. */
static const char *language_of(const struct page_text *text, const char *value) {
    if (!has_script_of_its_own(value)) {
        return text->language;
    }
    for (const char *at = value; *at != '\0'; at = g_utf8_next_char(at)) {
        if (g_unichar_get_script(g_utf8_get_char(at)) == G_UNICODE_SCRIPT_HANGUL) {
            return "ko";
        }
    }
    return "ja";
}

static bool is_hangul(const char *at) {
    return *at != '\0' && g_unichar_get_script(g_utf8_get_char(at)) == G_UNICODE_SCRIPT_HANGUL;
}

/* Korean is broken between words, not between any two syllables. */
static void hangul_keep(PangoAttrList *attributes, const char *value) {
    for (const char *at = value; *at != '\0';) {
        const char *end = at;
        while (is_hangul(end)) {
            end = g_utf8_next_char(end);
        }
        if (end > at) {
            PangoAttribute *keep = pango_attr_allow_breaks_new(FALSE);
            keep->start_index = (guint)(at - value);
            keep->end_index = (guint)(end - value);
            pango_attr_list_insert(attributes, keep);
        }
        at = *end != '\0' ? g_utf8_next_char(end) : end;
    }
}

static void layout_style(PangoLayout *layout, const struct page_style *style, double size,
                         const char *language, bool whole_words) {
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family(font, style->family != NULL ? style->family : FAMILY);
    pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    PangoAttrList *attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes,
                           pango_attr_language_new(pango_language_from_string(language)));
    /* A hyphen within an id would be read as part of it. */
    pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
    if (whole_words) {
        hangul_keep(attributes, pango_layout_get_text(layout));
    }
    if (style->spacing != 0) {
        pango_attr_list_insert(attributes,
                               pango_attr_letter_spacing_new((int)(style->spacing * PANGO_SCALE)));
    }
    pango_layout_set_attributes(layout, attributes);
    pango_attr_list_unref(attributes);
}

/* Marks the bytes of value whose clusters hold a glyph that no font has. Returns how many
 * clusters. */
static size_t missing_mark(PangoLayout *layout, bool *marks) {
    size_t missing = 0;
    PangoLayoutIter *iterator = pango_layout_get_iter(layout);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(iterator);
        if (run == NULL) {
            continue;
        }
        for (int i = 0; i < run->glyphs->num_glyphs; i++) {
            if ((run->glyphs->glyphs[i].glyph & PANGO_GLYPH_UNKNOWN_FLAG) == 0 ||
                run->glyphs->glyphs[i].glyph == PANGO_GLYPH_EMPTY) {
                continue;
            }
            int offset = run->item->offset + run->glyphs->log_clusters[i];
            if (!marks[offset]) {
                marks[offset] = true;
                missing++;
            }
        }
    } while (pango_layout_iter_next_run(iterator));
    pango_layout_iter_free(iterator);
    return missing;
}

/* Writes U+FFFD for each marked character, and leaves out what joiners and selectors followed it.
 */
static char *missing_replace(const char *value, const bool *marks) {
    GString *out = g_string_new(NULL);
    bool after_missing = false;
    for (const char *at = value; *at != '\0';) {
        const char *next = g_utf8_next_char(at);
        gunichar character = g_utf8_get_char(at);
        bool follows = character == 0x200d || (character >= 0xfe00 && character <= 0xfe0f);
        bool missing = marks[at - value];
        if (missing && character != 0xfffd) {
            g_string_append(out, "\ufffd");
        } else if (!missing && !(after_missing && follows)) {
            g_string_append_len(out, at, next - at);
        }
        after_missing = missing || (after_missing && follows);
        at = next;
    }
    return g_string_free(out, FALSE);
}

/* A layout of what can be written of the text, at its largest size. */
static PangoLayout *layout_new(struct page_text *text, struct text value,
                               const struct page_style *style, bool count) {
    struct buffer shown = {0};
    present_line_or(value, PRESENT_UNNAMED, &shown);
    char *written = g_strndup(shown.data, shown.size);
    buffer_deinit(&shown);
    PangoLayout *layout = pango_layout_new(text->pango);
    const char *language = language_of(text, written);
    layout_style(layout, style, style->size_max, language, true);
    /* Replacing may join what stood apart into another cluster: look again, a bounded number of
     * times. */
    for (int round = 0; round < MISSING_ROUNDS_MAX; round++) {
        pango_layout_set_text(layout, written, -1);
        if (pango_layout_get_unknown_glyphs_count(layout) == 0) {
            break;
        }
        bool *marks = allocate_zeroed(strlen(written) + 1, sizeof(*marks));
        size_t missing = missing_mark(layout, marks);
        text->missing += count ? missing : 0;
        char *replaced = missing_replace(written, marks);
        g_free(written);
        written = replaced;
        free(marks);
    }
    pango_layout_set_text(layout, written, -1);
    layout_style(layout, style, style->size_max, language, true);
    g_free(written);
    return layout;
}

/* The room that it takes, with what stands out of its lines, such as stacked accents. */
struct extent {
    double left, top; /* from the layout's own origin */
    double width, height;
};

static struct extent extent_of(PangoLayout *layout) {
    PangoRectangle ink, logical;
    pango_layout_get_extents(layout, &ink, &logical);
    int left = ink.width > 0 && ink.x < logical.x ? ink.x : logical.x;
    int top = ink.height > 0 && ink.y < logical.y ? ink.y : logical.y;
    int ink_right = ink.x + ink.width, right = logical.x + logical.width;
    int ink_bottom = ink.y + ink.height, bottom = logical.y + logical.height;
    right = ink_right > right ? ink_right : right;
    bottom = ink_bottom > bottom ? ink_bottom : bottom;
    return (struct extent){(double)left / PANGO_SCALE, (double)top / PANGO_SCALE,
                           (double)(right - left) / PANGO_SCALE,
                           (double)(bottom - top) / PANGO_SCALE};
}

static bool layout_fits(PangoLayout *layout, const struct page_style *style, double width) {
    struct extent extent = extent_of(layout);
    return extent.width <= width + 0.5 && extent.height <= style->height_max;
}

/* Every word on a line of its own measure: a title should shrink before it is broken within a word.
 */
static bool breaks_a_word(PangoLayout *layout) {
    const PangoLogAttr *attributes = NULL;
    int count = 0;
    attributes = pango_layout_get_log_attrs_readonly(layout, &count);
    const char *value = pango_layout_get_text(layout);
    for (int i = 1; i < pango_layout_get_line_count(layout); i++) {
        PangoLayoutLine *line = pango_layout_get_line_readonly(layout, i);
        glong at = g_utf8_pointer_to_offset(value, value + line->start_index);
        if (at < count && !attributes[at].is_line_break) {
            return true;
        }
    }
    return false;
}

static void layout_align(PangoLayout *layout, const struct page_style *style) {
    /* Pango's left and right change sides in right-to-left paragraphs. */
    bool right_to_left = pango_layout_get_direction(layout, 0) == PANGO_DIRECTION_RTL;
    bool left = style->align != PAGE_ALIGN_RIGHT;
    if (right_to_left && style->align != PAGE_ALIGN_START) {
        left = !left;
    }
    pango_layout_set_alignment(layout, left ? PANGO_ALIGN_LEFT : PANGO_ALIGN_RIGHT);
}

/* The narrowest measure that takes no more lines and breaks no word. */
static int width_balanced(PangoLayout *layout, const struct page_style *style, int width) {
    int lines = pango_layout_get_line_count(layout);
    int narrow = width / 3, wide = width;
    while (lines > 1 && wide - narrow > PANGO_SCALE) {
        int middle = narrow + (wide - narrow) / 2;
        pango_layout_set_width(layout, middle);
        bool good = pango_layout_get_line_count(layout) == lines &&
                    (style->anywhere || !breaks_a_word(layout));
        *(good ? &wide : &narrow) = middle;
    }
    return wide;
}

static bool size_is_good(PangoLayout *layout, const struct page_style *style, double width,
                         double size, const char *language) {
    layout_style(layout, style, size, language, true);
    return layout_fits(layout, style, width) &&
           pango_layout_get_line_count(layout) <= style->lines_max &&
           (style->anywhere || !breaks_a_word(layout));
}

/* The largest size that is good, in steps; false: none is. */
static bool size_choose(PangoLayout *layout, const struct page_style *style, double width,
                        const char *language) {
    if (size_is_good(layout, style, width, style->size_max, language)) {
        return true;
    }
    if (!size_is_good(layout, style, width, style->size_min, language)) {
        return false;
    }
    int good = (int)((style->size_max - style->size_min) / SHRINK_STEP), bad = 0;
    while (good - bad > 1) {
        int middle = bad + (good - bad) / 2;
        double size = style->size_max - middle * SHRINK_STEP;
        *(size_is_good(layout, style, width, size, language) ? &good : &bad) = middle;
    }
    double size = fmax(style->size_max - good * SHRINK_STEP, style->size_min);
    return size_is_good(layout, style, width, size, language) ||
           size_is_good(layout, style, width, style->size_min, language);
}

/* Nothing is cut: what is too long for its style takes more lines, breaks words, gets smaller. */
static void size_force(PangoLayout *layout, const struct page_style *style, double width,
                       const char *language) {
    double size = style->size_max;
    layout_style(layout, style, size, language, false);
    while (size > SIZE_LEAST && !layout_fits(layout, style, width)) {
        size *= SHRINK_FACTOR;
        layout_style(layout, style, size, language, false);
    }
}

static PangoLayout *layout_fitted(struct page_text *text, struct text value,
                                  const struct page_style *style, double width, bool count) {
    PangoLayout *layout = layout_new(text, value, style, count);
    const char *language = language_of(text, pango_layout_get_text(layout));
    pango_layout_set_wrap(layout, style->anywhere ? PANGO_WRAP_CHAR : PANGO_WRAP_WORD_CHAR);
    pango_layout_set_line_spacing(layout, 1.08f);
    layout_align(layout, style);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    if (!size_choose(layout, style, width, language)) {
        size_force(layout, style, width, language);
    } else if (style->balanced) {
        pango_layout_set_width(layout, width_balanced(layout, style, (int)(width * PANGO_SCALE)));
    }
    return layout;
}

double page_text_draw(struct page_text *text, struct text value, const struct page_style *style,
                      double x, double y, double width) {
    PangoLayout *layout = layout_fitted(text, value, style, width, true);
    struct extent extent = extent_of(layout);
    /* A balanced layout is narrower than its box: right-to-left text begins at the box's right. */
    double slack = width - pango_layout_get_width(layout) / (double)PANGO_SCALE;
    bool at_right = style->align == PAGE_ALIGN_RIGHT ||
                    (style->align == PAGE_ALIGN_START &&
                     pango_layout_get_direction(layout, 0) == PANGO_DIRECTION_RTL);
    cairo_move_to(text->cairo, at_right ? x + slack : x, y - extent.top);
    page_emoji_show_layout(text->emoji, text->cairo, layout);
    g_object_unref(layout);
    return extent.height;
}

double page_text_measure(struct page_text *text, struct text value, const struct page_style *style,
                         double width) {
    PangoLayout *layout = layout_fitted(text, value, style, width, false);
    struct extent extent = extent_of(layout);
    g_object_unref(layout);
    return extent.height;
}

bool page_text_fonts_check(const char **script) {
    static const struct {
        const char *script;
        const char *sample;
    } samples[] = {
        {"Latin", "Ghost – “Æther” 19:30"},
        {"Greek", "Ορφέας"},
        {"Cyrillic", "Призрак"},
        {"Arabic", "الشبح"},
        {"Hebrew", "רוח"},
        {"Devanagari", "भूत"},
        {"Thai", "ผีแม่นาค"},
        {"Japanese", "幽霊ゴースト"},
        {"Korean", "유령"},
        {"Chinese", "鬼魂"},
        {"emoji", "🎉"},
    };
    PangoFontMap *fonts = pango_cairo_font_map_get_default();
    PangoContext *pango = pango_font_map_create_context(fonts);
    context_prepare(pango);
    bool complete = true;
    for (size_t i = 0; complete && i < sizeof(samples) / sizeof(samples[0]); i++) {
        PangoLayout *layout = pango_layout_new(pango);
        PangoFontDescription *font = pango_font_description_from_string(FAMILY " 12");
        pango_layout_set_font_description(layout, font);
        pango_font_description_free(font);
        pango_layout_set_text(layout, samples[i].sample, -1);
        bool emoji = strcmp(samples[i].script, "emoji") == 0;
        if (pango_layout_get_unknown_glyphs_count(layout) > 0 ||
            (emoji && !page_emoji_is_in(layout))) {
            *script = samples[i].script;
            complete = false;
        }
        g_object_unref(layout);
    }
    g_object_unref(pango);
    return complete;
}

void page_text_fonts_release(void) { pango_cairo_font_map_set_default(NULL); }
