/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_API_KEY_H
#define SEATLOG_INGEST_API_ACCOUNTS_API_KEY_H

#include "ingest-api/admission/call.h"

/*
 * API keys of the account that is logged in.
 */
extern const struct call_step api_key_list[];   /* GET /api-keys */
extern const struct call_step api_key_create[]; /* POST /api-keys */
extern const struct call_step api_key_delete[]; /* DELETE /api-keys/{key_id} */

#endif
