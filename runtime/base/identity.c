/* SPDX-License-Identifier: Apache-2.0 */
/* Which ids there are and what each is made of. */
#include "runtime/base/identity.h"

#include "runtime/base/error.h"
#include "runtime/base/random.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        die("the crypto library gives no SHA-1");
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
