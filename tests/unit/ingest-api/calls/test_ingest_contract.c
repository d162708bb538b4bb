/* SPDX-License-Identifier: Apache-2.0 */
/* schemas/openapi.yaml and the table of calls say the same. */
#include "ingest-api/calls/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPERATIONS_MAX 200

struct operation {
    char method[16];
    char path[128];
    bool public; /* security: [] */
    char query[256];
};

static struct operation operations[OPERATIONS_MAX];
static size_t operation_count;

/* A parameter of the query: "- {name: q, in: query, …", "- name: from" before "in: query", or one
 * of the components'. */
static void parameter_read(const char *line) {
    static char last[64];
    struct operation *operation = &operations[operation_count - (operation_count > 0)];
    const char *name = strstr(line, "name: ");
    if (name != NULL && strchr(line, '-') != NULL) {
        snprintf(last, sizeof last, "%.*s", (int)strcspn(name + 6, ","), name + 6);
    }
    bool after = strstr(line, "components/parameters/After\"") != NULL;
    if (after || strstr(line, "in: query") != NULL) {
        size_t size = strlen(operation->query);
        snprintf(operation->query + size, sizeof operation->query - size, "%s%s",
                 size > 0 ? " " : "", after ? "after" : last);
    }
}

/* The document keeps to one layout: paths indented by two, methods by four, their members by six.
 */
static int contract_read(void **state) {
    (void)state;
    FILE *file = fopen(SEATLOG_SOURCE_DIRECTORY "/schemas/openapi.yaml", "r");
    assert_non_null(file);
    char line[512];
    char path[128] = "";
    bool in_paths = false;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        size_t size = strlen(line);
        if (line[0] != ' ' && line[0] != '\0') {
            in_paths = strcmp(line, "paths:") == 0;
        } else if (in_paths && strncmp(line, "  /", 3) == 0 && line[size - 1] == ':') {
            snprintf(path, sizeof path, "%.*s", (int)(size - 3), line + 2);
        } else if (in_paths && strncmp(line, "    ", 4) == 0 && line[4] != ' ' &&
                   line[size - 1] == ':' && strcmp(line, "    parameters:") != 0) {
            assert_true(operation_count < OPERATIONS_MAX);
            struct operation *operation = &operations[operation_count++];
            snprintf(operation->path, sizeof operation->path, "%s", path);
            for (size_t i = 0; i + 5 < size; i++) {
                operation->method[i] = (char)(line[i + 4] - ('a' - 'A'));
            }
        } else if (in_paths) {
            parameter_read(line);
        }
        if (in_paths && strncmp(line, "      security: [", 17) == 0) {
            operations[operation_count - 1].public = true;
        }
    }
    fclose(file);
    return 0;
}

static const struct operation *operation_find(const struct route *route) {
    for (size_t i = 0; i < operation_count; i++) {
        if (strcmp(operations[i].method, route->method) == 0 &&
            strcmp(operations[i].path, route->path) == 0) {
            return &operations[i];
        }
    }
    return NULL;
}

static void test_every_call_is_in_the_contract(void **state) {
    (void)state;
    assert_true(operation_count > 25);
    for (size_t i = 0; i < ingest_route_count; i++) {
        if (operation_find(&ingest_routes[i]) == NULL) {
            fail_msg("%s %s is not in the contract", ingest_routes[i].method,
                     ingest_routes[i].path);
        }
    }
}

static void test_every_call_of_the_contract_is_there(void **state) {
    (void)state;
    assert_int_equal(operation_count, ingest_route_count);
    for (size_t i = 0; i < operation_count; i++) {
        struct route_match match = router_match(ingest_routes, ingest_route_count,
                                                operations[i].method, operations[i].path);
        if (match.route == NULL || strcmp(match.route->path, operations[i].path) != 0) {
            fail_msg("%s %s is not a call", operations[i].method, operations[i].path);
        }
    }
}

static void test_the_contract_says_which_calls_need_no_login(void **state) {
    (void)state;
    for (size_t i = 0; i < ingest_route_count; i++) {
        const struct operation *operation = operation_find(&ingest_routes[i]);
        if (operation->public != (ingest_routes[i].access == ROUTE_PUBLIC)) {
            fail_msg("%s %s: a login is needed, or not?", operation->method, operation->path);
        }
    }
}

static void test_the_contract_names_every_parameter(void **state) {
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < ingest_route_count; i++) {
        const struct route *route = &ingest_routes[i];
        const char *query = route->query != NULL ? route->query : "";
        const struct operation *operation = operation_find(route);
        if (strcmp(query, ROUTE_QUERY_ANY) != 0 && strcmp(query, operation->query) != 0) {
            fail_msg("%s %s: \"%s\" in the contract, \"%s\" here", route->method, route->path,
                     operation->query, query);
        }
        count += query[0] != '\0';
    }
    assert_true(count > 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_is_in_the_contract),
        cmocka_unit_test(test_every_call_of_the_contract_is_there),
        cmocka_unit_test(test_the_contract_names_every_parameter),
        cmocka_unit_test(test_the_contract_says_which_calls_need_no_login),
    };
    return cmocka_run_group_tests(tests, contract_read, NULL);
}
