-- A date in a search means the day at the venue, and not in UTC: New Year's Eve in Los Angeles ends eight hours later.

-- The day on the clocks of a zone. Zones come from the log: what PostgreSQL does not take for one is as UTC.
CREATE FUNCTION catalog.day_at(at_ms bigint, zone text) RETURNS date
    LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    RETURN (to_timestamp(at_ms / 1000.0) AT TIME ZONE zone)::date;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN (to_timestamp(at_ms / 1000.0) AT TIME ZONE 'UTC')::date;
END
$$;

ALTER TABLE catalog.show ADD COLUMN starts_on date; -- by starts_at and time_zone
UPDATE catalog.show SET starts_on = catalog.day_at(starts_at, time_zone);
ALTER TABLE catalog.show ALTER COLUMN starts_on SET NOT NULL;

CREATE FUNCTION catalog.show_day_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.starts_on := catalog.day_at(NEW.starts_at, NEW.time_zone);
    RETURN NEW;
END
$$;
CREATE TRIGGER show_day BEFORE INSERT OR UPDATE OF starts_at, time_zone ON catalog.show
    FOR EACH ROW EXECUTE FUNCTION catalog.show_day_set();

DROP FUNCTION catalog.search(text, text, text, bigint, bigint, integer, integer);
DROP FUNCTION catalog.search_by(tsquery, text, text, text, bigint, bigint, integer, integer);

CREATE FUNCTION catalog.search_by(query tsquery, wanted_title text, wanted_city text, wanted_type text,
                                  from_ms bigint, to_ms bigint, from_day date, to_day date,
                                  row_limit integer, row_offset integer)
    RETURNS SETOF catalog.search_row
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT show_id, title, type, venue, city, region, country, starts_at, ends_at, time_zone, currency,
           price_minor_min, price_minor_max,
           (CASE WHEN title_folded = wanted_title THEN 1 ELSE 0 END
            + CASE WHEN query IS NULL THEN 0 ELSE ts_rank(document, query) END)::real AS rank
      FROM catalog.show
     WHERE status = 0
       AND (query IS NULL OR document @@ query)
       AND (wanted_city IS NULL OR city_folded = wanted_city)
       AND (wanted_type IS NULL OR type = wanted_type)
       AND starts_at >= from_ms AND starts_at < to_ms
       AND (from_day IS NULL OR starts_on >= from_day)
       AND (to_day IS NULL OR starts_on <= to_day)
     ORDER BY rank DESC, starts_at, show_id
     LIMIT row_limit OFFSET row_offset
$$;

-- As in 020_catalog.sql. from_day and to_day (inclusive) are days at the venue, NULL: any. Whoever gives them gives
-- from_ms and to_ms too, widened by a day on either side (no zone is further from UTC), so that the indexes serve.
CREATE FUNCTION catalog.search(q text, city text, wanted_type text, from_ms bigint, to_ms bigint, from_day date, to_day date,
                               row_limit integer, row_offset integer)
    RETURNS SETOF catalog.search_row
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    wanted_title text := catalog.fold(nullif(btrim(q), ''));
    wanted_city  text := catalog.fold(nullif(btrim(city), ''));
    query        tsquery := catalog.query_exact(wanted_title);
    found_any    boolean;
BEGIN
    IF wanted_title IS NULL OR query IS NOT NULL THEN
        RETURN QUERY SELECT * FROM catalog.search_by(query, wanted_title, wanted_city, wanted_type,
                                                     from_ms, to_ms, from_day, to_day, row_limit, row_offset);
        IF FOUND THEN RETURN; END IF;
        -- An empty later page of a search that found something is the end, not a mistyped query.
        IF row_offset > 0 THEN
            SELECT true INTO found_any FROM catalog.search_by(query, wanted_title, wanted_city, wanted_type,
                                                              from_ms, to_ms, from_day, to_day, 1, 0);
            IF found_any THEN RETURN; END IF;
        END IF;
        query := catalog.query_corrected(wanted_title);
        wanted_city := catalog.city_meant(wanted_city);
        RETURN QUERY SELECT * FROM catalog.search_by(query, wanted_title, wanted_city, wanted_type,
                                                     from_ms, to_ms, from_day, to_day, row_limit, row_offset);
        IF FOUND OR wanted_title IS NULL THEN RETURN; END IF;
    END IF;
    wanted_city := catalog.city_meant(wanted_city);
    RETURN QUERY
    SELECT s.show_id, s.title, s.type, s.venue, s.city, s.region, s.country, s.starts_at, s.ends_at,
           s.time_zone, s.currency, s.price_minor_min, s.price_minor_max,
           similarity(s.title_folded, wanted_title) AS rank
      FROM catalog.show AS s
     WHERE s.status = 0
       AND s.title_folded LIKE '%' || replace(replace(replace(wanted_title, '\', '\\'), '%', '\%'), '_', '\_') || '%'
       AND (wanted_city IS NULL OR s.city_folded = wanted_city)
       AND (wanted_type IS NULL OR s.type = wanted_type)
       AND s.starts_at >= from_ms AND s.starts_at < to_ms
       AND (from_day IS NULL OR s.starts_on >= from_day)
       AND (to_day IS NULL OR s.starts_on <= to_day)
     ORDER BY 14 DESC, s.starts_at, s.show_id
     LIMIT row_limit OFFSET row_offset;
END
$$;
