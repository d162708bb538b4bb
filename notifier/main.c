/* SPDX-License-Identifier: Apache-2.0 */
/* seatlog-notifier: writes to buyers. */
#include "notifier/daemon/notifier.h"

static const struct daemon_spec spec = {
    .name = "notifier",
    .summary = "Writes to buyers: tickets, refunds, cancelled shows, payments that were let go.",
    .options = notifier_options,
    .start = notifier_start,
    .sink = &notifier_sink,
    .stop = notifier_stop,
};

int main(int argc, char **argv) { return daemon_main(&spec, argc, argv); }
