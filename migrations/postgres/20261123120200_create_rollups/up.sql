-- Figures of the requests that ended in a span of time (60, 3600 or 86400 seconds) from `start` on, in microseconds.
-- A segment belongs to one writer, which keeps its rows in memory and replaces them; readers add segments up.
-- The empty text stands for "none"; status_class is the first digit, 0 without an answer.
CREATE TABLE rollups (
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
    -- Log-linear histograms: pairs of varints (distance to the last bucket, count).
    durations         BYTEA NOT NULL,
    ttfbs             BYTEA NOT NULL,
    PRIMARY KEY (span, start, segment, key_id, source_path, route_id, model, status_class)
);

-- Requests by path; paths beyond a span's bound are counted as `(other)`.
CREATE TABLE path_rollups (
    span     INTEGER NOT NULL,
    start    BIGINT NOT NULL,
    segment  BIGINT NOT NULL,
    path     TEXT NOT NULL,
    requests BIGINT NOT NULL,
    errors   BIGINT NOT NULL,
    PRIMARY KEY (span, start, segment, path)
);
