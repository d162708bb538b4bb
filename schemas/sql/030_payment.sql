-- SPDX-License-Identifier: Apache-2.0
--
-- What payment owns: its work, what the provider said, and how far the provider's books have been compared with
-- ours. A piece of work is made by one event, in the transaction that moves the sink's offset, and lives until the
-- log has acknowledged the command that says how it ended.
CREATE SCHEMA payment;

CREATE TABLE payment.work (
    work_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    show_id        uuid        NOT NULL,
    reservation_id uuid        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    attempt        integer     NOT NULL CHECK (attempt > 0), -- of the payment; of the refund where kind is refund
    step           text        NOT NULL CHECK (step IN ('create', 'cancel_by_key', 'complete', 'cancel', 'refund',
                                                        'look_up', 'look_up_refund', 'report', 'done')),
    result         text        NOT NULL DEFAULT 'none'
                               CHECK (result IN ('none', 'authorized', 'declined', 'captured', 'capture_failed',
                                                 'voided', 'refunded', 'refund_failed')),
    amount_minor   bigint      NOT NULL,
    currency       text        NOT NULL,
    payment_id     text        NOT NULL DEFAULT '', -- the provider's; empty until it is known
    refund_id      text        NOT NULL DEFAULT '',
    code           text        NOT NULL DEFAULT '', -- why it was declined or failed
    source_id      text,                            -- the single-use token; erased as soon as nobody creates any more
    expires_at     timestamptz NOT NULL,            -- authorize: end of the hold; no create is begun after it
    sent_at        timestamptz,                     -- authorize: when a create was last sent that may have got through
    reported       boolean     NOT NULL DEFAULT true, -- false: an orphan's void, of which the log knows nothing
    traceparent    text        NOT NULL DEFAULT '',
    waiter         text        NOT NULL DEFAULT '',
    tries          integer     NOT NULL DEFAULT 0,  -- in a row without getting on
    due_at         timestamptz NOT NULL DEFAULT now(),
    lease_owner    text        NOT NULL DEFAULT '', -- the instance at it
    lease_number   bigint      NOT NULL DEFAULT 0,  -- rises with every lease: who holds an older one has lost it
    lease_until    timestamptz NOT NULL DEFAULT '-infinity',
    last_error     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT work_result_known CHECK ((step IN ('report', 'done')) = (result <> 'none')),
    CONSTRAINT work_source_needed CHECK ((source_id IS NOT NULL) = (kind = 'authorize' AND step = 'create'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX work_once ON payment.work (reservation_id, kind, attempt) WHERE kind <> 'void';
CREATE UNIQUE INDEX work_void_once ON payment.work (reservation_id, payment_id) WHERE kind = 'void';
CREATE INDEX work_due ON payment.work (due_at) WHERE step <> 'done';
CREATE INDEX work_payment_id ON payment.work (payment_id) WHERE payment_id <> '';

-- What the provider said to each call, or that it said nothing: kept for ever, never changed.
CREATE TABLE payment.answer (
    answer_id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    work_id        bigint      NOT NULL REFERENCES payment.work,
    answered_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    step           text        NOT NULL, -- the call
    kind           text        NOT NULL, -- payment, refund, accepted, refused, later, unauthorized, not_sent, unknown
    http_status    integer     NOT NULL, -- 0: no answer
    status         text        NOT NULL, -- of the payment or refund
    payment_id     text        NOT NULL,
    refund_id      text        NOT NULL,
    amount_minor   bigint      NOT NULL,
    currency       text        NOT NULL,
    code           text        NOT NULL,
    card_brand     text        NOT NULL,
    card_last_4    text        NOT NULL CHECK (length(card_last_4) <= 4),
    took_ms        integer     NOT NULL
);
CREATE INDEX answer_work_id ON payment.answer (work_id);

CREATE FUNCTION payment.answer_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment.answer is only appended to';
END
$$;
CREATE TRIGGER answer_keep BEFORE UPDATE OR DELETE ON payment.answer
    FOR EACH ROW EXECUTE FUNCTION payment.answer_keep();

-- One row: when the provider's list is next compared with our work, and from which creation time on.
CREATE TABLE payment.reconciliation (
    only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    due_at       timestamptz NOT NULL DEFAULT now(),
    checked_to   timestamptz NOT NULL, -- everything made before it has been compared
    orphans      bigint      NOT NULL DEFAULT 0, -- authorizations nobody knew of, voided, ever
    unexplained  bigint      NOT NULL DEFAULT 0  -- captured payments without a capture of ours, at the last run
);
INSERT INTO payment.reconciliation (checked_to) VALUES (now());

-- For operators: what waits, longest first, without the token.
CREATE VIEW payment.open_work AS
    SELECT work_id, kind, step, reservation_id, attempt, result, payment_id, refund_id, code, amount_minor, currency,
           tries, now() - created_at AS age, due_at, last_error
    FROM payment.work WHERE step <> 'done' ORDER BY created_at;
