-- The catalog: what buyers and organizers read. Owned by the indexer; ingest-api reads it.
-- Every row is a fold of seatlog.events and may be dropped and built again from them.
CREATE SCHEMA catalog;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gin;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

-- Text as it is compared: without accents, in lower case.
CREATE FUNCTION catalog.fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(public.unaccent('public.unaccent', value));

CREATE FUNCTION catalog.search_document(title text, venue text, city text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN setweight(to_tsvector('simple', catalog.fold(title)), 'A')
        || setweight(to_tsvector('simple', catalog.fold(venue)), 'C')
        || setweight(to_tsvector('simple', catalog.fold(city)), 'D');

-- A show as it was created; only its status changes.
CREATE TABLE catalog.show (
    show_id             uuid PRIMARY KEY,
    owner_id            uuid NOT NULL,
    title               text NOT NULL,
    type                text NOT NULL,              -- FILM, CONCERT, THEATRE, COMEDY, SPORT, OTHER
    description         text NOT NULL,
    venue               text NOT NULL,
    city                text NOT NULL,
    region              text NOT NULL,
    country             text NOT NULL,
    starts_at           bigint NOT NULL,            -- milliseconds since the epoch
    ends_at             bigint NOT NULL,
    time_zone           text NOT NULL,
    currency            text NOT NULL,
    hold_ttl_ms         integer NOT NULL,
    seats_per_buyer_max integer NOT NULL,
    price_minor_min     bigint NOT NULL,
    price_minor_max     bigint NOT NULL,
    -- {"categories":[{"name","price_minor"}],
    --  "sections":[{"name","category","kind":"SEATED"|"GENERAL","capacity","rows":[{"label","seats":[…]}]}]}
    plan                text NOT NULL,
    status              smallint NOT NULL DEFAULT 0, -- 0 on sale, 1 cancelled, 2 closed
    cancel_reason       text NOT NULL DEFAULT '',
    title_folded        text NOT NULL GENERATED ALWAYS AS (catalog.fold(title)) STORED,
    city_folded         text NOT NULL GENERATED ALWAYS AS (catalog.fold(city)) STORED,
    document            tsvector NOT NULL
                        GENERATED ALWAYS AS (catalog.search_document(title, venue, city)) STORED
);
CREATE INDEX show_document ON catalog.show USING gin (city_folded, document);
CREATE INDEX show_words ON catalog.show USING gin (document);
CREATE INDEX show_title_trigrams ON catalog.show USING gin (title_folded gin_trgm_ops);
CREATE INDEX show_city_start ON catalog.show (city_folded, starts_at);
CREATE INDEX show_start ON catalog.show (starts_at);
CREATE INDEX show_owner ON catalog.show (owner_id, starts_at);

-- The seat map, apart from the show so that a change of a seat touches no index. states has one octet a
-- seat: 0 free, 1 held, 2 sold. general_held and general_sold count places by section, 0 for seated ones.
CREATE TABLE catalog.seat_map (
    show_id      uuid PRIMARY KEY,
    seq          bigint NOT NULL,                   -- of the last event folded
    version      bigint NOT NULL,                   -- seq of the last change of a seat
    states       bytea NOT NULL,
    general_held integer[] NOT NULL,
    general_sold integer[] NOT NULL
) WITH (fillfactor = 70);
ALTER TABLE catalog.seat_map ALTER COLUMN states SET STORAGE EXTERNAL;

-- A reservation, which is an order from SECURED on.
CREATE TABLE catalog.reservation (
    reservation_id uuid PRIMARY KEY,
    show_id        uuid NOT NULL,
    buyer_id       uuid NOT NULL,
    owner_id       uuid NOT NULL,
    seq            bigint NOT NULL,                 -- of the last event that touched it
    state          text NOT NULL,                   -- names of ReservationState
    reason         text NOT NULL DEFAULT '',        -- why RELEASED: EXPIRED, BUYER, SHOW_CANCELLED, CAPTURE_FAILED;
                                                    -- from REFUNDING on: BUYER, SHOW_CANCELLED
    seats          integer[] NOT NULL,
    section        integer NOT NULL,                -- general section, else -1
    quantity       integer NOT NULL,
    total_minor    bigint NOT NULL,
    currency       text NOT NULL,
    expires_at     bigint NOT NULL,
    attempt        integer NOT NULL DEFAULT 0,
    attempts_left  integer NOT NULL DEFAULT 3,
    code           text NOT NULL DEFAULT '',        -- the provider's code of the last decline or failure
    void_reason    text NOT NULL DEFAULT '',        -- of the last authorization that was let go
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL,
    sold_at        bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE INDEX reservation_buyer ON catalog.reservation (buyer_id, created_at DESC);
CREATE INDEX reservation_show ON catalog.reservation (show_id);
CREATE INDEX reservation_refund_failed ON catalog.reservation (updated_at) WHERE state = 'REFUND_FAILED';

-- Tickets of an order, from seatlog.tickets; it may come before the order's own event has been folded.
CREATE TABLE catalog.order_tickets (
    order_id   uuid PRIMARY KEY,
    show_id    uuid NOT NULL,
    ticket_ids uuid[] NOT NULL,
    issued_at  bigint NOT NULL DEFAULT 0,
    revoked_at bigint NOT NULL DEFAULT 0
);

-- What an answer of 202 needs to say later of a command that was refused; kept for some days.
CREATE TABLE catalog.refusal (
    partition      integer NOT NULL,
    command_offset bigint NOT NULL,
    command_id     uuid NOT NULL,
    show_id        uuid NOT NULL,
    reservation_id uuid NOT NULL,
    buyer_id       uuid NOT NULL,
    command        text NOT NULL,                   -- names of CommandType
    reason         text NOT NULL,                   -- names of RefusalReason or RejectionReason, UNDECODABLE
    state          text NOT NULL,
    seats          integer[] NOT NULL,
    at             bigint NOT NULL,
    PRIMARY KEY (partition, command_offset)
);
CREATE INDEX refusal_at ON catalog.refusal (at);

-- How far the catalog has followed: commands below next_command_offset of a partition are reflected.
CREATE TABLE catalog.cursor (
    partition           integer PRIMARY KEY,
    next_command_offset bigint NOT NULL,
    next_event_offset   bigint NOT NULL,
    at                  bigint NOT NULL
);

-- Words and cities that occur, to correct what was mistyped.
CREATE TABLE catalog.word (word text PRIMARY KEY);
CREATE INDEX word_length ON catalog.word (char_length(word));
CREATE TABLE catalog.city (city_folded text PRIMARY KEY, city text NOT NULL);

-- How many letters may be wrong, missing or too many in a word of this length; two letters the wrong way
-- round are two. levenshtein() takes words up to 255 octets.
CREATE FUNCTION catalog.mistakes_max(word text) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN octet_length(word) > 120 OR char_length(word) < 3 THEN 0
                WHEN char_length(word) = 3 THEN 1 ELSE 2 END;

-- The words of a query as they are looked for: each is a prefix, all must occur. NULL when it has none.
CREATE FUNCTION catalog.query_exact(q text) RETURNS tsquery
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(quote_literal(lexeme) || ':*', ' & ')::tsquery
      FROM unnest(to_tsvector('simple', catalog.fold(q)))
$$;

-- The same with each word that does not occur replaced by those like it.
CREATE FUNCTION catalog.query_corrected(q text) RETURNS tsquery
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg('(' || alternatives || ')', ' & ')::tsquery
      FROM (SELECT coalesce(
                     (SELECT string_agg(quote_literal(near.word), ' | ')
                        FROM (SELECT word FROM catalog.word
                               WHERE char_length(word) BETWEEN char_length(lexeme) - catalog.mistakes_max(lexeme)
                                                           AND char_length(lexeme) + catalog.mistakes_max(lexeme)
                                 AND octet_length(word) <= 120
                                 AND levenshtein_less_equal(word, lexeme, catalog.mistakes_max(lexeme))
                                     <= catalog.mistakes_max(lexeme)
                               ORDER BY levenshtein(word, lexeme), similarity(word, lexeme) DESC, word
                               LIMIT 12) AS near),
                     quote_literal(lexeme)) || ' | ' || quote_literal(lexeme) || ':*' AS alternatives
              FROM unnest(to_tsvector('simple', catalog.fold(q)))) AS words
$$;

-- The city meant: itself where it occurs, else the nearest by spelling, else itself.
CREATE FUNCTION catalog.city_meant(name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        (SELECT city_folded FROM catalog.city WHERE city_folded = catalog.fold(name)),
        (SELECT city_folded FROM catalog.city
          WHERE octet_length(city_folded) <= 120
            AND levenshtein_less_equal(city_folded, catalog.fold(name), catalog.mistakes_max(catalog.fold(name)))
                <= catalog.mistakes_max(catalog.fold(name))
            AND catalog.mistakes_max(catalog.fold(name)) > 0
          ORDER BY levenshtein(city_folded, catalog.fold(name)), city_folded LIMIT 1),
        catalog.fold(name))
$$;

CREATE TYPE catalog.search_row AS (
    show_id uuid, title text, type text, venue text, city text, region text, country text,
    starts_at bigint, ends_at bigint, time_zone text, currency text,
    price_minor_min bigint, price_minor_max bigint, rank real
);

CREATE FUNCTION catalog.search_by(query tsquery, wanted_title text, wanted_city text, wanted_type text,
                                  from_ms bigint, to_ms bigint, row_limit integer, row_offset integer)
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
     ORDER BY rank DESC, starts_at, show_id
     LIMIT row_limit OFFSET row_offset
$$;

-- What the public search is: ranked, soonest first among equals, on sale only. q and city may be NULL or
-- empty; type NULL for all; times in milliseconds, to exclusive. What occurs as it was typed wins; only when
-- nothing does are words and city taken for what they are most like, and last the title's letters anywhere,
-- which finds titles in scripts that do not part their words.
CREATE FUNCTION catalog.search(q text, city text, wanted_type text, from_ms bigint, to_ms bigint,
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
                                                     from_ms, to_ms, row_limit, row_offset);
        IF FOUND THEN RETURN; END IF;
        -- An empty later page of a search that found something is the end, not a mistyped query.
        IF row_offset > 0 THEN
            SELECT true INTO found_any FROM catalog.search_by(query, wanted_title, wanted_city, wanted_type,
                                                              from_ms, to_ms, 1, 0);
            IF found_any THEN RETURN; END IF;
        END IF;
        query := catalog.query_corrected(wanted_title);
        wanted_city := catalog.city_meant(wanted_city);
        RETURN QUERY SELECT * FROM catalog.search_by(query, wanted_title, wanted_city, wanted_type,
                                                     from_ms, to_ms, row_limit, row_offset);
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
     ORDER BY 14 DESC, s.starts_at, s.show_id
     LIMIT row_limit OFFSET row_offset;
END
$$;
