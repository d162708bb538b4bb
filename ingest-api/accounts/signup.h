/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_SIGNUP_H
#define SEATLOG_INGEST_API_ACCOUNTS_SIGNUP_H

#include "ingest-api/admission/call.h"

/*
 * A new account. A repeated one under the same Idempotency-Key is told the same.
 */
extern const struct call_step account_signup[]; /* POST /signup */

#endif
