/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table by UUID. */
#include "runtime/base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct entry {
    struct uuid key;
    int number;
};

static struct uuid key_of(int number) {
    struct uuid key = {{0}};
    memcpy(key.octets, &number, sizeof number);
    return key;
}

static void a_table_keeps_what_is_not_removed(void **state) {
    (void)state;
    struct uuid_table table = {0};
    const struct uuid unknown = {{0xff}};
    enum { COUNT = 5000 };
    for (int i = 0; i < COUNT; i++) {
        struct entry *entry = malloc(sizeof *entry);
        *entry = (struct entry){key_of(i), i};
        uuid_table_add(&table, entry);
    }
    for (int i = 0; i < COUNT; i += 3) {
        struct uuid key = key_of(i);
        struct entry *removed = uuid_table_remove(&table, &key);
        assert_int_equal(i, removed->number);
        free(removed);
        assert_null(uuid_table_remove(&table, &key));
    }
    for (int i = 0; i < COUNT; i++) {
        struct uuid key = key_of(i);
        struct entry *found = uuid_table_find(&table, &key);
        assert_true(i % 3 == 0 ? found == NULL : found->number == i);
    }
    uuid_table_clear(&table, free);
    assert_null(uuid_table_find(&table, &unknown));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_keeps_what_is_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
