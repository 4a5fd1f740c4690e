-- Figures are kept apart by the upstream as well: protocol, host and port of the last attempt. Rows from before stay, with
-- the empty text. SQLite cannot change a primary key: the table is made anew.
CREATE TABLE rollups_by_upstream (
    span              INTEGER NOT NULL,
    start             BIGINT NOT NULL,
    segment           BIGINT NOT NULL,
    key_id            TEXT NOT NULL,
    source_path       TEXT NOT NULL,
    route_id          TEXT NOT NULL,
    model             TEXT NOT NULL,
    upstream          TEXT NOT NULL DEFAULT '',
    status_class      INTEGER NOT NULL,
    route_name        TEXT NOT NULL,
    requests          BIGINT NOT NULL,
    errors            BIGINT NOT NULL,
    duration_us       BIGINT NOT NULL,
    ttfb_us           BIGINT NOT NULL,
    bytes_in          BIGINT NOT NULL,
    bytes_out         BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    durations         BLOB NOT NULL,
    ttfbs             BLOB NOT NULL,
    PRIMARY KEY (span, start, segment, key_id, source_path, route_id, model, upstream, status_class)
) WITHOUT ROWID;
INSERT INTO rollups_by_upstream (
    span, start, segment, key_id, source_path, route_id, model, status_class, route_name, requests, errors, duration_us,
    ttfb_us, bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, start, segment, key_id, source_path, route_id, model, status_class, route_name, requests, errors, duration_us,
    ttfb_us, bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
FROM rollups;
DROP TABLE rollups;
ALTER TABLE rollups_by_upstream RENAME TO rollups;
