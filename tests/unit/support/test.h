/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TESTS_UNIT_SUPPORT_TEST_H
#define SEATLOG_TESTS_UNIT_SUPPORT_TEST_H

/* cmocka.h, behind what it wants to be included before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
