-- SPDX-License-Identifier: Apache-2.0
-- The peer of bench_pipeline: the same hold as users of PostgreSQL write it when it has to be fast. 300 shows of
-- 200 seats, two seats a hold, row locks, holds that expire; one round trip to a function. A hold is over at
-- once (0 seconds), so that every attempt succeeds: what is not held twice over is the peer's best case.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;

CREATE TABLE bench.seat (
    show_id    integer     NOT NULL,
    number     integer     NOT NULL,
    holder     bigint      NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (show_id, number)
) WITH (fillfactor = 50); -- updates stay on their page and touch no index

INSERT INTO bench.seat (show_id, number)
SELECT show_id, number FROM generate_series(1, 300) AS show_id, generate_series(0, 199) AS number;
VACUUM ANALYZE bench.seat;

-- Both seats or none. The update takes the row locks, and looks again at a row it had to wait for.
CREATE FUNCTION bench.hold(p_show integer, p_seat integer, p_buyer bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    held integer;
BEGIN
    UPDATE bench.seat
    SET holder = p_buyer, expires_at = clock_timestamp() + interval '0 seconds'
    WHERE show_id = p_show AND number IN (p_seat, p_seat + 1) AND expires_at <= clock_timestamp();
    GET DIAGNOSTICS held = ROW_COUNT;
    IF held <> 2 THEN
        RAISE EXCEPTION 'taken'; -- ends pgbench: what it counts are successes only
    END IF;
END
$$;
