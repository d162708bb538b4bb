-- SPDX-License-Identifier: Apache-2.0
--
-- What an answer of 202 needs to say later: the numbers of a refusal, and which reservation a wish turned out to
-- have made already. Written by indexer, kept as long as catalog.refusal.
ALTER TABLE catalog.refusal
    ADD COLUMN seats_own     integer[] NOT NULL DEFAULT '{}', -- as in Refused, all of them; -1: not said
    ADD COLUMN limit_count   integer   NOT NULL DEFAULT -1,
    ADD COLUMN limit_of_show boolean   NOT NULL DEFAULT false,
    ADD COLUMN used          integer   NOT NULL DEFAULT -1,
    ADD COLUMN used_unpaid   integer   NOT NULL DEFAULT -1,
    ADD COLUMN free          integer   NOT NULL DEFAULT -1;

CREATE TABLE catalog.noted_reserve (
    partition      integer NOT NULL,
    command_offset bigint  NOT NULL,                -- of the Reserve
    show_id        uuid    NOT NULL,
    reservation_id uuid    NOT NULL,                -- the one the buyer had already
    buyer_id       uuid    NOT NULL,
    at             bigint  NOT NULL,
    PRIMARY KEY (partition, command_offset)
);
CREATE INDEX noted_reserve_at ON catalog.noted_reserve (at);
