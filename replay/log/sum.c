/* SPDX-License-Identifier: Apache-2.0 */
/* One hash over a partition's history. */
#include "replay/log/sum.h"

#include <endian.h>
#include <string.h>

void replay_sum_init(struct replay_sum *sum) {
    crypto_generichash_init(&sum->state, NULL, 0, sizeof(struct hash));
}

static uint32_t size_of(struct octets part) {
    return htobe32(part.data != NULL ? (uint32_t)part.size : UINT32_MAX);
}

void replay_sum_take(struct replay_sum *sum, const struct replay_record *record) {
    uint8_t head[24];
    const uint64_t offset = htobe64((uint64_t)record->offset);
    const uint64_t timestamp = htobe64((uint64_t)record->timestamp_ms);
    const uint32_t sizes[2] = {size_of(record->key), size_of(record->value)};
    memcpy(head, &offset, 8);
    memcpy(head + 8, &timestamp, 8);
    memcpy(head + 16, sizes, 8);
    crypto_generichash_update(&sum->state, head, sizeof head);
    if (record->key.data != NULL) {
        crypto_generichash_update(&sum->state, record->key.data, record->key.size);
    }
    if (record->value.data != NULL) {
        crypto_generichash_update(&sum->state, record->value.data, record->value.size);
    }
}

struct hash replay_sum_get(const struct replay_sum *sum) {
    crypto_generichash_state copy = sum->state;
    struct hash hash;
    crypto_generichash_final(&copy, hash.octets, sizeof hash.octets);
    return hash;
}
