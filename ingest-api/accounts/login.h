/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_INGEST_API_ACCOUNTS_LOGIN_H
#define SEATLOG_INGEST_API_ACCOUNTS_LOGIN_H

#include "ingest-api/admission/call.h"

/*
 * Logging in and out. Passwords are verified by the password pool; a login costs the same whether
 * there is such an account or not.
 */
extern const struct call_step account_login[];  /* POST /login */
extern const struct call_step account_logout[]; /* POST /logout */

#endif
