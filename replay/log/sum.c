/* SPDX-License-Identifier: Apache-2.0 */
/* One hash over a partition's history. */
#include "replay/log/sum.h"

#include <endian.h>
#include <string.h>

#define SIZES_AT 16
#define PARTS_MAX 3

void replay_sum_init(struct replay_sum *sum, int version) {
    sum->version = version;
    crypto_generichash_init(&sum->state, NULL, 0, sizeof(struct hash));
}

void replay_sum_take(struct replay_sum *sum, const struct replay_record *record) {
    uint8_t head[SIZES_AT + 4 * PARTS_MAX];
    const struct octets parts[PARTS_MAX] = {record->key, record->value, record->label};
    const size_t count = sum->version == 1 ? 2 : PARTS_MAX;
    const uint64_t offset = htobe64((uint64_t)record->offset);
    const uint64_t timestamp = htobe64((uint64_t)record->timestamp_ms);
    memcpy(head, &offset, 8);
    memcpy(head + 8, &timestamp, 8);
    for (size_t i = 0; i < count; i++) {
        const uint32_t size = htobe32(parts[i].data != NULL ? (uint32_t)parts[i].size : UINT32_MAX);
        memcpy(head + SIZES_AT + 4 * i, &size, 4);
    }
    crypto_generichash_update(&sum->state, head, SIZES_AT + 4 * count);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].data != NULL) {
            crypto_generichash_update(&sum->state, parts[i].data, parts[i].size);
        }
    }
}

struct hash replay_sum_get(const struct replay_sum *sum) {
    crypto_generichash_state copy = sum->state;
    struct hash hash;
    crypto_generichash_final(&copy, hash.octets, sizeof hash.octets);
    return hash;
}
