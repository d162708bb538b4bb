/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_CODEC_FIXTURE_H
#define SEATLOG_TESTS_CODEC_FIXTURE_H

/* A codec and an arena for one test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "seatlog_codec.h"

static struct codec *codec;
static struct arena arena;

static int setup(void **state) {
    (void)state;
    codec = codec_new();
    arena_init(&arena);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    codec_free(codec);
    arena_deinit(&arena);
    return 0;
}

#endif
