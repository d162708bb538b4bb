-- SPDX-License-Identifier: Apache-2.0
--
-- What stands for what: the Idempotency-Keys of the last days. A key stands for one request of its owner: the
-- same key with another request is refused. That nothing is done twice does not rest on this table but on ids
-- that are derived from the key; it may be lost. Owned by ingest-api, which also removes what is older than
-- two days. Neither the key nor the body is kept, only their BLAKE2b-256.
CREATE TABLE account.idempotency_key (
    owner_id     uuid        NOT NULL,           -- the account; of a sign-up, UUIDv5 of its username
    key_hash     bytea       NOT NULL CHECK (octet_length(key_hash) = 32),
    call         text        NOT NULL,           -- 'POST /reserve': for people
    request_hash bytea       NOT NULL CHECK (octet_length(request_hash) = 32), -- of method, path and body
    result       uuid,                           -- what came of it, where a repeated request needs to know
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, key_hash)
);
-- Rows come in the order of time: a few pages of this find the old ones.
CREATE INDEX idempotency_key_created_at ON account.idempotency_key USING brin (created_at);

-- Erasing a person erases what they asked for.
CREATE FUNCTION account.idempotency_key_forget() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM account.idempotency_key WHERE owner_id = OLD.user_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER idempotency_key_forget AFTER DELETE ON account.person
    FOR EACH ROW EXECUTE FUNCTION account.idempotency_key_forget();
