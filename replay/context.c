/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of the auditor is given. */
#include "replay/context.h"

struct pg *replay_pg_new(const struct replay_context *context) {
    struct pg *pg = pg_new(config_text(context->config, "postgres_url"), "seatlog-replay");
    pg_answer_ms_set(pg, 0);
    return pg;
}
