/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets in a table of fixed size. */
#include "ingest-api/admission/rate.h"

#include "runtime/base/error.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#define RATE_WAYS 8 /* places that one client may be found at */

struct rate_bucket {
    uint64_t client; /* keyed hash; 0: free */
    double tokens;
    int64_t at_ms;
};

struct rate_table {
    double per_s;
    double burst;
    size_t set_count; /* a power of two */
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct rate_bucket buckets[];
};

struct rate_table *rate_table_new(double per_s, double burst, size_t places) {
    size_t set_count = 1;
    while (set_count * RATE_WAYS < places) {
        set_count *= 2;
    }
    struct rate_table *table =
        allocate_zeroed(1, sizeof *table + set_count * RATE_WAYS * sizeof(struct rate_bucket));
    table->per_s = per_s;
    table->burst = burst < 1 ? 1 : burst;
    table->set_count = set_count;
    /* A secret key: nobody can choose addresses that meet in one place. */
    randombytes_buf(table->hash_key, sizeof table->hash_key);
    return table;
}

void rate_table_free(struct rate_table *table) { free(table); }

static double bucket_tokens(const struct rate_table *table, const struct rate_bucket *bucket,
                            int64_t now_ms) {
    double tokens = bucket->tokens + (double)(now_ms - bucket->at_ms) / 1000.0 * table->per_s;
    return tokens < table->burst ? tokens : table->burst;
}

static struct rate_bucket *bucket_find(struct rate_table *table, uint64_t client, int64_t now_ms) {
    struct rate_bucket *set = &table->buckets[(client & (table->set_count - 1)) * RATE_WAYS];
    struct rate_bucket *fullest = NULL;
    double fullest_tokens = -1;
    for (int i = 0; i < RATE_WAYS; i++) {
        if (set[i].client == client) {
            return &set[i];
        }
        double tokens =
            set[i].client == 0 ? table->burst + 1 : bucket_tokens(table, &set[i], now_ms);
        if (tokens > fullest_tokens) {
            fullest = &set[i];
            fullest_tokens = tokens;
        }
    }
    *fullest = (struct rate_bucket){.client = client, .tokens = table->burst, .at_ms = now_ms};
    return fullest;
}

int rate_take(struct rate_table *table, const void *client, size_t client_size, double cost,
              int64_t now_ms) {
    if (table->per_s <= 0) {
        return 0;
    }
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, client, client_size, table->hash_key);
    struct rate_bucket *bucket = bucket_find(table, hash != 0 ? hash : 1, now_ms);
    double tokens = bucket_tokens(table, bucket, now_ms);
    double needed = cost > 0 ? cost : 1;
    if (tokens < needed) {
        double wait_s = ceil((needed - tokens) / table->per_s);
        return wait_s < 1 ? 1 : wait_s > 3600 ? 3600 : (int)wait_s;
    }
    bucket->tokens = tokens - cost;
    bucket->at_ms = now_ms;
    return 0;
}
