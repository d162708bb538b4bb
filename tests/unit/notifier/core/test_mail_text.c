/* SPDX-License-Identifier: Apache-2.0 */
#include "notifier/core/facts.h"
#include "notifier/core/reason.h"
#include "notifier/core/text.h"
#include "notifier/smtp/message.h"

#include <gmime/gmime.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct place places_example[] = {
    {.seat = 14,
     .section = {"Stalls", 6},
     .row = {"B", 1},
     .label = {"5", 1},
     .category = {"Premium", 7},
     .price_minor = 1450},
    {.seat = -1, .section = {"Standing", 8}, .category = {"Floor", 5}, .price_minor = 900},
};

static struct text text_of(const char *value) { return (struct text){value, strlen(value)}; }

static struct mail_letter letter_example(enum mail_template template, const char *title,
                                         const char *reason) {
    return (struct mail_letter){
        .template = template,
        .show_id = {{1}},
        .order_id = {{2}},
        .facts = {.summary = {.title = text_of(title),
                              .venue = {"Pageant", 7},
                              .city = {"Chico", 5},
                              .starts_at = 1795761900000,
                              .ends_at = 1795769100000,
                              .time_zone = {"America/Los_Angeles", 19}},
                  .places = {places_example, 2},
                  .amount_minor = 2350,
                  .currency = {"USD", 3},
                  .reason = text_of(reason)},
        .issuer = "Seatlog",
    };
}

/* All of a letter's words in one string; the caller frees. */
static char *words_of(const struct mail_letter *letter) {
    struct buffer out = {0};
    mail_text_subject(letter, &out);
    buffer_append_text(&out, "\n");
    mail_text_plain(letter, &out);
    mail_text_html(letter, &out);
    return out.data;
}

static void assert_says(const struct mail_letter *letter, const char *words) {
    struct buffer plain = {0};
    mail_text_plain(letter, &plain);
    for (size_t i = 0; i < plain.size; i++) { /* as if it were not wrapped */
        plain.data[i] = plain.data[i] == '\n' ? ' ' : plain.data[i];
    }
    if (strstr(plain.data, words) == NULL) {
        print_error("not said: %s\nin: %s\n", words, plain.data);
    }
    assert_non_null(strstr(plain.data, words));
    buffer_deinit(&plain);
}

static void test_subjects(void **state) {
    (void)state;
    static const char *const expected[MAIL_TEMPLATE_COUNT] = {
        "Your tickets: Ghost, Thu 26 November 2026",
        "Order cancelled: Ghost, Thu 26 November 2026",
        "Show cancelled: Ghost, Thu 26 November 2026",
        "Refund made: Ghost, Thu 26 November 2026",
        "You were not charged: Ghost, Thu 26 November 2026",
        "Payment failed: Ghost, Thu 26 November 2026"};
    for (int i = 0; i < MAIL_TEMPLATE_COUNT; i++) {
        struct mail_letter letter = letter_example((enum mail_template)i, "Ghost", "");
        struct buffer subject = {0};
        mail_text_subject(&letter, &subject);
        assert_string_equal(subject.data, expected[i]);
        buffer_deinit(&subject);
    }
    struct mail_letter letter = letter_example(MAIL_CONFIRMATION, "Ghost\r\nBcc: x@y", "");
    letter.facts.places.count = 1;
    struct buffer subject = {0};
    mail_text_subject(&letter, &subject);
    assert_string_equal(subject.data, "Your ticket: Ghost Bcc: x@y, Thu 26 November 2026");
    buffer_deinit(&subject);
}

static void test_every_mail_says_what_when_where_and_which(void **state) {
    (void)state;
    for (int i = 0; i < MAIL_TEMPLATE_COUNT; i++) {
        struct mail_letter letter = letter_example((enum mail_template)i, "Ghost",
                                                   i == MAIL_NOT_CHARGED ? "SHOW_OVER" : "");
        assert_says(&letter, "Starts: Thursday, 26 November 2026, 22:45 PST (UTC−8)");
        assert_says(&letter, "Ends: Friday, 27 November 2026, 00:45 PST (UTC−8)");
        char *all = words_of(&letter);
        assert_non_null(
            strstr(all, ">Starts: Thursday, 26 November 2026, 22:45 PST (UTC−8)</div>"));
        assert_non_null(strstr(all, ">Ends: Friday, 27 November 2026, 00:45 PST (UTC−8)</div>"));
        free(all);
        assert_says(&letter, "Pageant, Chico");
        assert_says(&letter, "- Stalls, row B, seat 5 · Premium · $14.50");
        assert_says(&letter, "- Standing, general admission · Floor · $9.00");
        assert_says(&letter, "$23.50");
        assert_says(&letter, "Order: AQAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAA");
    }
}

static void test_each_reason_not_to_charge_is_told_as_it_was(void **state) {
    (void)state;
    static const struct {
        const char *reason;
        const char *words;
    } said[] = {
        {"SEATS_TAKEN", "by then somebody else had taken the seats"},
        {"BUYER_RELEASED", "You had released these seats"},
        {"SHOW_CANCELLED", "The show was cancelled before the payment arrived"},
        {"SHOW_OVER", "arrived after the show"},
        {"LIMIT_EXCEEDED", "more than one person can have"},
        {"DUPLICATE_PAYMENT", "These seats had already been paid for"},
        {"UNKNOWN_ATTEMPT", "that we had not asked for"},
        {"WRONG_AMOUNT", "a different amount from the price"},
        {"ATTEMPT_DECLINED", "first declined"},
    };
    for (int reason = 0; reason < (int)(sizeof(said) / sizeof(said[0])); reason++) {
        /* Every reason that there is has words: the names are those of the schema. */
        assert_string_equal(void_reason_name((enum void_reason)reason), said[reason].reason);
        struct mail_letter letter = letter_example(MAIL_NOT_CHARGED, "Ghost", said[reason].reason);
        assert_says(&letter, said[reason].words);
        assert_says(&letter, "no money was taken");
    }
}

static void test_nothing_paid_is_nothing_given_back(void **state) {
    (void)state;
    static const enum mail_template templates[] = {MAIL_ORDER_CANCELLED, MAIL_SHOW_CANCELLED};
    for (size_t i = 0; i < 2; i++) {
        struct mail_letter letter = letter_example(templates[i], "Ghost", "BUYER");
        assert_says(&letter, "is on its way");
        letter.facts.amount_minor = 0;
        assert_says(&letter, "there is nothing to refund");
        char *words = words_of(&letter);
        assert_null(strstr(words, "on its way"));
        assert_null(strstr(words, "Your full refund"));
        assert_null(strstr(words, ">Refund<"));
        free(words);
    }
}

static void test_a_cancelled_show_is_told_in_its_organizers_words(void **state) {
    (void)state;
    struct mail_letter letter = letter_example(MAIL_SHOW_CANCELLED, "Ghost", "SHOW_CANCELLED");
    letter.organizer_reason = text_of("The singer <lost> her voice.");
    assert_says(&letter, "They wrote: “The singer <lost> her voice.”");
    char *words = words_of(&letter);
    assert_non_null(strstr(words, "The singer &lt;lost&gt; her voice."));
    free(words);
}

static void test_html_holds_no_markup_but_ours(void **state) {
    (void)state;
    struct mail_letter letter =
        letter_example(MAIL_CONFIRMATION, "<script>alert('x')</script> & \"Friends\"", "");
    struct buffer html = {0};
    mail_text_html(&letter, &html);
    assert_null(strstr(html.data, "<script"));
    assert_non_null(strstr(html.data, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; "
                                      "&quot;Friends&quot;"));
    assert_null(strstr(html.data, "http://"));
    assert_null(strstr(html.data, "https://")); /* nothing is fetched */
    buffer_deinit(&html);
}

static void test_arabic_does_not_turn_the_sentence_around(void **state) {
    (void)state;
    struct mail_letter letter = letter_example(MAIL_CONFIRMATION, "شبح الأوبرا", "");
    assert_says(&letter, "Your 2 tickets for \u2068شبح الأوبرا\u2069 are attached");
    letter = letter_example(MAIL_CONFIRMATION, "千と千尋", "");
    assert_says(&letter, "Your 2 tickets for 千と千尋 are attached");
}

static void test_a_show_without_a_length_and_without_a_zone(void **state) {
    (void)state;
    struct mail_letter letter = letter_example(MAIL_CONFIRMATION, "Ghost", "");
    letter.facts.summary.ends_at = letter.facts.summary.starts_at;
    letter.facts.summary.time_zone = text_of("GMT+9");
    char *words = words_of(&letter);
    assert_null(strstr(words, "Ends:"));
    assert_non_null(strstr(words, "Starts: Friday, 27 November 2026, 06:45 UTC\n"));
    free(words);
}

static void test_any_text_makes_a_mail(void **state) {
    (void)state;
    static const struct text texts[] = {
        {"\xef\xbf\xbe", 3}, {"\xed\xa0\x80", 3}, {"\0", 1},   {"\xff", 1},        {"", 0},
        {"\xe2\x80\x8b", 3}, {"  ", 2},           {"\x1b", 1}, {"\xe2\x80\xae", 3}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct mail_letter letter = letter_example(MAIL_CONFIRMATION, "Ghost", "");
        struct place place = places_example[0];
        place.section = place.row = place.label = place.category = texts[i];
        letter.facts.summary.title = letter.facts.summary.venue = letter.facts.summary.city =
            texts[i];
        letter.facts.places = (struct place_list){&place, 1};
        char *facts = mail_facts_format(&letter.facts);
        struct arena arena = {0};
        struct mail_facts read;
        assert_null(strstr(facts, "\\u0000")); /* PostgreSQL's jsonb has no such character */
        assert_true(mail_facts_parse(facts, &arena, &read));
        letter.facts = read;
        char *words = words_of(&letter);
        assert_non_null(strstr(words, "Your ticket: Untitled event, Thu 26 November 2026\n"));
        assert_non_null(strstr(words, "- —, row —, seat — · — · $14.50\n"));
        assert_null(strstr(words, "\u202e"));
        free(words);
        free(facts);
        arena_deinit(&arena);
    }
}

static void test_an_arabic_title_leaves_our_date_alone(void **state) {
    (void)state;
    struct mail_letter letter = letter_example(MAIL_CONFIRMATION, "شبح 7", "");
    struct buffer subject = {0};
    mail_text_subject(&letter, &subject);
    assert_string_equal(subject.data, "Your tickets: \u2068شبح 7\u2069, Thu 26 November 2026");
    buffer_deinit(&subject);
}

static void test_why_a_mail_was_not_sent_is_a_sentence(void **state) {
    (void)state;
    char out[MAIL_SENTENCE_SIZE];
    assert_string_equal(
        mail_reason_sentence(MAIL_REASON_SERVER_REFUSED, true, MAIL_CONFIRMATION,
                             "550 5.1.1 no\r\nsuch user", out),
        "We could not email you about this order: the mail server refused the email and said “550 "
        "5.1.1 no such user”. Your tickets are valid: download them from your orders.");
    for (int reason = 0; reason < MAIL_REASON_COUNT; reason++) {
        for (int final = 0; final < 2; final++) {
            mail_reason_sentence((enum mail_reason)reason, final != 0, MAIL_REFUNDED, "What.", out);
            assert_null(strstr(out, "%s"));
            assert_int_equal(out[strlen(out) - 1], '.');
            assert_true(mail_reason_name((enum mail_reason)reason)[0] != '\0');
        }
    }
    char longest[2000];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    mail_reason_sentence(MAIL_REASON_SERVER_PUT_OFF, false, MAIL_CONFIRMATION, longest, out);
    assert_non_null(strstr(out, "from your orders now."));
}

static void test_plain_lines_are_short(void **state) {
    (void)state;
    struct mail_letter letter = letter_example(MAIL_SHOW_CANCELLED, "Ghost", "SHOW_CANCELLED");
    letter.organizer_reason = text_of("word word word word word word word word word word word word "
                                      "word word word word word word word word word word word");
    struct buffer plain = {0};
    mail_text_plain(&letter, &plain);
    for (const char *line = plain.data; *line != '\0';) {
        size_t size = strcspn(line, "\n");
        assert_true(size <= 78);
        line += size + (line[size] == '\n' ? 1 : 0);
    }
    buffer_deinit(&plain);
}

static struct mail_message message_example(void) {
    static const uint8_t pdf[] = "%PDF-1.5 \0\1\2\xff";
    return (struct mail_message){
        .mail_id = {{9}},
        .message_id = "<09000000-0000-0000-0000-000000000000@example.org>",
        .from = "Sëats <tickets@example.org>",
        .reply_to = "",
        .to = "buyer@example.com",
        .date_ms = 1795000000123,
        .subject =
            text_of("Your tickets: 千と千尋の神隠し, a title long enough to need more than one "
                    "encoded word in its header"),
        .plain = text_of("From here\n.\nto there\n"),
        .html = text_of("<p>hällo</p>\n"),
        .pdf = {pdf, sizeof(pdf)},
        .pdf_name = "tickets-09.pdf",
    };
}

static void test_a_message_is_the_same_octets_every_time(void **state) {
    (void)state;
    struct mail_message message = message_example();
    struct buffer first = {0}, second = {0};
    mail_message_write(&message, &first);
    mail_message_write(&message, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    for (size_t i = 0; i < first.size; i++) {
        assert_true((unsigned char)first.data[i] < 0x80); /* no 8BITMIME is needed */
        assert_true(first.data[i] != '\n' || (i > 0 && first.data[i - 1] == '\r'));
    }
    assert_non_null(strstr(first.data, "Date: Wed, 18 Nov 2026 11:06:40 +0000\r\n"));
    assert_non_null(strstr(first.data, "\r\nAuto-Submitted: auto-generated\r\n"));
    assert_null(strstr(first.data, "Reply-To"));
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void test_the_sender_is_one_plain_mailbox(void **state) {
    (void)state;
    char *address = mail_mailbox_address("Sëats <tickets@example.org>");
    assert_string_equal(address, "tickets@example.org");
    free(address);
    assert_null(mail_mailbox_address("a@example.org, b@example.org"));
    assert_null(mail_mailbox_address("nobody"));
    assert_null(mail_mailbox_address(""));
}

int main(void) {
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_a_show_without_a_length_and_without_a_zone),
        cmocka_unit_test(test_any_text_makes_a_mail),
        cmocka_unit_test(test_an_arabic_title_leaves_our_date_alone),
        cmocka_unit_test(test_why_a_mail_was_not_sent_is_a_sentence),
        cmocka_unit_test(test_every_mail_says_what_when_where_and_which),
        cmocka_unit_test(test_each_reason_not_to_charge_is_told_as_it_was),
        cmocka_unit_test(test_nothing_paid_is_nothing_given_back),
        cmocka_unit_test(test_a_cancelled_show_is_told_in_its_organizers_words),
        cmocka_unit_test(test_html_holds_no_markup_but_ours),
        cmocka_unit_test(test_arabic_does_not_turn_the_sentence_around),
        cmocka_unit_test(test_plain_lines_are_short),
        cmocka_unit_test(test_a_message_is_the_same_octets_every_time),
        cmocka_unit_test(test_the_sender_is_one_plain_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
