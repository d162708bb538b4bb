/* SPDX-License-Identifier: Apache-2.0 */
#include "notifier/smtp/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void redact_check(const char *said, const char *kept) {
    char out[256];
    mail_redact(said, "Ann.Lee+x@example.com", out, sizeof(out));
    assert_string_equal(out, kept);
}

static void test_addresses_are_blotted_out(void **state) {
    (void)state;
    redact_check("550 5.1.1 <ann.lee+x@example.com>: no such user",
                 "550 5.1.1 <(address)>: no such user");
    redact_check("550 ann.lee+x@EXAMPLE.com unknown", "550 (address) unknown");
    redact_check("250 Saved as 2026-ann.lee+x@example.com-20.eml", "250 Saved as (address)");
    redact_check("450 from=<tickets@seatlog.example> to=<ann.lee+x@example.com>",
                 "450 from=<(address)> to=<(address)>");
    redact_check("a@b c@d", "(address) (address)");
}

static void test_the_name_before_the_at_is_blotted_out_where_it_stands_alone(void **state) {
    (void)state;
    redact_check("550 mailbox ANN.LEE+X is full", "550 mailbox (address) is full");
    redact_check("550 user 'ann.lee+x' unknown", "550 user '(address)' unknown");
    redact_check("550 ann.lee unknown", "550 ann.lee unknown");
}

static void test_everything_else_stays(void **state) {
    (void)state;
    redact_check("", "");
    redact_check("250 2.0.0 Ok: queued as 4F2A1B", "250 2.0.0 Ok: queued as 4F2A1B");
    redact_check("  spaces  stay ", "  spaces  stay ");
}

static void test_it_is_cut_where_there_is_no_room(void **state) {
    (void)state;
    char out[8];
    mail_redact("550 ann@example.com", "ann@example.com", out, sizeof(out));
    assert_string_equal(out, "550 (ad");
    mail_redact("550 x", "", out, 1);
    assert_string_equal(out, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_blotted_out),
        cmocka_unit_test(test_the_name_before_the_at_is_blotted_out_where_it_stands_alone),
        cmocka_unit_test(test_everything_else_stays),
        cmocka_unit_test(test_it_is_cut_where_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
