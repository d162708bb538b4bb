-- SPDX-License-Identifier: Apache-2.0
--
-- Records that were set aside (seatlog.dead-letters) and that somebody has asked to have handled after all:
-- `./seatlog dead-letters retry`. One row a record and consumer; what was never asked for has none. The consumer
-- that set the record aside takes the row in the transaction of what it writes, so that it is handled once.
CREATE TABLE public.dead_letter_retry (
    daemon           text        NOT NULL, -- who set it aside, and handles it again
    topic            text        NOT NULL,
    partition        integer     NOT NULL,
    record_offset    bigint      NOT NULL,
    letter_partition integer     NOT NULL, -- where in seatlog.dead-letters: a later letter is not settled by this
    letter_offset    bigint      NOT NULL,
    state            text        NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'settled', 'failed')),
    reason           text,                 -- failed: why; settled: how, where it was not by handling it
    tries            integer     NOT NULL DEFAULT 0, -- retries that came to an end
    asked_at         timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz,
    key              bytea,                -- the record as it is on the log, while it is asked for
    value            bytea,
    record_at_ms     bigint,
    traceparent      text,
    told_from        bigint,               -- transaction loop: where its output began when it was first tried, so
                                           -- that after a crash it is found out whether it was told
    PRIMARY KEY (daemon, topic, partition, record_offset)
);
CREATE INDEX dead_letter_retry_asked ON public.dead_letter_retry (daemon, asked_at) WHERE state = 'asked';
