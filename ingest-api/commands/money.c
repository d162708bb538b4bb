/* SPDX-License-Identifier: Apache-2.0 */
/* The currencies of the setting `currencies`. */
#include "ingest-api/commands/money.h"

#include <stdio.h>
#include <string.h>

const struct currency *money_taken_find(const struct money_taken *taken, struct text code) {
    for (size_t i = 0; code.size == 3 && i < taken->count; i++) {
        if (memcmp(taken->currencies[i]->code, code.data, 3) == 0) {
            return taken->currencies[i];
        }
    }
    return NULL;
}

bool money_taken_parse(const char *setting, struct money_taken *out, struct error *error) {
    *out = (struct money_taken){0};
    for (const char *at = setting + strspn(setting, ", "); *at != '\0'; at += strspn(at, ", ")) {
        struct text code = {.data = at, .size = strcspn(at, ", ")};
        const struct currency *currency = currency_find(code);
        if (currency == NULL) {
            return error_set(error, ERROR_DIE,
                             "currencies: %.*s is not an active currency of ISO 4217",
                             (int)(code.size < 20 ? code.size : 20), code.data);
        }
        if (money_taken_find(out, code) == NULL && out->count < MONEY_CURRENCIES_MAX) {
            out->currencies[out->count++] = currency;
        }
        at += code.size;
    }
    return out->count > 0 ||
           error_set(error, ERROR_DIE, "currencies: nothing could be sold; name one at least");
}

/* Cut off where there are more than anybody reads. */
char *money_taken_list(const struct money_taken *taken, char out[MONEY_LIST_SIZE]) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < taken->count && used + 8 < MONEY_LIST_SIZE; i++) {
        const char *between = i == 0 ? "" : i + 1 == taken->count ? " or " : ", ";
        used += (size_t)snprintf(out + used, MONEY_LIST_SIZE - used, "%s%s", between,
                                 taken->currencies[i]->code);
    }
    return out;
}
