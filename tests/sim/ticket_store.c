/* SPDX-License-Identifier: Apache-2.0 */
/* The schema ticket as tables of the simulator: what ticketgen/daemon/store.h asks for. */
#include "ticketgen/daemon/store.h"

#include "runtime/base/uuid.h"
#include "tests/sim/session.h"
#include "tests/sim/tables.h"

#include <assert.h>

#define LOST_PER_MILLE 10

/* Every function is one transaction of its own; before it PostgreSQL may be gone. */
static bool session_is_alive(struct pg *pg, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    return (sim_database_is_up(world) && !sim_fault(world, SIM_FAULT_DATABASE, LOST_PER_MILLE)) ||
           error_set_outside(error, "PostgreSQL does not answer");
}

/* The transaction is committed, and its answer may be lost. */
static bool commit_is_heard(struct pg *pg, struct error *error) {
    return !sim_fault(sim_session_world(pg), SIM_FAULT_DATABASE, LOST_PER_MILLE) ||
           error_set_outside(error, "the answer to COMMIT was lost");
}

static bool is_called_off(const struct sim_tables *tables, const struct uuid *order_id) {
    for (size_t i = 0; i < tables->called_off.count; i++) {
        if (uuid_equal(tables->called_off.items[i], order_id)) {
            return true;
        }
    }
    return false;
}

static enum ticket_known known_by(const struct ticket_position *position, int32_t partition,
                                  int64_t offset) {
    return partition == position->partition && offset == position->offset ? TICKET_KNOWN_SAME
                                                                          : TICKET_KNOWN_OTHER;
}

bool ticket_store_issue_find(struct pg *pg, const struct ticket_position *position,
                             struct arena *arena, struct ticket_tickets_issued *issued,
                             enum ticket_known *known, struct error *error) {
    const struct sim_tables *tables = sim_session_world(pg)->tables;
    const struct sim_issue *issue = sim_issue_find(tables, &issued->order_id);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    if (issue == NULL) {
        bool called_off = is_called_off(tables, &issued->order_id);
        *known = called_off ? TICKET_KNOWN_CALLED_OFF : TICKET_KNOWN_NOT;
        return true;
    }
    *known = known_by(position, issue->partition, issue->offset);
    if (*known == TICKET_KNOWN_SAME) {
        assert(issue->ticket_count == issued->tickets.count);
        struct ticket *tickets = arena_allocate_array(arena, issue->ticket_count, sizeof *tickets);
        for (size_t i = 0; i < issue->ticket_count; i++) {
            tickets[i] = issued->tickets.items[i];
            tickets[i].token = issue->tokens[i];
        }
        issued->tickets.items = tickets;
    }
    return true;
}

bool ticket_store_issue_add(struct pg *pg, const struct ticket_position *position,
                            const struct ticket_tickets_issued *issued,
                            const struct ticket_document *documents, size_t document_count,
                            int64_t purge_at_ms, bool *added, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    size_t count = issued->tickets.count;
    *added = false;
    assert(document_count == count + 1);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    if (sim_issue_find(world->tables, &issued->order_id) != NULL) {
        return true;
    }
    struct sim_issue *issue = SIM_VECTOR_ADD(world, world->tables->issues, struct sim_issue);
    *issue = (struct sim_issue){
        .order_id = issued->order_id,
        .partition = position->partition,
        .offset = position->offset,
        .ticket_count = count,
        .ticket_ids = arena_allocate_array(&world->memory, count, sizeof *issue->ticket_ids),
        .tokens = arena_allocate_array(&world->memory, count, sizeof *issue->tokens),
        .pdf = sim_octets_keep(
            world, (struct octets){(const uint8_t *)documents[0].pdf.data, documents[0].pdf.size}),
        .purge_at_ms = purge_at_ms,
    };
    for (size_t i = 0; i < count; i++) {
        issue->ticket_ids[i] = issued->tickets.items[i].ticket_id;
        issue->tokens[i] = arena_text_copy(&world->memory, issued->tickets.items[i].token);
    }
    *added = true;
    return commit_is_heard(pg, error);
}

bool ticket_store_revoke(struct pg *pg, const struct ticket_position *position,
                         const struct ticket_tickets_revoked *revoked, enum ticket_known *known,
                         bool *issued, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    struct sim_issue *issue = sim_issue_find(world->tables, &revoked->order_id);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    *issued = issue != NULL;
    *known = TICKET_KNOWN_NOT;
    if (issue != NULL && issue->revoked) {
        *known = known_by(position, issue->partition, issue->revoked_offset);
    } else if (issue != NULL) {
        issue->revoked = true;
        issue->revoked_offset = position->offset;
        issue->pdf = (struct octets){0};
    } else if (!is_called_off(world->tables, &revoked->order_id)) {
        *SIM_VECTOR_ADD(world, world->tables->called_off, struct uuid) = revoked->order_id;
    }
    return commit_is_heard(pg, error);
}

bool ticket_store_documents_purge(struct pg *pg, int64_t *purged, struct error *error) {
    struct sim_world *world = sim_session_world(pg);
    if (!session_is_alive(pg, error)) {
        return false;
    }
    for (size_t i = 0; i < world->tables->issues.count; i++) {
        struct sim_issue *issue = world->tables->issues.items[i];
        if (issue->pdf.size > 0 && issue->purge_at_ms < world->now_ms) {
            issue->pdf = (struct octets){0};
            ++*purged;
        }
    }
    return commit_is_heard(pg, error);
}
