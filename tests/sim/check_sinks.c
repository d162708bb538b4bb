/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold at the end of a run: tables, tickets, mails, and what clients were told. */
#include "runtime/base/identity.h"
#include "tests/sim/check.h"
#include "tests/sim/judge.h"
#include "tests/sim/tickets.h"

#include <stdio.h>
#include <string.h>

/* --- tickets --- */

/* What seatlog.tickets says of an order. */
struct told {
    int issued, revoked;
    struct ticket_tickets_issued tickets; /* the last one */
};

static void told_read(struct sim_world *world, const struct sim_rule_show *show,
                      const struct sim_rule_booking *booking, struct told *told) {
    *told = (struct told){0};
    int64_t offset = 0;
    const struct sim_entry *entry;
    struct ticket_record record;
    while ((entry = sim_log_read(world, SIM_TICKETS, show->partition, &offset, INT64_MAX, false)) !=
           NULL) {
        if (!sim_tickets_decode(world, entry->value, &record)) {
            return;
        }
        if (record.kind == TICKET_RECORD_TICKETS_ISSUED &&
            uuid_equal(&record.as.tickets_issued.order_id, &booking->reservation_id)) {
            told->issued++;
            told->tickets = record.as.tickets_issued;
        } else if (record.kind == TICKET_RECORD_TICKETS_REVOKED &&
                   uuid_equal(&record.as.tickets_revoked.order_id, &booking->reservation_id)) {
            told->revoked++;
        }
    }
}

static bool ticket_is_right(const struct sim_rule_booking *booking, const struct ticket *ticket,
                            size_t index, const struct sim_issue *stored,
                            const struct ticket_key *key) {
    struct ticket_claims claims;
    struct uuid ticket_id = ticket_id_derive(&booking->reservation_id, (int32_t)index);
    int32_t seat = booking->selection == SELECTION_GENERAL ? -1 : booking->seats[index];
    return uuid_equal(&ticket->ticket_id, &ticket_id) && ticket->place.seat == seat &&
           uuid_equal(&stored->ticket_ids[index], &ticket_id) &&
           stored->tokens[index].size == ticket->token.size &&
           memcmp(stored->tokens[index].data, ticket->token.data, ticket->token.size) == 0 &&
           ticket_token_verify(ticket->token, key->public_key, 1, &claims) ==
               TICKET_TOKEN_GENUINE &&
           uuid_equal(&claims.ticket_id, &ticket_id) &&
           claims.seat == (seat < 0 ? TICKET_TOKEN_NO_SEAT : (uint32_t)seat);
}

static void order_check(struct sim_world *world, const struct sim_rule_show *show,
                        const struct sim_rule_booking *booking, const struct ticket_key *key) {
    const char *order = sim_short(world, &booking->reservation_id);
    const struct sim_issue *stored = sim_issue_find(world->tables, &booking->reservation_id);
    struct told told;
    told_read(world, show, booking, &told);
    int revoked = booking->sold > 0 && booking->cancelled_after_sold;
    if (told.issued != booking->sold || told.revoked != revoked) {
        sim_violated(world, 5, "order %s: tickets issued %d times for %d sales, revoked %d of %d",
                     order, told.issued, booking->sold, told.revoked, revoked);
        return;
    }
    if ((stored != NULL) != (booking->sold > 0) || (stored != NULL && stored->revoked != revoked)) {
        sim_violated(world, 5, "order %s: the store of tickets says otherwise", order);
        return;
    }
    for (size_t i = 0; i < told.tickets.tickets.count; i++) {
        if (told.tickets.tickets.count != (size_t)booking->quantity ||
            !ticket_is_right(booking, &told.tickets.tickets.items[i], i, stored, key)) {
            sim_violated(world, 5, "order %s: ticket %zu is not what it should be", order, i);
        }
    }
    const struct sim_tickets_row *row =
        sim_tickets_row_find(world->tables, &booking->reservation_id);
    if ((row != NULL) != (booking->sold > 0) ||
        (row != NULL && (!row->issued || row->revoked != revoked))) {
        sim_violated(world, 7, "order %s: the catalog says otherwise of its tickets", order);
    }
}

void sim_check_tickets(struct sim_world *world, const struct sim_rules *rules) {
    struct ticket_key key;
    sim_ticket_key(&key);
    for (size_t i = 0; i < rules->shows.count; i++) {
        const struct sim_rule_show *show = rules->shows.items[i];
        for (size_t j = 0; j < show->bookings.count; j++) {
            arena_reset(&world->scratch);
            order_check(world, show, show->bookings.items[j], &key);
        }
    }
}

/* --- mails --- */

static const struct sim_mail *mail_find(const struct sim_tables *tables,
                                        const struct uuid *mail_id) {
    for (size_t i = 0; i < tables->mails.count; i++) {
        if (uuid_equal(&tables->mails.items[i]->mail_id, mail_id)) {
            return tables->mails.items[i];
        }
    }
    return NULL;
}

/* The Message-ID that every try of a mail has. */
static bool is_message_id_of(const char *message_id, const struct sim_mail *mail) {
    char mail_id[UUID_TEXT_SIZE], expected[UUID_TEXT_SIZE + sizeof "<@localhost>"];
    snprintf(expected, sizeof expected, "<%s@localhost>", uuid_format(&mail->mail_id, mail_id));
    return strcmp(message_id, expected) == 0;
}

static bool was_accepted(const struct sim_tables *tables, const struct sim_mail *mail) {
    for (size_t i = 0; i < tables->accepted.count; i++) {
        if (is_message_id_of(tables->accepted.items[i]->message_id, mail)) {
            return true;
        }
    }
    return false;
}

/* Every try is a mail of ours, and the same bytes as the tries before. */
static void accepted_check(struct sim_world *world, size_t index) {
    const struct sim_tables *tables = world->tables;
    const struct sim_accepted *accepted = tables->accepted.items[index];
    bool known = false;
    for (size_t i = 0; i < tables->mails.count && !known; i++) {
        known = is_message_id_of(accepted->message_id, tables->mails.items[i]);
    }
    if (!known) {
        sim_violated(world, 6, "the mail server took a mail with another Message-ID: %s",
                     accepted->message_id);
    }
    for (size_t i = 0; i < index; i++) {
        const struct sim_accepted *before = tables->accepted.items[i];
        if (strcmp(before->message_id, accepted->message_id) == 0 &&
            memcmp(before->digest, accepted->digest, sizeof before->digest) != 0) {
            sim_violated(world, 6, "two tries of mail %s differ", accepted->message_id);
            return;
        }
    }
}

static void fact_check(struct sim_world *world, const struct sim_entry *entry) {
    struct event event;
    struct mail mail;
    arena_reset(&world->scratch);
    if (sim_event_decode(world, entry->value, &event) && mail_core_of_event(&event, &mail) &&
        mail_find(world->tables, &mail.mail_id) == NULL) {
        sim_violated(world, 6, "there is no mail of %s", event_kind_name(event.kind));
    }
}

/* Every fact that is to be written of has its mail. */
static void facts_check(struct sim_world *world) {
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        struct sim_counted counted;
        sim_judge(world, i, &counted);
        for (size_t j = 0; j < counted.count; j++) {
            fact_check(world, &world->broker.logs[SIM_EVENTS][i].entries[counted.offsets[j]]);
        }
        sim_counted_free(&counted);
    }
}

static void confirmation_check(struct sim_world *world, const struct sim_rule_booking *booking) {
    struct uuid mail_id = mail_core_confirmation_id(&booking->reservation_id);
    const struct sim_mail *mail = mail_find(world->tables, &mail_id);
    if ((mail != NULL) != (booking->sold > 0)) {
        sim_violated(world, 6, "order %s, sold %d times, has %s confirmation",
                     sim_short(world, &booking->reservation_id), booking->sold,
                     mail == NULL ? "no" : "a");
    }
    if (mail != NULL && mail->state == MAIL_STATE_SUPERSEDED && !booking->cancelled_after_sold) {
        sim_violated(world, 6, "a confirmation was held back though the order stands");
    }
}

void sim_check_mails(struct sim_world *world, const struct sim_rules *rules) {
    const struct sim_tables *tables = world->tables;
    facts_check(world);
    for (size_t i = 0; i < tables->mails.count; i++) {
        const struct sim_mail *mail = tables->mails.items[i];
        bool sent = mail->state == MAIL_STATE_SENT && was_accepted(tables, mail);
        if (!sent && mail->state != MAIL_STATE_SUPERSEDED) {
            sim_violated(world, 6, "the %s of order %s is %s, and never reached the mail server",
                         mail_template_name(mail->template), sim_short(world, &mail->order_id),
                         mail_state_name(mail->state));
        }
    }
    for (size_t i = 0; i < tables->accepted.count; i++) {
        accepted_check(world, i);
    }
    for (size_t i = 0; i < rules->shows.count; i++) {
        const struct sim_rule_show *show = rules->shows.items[i];
        for (size_t j = 0; j < show->bookings.count; j++) {
            confirmation_check(world, show->bookings.items[j]);
        }
    }
}

/* --- rows --- */

/* Where a sink says that it is, is behind the last command that counts. */
static void row_check(struct sim_world *world, enum sim_daemon daemon, int32_t partition,
                      const struct sim_counted *counted) {
    const struct term_position *row = &world->tables->offsets[daemon][SIM_EVENTS][partition];
    int64_t last = counted->count > 0 ? counted->offsets[counted->count - 1] : -1;
    if (row->cursor != counted->cursor || row->next_offset != last + 1) {
        sim_violated(world, 7,
                     "the row of sink %d is at event %lld of partition %d, behind command %lld, "
                     "and not at %lld, behind %lld",
                     (int)daemon, (long long)row->next_offset, (int)partition,
                     (long long)row->cursor, (long long)last + 1, counted->cursor);
    }
}

static void rows_check(struct sim_world *world) {
    static const enum sim_daemon sinks[] = {SIM_PAYMENT, SIM_NOTIFIER, SIM_INDEXER};
    for (int32_t i = 0; i < world->broker.partition_count; i++) {
        struct sim_counted counted;
        sim_judge(world, i, &counted);
        for (size_t j = 0; j < sizeof sinks / sizeof sinks[0]; j++) {
            row_check(world, sinks[j], i, &counted);
        }
        sim_counted_free(&counted);
    }
}

/* --- the catalog --- */

static bool is_live(const struct sim_rule_booking *booking) {
    return booking->state >= RESERVATION_STATE_HELD && booking->state <= RESERVATION_STATE_SOLD;
}

static bool is_sold(const struct sim_rule_booking *booking) {
    return booking->state == RESERVATION_STATE_SECURED || booking->state == RESERVATION_STATE_SOLD;
}

static void map_check(struct sim_world *world, const struct sim_rule_show *show) {
    const struct seat_map *map = sim_map_find(world->tables, &show->show_id);
    if (map == NULL || map->seat_count != (size_t)show->seat_count) {
        sim_violated(world, 7, "show %s has no seat map", sim_short(world, &show->show_id));
        return;
    }
    uint8_t *states = arena_allocate(&world->scratch, map->seat_count + 1);
    int32_t *held = arena_allocate_array(&world->scratch, map->section_count, sizeof *held);
    int32_t *sold = arena_allocate_array(&world->scratch, map->section_count, sizeof *sold);
    memset(states, SEAT_FREE, map->seat_count);
    memset(held, 0, map->section_count * sizeof *held);
    memset(sold, 0, map->section_count * sizeof *sold);
    for (size_t i = 0; i < show->bookings.count; i++) {
        const struct sim_rule_booking *booking = show->bookings.items[i];
        if (!is_live(booking)) {
            continue;
        }
        for (size_t j = 0; j < booking->seat_count; j++) {
            states[booking->seats[j]] = is_sold(booking) ? SEAT_SOLD : SEAT_HELD;
        }
        if (booking->selection == SELECTION_GENERAL) {
            (is_sold(booking) ? sold : held)[booking->section] += booking->quantity;
        }
    }
    if (memcmp(states, map->states, map->seat_count) != 0 ||
        memcmp(held, map->general_held, map->section_count * sizeof *held) != 0 ||
        memcmp(sold, map->general_sold, map->section_count * sizeof *sold) != 0) {
        sim_violated(world, 7, "the seat map of show %s is not the fold of its events",
                     sim_short(world, &show->show_id));
    }
}

void sim_check_catalog(struct sim_world *world, const struct sim_rules *rules) {
    rows_check(world);
    int64_t gaps = sim_indexer_gaps() - world->tables->gaps_before;
    if (gaps > 0) {
        sim_violated(world, 7, "the indexer has met %lld gaps", (long long)gaps);
    }
    for (size_t i = 0; i < rules->shows.count; i++) {
        const struct sim_rule_show *show = rules->shows.items[i];
        map_check(world, show);
        for (size_t j = 0; j < show->bookings.count; j++) {
            const struct sim_rule_booking *booking = show->bookings.items[j];
            const struct reservation_row *row =
                sim_reservation_row_find(world->tables, &booking->reservation_id);
            if (sim_rules_booking(show, &booking->reservation_id) != booking) {
                continue; /* forgotten, and made again under the same id */
            }
            if (row == NULL || row->state != booking->state ||
                row->seat_count != booking->seat_count) {
                sim_violated(world, 7, "reservation %s is %s in the catalog and %s by its events",
                             sim_short(world, &booking->reservation_id),
                             row == NULL ? "missing" : reservation_state_name(row->state),
                             reservation_state_name(booking->state));
            }
        }
    }
}
