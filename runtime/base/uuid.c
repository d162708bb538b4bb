/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs as text, and whether two are the same. */
#include "runtime/base/uuid.h"

#include "runtime/base/hex.h"

#include <string.h>

#define UUID_SIZE 16

bool uuid_equal(const struct uuid *left, const struct uuid *right) {
    return memcmp(left->octets, right->octets, sizeof left->octets) == 0;
}

bool uuid_is_zero(const struct uuid *uuid) {
    static const struct uuid zero;
    return uuid_equal(uuid, &zero);
}

static bool uuid_dash_follows(int octet) {
    return octet == 3 || octet == 5 || octet == 7 || octet == 9;
}

char *uuid_format(const struct uuid *uuid, char *out) {
    char *next = out;
    for (int i = 0; i < UUID_SIZE; i++) {
        hex_format(&uuid->octets[i], 1, next);
        next += 2;
        if (uuid_dash_follows(i)) {
            *next++ = '-';
        }
    }
    *next = '\0';
    return out;
}

bool uuid_parse(const char *text, size_t size, struct uuid *out) {
    if (size != UUID_TEXT_SIZE - 1) {
        return false;
    }
    struct uuid uuid;
    for (int i = 0; i < UUID_SIZE; i++) {
        if (!hex_parse(text, 1, &uuid.octets[i])) {
            return false;
        }
        text += 2;
        if (uuid_dash_follows(i) && *text++ != '-') {
            return false;
        }
    }
    *out = uuid;
    return true;
}
