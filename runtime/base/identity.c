/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/identity.h"

#include "runtime/base/error.h"
#include "runtime/base/random.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void uuid_mark(struct uuid *uuid, unsigned version) {
    uuid->octets[6] = (uint8_t)((uuid->octets[6] & 0x0fu) | version << 4);
    uuid->octets[8] = (uint8_t)((uuid->octets[8] & 0x3fu) | 0x80u);
}

struct uuid uuid_random(void) {
    struct uuid uuid;
    random_fill(uuid.octets, sizeof uuid.octets);
    uuid_mark(&uuid, 4);
    return uuid;
}

/* SHA-1 of the parts one after another. */
static struct uuid uuid_named_parts(const struct uuid *name_space, const struct octets *parts,
                                    size_t count) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha1(), NULL) != 1 ||
        EVP_DigestUpdate(context, name_space->octets, sizeof name_space->octets) != 1) {
        die("SHA-1 is not to be had from the crypto library");
    }
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(context, parts[i].data, parts[i].size) != 1) {
            die("SHA-1 failed");
        }
    }
    if (EVP_DigestFinal_ex(context, digest, &digest_size) != 1) {
        die("SHA-1 failed");
    }
    EVP_MD_CTX_free(context);

    struct uuid uuid;
    memcpy(uuid.octets, digest, sizeof uuid.octets);
    uuid_mark(&uuid, 5);
    return uuid;
}

struct uuid uuid_named(const struct uuid *name_space, const void *name, size_t name_size) {
    struct octets part = {.data = name, .size = name_size};
    return uuid_named_parts(name_space, &part, 1);
}

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
    static const char digits[] = "0123456789abcdef";
    char *next = out;
    for (int i = 0; i < 16; i++) {
        *next++ = digits[uuid->octets[i] >> 4];
        *next++ = digits[uuid->octets[i] & 0x0f];
        if (uuid_dash_follows(i)) {
            *next++ = '-';
        }
    }
    *next = '\0';
    return out;
}

static int hexadecimal_digit(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

bool uuid_parse(const char *text, size_t size, struct uuid *out) {
    if (size != UUID_TEXT_SIZE - 1) {
        return false;
    }
    struct uuid uuid;
    for (int i = 0; i < 16; i++) {
        int high = hexadecimal_digit(text[0]);
        int low = hexadecimal_digit(text[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid.octets[i] = (uint8_t)(high << 4 | low);
        text += 2;
        if (uuid_dash_follows(i) && *text++ != '-') {
            return false;
        }
    }
    *out = uuid;
    return true;
}

char *public_order_id_format(const struct uuid *show_id, const struct uuid *reservation_id,
                             char *out) {
    uint8_t both[32];
    memcpy(both, show_id->octets, 16);
    memcpy(both + 16, reservation_id->octets, 16);
    return sodium_bin2base64(out, PUBLIC_ORDER_ID_SIZE, both, sizeof both,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool public_order_id_parse(const char *text, size_t size, struct uuid *show_id,
                           struct uuid *reservation_id) {
    uint8_t both[32];
    size_t both_size = 0;
    const char *end = NULL;
    if (size != PUBLIC_ORDER_ID_SIZE - 1 ||
        sodium_base642bin(both, sizeof both, text, size, NULL, &both_size, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        both_size != sizeof both || end != text + size) {
        return false;
    }
    memcpy(show_id->octets, both, 16);
    memcpy(reservation_id->octets, both + 16, 16);
    return true;
}

struct uuid reservation_id_derive(const struct uuid *show_id, const struct uuid *buyer_id,
                                  const char *idempotency_key) {
    struct octets parts[] = {
        {.data = buyer_id->octets, .size = sizeof buyer_id->octets},
        {.data = (const uint8_t *)idempotency_key, .size = strlen(idempotency_key)},
    };
    return uuid_named_parts(show_id, parts, 2);
}

struct uuid ticket_id_derive(const struct uuid *reservation_id, int32_t ordinal) {
    char name[24];
    int size = snprintf(name, sizeof name, "ticket:%" PRId32, ordinal);
    return uuid_named(reservation_id, name, (size_t)size);
}

struct uuid payment_key_derive(const struct uuid *reservation_id, const char *action,
                               int32_t attempt) {
    char name[64];
    int size = snprintf(name, sizeof name, "%s:%" PRId32, action, attempt);
    if (size < 0 || (size_t)size >= sizeof name) {
        die("payment action is too long: %s", action);
    }
    return uuid_named(reservation_id, name, (size_t)size);
}

static int64_t clock_read_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void) { return clock_read_ms(CLOCK_REALTIME); }

int64_t clock_monotonic_ms(void) { return clock_read_ms(CLOCK_MONOTONIC); }
