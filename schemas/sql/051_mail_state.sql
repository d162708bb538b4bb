-- SPDX-License-Identifier: Apache-2.0
--
-- How the mail of an order stands, for the buyer and for operators, and asking for it once more.
ALTER TABLE mail.outbox
    ADD COLUMN reason     text,   -- why it is refused, or still waits: one word, see mail.order_mail
    ADD COLUMN sentence   text,   -- the same for people, without their address
    ADD COLUMN sent_count integer NOT NULL DEFAULT 0, -- how often a server has taken it
    ADD COLUMN resends    integer NOT NULL DEFAULT 0; -- how often it was asked for once more
UPDATE mail.outbox SET sent_count = 1 WHERE state = 'sent';

-- One row an order that has led to a mail: its latest mail. mail_state is
--   waiting: queued; reason is NULL, or why the last try did not succeed
--   sent:    the mail server took it; reason and sentence are NULL
--   refused: it will not be sent, or tried again; reason and sentence say why
-- reason is one of
--   address-invalid         the username is not an email address, the sentence says in what way
--   address-needs-smtputf8  letters before the @ that the mail server does not deliver to (RFC 6531)
--   server-refused          the mail server said no for good; the sentence quotes it
--   server-put-off          waiting: it said "later"
--   server-unreachable      waiting: no server answered
--   sender-not-allowed      waiting: the server does not let Seatlog in; an operator must look
--   tickets-missing         the PDF is not in the store: not yet, or (refused) no longer
--   gave-up                 tried for days without success
--   account-gone            the account was deleted
-- To be joined by order_id: it is a plain join on outbox_order_id for the planner.
CREATE VIEW mail.order_mail AS
    SELECT o.order_id, o.buyer_id, o.template,
           CASE o.state WHEN 'queued' THEN 'waiting' WHEN 'sent' THEN 'sent' ELSE 'refused' END AS mail_state,
           CASE o.state
               WHEN 'sent' THEN NULL
               WHEN 'queued' THEN o.reason
               WHEN 'erased' THEN coalesce(o.reason, 'account-gone')
               WHEN 'expired' THEN coalesce(o.reason, 'gave-up')
               ELSE coalesce(o.reason, CASE WHEN o.last_code BETWEEN 500 AND 599 THEN 'server-refused'
                                            ELSE 'address-invalid' END) -- refused before there were reasons
           END AS reason,
           CASE WHEN o.state = 'sent' THEN NULL
                WHEN o.state = 'queued' THEN o.sentence
                ELSE coalesce(o.sentence,
                              'We could not send you an email about this order. Your order is not affected.')
           END AS sentence,
           o.queued_at, o.settled_at, o.attempts, o.sent_count, o.resends, o.last_code, o.last_answer, o.outbox_id
    FROM mail.outbox o
    WHERE o.state <> 'superseded'
      AND NOT EXISTS (SELECT FROM mail.outbox later
                      WHERE later.order_id = o.order_id AND later.outbox_id > o.outbox_id
                        AND later.state <> 'superseded');

-- Requests to send a mail once more, each counted once however often it is repeated.
CREATE TABLE mail.resend_request (
    request_id uuid        PRIMARY KEY, -- drawn by whoever asks, the same in every try
    order_id   uuid        NOT NULL,
    template   text        NOT NULL,    -- of the mail that was meant
    asked_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX resend_request_order_id ON mail.resend_request (order_id);

-- Sends the latest mail of an order once more, to the address that the account has now: the same content under
-- a Message-ID of its own (a mail server may drop a second mail with the same one). Returns its template, or
-- NULL where the order has had no mail. Repeated with the same request_id it changes nothing and returns the
-- same. A mail that is queued, or on its way at this moment, is only hurried. The notifier looks every second.
CREATE FUNCTION mail.resend_ask(asked_request_id uuid, asked_order_id uuid) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    meant record;
    answer text;
BEGIN
    SELECT outbox_id, template INTO meant FROM mail.order_mail WHERE order_id = asked_order_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO mail.resend_request (request_id, order_id, template)
        VALUES (asked_request_id, asked_order_id, meant.template) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN -- waits for a request with the same id that is under way
        SELECT template INTO answer FROM mail.resend_request
            WHERE request_id = asked_request_id AND order_id = asked_order_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'request % was for another order', asked_request_id USING ERRCODE = 'unique_violation';
        END IF;
        RETURN answer;
    END IF;
    -- A worker that is sending it holds the row for as long as the server takes: do not wait for it.
    PERFORM FROM mail.outbox WHERE outbox_id = meant.outbox_id FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE mail.outbox
            SET next_attempt_at = now(),
                resends = CASE WHEN state = 'queued' THEN resends ELSE resends + 1 END,
                message_id = CASE WHEN state = 'queued' THEN message_id
                                  ELSE '<' || mail_id || '.' || resends + 1 || substring(message_id FROM '@.*$') END,
                attempts = CASE WHEN state = 'queued' THEN attempts ELSE 0 END,
                queued_at = CASE WHEN state = 'queued' THEN queued_at ELSE now() END,
                reason = CASE WHEN state = 'queued' THEN reason END,
                sentence = CASE WHEN state = 'queued' THEN sentence END,
                settled_at = NULL,
                state = 'queued'
            WHERE outbox_id = meant.outbox_id;
    END IF;
    RETURN meant.template;
END
$$;

-- Also forgets why it was refused before.
CREATE OR REPLACE FUNCTION mail.resend(resent_order_id uuid, resent_template text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql AS $$
    WITH resent AS (
        UPDATE mail.outbox
        SET state = 'queued', attempts = 0, queued_at = now(), next_attempt_at = now(), settled_at = NULL,
            reason = NULL, sentence = NULL
        WHERE order_id = resent_order_id AND state <> 'superseded'
          AND (resent_template IS NULL OR template = resent_template)
        RETURNING 1)
    SELECT count(*) FROM resent
$$;
