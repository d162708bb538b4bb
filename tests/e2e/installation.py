# SPDX-License-Identifier: Apache-2.0
"""What an installation holds that must outlive an upgrade, as text: shows, seats, orders, tickets, mails, accounts.

Run by itself it prints that of the PostgreSQL of $SEATLOG_POSTGRES_URL, to compare before and after:
    eval "$(./seatlog env)"; build/venv/bin/python tests/e2e/installation.py >before
"""

import os

import psycopg

QUESTIONS = {
    "shows": "SELECT show_id, title, venue, city, starts_at, ends_at, time_zone, currency, md5(plan) "
             "FROM catalog.show",
    "seats": "SELECT show_id, encode(states, 'hex'), general_held, general_sold FROM catalog.seat_map",
    "orders": "SELECT reservation_id, show_id, buyer_id, state, reason, seats, section, quantity, total_minor, "
              "currency, sold_at FROM catalog.reservation",
    "order tickets": "SELECT order_id, ticket_ids, issued_at, revoked_at FROM catalog.order_tickets",
    "tickets": "SELECT ticket_id, order_id, seat, section, row_label, seat_label, price_minor, token "
               "FROM ticket.ticket",
    "keys": "SELECT key_id, encode(public_key, 'hex') FROM ticket.key",
    "payments": "SELECT reservation_id, kind, attempt, step, result, amount_minor, currency, payment_id, refund_id "
                "FROM payment.work",
    "mails": "SELECT order_id, template, message_id, state FROM mail.outbox",
    "accounts": "SELECT user_id, username, location FROM account.person",
}


def inventory(postgres_url):
    """A line for each row of each kind, sorted."""
    lines = []
    with psycopg.connect(postgres_url) as connection:
        for kind, question in QUESTIONS.items():
            rows = connection.execute(question).fetchall()
            lines += sorted(f"{kind}: " + " ".join(str(value) for value in row) for row in rows)
    return lines


if __name__ == "__main__":
    print("\n".join(inventory(os.environ["SEATLOG_POSTGRES_URL"])))
