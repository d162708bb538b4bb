/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of a run, all from its seed. */
#include "tests/sim/random.h"

#include <assert.h>

static uint64_t splitmix(uint64_t *state) {
    uint64_t value = *state += 0x9e3779b97f4a7c15ull;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

void sim_random_seed(struct sim_random *random, uint64_t seed, uint64_t stream) {
    uint64_t state = seed * 0x2545f4914f6cdd1dull + stream;
    for (int i = 0; i < 4; i++) {
        random->state[i] = splitmix(&state);
    }
}

static uint64_t rotate(uint64_t value, int by) { return (value << by) | (value >> (64 - by)); }

uint64_t sim_random_next(struct sim_random *random) {
    uint64_t *state = random->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

uint32_t sim_random_below(struct sim_random *random, uint32_t bound) {
    assert(bound > 0);
    return (uint32_t)((sim_random_next(random) >> 32) * bound >> 32);
}

int64_t sim_random_between(struct sim_random *random, int64_t from, int64_t to) {
    assert(from <= to);
    return from + (int64_t)sim_random_below(random, (uint32_t)(to - from + 1));
}

bool sim_random_chance(struct sim_random *random, uint32_t per_mille) {
    return sim_random_below(random, 1000) < per_mille;
}

struct uuid sim_random_uuid(struct sim_random *random) {
    struct uuid uuid;
    for (int i = 0; i < 16; i += 8) {
        uint64_t word = sim_random_next(random);
        for (int j = 0; j < 8; j++) {
            uuid.octets[i + j] = (uint8_t)(word >> 8 * j);
        }
    }
    uuid.octets[6] = (uint8_t)((uuid.octets[6] & 0x0f) | 0x40);
    uuid.octets[8] = (uint8_t)((uuid.octets[8] & 0x3f) | 0x80);
    return uuid;
}
