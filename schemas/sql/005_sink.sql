-- SPDX-License-Identifier: Apache-2.0
--
-- How far each PostgreSQL sink (runtime/sink.h) has read each partition: the one place that says so. A row moves
-- in the same transaction as what was made of the records, and only from the value that its owner expects, so
-- that of two owners one is rolled back.
CREATE TABLE public.sink_offset (
    sink        text    NOT NULL, -- the daemon's name
    topic       text    NOT NULL,
    partition   integer NOT NULL CHECK (partition >= 0),
    next_offset bigint  NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (sink, topic, partition)
) WITH (fillfactor = 50); -- updated all the time, in place
