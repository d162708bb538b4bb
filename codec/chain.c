/* SPDX-License-Identifier: Apache-2.0 */
/* The hash chain over a show's events. */
#include "codec/chain.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define HASH_END (EVENT_CHAIN_HASH_OFFSET + EVENT_CHAIN_HASH_SIZE)

static void event_chain_hash(const uint8_t *wire, size_t size, const struct hash *previous,
                             struct hash *out) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof out->octets);
    crypto_generichash_update(&state, previous->octets, sizeof previous->octets);
    crypto_generichash_update(&state, wire, EVENT_CHAIN_HASH_OFFSET);
    crypto_generichash_update(&state, wire + HASH_END, size - HASH_END);
    crypto_generichash_final(&state, out->octets, sizeof out->octets);
}

void event_chain_seal(uint8_t *wire, size_t size, const struct hash *previous, struct hash *out) {
    assert(size >= HASH_END);
    event_chain_hash(wire, size, previous, out);
    memcpy(wire + EVENT_CHAIN_HASH_OFFSET, out->octets, EVENT_CHAIN_HASH_SIZE);
}

bool event_chain_verify(struct octets wire, const struct hash *previous, struct hash *out) {
    struct hash computed = {{0}};
    bool result = false;
    if (wire.size >= HASH_END) {
        event_chain_hash(wire.data, wire.size, previous, &computed);
        result = memcmp(wire.data + EVENT_CHAIN_HASH_OFFSET, computed.octets,
                        EVENT_CHAIN_HASH_SIZE) == 0;
    }
    if (out != NULL) {
        *out = computed;
    }
    return result;
}

void octets_hash(struct octets octets, struct hash *out) {
    crypto_generichash(out->octets, sizeof out->octets, octets.data, octets.size, NULL, 0);
}
