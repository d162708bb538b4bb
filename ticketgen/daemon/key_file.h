/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_DAEMON_KEY_FILE_H
#define SEATLOG_TICKETGEN_DAEMON_KEY_FILE_H

#include "runtime/base/error.h"
#include "ticketgen/core/token.h"

#include <stdbool.h>

/*
 * Reads the signing key from a file of one line with 64 hexadecimal digits, the seed. If there is
 * no such file, makes a key and writes it there, with mode 0600, durably and in one step: of
 * several processes that begin at once one makes the key and all use it. *created says whether this
 * one did.
 *
 * false with *error (DIE): the file can be read by others than its owner, is not a seed, or can be
 * neither read nor made.
 */
bool ticket_key_file_load(const char *path, struct ticket_key *key, bool *created,
                          struct error *error);

#endif
