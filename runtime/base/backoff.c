/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait after failures. */
#include "runtime/base/backoff.h"

int backoff_delay_ms(int failures, int base_ms, int maximum_ms, uint32_t random) {
    int64_t delay_ms = base_ms > 0 ? base_ms : 1;
    for (int i = 1; i < failures && delay_ms < maximum_ms; i++) {
        delay_ms *= 2;
    }
    if (delay_ms > maximum_ms) {
        delay_ms = maximum_ms;
    }
    uint32_t spread = (uint32_t)(delay_ms - delay_ms / 2);
    return (int)(delay_ms / 2 + random % (spread + 1));
}
