-- SPDX-License-Identifier: Apache-2.0
--
-- Usernames in one normal form, failed logins counted for all instances together, and what makes a repeated
-- sign-up or API key the same one.

-- The normal form of an address (runtime/address.h) cannot be worked out in SQL: IDNA. ingest-api does it, for
-- accounts that were there before as soon as it starts.
ALTER TABLE account.person
    ADD COLUMN username_normal text UNIQUE,         -- NULL: the rule refuses the username, an older account has
                                                    -- this normal form, or it is not worked out yet
    ADD COLUMN username_rule smallint NOT NULL DEFAULT 0, -- by which version of the rule it was worked out; 0: not yet
    ADD COLUMN signup_key_hash bytea CHECK (octet_length(signup_key_hash) = 32); -- BLAKE2b-256 of the
                                                    -- Idempotency-Key that the account was made under; NULL: none
COMMENT ON COLUMN account.person.username IS
    'an email address as it is read and written to: the login, beside every other spelling of username_normal';
CREATE INDEX person_username_pending ON account.person (created_at, user_id) WHERE username_rule = 0;

-- The secret of a key that was made under an Idempotency-Key comes of the session's token and this, so that it is
-- nowhere and can still be told again to the same session. NULL: it cannot, or not any more.
ALTER TABLE account.api_key
    ADD COLUMN secret_salt bytea CHECK (octet_length(secret_salt) = 32);
CREATE INDEX api_key_secret_salt ON account.api_key (created_at) WHERE secret_salt IS NOT NULL;

-- Failed logins: what is taken and flows back over an hour, by name and address, by name from addresses that it
-- has logged in from before, and by name from all others. Keys are hashes; names that nobody has are here too.
CREATE TABLE account.login_limit (
    limit_key  bytea            PRIMARY KEY CHECK (octet_length(limit_key) = 16),
    taken      double precision NOT NULL, -- tries, at updated_at
    updated_at timestamptz      NOT NULL,
    empty_at   timestamptz      NOT NULL  -- from then on as if it were not there
);
CREATE INDEX login_limit_empty_at ON account.login_limit (empty_at);

-- Where an account has logged in from. The newest few of each are kept, for 90 days.
CREATE TABLE account.login_address (
    user_id      uuid        NOT NULL REFERENCES account.person ON DELETE CASCADE,
    address_hash bytea       NOT NULL CHECK (octet_length(address_hash) = 16), -- BLAKE2b-128 of the IP address, or of its /64
    seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, address_hash)
);
CREATE INDEX login_address_seen_at ON account.login_address (seen_at);

-- What is taken of a bucket now: what was, less what has flowed back since.
CREATE FUNCTION account.login_taken(bucket account.login_limit, flow_per_hour double precision)
    RETURNS double precision LANGUAGE sql VOLATILE AS $$
    SELECT greatest(0, bucket.taken - extract(epoch FROM clock_timestamp() - bucket.updated_at) * flow_per_hour / 3600)
$$;

-- Takes a try from the bucket of each key, or from none of them. Half of what an hour may see is there at once, the
-- other half flows back over the hour. per_hour belongs to keys, which are sorted: buckets are locked in that order.
-- Returns 0, or the seconds after which there is a try again.
CREATE FUNCTION account.login_take(keys bytea[], per_hour double precision[])
    RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    bucket account.login_limit;
    half   double precision;
    wait_s double precision := 0;
BEGIN
    FOR i IN 1 .. array_length(keys, 1) LOOP
        half := greatest(1, per_hour[i] / 2);
        INSERT INTO account.login_limit VALUES (keys[i], 0, clock_timestamp(), clock_timestamp())
            ON CONFLICT (limit_key) DO UPDATE SET limit_key = EXCLUDED.limit_key RETURNING * INTO bucket;
        wait_s := greatest(wait_s, (account.login_taken(bucket, half) + 1 - half) / half * 3600);
    END LOOP;
    IF wait_s > 0 THEN
        RETURN greatest(1, ceil(wait_s))::integer;
    END IF;
    FOR i IN 1 .. array_length(keys, 1) LOOP
        half := greatest(1, per_hour[i] / 2);
        UPDATE account.login_limit AS l
            SET taken = account.login_taken(l, half) + 1, updated_at = clock_timestamp(),
                empty_at = clock_timestamp() + make_interval(secs => (account.login_taken(l, half) + 1) / half * 3600)
            WHERE limit_key = keys[i];
    END LOOP;
    RETURN 0;
END
$$;

-- After a login: the bucket of the name and address is full again, that of the name gets its try back.
CREATE FUNCTION account.login_give_back(pair_key bytea, name_key bytea)
    RETURNS void LANGUAGE sql AS $$
    UPDATE account.login_limit AS l
        SET taken = CASE WHEN l.limit_key = pair_key THEN 0 ELSE greatest(0, l.taken - 1) END
        FROM (SELECT limit_key FROM account.login_limit WHERE limit_key IN (pair_key, name_key)
              ORDER BY limit_key FOR UPDATE) AS locked
        WHERE l.limit_key = locked.limit_key
$$;
