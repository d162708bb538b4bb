/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon, as a table. */
#include "ingest-api/ingest.h"
#include "runtime/loop/foundation.h"

static const struct daemon_spec spec = {
    .name = "ingest-api",
    .summary = "the HTTP side: takes wishes as commands, answers with what became of them",
    .options = ingest_options,
    .start = ingest_start,
    .run = ingest_run,
    .stands_on = FOUNDATION_POSTGRESQL | FOUNDATION_KAFKA,
    .stop = ingest_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
