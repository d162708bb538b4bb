-- SPDX-License-Identifier: Apache-2.0
--
-- Who uses Seatlog: the only place where anything about a person is kept. Owned by ingest-api; notifier reads
-- username, to send a mail. Erasing a person is deleting the row of account.person: sessions and API keys go
-- with it, and what remains elsewhere is a random id.
CREATE SCHEMA account;

CREATE TABLE account.person (
    user_id       uuid        PRIMARY KEY,
    username      text        NOT NULL UNIQUE,  -- an email address in lower case: the login, and where mail goes
    password_hash text        NOT NULL,         -- Argon2id, in its own text form with salt and costs
    location      text        NOT NULL,         -- a city, for search; may be empty
    roles         text[]      NOT NULL DEFAULT '{buyer}'
                              CHECK (roles <@ ARRAY['buyer', 'organizer', 'partner', 'gate', 'operator']),
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A login. The token itself is with its owner alone.
CREATE TABLE account.session (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32), -- BLAKE2b-256 of the token
    user_id    uuid        NOT NULL REFERENCES account.person ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_user_id ON account.session (user_id);
CREATE INDEX session_expires_at ON account.session (expires_at);

-- What a program of a partner shows instead of a session; good until it is deleted.
CREATE TABLE account.api_key (
    key_id     uuid        PRIMARY KEY,
    key_hash   bytea       NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32), -- BLAKE2b-256 of the key
    user_id    uuid        NOT NULL REFERENCES account.person ON DELETE CASCADE,
    name       text        NOT NULL, -- what it is for, in its owner's words
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_key_user_id ON account.api_key (user_id);

-- Every instance of ingest-api listens, and forgets what it remembers of the session or person named. Sent by
-- triggers, so that a row deleted by hand logs out everywhere too.
CREATE FUNCTION account.session_forget() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('seatlog_session', 'token ' || encode(OLD.token_hash, 'hex'));
    RETURN NULL;
END
$$;
CREATE TRIGGER session_forget AFTER DELETE OR UPDATE ON account.session
    FOR EACH ROW EXECUTE FUNCTION account.session_forget();

CREATE FUNCTION account.api_key_forget() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('seatlog_session', 'token ' || encode(OLD.key_hash, 'hex'));
    RETURN NULL;
END
$$;
CREATE TRIGGER api_key_forget AFTER DELETE OR UPDATE ON account.api_key
    FOR EACH ROW EXECUTE FUNCTION account.api_key_forget();

CREATE FUNCTION account.person_forget() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('seatlog_session', 'user ' || OLD.user_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER person_forget AFTER DELETE OR UPDATE OF roles, password_hash ON account.person
    FOR EACH ROW EXECUTE FUNCTION account.person_forget();
