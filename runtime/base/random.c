/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from a stock, without a system call each time. */
#include "runtime/base/random.h"

#include "runtime/base/error.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define STOCK_SIZE ((size_t)256) /* what getrandom gives whole, never interrupted: getrandom(2) */

static _Thread_local struct {
    uint8_t bytes[STOCK_SIZE];
    size_t left; /* at the end of bytes */
} stock;

static void stock_fill(void) {
    ssize_t got = 0;
    do {
        got = getrandom(stock.bytes, STOCK_SIZE, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)STOCK_SIZE) {
        die("the kernel gives no random bytes");
    }
    stock.left = STOCK_SIZE;
}

void random_fill(void *out, size_t size) {
    uint8_t *to = out;
    while (size > 0) {
        if (stock.left == 0) {
            stock_fill();
        }
        size_t count = size < stock.left ? size : stock.left;
        uint8_t *from = stock.bytes + STOCK_SIZE - stock.left;
        memcpy(to, from, count);
        explicit_bzero(from, count);
        stock.left -= count;
        to += count;
        size -= count;
    }
}

uint32_t random_below(uint32_t bound) {
    assert(bound > 0);
    /* The numbers at the end of the range that would make some results likelier are drawn again. */
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    uint32_t number = 0;
    do {
        random_fill(&number, sizeof number);
    } while (number >= limit);
    return number % bound;
}
