/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_CORE_DECIDE_COMMAND_H
#define SEATLOG_RESERVATION_CORE_DECIDE_COMMAND_H

/* What a command names. */

#include "seatlog_types.h"

/* The command's reservation and buyer; NULL where its kind has none. */
const struct uuid *reservation_command_reservation_id(const struct command *command);
const struct uuid *reservation_command_buyer_id(const struct command *command);

#endif
