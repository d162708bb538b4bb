/* SPDX-License-Identifier: Apache-2.0 */
/* Usernames in their two spellings, and passwords in NFC. */
#include "ingest-api/accounts/credential.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

/* No text of so many bytes has PASSWORD_CHARACTERS_MAX characters or fewer in NFC: a character is
 * decomposed into four at most. */
#define PASSWORD_GIVEN_SIZE_MAX (PASSWORD_SIZE_MAX * 4)

bool username_read(struct text given, struct username *out) {
    *out = (struct username){.fault = ADDRESS_TOO_LONG};
    if (given.size > ADDRESS_INPUT_SIZE_MAX || characters_count(given) > USERNAME_CHARACTERS_MAX ||
        (given.size > 0 && memchr(given.data, '\0', given.size) != NULL)) {
        return false;
    }
    for (size_t i = 0; i < given.size; i++) {
        char byte = given.data[i];
        out->spelled[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
    }
    out->spelled[given.size] = '\0';
    out->fault = address_parse(given.data, given.size, &out->address);
    if (out->fault != ADDRESS_GOOD) {
        out->address = (struct address){.needs_smtputf8 = false};
    }
    return true;
}

size_t characters_count(struct text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    }
    return count;
}

bool password_normalize(struct text given, char *out, size_t *size) {
    if (given.size > PASSWORD_GIVEN_SIZE_MAX) {
        return false;
    }
    size_t normal_size = PASSWORD_SIZE_MAX;
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)given.data, given.size,
                                   (uint8_t *)out, &normal_size);
    bool fits = normal == (uint8_t *)out;
    if (!fits) {
        free(normal);
    }
    *size = normal_size;
    return fits && characters_count((struct text){out, normal_size}) <= PASSWORD_CHARACTERS_MAX;
}
