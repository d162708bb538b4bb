/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the sanitizers are to know, linked into every program of a build that has them, so that a
 * program needs no environment: ctest, the launcher and a debugger see the same.
 * The names are the sanitizers'. NOLINTBEGIN(bugprone-reserved-identifier)
 */
const char *__asan_default_options(void);
const char *__lsan_default_options(void);
const char *__tsan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) { return "detect_stack_use_after_return=1"; }

/* avro-c packs pointers into its records without aligning them. */
const char *__lsan_default_options(void) {
    return "use_unaligned=1:print_suppressions=0:suppressions='" SEATLOG_SANITIZERS "/lsan.supp'";
}

const char *__tsan_default_options(void) {
    return "print_suppressions=0:suppressions='" SEATLOG_SANITIZERS "/tsan.supp'";
}

const char *__ubsan_default_options(void) { return "print_stacktrace=1"; }
/* NOLINTEND(bugprone-reserved-identifier) */
