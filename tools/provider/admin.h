/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TOOLS_PROVIDER_ADMIN_H
#define SEATLOG_TOOLS_PROVIDER_ADMIN_H

#include "tools/provider/simulator.h"

/*
 * What no real provider has, for tests; only with admin = yes, and without a bearer token:
 *
 *   GET  /admin/behaviour                      how it misbehaves now
 *   PUT  /admin/behaviour                      changes that (behaviour.h)
 *   POST /admin/payments/{id}/delayed-action   delayed_until comes now
 *   POST /admin/refunds/{id}/settle            a pending refund is settled now
 *   GET  /admin/summary                        counts and sums of the books, requests by operation
 */
struct reply admin_handle(struct simulator *simulator, const struct request *request);

#endif
