/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two failures have the same reason, and how often. Pure. */
#include "runtime/loop/blame.h"

#include <assert.h>
#include <string.h>

static bool is_digit(char character) { return character >= '0' && character <= '9'; }

/* Times and counters in a message would make every failure a new one. */
static bool reason_same(const char *left, const char *right) {
    for (;;) {
        while (is_digit(*left)) {
            left++;
        }
        while (is_digit(*right)) {
            right++;
        }
        if (*left != *right) {
            return false;
        }
        if (*left == '\0') {
            return true;
        }
        left++, right++;
    }
}

bool blame_count(struct blame *blame, int64_t offset, const struct error *error, int tries_max) {
    assert(tries_max > 0);
    if (error->action != ERROR_RETRY || error->outside) {
        return false;
    }
    if (blame->tries == 0 || blame->offset != offset ||
        !reason_same(blame->reason, error->message)) {
        *blame = (struct blame){.offset = offset};
        memcpy(blame->reason, error->message, sizeof blame->reason);
    }
    blame->tries++;
    assert(blame->tries > 0 && blame->offset == offset);
    return blame->tries >= tries_max;
}
