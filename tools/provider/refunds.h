/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_REFUNDS_H
#define SEATLOG_TOOLS_PROVIDER_REFUNDS_H

#include "tools/provider/simulator.h"

/* The Refunds API; see payments.h for what the calls have in common. */
struct reply refunds_create(struct simulator *simulator, const json_t *body,
                            const struct fault *fault);
struct reply refunds_get(struct simulator *simulator, const char *id);

/* The refund becomes what it was meant to become, now. */
void refunds_settle(struct simulator *simulator, size_t index);

#endif
