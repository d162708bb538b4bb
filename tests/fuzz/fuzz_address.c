/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/address.h"
#include "tests/fuzz/fuzz.h"

/* Whatever is typed as an email address: every form of one is the same one, within its bounds. */
static void same_again(const char *form, const struct address *first) {
    static struct address again;
    FUZZ_REQUIRE(address_parse(form, strlen(form), &again) == ADDRESS_GOOD);
    FUZZ_REQUIRE(strcmp(again.normal, first->normal) == 0);
    FUZZ_REQUIRE(strcmp(again.wire, first->wire) == 0);
    FUZZ_REQUIRE(strcmp(again.text, first->text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct address address;
    if (address_parse((const char *)data, size, &address) != ADDRESS_GOOD) {
        return 0;
    }
    FUZZ_REQUIRE(strlen(address.wire) <= ADDRESS_SIZE_MAX);
    FUZZ_REQUIRE(strpbrk(address.wire, "\r\n\t") == NULL);
    bool ascii = true;
    for (const char *byte = address.wire; *byte != '\0'; byte++) {
        ascii = ascii && (unsigned char)*byte < 0x80;
    }
    FUZZ_REQUIRE(ascii == !address.needs_smtputf8);
    same_again(address.text, &address);
    same_again(address.wire, &address);
    return 0;
}
