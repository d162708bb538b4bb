/* SPDX-License-Identifier: Apache-2.0 */
#include "ticketgen/core/token.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char keys_path[] = "/tmp/seatlog-verify-keys-XXXXXX";
static char revoked_path[] = "/tmp/seatlog-verify-revoked-XXXXXX";
static char output[8192];

static void file_write(const char *path, const char *contents) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(contents, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Runs the verifier with arguments up to a NULL; returns its exit status, `output` has its words.
 */
static int verify(const char *input, const char *const *arguments) {
    const char *argv[16] = {VERIFIER, "--keys", keys_path};
    int count = 3, in[2], out[2];
    while (*arguments != NULL) {
        argv[count++] = *arguments++;
    }
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(in[1]);
        close(out[0]);
        execv(VERIFIER, (char *const *)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
    close(in[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(out[0], output + size, sizeof(output) - 1 - size)) > 0;) {
        size += (size_t)got;
    }
    output[size] = '\0';
    close(out[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define VERIFY(input, ...) verify(input, (const char *const[]){__VA_ARGS__, NULL})

/* A token of a key made from the number, whose public half is in the file of keys. */
static void token_make(uint32_t number, char *token) {
    uint8_t seed[TICKET_SEED_SIZE] = {0};
    memcpy(seed, &number, sizeof(number));
    struct ticket_key key;
    ticket_key_derive(seed, &key);
    const struct ticket_claims claims = {.ticket_id = {{7}},
                                         .show_id = {{9}},
                                         .valid_from_s = 1000,
                                         .valid_until_s = 2000,
                                         .seat = 4};
    ticket_token_sign(&key, &claims, token);
    char digits[2 * TICKET_PUBLIC_KEY_SIZE + 2];
    sodium_bin2hex(digits, sizeof(digits), key.public_key, TICKET_PUBLIC_KEY_SIZE);
    file_write(keys_path, digits);
}

static void test_a_token_may_begin_with_anything_that_base45_has(void **state) {
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    bool seen[256] = {false};
    size_t covered = 0;
    for (uint32_t number = 0; covered < sizeof(alphabet) - 1 && number < 20000; number++) {
        char token[TICKET_TOKEN_TEXT_SIZE + 1], line[TICKET_TOKEN_TEXT_SIZE + 2];
        token_make(number, token);
        if (seen[(unsigned char)token[0]]) {
            continue;
        }
        seen[(unsigned char)token[0]] = true;
        covered++;
        snprintf(line, sizeof(line), "%s\n", token);
        if (VERIFY("", "--at", "1500", token) != 0 || VERIFY("", token, "--at=1500") != 0 ||
            VERIFY("", "--at", "1500", "--", token) != 0 || VERIFY(line, "--at", "1500") != 0) {
            fail_msg("%s: %s", token, output);
        }
    }
    /* The first bytes of a token are the version and the key's id: not every character can come. */
    assert_true(seen['-'] && seen[' '] && seen['$'] && seen[':'] && seen['+']);
    assert_true(covered >= 40);
}

static void test_what_is_no_token_is_told(void **state) {
    (void)state;
    char token[TICKET_TOKEN_TEXT_SIZE + 1];
    token_make(1, token);
    assert_int_equal(VERIFY("", "--at", "1500", "-"), 1);
    assert_non_null(strstr(output, "NOT VALID: this is not a ticket"));
    assert_int_equal(VERIFY("", "--at", "1500"), 1);
    assert_int_equal(VERIFY("", "--at", "2001", token), 2);
    assert_int_equal(VERIFY("", "--at", "999", token), 2);
    assert_int_equal(VERIFY("", "--show", "09000000-0000-0000-0000-000000000001", token), 1);
    assert_int_equal(VERIFY("", "--at", "soon", token), 64);
    assert_int_equal(VERIFY("", "--nothing", token), 64);
    assert_int_equal(VERIFY("", "-x", token), 64);
    assert_int_equal(VERIFY("", token, token), 64);
    assert_int_equal(VERIFY("", "--revoked", "/nonexistent/file", token), 64);
    token[100] = token[100] == 'A' ? 'B' : 'A';
    assert_int_equal(VERIFY("", "--at", "1500", token), 1);
}

static void test_a_revoked_ticket_is_not_valid(void **state) {
    (void)state;
    char token[TICKET_TOKEN_TEXT_SIZE + 1];
    token_make(2, token);
    assert_int_equal(VERIFY("", "--at", "1500", token), 0);
    assert_non_null(strstr(output, "refunded since was not checked"));
    file_write(revoked_path, "");
    assert_int_equal(VERIFY("", "--at", "1500", "--revoked", revoked_path, token), 0);
    assert_non_null(strstr(output, "not among the revoked tickets given"));
    file_write(revoked_path, "ffffffff-0000-0000-0000-000000000000\n"
                             "{\"ticket_ids\":[\"08000000-0000-0000-0000-000000000000\","
                             "\"07000000-0000-0000-0000-000000000000\"]}\n");
    assert_int_equal(VERIFY("", "--at", "1500", "--revoked", revoked_path, token), 1);
    assert_non_null(strstr(output, "revoked: its order was cancelled or refunded"));
    file_write(revoked_path, "07000000-0000-0000-0000-000000000001");
    assert_int_equal(VERIFY("", "--at", "1500", "--revoked", revoked_path, token), 0);
}

static int files_make(void **state) {
    (void)state;
    int keys = mkstemp(keys_path), revoked = mkstemp(revoked_path);
    return keys < 0 || revoked < 0 || close(keys) != 0 || close(revoked) != 0 || sodium_init() < 0;
}

static int files_remove(void **state) {
    (void)state;
    return unlink(keys_path) != 0 || unlink(revoked_path) != 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_may_begin_with_anything_that_base45_has),
        cmocka_unit_test(test_what_is_no_token_is_told),
        cmocka_unit_test(test_a_revoked_ticket_is_not_valid),
    };
    return cmocka_run_group_tests(tests, files_make, files_remove);
}
