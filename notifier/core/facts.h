/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_NOTIFIER_CORE_FACTS_H
#define SEATLOG_NOTIFIER_CORE_FACTS_H

#include "codec/arena.h"
#include "notifier/core/core.h"

#include <stdbool.h>

/* Facts as they stand in the outbox, as a JSON object. The caller frees with free(). */
char *mail_facts_format(const struct mail_facts *facts);

/* Reads them back; texts and places live in the arena. false: it is not what mail_facts_format
 * writes. */
bool mail_facts_parse(const char *json, struct arena *arena, struct mail_facts *facts);

#endif
