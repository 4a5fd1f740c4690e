-- Rows that differ in the upstream alone become segments of their own, which readers add up.
CREATE TABLE rollups_without_upstream (
    span              INTEGER NOT NULL,
    start             BIGINT NOT NULL,
    segment           BIGINT NOT NULL,
    key_id            TEXT NOT NULL,
    source_path       TEXT NOT NULL,
    route_id          TEXT NOT NULL,
    model             TEXT NOT NULL,
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
    PRIMARY KEY (span, start, segment, key_id, source_path, route_id, model, status_class)
) WITHOUT ROWID;
INSERT OR IGNORE INTO rollups_without_upstream (
    span, start, segment, key_id, source_path, route_id, model, status_class, route_name, requests, errors, duration_us,
    ttfb_us, bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, start, CASE WHEN number = 1 THEN segment ELSE -segment - number END, key_id, source_path, route_id, model, status_class, route_name, requests, errors, duration_us,
    ttfb_us, bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
FROM (
    SELECT rollups.*, ROW_NUMBER() OVER (
        PARTITION BY span, start, segment, key_id, source_path, route_id, model, status_class ORDER BY upstream
    ) AS number FROM rollups
) AS numbered;
DROP TABLE rollups;
ALTER TABLE rollups_without_upstream RENAME TO rollups;
