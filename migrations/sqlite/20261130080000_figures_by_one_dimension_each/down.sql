-- What belonged together is not known any more: requests are told apart by the class of their status only.
CREATE TABLE rollups_by_combination (
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
INSERT INTO rollups_by_combination (
    span, start, segment, key_id, source_path, route_id, model, upstream, status_class,
    route_name, requests, errors, duration_us, ttfb_us, bytes_in,
    bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, start, segment, '', '', '', '', '',
    CASE value WHEN 'none' THEN 0 ELSE CAST(substr(value, 1, 1) AS INTEGER) END,
    '', requests, errors, duration_us, ttfb_us, bytes_in,
    bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
FROM rollups WHERE dimension = 6;
DROP TABLE rollups;
ALTER TABLE rollups_by_combination RENAME TO rollups;
