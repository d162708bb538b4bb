/* SPDX-License-Identifier: Apache-2.0 */
/* Which codes are money, and how many decimals it has. */
#include "codec/currency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct text code_of(const char *code) {
    return (struct text){.data = code, .size = strlen(code)};
}

static void test_money_is_found_with_its_decimals(void **state) {
    (void)state;
    static const struct {
        const char *code;
        int decimals;
    } money[] = {{"USD", 2}, {"EUR", 2}, {"JPY", 0}, {"KWD", 3}, {"XAF", 0}, {"AED", 2},
                 {"ZWG", 2}, {"CLP", 0}, {"XCG", 2}, {"ISK", 0}, {"TND", 3}};
    for (size_t i = 0; i < sizeof money / sizeof money[0]; i++) {
        const struct currency *found = currency_find(code_of(money[i].code));
        assert_non_null(found);
        assert_string_equal(found->code, money[i].code);
        assert_int_equal(found->decimals, money[i].decimals);
    }
}

static void test_what_nobody_pays_with_is_no_money(void **state) {
    (void)state;
    static const char *const others[] = {"ABC", "XXX", "XTS", "XAU", "XDR", "CHE", "CLF",  "USN",
                                         "UYI", "DEM", "HRK", "ANG", "usd", "US",  "USDX", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(currency_find(code_of(others[i])));
    }
}

static void test_every_currency_is_found_by_its_own_code(void **state) {
    (void)state;
    size_t count = 0;
    for (; currency_at(count) != NULL; count++) {
        assert_ptr_equal(currency_find(code_of(currency_at(count)->code)), currency_at(count));
    }
    assert_int_equal(count, 155);
}

static void amount_is(const char *code, int64_t amount_minor, const char *expected) {
    char text[CURRENCY_AMOUNT_SIZE];
    assert_string_equal(currency_amount_format(currency_find(code_of(code)), amount_minor, text),
                        expected);
}

static void test_amounts_have_the_decimals_of_their_currency(void **state) {
    (void)state;
    amount_is("USD", 1250, "12.50 USD");
    amount_is("USD", 5, "0.05 USD");
    amount_is("USD", 0, "0.00 USD");
    amount_is("USD", -1205, "-12.05 USD");
    amount_is("JPY", 1250, "1250 JPY");
    amount_is("JPY", 0, "0 JPY");
    amount_is("KWD", 1250, "1.250 KWD");
    amount_is("USD", INT64_MAX, "92233720368547758.07 USD");
    amount_is("USD", INT64_MIN, "-92233720368547758.08 USD");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money_is_found_with_its_decimals),
        cmocka_unit_test(test_what_nobody_pays_with_is_no_money),
        cmocka_unit_test(test_every_currency_is_found_by_its_own_code),
        cmocka_unit_test(test_amounts_have_the_decimals_of_their_currency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
