-- Figures are kept by one dimension at a time: a row for all requests of a span, one for each route, each key and so on.
-- What was a row for each combination of all of them grew with the product of their numbers, and so did every reading.
-- dimension: 0 all, 1 route, 2 key, 3 source path, 4 model, 5 upstream, 6 class of the status. value: the route's or key's
-- id, the path, the model, the upstream's protocol, host and port, `2xx` or `none`; the empty text stands for "none".
-- name: the route's, as last seen; otherwise empty.
CREATE TABLE rollups_by_dimension (
    span              INTEGER NOT NULL,
    dimension         INTEGER NOT NULL,
    start             BIGINT NOT NULL,
    segment           BIGINT NOT NULL,
    value             TEXT NOT NULL,
    name              TEXT NOT NULL,
    requests          BIGINT NOT NULL,
    errors            BIGINT NOT NULL,
    duration_us       BIGINT NOT NULL,
    ttfb_us           BIGINT NOT NULL,
    bytes_in          BIGINT NOT NULL,
    bytes_out         BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    -- Log-linear histograms: pairs of varints (distance to the last bucket, count); the pair 0, 0 begins at the first
    -- bucket again, so that histograms are added up by putting them behind one another.
    durations         BYTEA NOT NULL,
    ttfbs             BYTEA NOT NULL,
    -- With what top lists add up: these are read from the index alone, past the histograms.
    CONSTRAINT rollups_by_dimension_pkey PRIMARY KEY (span, dimension, start, segment, value) INCLUDE (requests, errors)
);
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 0, start, segment, '', '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 1, start, segment, route_id, MAX(route_name),
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, route_id;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 2, start, segment, key_id, '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, key_id;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 3, start, segment, source_path, '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, source_path;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 4, start, segment, model, '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, model;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 5, start, segment, upstream, '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, upstream;
INSERT INTO rollups_by_dimension (
    span, dimension, start, segment, value, name, requests, errors, duration_us, ttfb_us,
    bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs
) SELECT
    span, 6, start, segment, CASE status_class WHEN 0 THEN 'none' ELSE CAST(status_class AS TEXT) || 'xx' END, '',
    SUM(requests)::bigint, SUM(errors)::bigint, SUM(duration_us)::bigint, SUM(ttfb_us)::bigint,
    SUM(bytes_in)::bigint, SUM(bytes_out)::bigint, SUM(prompt_tokens)::bigint, SUM(completion_tokens)::bigint,
    string_agg(durations, '\x0000'::bytea), string_agg(ttfbs, '\x0000'::bytea)
FROM rollups GROUP BY span, start, segment, CASE status_class WHEN 0 THEN 'none' ELSE CAST(status_class AS TEXT) || 'xx' END;
DROP TABLE rollups;
ALTER TABLE rollups_by_dimension RENAME TO rollups;
ALTER TABLE rollups RENAME CONSTRAINT rollups_by_dimension_pkey TO rollups_pkey;
