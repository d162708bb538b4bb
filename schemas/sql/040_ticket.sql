-- SPDX-License-Identifier: Apache-2.0
--
-- What ticketgen owns: orders it issued tickets for, the signed tickets, their PDFs, and the public keys
-- they verify under. No personal data but the random ids of buyers.
--
-- Read by ingest-api (GET /tickets/{id}.pdf, GET /keys) and notifier (attachments).
CREATE SCHEMA ticket;

-- Verification keys. A row is never changed and never removed: tickets are verified for ever.
CREATE TABLE ticket.key (
    key_id     text        PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{8}$'), -- first 4 octets of BLAKE2b-256(public_key)
    public_key bytea       NOT NULL UNIQUE CHECK (octet_length(public_key) = 32), -- Ed25519
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One row an order. Which record of seatlog.events led to the tickets is kept, so that a second record of
-- the same fact is told from the same record read again after a crash.
CREATE TABLE ticket.issue (
    order_id        uuid        PRIMARY KEY, -- the reservation that was sold
    show_id         uuid        NOT NULL,
    owner_id        uuid        NOT NULL,
    buyer_id        uuid        NOT NULL,
    sold_partition  integer     NOT NULL,
    sold_offset     bigint      NOT NULL,
    sold_seq        bigint      NOT NULL,
    issued_at       timestamptz NOT NULL, -- the show's clock at Sold
    revoked_offset  bigint,               -- of OrderCancelled
    revoked_seq     bigint,
    revoked_at      timestamptz,
    reason          text                  -- CancelReason of the schemas: BUYER, SHOW_CANCELLED, …
);
CREATE INDEX issue_show_id ON ticket.issue (show_id);

CREATE TABLE ticket.ticket (
    ticket_id       uuid        PRIMARY KEY, -- UUIDv5(order_id, 'ticket:' || ordinal)
    order_id        uuid        NOT NULL REFERENCES ticket.issue,
    show_id         uuid        NOT NULL,
    buyer_id        uuid        NOT NULL, -- who bought it
    owner_id        uuid        NOT NULL, -- the organizer of the show
    ordinal         integer     NOT NULL CHECK (ordinal >= 0),
    seat            integer     NOT NULL CHECK (seat >= -1), -- -1 in a general section
    section_index   integer     NOT NULL,
    section         text        NOT NULL,
    row_label       text        NOT NULL, -- empty in a general section
    seat_label      text        NOT NULL, -- empty in a general section
    category        text        NOT NULL,
    price_minor     bigint      NOT NULL,
    token           text        NOT NULL, -- base45, as in the QR code; kept for ever
    issued_at       timestamptz NOT NULL,
    revoked_at      timestamptz,          -- NULL while the ticket is good
    reason          text,
    UNIQUE (order_id, ordinal)
);
CREATE INDEX ticket_show_id ON ticket.ticket (show_id);
CREATE INDEX ticket_buyer_id ON ticket.ticket (buyer_id);

-- PDFs: one of all tickets of an order (document_id = order_id) and one of each ticket (document_id =
-- ticket_id). Removed when the order is called off, and when purge_at has passed, 90 days after the show.
CREATE TABLE ticket.document (
    document_id uuid        PRIMARY KEY,
    order_id    uuid        NOT NULL REFERENCES ticket.issue,
    pdf         bytea       NOT NULL,
    purge_at    timestamptz NOT NULL
);
ALTER TABLE ticket.document ALTER COLUMN pdf SET STORAGE EXTERNAL; -- compressed already
CREATE INDEX document_purge_at ON ticket.document (purge_at);
CREATE INDEX document_order_id ON ticket.document (order_id);
