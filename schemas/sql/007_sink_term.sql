-- SPDX-License-Identifier: Apache-2.0
--
-- Where a sink is on seatlog.events besides its next offset (runtime/term/reader.h): the term that it is in, as the
-- header seatlog-log writes it, "-" before the first; and the cursor, the next offset of seatlog.commands that it has
-- not seen decided. They move with next_offset, and belong to it alone: where term_offset is another one, or NULL as in
-- rows from before, they are not known, and worked out from the log. Rows of other topics have none.
ALTER TABLE public.sink_offset
    ADD COLUMN term        text,
    ADD COLUMN cursor      bigint CHECK (cursor >= 0),
    ADD COLUMN term_offset bigint;
