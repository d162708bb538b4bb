-- SPDX-License-Identifier: Apache-2.0
--
-- Orders that were cancelled before ticketgen had issued anything for them. Their Sold may have been set aside
-- (seatlog.dead-letters): handled after all, it must not make tickets that open doors.
CREATE TABLE ticket.called_off (
    order_id      uuid        PRIMARY KEY,
    called_off_at timestamptz NOT NULL -- the show's clock at OrderCancelled
);
