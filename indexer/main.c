/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-indexer: its options and hooks. */

#include "indexer/daemon/indexer.h"

static const struct daemon_spec spec = {
    .name = "indexer",
    .summary = "Folds events and tickets into the catalog that buyers and organizers read.",
    .options = indexer_options,
    .start = indexer_start,
    .sink = &indexer_sink,
    .stop = indexer_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
