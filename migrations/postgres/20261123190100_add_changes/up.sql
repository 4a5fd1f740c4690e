-- The history of keys, routes and stored settings: one row for each change, written in the transaction of the change.
-- Ids are UUIDs of version 7, so that their order is that of time. Times are microseconds since the Unix epoch, UTC.
CREATE TABLE changes (
    id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    time            BIGINT NOT NULL,
    -- admin_token, session or program; for a session the beginning of its hash.
    author          TEXT NOT NULL,
    session         TEXT,
    address         TEXT,
    -- api, import, restore or command.
    source          TEXT NOT NULL,
    restored_from   TEXT,
    -- key, route or setting.
    kind            TEXT NOT NULL,
    object_id       TEXT NOT NULL,
    object_name     TEXT NOT NULL,
    action          TEXT NOT NULL,
    -- JSON of the object; credentials in it are encrypted, and no hash of a key is in it. NULL = there was or is none.
    document_before TEXT,
    document_after  TEXT,
    -- What the object's ETag was after the change.
    etag            TEXT,
    -- For a deleted key, encrypted: what its secret is recognised by, so that it can be brought back.
    kept            TEXT
);

CREATE INDEX changes_by_object ON changes (kind, object_id, id);
