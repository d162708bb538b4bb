/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"
#include "ticketgen/core/base45.h"
#include "ticketgen/core/token.h"

/* Whatever a scanner reads at the door: nothing is genuine that we have not signed. */
#define OCTETS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct ticket_key key;
    static char genuine[TICKET_TOKEN_TEXT_SIZE];
    if (genuine[0] == '\0') {
        uint8_t seed[TICKET_SEED_SIZE] = {1, 2, 3};
        struct ticket_claims claims = {.valid_from_s = 1, .valid_until_s = 2, .seat = 17};
        ticket_key_derive(seed, &key);
        ticket_token_sign(&key, &claims, genuine);
    }
    uint8_t octets[OCTETS_MAX];
    char text[BASE45_ENCODED_SIZE(OCTETS_MAX)];
    size_t octets_size = 0;
    struct ticket_claims claims;
    if (base45_decode((const char *)data, size, octets, sizeof octets, &octets_size)) {
        size_t text_size = base45_encode(octets, octets_size, text);
        FUZZ_REQUIRE(text_size == size && (size == 0 || memcmp(text, data, size) == 0));
    }
    bool ours = size == sizeof genuine - 1 && memcmp(data, genuine, size) == 0;
    enum ticket_token_verdict verdict =
        ticket_token_verify((struct text){(const char *)data, size}, key.public_key, 1, &claims);
    FUZZ_REQUIRE((verdict == TICKET_TOKEN_GENUINE) == ours);
    return 0;
}
