-- SPDX-License-Identifier: Apache-2.0
--
-- What notifier owns: the outbox. A row is a mail to one buyer: its template, ids, and the facts of the show
-- and the places it speaks of. No name and no address: they are looked up in account when the mail is sent.
CREATE SCHEMA mail;

CREATE TABLE mail.outbox (
    outbox_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mail_id         uuid        NOT NULL UNIQUE, -- derived of order, template and attempt: a fact is mailed once
    message_id      text        NOT NULL,        -- the Message-ID of every try, with angle brackets
    template        text        NOT NULL CHECK (template IN ('confirmation', 'order_cancelled', 'show_cancelled',
                                                             'refunded', 'not_charged', 'capture_failed')),
    show_id         uuid        NOT NULL,
    order_id        uuid        NOT NULL,
    buyer_id        uuid        NOT NULL,
    facts           jsonb       NOT NULL,        -- title, venue, times, places, amount, reason
    happened_at     timestamptz NOT NULL,        -- the show's clock; the Date of every try
    queued_at       timestamptz NOT NULL DEFAULT now(), -- a resend sets it anew
    -- queued:     to be sent at next_attempt_at
    -- sent:       the server took it
    -- refused:    the server said no for good (5xx), or the address can not be written to
    -- erased:     the buyer's account is gone
    -- superseded: the order was called off before the confirmation went out
    -- expired:    tried for give_up_h without success
    state           text        NOT NULL DEFAULT 'queued'
                                CHECK (state IN ('queued', 'sent', 'refused', 'erased', 'superseded', 'expired')),
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(), -- a worker at it holds the row's lock, for as long as it is
    last_code       integer,                     -- SMTP reply code of the last try, 0 without an answer
    last_answer     text,                        -- what the server said, or what went wrong
    settled_at      timestamptz                  -- when it left queued
);
CREATE INDEX outbox_due ON mail.outbox (next_attempt_at) WHERE state = 'queued';
CREATE INDEX outbox_order_id ON mail.outbox (order_id);
CREATE INDEX outbox_buyer_id ON mail.outbox (buyer_id);

-- Why a show was called off, in its organizer's words: the mails about its orders say so.
CREATE TABLE mail.cancelled_show (
    show_id uuid PRIMARY KEY,
    reason  text NOT NULL
);

-- For operators: sends the mails of an order again, with the Message-IDs they had. Says how many there are.
CREATE FUNCTION mail.resend(resent_order_id uuid, resent_template text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql AS $$
    WITH resent AS (
        UPDATE mail.outbox
        SET state = 'queued', attempts = 0, queued_at = now(), next_attempt_at = now(), settled_at = NULL
        WHERE order_id = resent_order_id AND state <> 'superseded'
          AND (resent_template IS NULL OR template = resent_template)
        RETURNING 1)
    SELECT count(*) FROM resent
$$;
