/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: its options, what it starts with and what it ends with. */
#include "ticketgen/daemon/ticketgen.h"

#include "runtime/base/log.h"
#include "ticketgen/daemon/handler.h"
#include "ticketgen/daemon/key_file.h"
#include "ticketgen/daemon/store.h"
#include "ticketgen/page/text.h"

#include <sodium.h>
#include <stdlib.h>

const struct config_option ticketgen_options[] = {
    {"signing_key_file", CONFIG_TEXT, NULL, 0, 0,
     "File with the Ed25519 seed that tickets are signed with; made if missing"},
    {"issuer_name", CONFIG_TEXT, "Seatlog", 0, 0, "Name at the top of a ticket"},
    {"transaction_records_max", CONFIG_INTEGER, "20000", 1, 1000000,
     "Most records of one Kafka transaction"},
    {"transaction_timeout_ms", CONFIG_INTEGER, "60000", 1000, 900000,
     "After how long the broker aborts a transaction whose process is gone for good; an order of "
     "a hundred tickets takes seconds to draw"},
    {"session_timeout_ms", CONFIG_INTEGER, "10000", 1000, 1800000,
     "After how long without a heartbeat partitions go to another instance"},
    {0}};

static bool key_open(struct ticketgen *ticketgen, const struct config *config,
                     struct error *error) {
    bool created = false;
    const char *path = config_text(config, "signing_key_file");
    if (!ticket_key_file_load(path, &ticketgen->key, &created, error)) {
        return false;
    }
    if (created) {
        log_warning("a new signing key was made", LOG_TEXT("file", path));
    }
    return ticket_store_key_add(ticketgen->pg, &ticketgen->key, error);
}

static void ticketgen_free(struct ticketgen *ticketgen) {
    pg_free(ticketgen->pg);
    ticketgen_deinit(ticketgen);
    free(ticketgen);
}

bool ticketgen_start(struct daemon *daemon, struct error *error) {
    const char *script = NULL;
    if (sodium_init() < 0) {
        return error_set(error, ERROR_DIE, "libsodium does not start");
    }
    if (!page_text_fonts_check(&script)) {
        return error_set(error, ERROR_DIE,
                         "no font can write %s: install fonts-noto-core, fonts-noto-cjk and "
                         "fonts-noto-color-emoji",
                         script);
    }
    struct ticketgen *ticketgen = allocate_zeroed(1, sizeof(*ticketgen));
    ticketgen_init(ticketgen, daemon);
    ticketgen->pg = pg_new(config_text(daemon->config, "postgres_url"), daemon->name);
    ticketgen->issuer = config_text(daemon->config, "issuer_name");
    if (!key_open(ticketgen, daemon->config, error)) {
        ticketgen_free(ticketgen);
        return false;
    }
    daemon->state = ticketgen;
    return true;
}

void ticketgen_stop(struct daemon *daemon) {
    if (daemon->state != NULL) {
        ticketgen_free(daemon->state);
    }
    page_text_fonts_release();
}
