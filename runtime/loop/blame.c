/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop/blame.h"

#include <ctype.h>
#include <stdio.h>

/* Times and counters in a message would make every failure a new one. */
static bool reason_same(const char *left, const char *right) {
    for (;;) {
        while (isdigit((unsigned char)*left)) {
            left++;
        }
        while (isdigit((unsigned char)*right)) {
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
    if (error->action != ERROR_RETRY || error->outside) {
        return false;
    }
    if (blame->tries == 0 || blame->offset != offset ||
        !reason_same(blame->reason, error->message)) {
        *blame = (struct blame){.offset = offset};
        snprintf(blame->reason, sizeof blame->reason, "%s", error->message);
    }
    blame->tries++;
    return blame->tries >= tries_max;
}
