/* SPDX-License-Identifier: Apache-2.0 */
/* Subject, plain text and HTML of a mail. */
#include "notifier/core/text.h"

#include "notifier/core/words.h"
#include "runtime/base/identity.h"
#include "runtime/present/present.h"
#include "runtime/present/present_text.h"
#include "runtime/present/present_time.h"

#include <assert.h>
#include <string.h>

#define FONT "font-family:-apple-system,'Segoe UI',Roboto,'Noto Sans',Helvetica,Arial,sans-serif;"

static const char *const subjects[MAIL_TEMPLATE_COUNT] = {
    [MAIL_CONFIRMATION] = "Your tickets",        [MAIL_ORDER_CANCELLED] = "Order cancelled",
    [MAIL_SHOW_CANCELLED] = "Show cancelled",    [MAIL_REFUNDED] = "Refund made",
    [MAIL_NOT_CHARGED] = "You were not charged", [MAIL_CAPTURE_FAILED] = "Payment failed",
};

/* One line: a control character is a space, whatever it was meant for. */
static void append_line(struct buffer *out, struct text value) {
    size_t begin = out->size;
    assert(value.data != NULL || value.size == 0);
    buffer_append(out, value.data != NULL ? value.data : "", value.size);
    for (size_t i = begin; i < out->size; i++) {
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f) {
            out->data[i] = ' ';
        }
    }
    assert(out->size == begin + value.size);
}

void mail_text_subject(const struct mail_letter *letter, struct buffer *out) {
    const struct show_summary *summary = &letter->facts.summary;
    bool single = letter->template == MAIL_CONFIRMATION && letter->facts.places.count == 1;
    struct present_time at;
    size_t begin = out->size;
    assert(letter->template >= 0 && letter->template <MAIL_TEMPLATE_COUNT);
    present_time_at(summary->starts_at, summary->time_zone, &at);
    buffer_append_format(out, "%s: ", single ? "Your ticket" : subjects[letter->template]);
    present_isolated(summary->title, PRESENT_UNTITLED, out);
    buffer_append_format(out, ", %.3s%s%s", at.weekday, at.weekday[0] != '\0' ? " " : "", at.date);
    assert(memchr(out->data + begin, '\n', out->size - begin) == NULL); /* a header's value */
    assert(memchr(out->data + begin, '\r', out->size - begin) == NULL);
}

/* --- plain text ---------------------------------------------------------------------------- */

#define LINE_CHARACTERS 72

/* Words of a paragraph, broken at spaces before the 72nd character. */
static void append_wrapped(struct buffer *out, struct text paragraph) {
    size_t column = 0;
    assert(paragraph.size > 0);
    for (size_t i = 0; i < paragraph.size;) {
        size_t end = i, characters = 0;
        while (end < paragraph.size && paragraph.data[end] != ' ') {
            characters += ((unsigned char)paragraph.data[end] & 0xc0) != 0x80 ? 1 : 0;
            end++;
        }
        if (column > 0 && column + 1 + characters > LINE_CHARACTERS) {
            buffer_append_text(out, "\n");
            column = 0;
        } else if (column > 0) {
            buffer_append_text(out, " ");
            column++;
        }
        append_line(out, (struct text){paragraph.data + i, end - i});
        column += characters;
        assert(column <= LINE_CHARACTERS || column == characters); /* a word is not broken */
        i = end + 1;
    }
    buffer_append_text(out, "\n");
}

static void plain_places(const struct mail_letter *letter, const struct mail_words *words,
                         struct buffer *out) {
    const struct mail_facts *facts = &letter->facts;
    char money[PRESENT_MONEY_SIZE];
    assert(facts->places.count == 0 || facts->places.items != NULL);
    assert(words->total_label != NULL);
    for (size_t i = 0; i < facts->places.count; i++) {
        const struct place *place = &facts->places.items[i];
        struct buffer line = {0};
        mail_words_place(place, &line);
        buffer_append_text(&line, " · ");
        present_isolated(place->category, PRESENT_UNNAMED, &line);
        buffer_append_text(out, "  - ");
        append_line(out, (struct text){line.data, line.size});
        buffer_append_format(out, " · %s\n",
                             present_money(place->price_minor, facts->currency, money));
        buffer_deinit(&line);
    }
    buffer_append_format(out, "\n%s: %s\n", words->total_label,
                         present_money(facts->amount_minor, facts->currency, money));
}

void mail_text_plain(const struct mail_letter *letter, struct buffer *out) {
    struct mail_words words;
    const struct show_summary *summary = &letter->facts.summary;
    char order_id[PUBLIC_ORDER_ID_SIZE];
    mail_words_init(letter, &words);
    assert(words.headline[0] != '\0');
    buffer_append_format(out, "%s\n\n", words.headline);
    append_wrapped(out, (struct text){words.lead.data, words.lead.size});
    if (words.explanation.size > 0) {
        buffer_append_text(out, "\n");
        append_wrapped(out, (struct text){words.explanation.data, words.explanation.size});
    }
    buffer_append_text(out, "\n");
    present_title(summary->title, out);
    buffer_append_text(out, "\n");
    mail_words_starts(summary, out);
    buffer_append_text(out, "\n");
    buffer_append_text(out, mail_words_ends(summary, out) ? "\n" : "");
    mail_words_where(summary, out);
    buffer_append_text(out, "\n\n");
    plain_places(letter, &words, out);
    buffer_append_format(out, "Order: %s\n\n-- \n%s\n",
                         public_order_id_format(&letter->show_id, &letter->order_id, order_id),
                         letter->issuer);
    mail_words_deinit(&words);
    assert(out->data[out->size - 1] == '\n');
}

/* --- HTML ---------------------------------------------------------------------------------- */

static void append_escaped(struct buffer *out, struct text value) {
    size_t begin = out->size;
    assert(value.data != NULL || value.size == 0);
    for (size_t i = 0; i < value.size; i++) {
        char character = value.data[i];
        switch (character) {
        case '&':
            buffer_append_text(out, "&amp;");
            break;
        case '<':
            buffer_append_text(out, "&lt;");
            break;
        case '>':
            buffer_append_text(out, "&gt;");
            break;
        case '"':
            buffer_append_text(out, "&quot;");
            break;
        case '\'':
            buffer_append_text(out, "&#39;");
            break;
        default:
            buffer_append(out, (unsigned char)character < 0x20 ? " " : &character, 1);
        }
    }
    assert(out->size >= begin + value.size);
    assert(value.size == 0 || memchr(out->data + begin, '<', out->size - begin) == NULL);
    assert(value.size == 0 || memchr(out->data + begin, '"', out->size - begin) == NULL);
}

static void append_escaped_buffer(struct buffer *out, const struct buffer *value) {
    assert(out != value);
    append_escaped(out, (struct text){value->data, value->size});
}

static void append_escaped_string(struct buffer *out, const char *value) {
    assert(value != NULL);
    append_escaped(out, (struct text){value, strlen(value)});
}

static void html_begin(const struct mail_letter *letter, const struct mail_words *words,
                       struct buffer *out) {
    assert(words->headline != NULL);
    assert(words->lead.size > 0);
    buffer_append_text(out,
                       "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n"
                       "<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n"
                       "<meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>");
    struct buffer subject = {0};
    mail_text_subject(letter, &subject);
    append_escaped_buffer(out, &subject);
    buffer_deinit(&subject);
    buffer_append_text(
        out, "</title>\n<style>\n"
             ":root{color-scheme:light dark}\n"
             "@media (prefers-color-scheme:dark){\n"
             ".page{background:#0f1117!important}.card{background:#1b1e27!important}\n"
             ".ink{color:#f1f3f8!important}.soft{color:#aab1c1!important}\n"
             ".box{background:#242834!important}.line{border-color:#3a4050!important}\n"
             "}\n"
             "@media "
             "(max-width:520px){.side{padding-left:20px!important;padding-right:20px!important}}\n"
             "</style>\n</head>\n"
             "<body class=\"page\" style=\"margin:0;padding:0;background:#eef0f5;" FONT "\">\n"
             "<div style=\"display:none;max-height:0;overflow:hidden;opacity:0\">");
    append_escaped_buffer(out, &words->lead);
    buffer_append_text(
        out, "</div>\n"
             "<table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" "
             "cellspacing=\"0\" border=\"0\" bgcolor=\"#eef0f5\" style=\"background:#eef0f5\">\n"
             "<tr><td align=\"center\" style=\"padding:28px 12px\">\n"
             "<table role=\"presentation\" class=\"card\" width=\"100%\" cellpadding=\"0\" "
             "cellspacing=\"0\" border=\"0\" bgcolor=\"#ffffff\" "
             "style=\"max-width:580px;background:#ffffff;border-radius:14px;overflow:hidden\">\n");
    buffer_append_format(
        out,
        "<tr><td class=\"side\" bgcolor=\"%s\" style=\"background:%s;padding:26px 34px 28px;"
        "border-radius:14px 14px 0 0\">\n"
        "<div style=\"" FONT "font-size:12px;font-weight:700;letter-spacing:3px;"
        "text-transform:uppercase;color:#ffffff;opacity:.85\">",
        words->colour, words->colour);
    append_escaped_string(out, letter->issuer);
    buffer_append_text(out, "</div>\n<div style=\"" FONT
                            "font-size:27px;line-height:34px;font-weight:700;color:#ffffff;"
                            "padding-top:14px\">");
    append_escaped_string(out, words->headline);
    buffer_append_text(out, "</div>\n</td></tr>\n");
}

static void html_paragraph(const struct buffer *paragraph, struct buffer *out) {
    if (paragraph->size == 0) {
        return;
    }
    assert(memchr(paragraph->data, '\n', paragraph->size) == NULL);
    buffer_append_text(out, "<p class=\"ink\" style=\"" FONT
                            "margin:0 0 14px;font-size:16px;line-height:25px;color:#1f2430\">");
    append_escaped_buffer(out, paragraph);
    buffer_append_text(out, "</p>\n");
}

static void html_line(const char *class, const struct buffer *value, struct buffer *out) {
    bool soft = strcmp(class, "soft") == 0;
    assert(soft || strcmp(class, "ink") == 0);
    if (value->size > 0) {
        buffer_append_format(out,
                             "<div class=\"%s\" dir=\"auto\" style=\"" FONT
                             "font-size:15px;line-height:23px;color:%s\">",
                             class, soft ? "#5b6272" : "#1f2430");
        append_escaped_buffer(out, value);
        buffer_append_text(out, "</div>\n");
    }
}

static void html_show(const struct show_summary *summary, struct buffer *out) {
    struct buffer title = {0}, starts = {0}, ends = {0}, where = {0};
    present_title(summary->title, &title);
    mail_words_starts(summary, &starts);
    mail_words_ends(summary, &ends);
    mail_words_where(summary, &where);
    assert(title.size > 0);
    assert(starts.size > 0);
    buffer_append_text(
        out, "<table role=\"presentation\" class=\"box\" width=\"100%\" cellpadding=\"0\" "
             "cellspacing=\"0\" border=\"0\" bgcolor=\"#f5f6fa\" "
             "style=\"background:#f5f6fa;border-radius:10px;margin:8px 0 6px\">\n"
             "<tr><td style=\"padding:18px 20px\">\n"
             "<div class=\"ink\" dir=\"auto\" style=\"" FONT
             "font-size:20px;line-height:27px;font-weight:700;color:#14161f;padding-bottom:8px;"
             "overflow-wrap:anywhere\">");
    append_escaped_buffer(out, &title);
    buffer_append_text(out, "</div>\n");
    html_line("ink", &starts, out);
    html_line("ink", &ends, out);
    html_line("soft", &where, out);
    buffer_append_text(out, "</td></tr></table>\n");
    buffer_deinit(&title);
    buffer_deinit(&starts);
    buffer_deinit(&ends);
    buffer_deinit(&where);
}

static void html_row(struct buffer *out, const struct buffer *left, struct text small,
                     const char *right, bool strong, bool struck) {
    assert(left->size > 0);
    assert(right != NULL && right[0] != '\0');
    assert(!strong || !struck); /* the total is never struck out */
    buffer_append_format(
        out,
        "<tr><td class=\"ink line\" style=\"" FONT
        "padding:11px 0;border-bottom:%s;font-size:15px;line-height:21px;color:#14161f;%s%s\">",
        strong ? "0" : "1px solid #e3e6ee", strong ? "font-weight:700;" : "",
        struck ? "text-decoration:line-through;" : "");
    append_escaped_buffer(out, left);
    if (small.size > 0) {
        buffer_append_text(
            out, "<br><span class=\"soft\" dir=\"auto\" style=\"font-size:13px;color:#5b6272\">");
        struct buffer shown = {0};
        present_line_or(small, PRESENT_UNNAMED, &shown);
        append_escaped_buffer(out, &shown);
        buffer_deinit(&shown);
        buffer_append_text(out, "</span>");
    }
    buffer_append_format(out,
                         "</td><td class=\"ink line\" align=\"right\" valign=\"top\" style=\"" FONT
                         "padding:11px 0 11px 12px;border-bottom:%s;font-size:15px;"
                         "line-height:21px;color:#14161f;white-space:nowrap;%s\">",
                         strong ? "0" : "1px solid #e3e6ee", strong ? "font-weight:700;" : "");
    append_escaped_string(out, right);
    buffer_append_text(out, "</td></tr>\n");
}

static void html_places(const struct mail_letter *letter, const struct mail_words *words,
                        struct buffer *out) {
    const struct mail_facts *facts = &letter->facts;
    char money[PRESENT_MONEY_SIZE];
    assert(facts->places.count == 0 || facts->places.items != NULL);
    assert(words->total_label != NULL);
    buffer_append_text(out, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "
                            "cellspacing=\"0\" border=\"0\" style=\"margin:4px 0 10px\">\n");
    for (size_t i = 0; i < facts->places.count; i++) {
        const struct place *place = &facts->places.items[i];
        struct buffer line = {0};
        mail_words_place(place, &line);
        html_row(out, &line, place->category,
                 present_money(place->price_minor, facts->currency, money), false,
                 words->places_void);
        buffer_deinit(&line);
    }
    struct buffer label = {0};
    buffer_append_text(&label, words->total_label);
    html_row(out, &label, (struct text){0},
             present_money(facts->amount_minor, facts->currency, money), true, false);
    buffer_deinit(&label);
    buffer_append_text(out, "</table>\n");
}

void mail_text_html(const struct mail_letter *letter, struct buffer *out) {
    struct mail_words words;
    char order_id[PUBLIC_ORDER_ID_SIZE];
    mail_words_init(letter, &words);
    assert(words.colour[0] == '#');
    html_begin(letter, &words, out);
    buffer_append_text(out, "<tr><td class=\"side\" style=\"padding:28px 34px 8px\">\n");
    html_paragraph(&words.lead, out);
    html_paragraph(&words.explanation, out);
    html_show(&letter->facts.summary, out);
    html_places(letter, &words, out);
    buffer_append_format(
        out,
        "</td></tr>\n<tr><td class=\"side line\" style=\"padding:16px 34px 24px;border-top:1px "
        "solid "
        "#e3e6ee\">\n<div class=\"soft\" style=\"" FONT
        "font-size:12px;line-height:19px;color:#5b6272\">Order <span style=\"font-family:Consolas,"
        "Menlo,monospace;word-break:break-all\">%s</span></div>\n</td></tr>\n"
        "</table>\n<div class=\"soft\" style=\"" FONT
        "font-size:12px;line-height:19px;color:#5b6272;padding:16px 12px 0\">",
        public_order_id_format(&letter->show_id, &letter->order_id, order_id));
    buffer_append_text(out, "Sent by ");
    append_escaped_string(out, letter->issuer);
    buffer_append_text(out, " because an order was placed with this address.</div>\n"
                            "</td></tr></table>\n</body>\n</html>\n");
    mail_words_deinit(&words);
    assert(memchr(out->data, '\0', out->size) == NULL);
}
