-- Tokens of administrators with a role each. Known by the SHA-256 of 256 random bits. Times are microseconds since the Unix
-- epoch, UTC.
CREATE TABLE admin_tokens (
    token_id      TEXT PRIMARY KEY NOT NULL,
    token_preview TEXT NOT NULL,
    token_hash    BLOB NOT NULL UNIQUE,
    name          TEXT NOT NULL UNIQUE,
    -- viewer, operator or admin.
    role          TEXT NOT NULL,
    is_active     BOOLEAN NOT NULL,
    expires_at    BIGINT,
    created_by    TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT
);

-- Sessions from before were opened with the admin token.
ALTER TABLE sessions ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE sessions ADD COLUMN name TEXT;
ALTER TABLE sessions ADD COLUMN token_id TEXT;

ALTER TABLE changes ADD COLUMN author_name TEXT;

-- What administrators did beside changing keys and routes: who came in, who was refused, who made or ended what. Ids are
-- UUIDs of version 7, so that their order is that of time.
CREATE TABLE admin_events (
    id          TEXT PRIMARY KEY NOT NULL,
    time        BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    -- Refusals are kept apart, so that nobody can push out what was done by being refused.
    is_refusal  BOOLEAN NOT NULL,
    -- NULL for strangers.
    author      TEXT,
    author_name TEXT,
    session     TEXT,
    address     TEXT,
    -- The token or session that it was done to.
    object_id   TEXT,
    object_name TEXT
);

CREATE INDEX admin_events_by_refusal ON admin_events (is_refusal, id);
