-- Times are microseconds since the Unix epoch, UTC. Ids are UUIDs of version 7, made by the program.
CREATE TABLE api_keys (
    key_id               TEXT PRIMARY KEY NOT NULL,
    key_preview          TEXT NOT NULL,
    hash                 BLOB NOT NULL UNIQUE,
    -- What the key was before its last rotation, and until when that still works.
    previous_hash        BLOB UNIQUE,
    previous_valid_until BIGINT,
    name                 TEXT,
    source_path          TEXT NOT NULL,
    -- JSON array of texts.
    permissions          TEXT NOT NULL,
    rate_limit           BIGINT,
    expires_at           BIGINT,
    is_active            BOOLEAN NOT NULL,
    usage_count          BIGINT NOT NULL DEFAULT 0,
    last_used_at         BIGINT,
    created_at           BIGINT NOT NULL
);

CREATE TABLE routes (
    route_id   TEXT PRIMARY KEY NOT NULL,
    route_name TEXT NOT NULL,
    priority   INTEGER NOT NULL,
    is_active  BOOLEAN NOT NULL,
    -- JSON of the whole definition; credentials in it are encrypted.
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    -- SHA-256 of the cookie's token.
    token_hash   BLOB PRIMARY KEY NOT NULL,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    user_agent   TEXT,
    address      TEXT NOT NULL
);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
