-- What lists and filters read. The id comes from the program: milliseconds of the start << 20 | counter, so that
-- ranges of time are ranges of ids and no index on a time is needed. Keys and routes are named, not referenced:
-- records outlive them.
CREATE TABLE audit_records (
    id                  INTEGER PRIMARY KEY NOT NULL,
    -- The start of the process that wrote the row; tells what a crash left unfinished.
    writer              BIGINT NOT NULL,
    request_id          TEXT NOT NULL,
    source_path         TEXT,
    key_id              TEXT,
    key_preview         TEXT,
    route_id            TEXT,
    route_name          TEXT,
    method              TEXT NOT NULL,
    path                TEXT NOT NULL,
    target_url          TEXT,
    status_code         INTEGER,
    outcome             TEXT,
    request_time        BIGINT NOT NULL,
    first_response_time BIGINT,
    response_time       BIGINT,
    duration_us         BIGINT,
    ttfb_us             BIGINT,
    gateway_us          BIGINT,
    request_size        BIGINT NOT NULL,
    response_size       BIGINT NOT NULL,
    user_agent          TEXT,
    ip_address          TEXT NOT NULL,
    is_stream           BOOLEAN NOT NULL,
    stream_chunks       BIGINT NOT NULL,
    model               TEXT,
    prompt_tokens       BIGINT,
    completion_tokens   BIGINT,
    error_message       TEXT,
    has_error           BOOLEAN NOT NULL
);

-- The big columns, apart, so that lists and scans never touch their pages.
CREATE TABLE audit_details (
    id               INTEGER PRIMARY KEY NOT NULL,
    request_headers  TEXT NOT NULL,
    request_body     TEXT,
    response_headers TEXT NOT NULL,
    response_body    TEXT,
    attempts         TEXT NOT NULL,
    match_reason     TEXT
);

-- Each index ends in the id by itself: it is the row's number. Absent values are left out of the index.
CREATE INDEX audit_records_by_request ON audit_records (request_id);
CREATE INDEX audit_records_by_source ON audit_records (source_path) WHERE source_path IS NOT NULL;
CREATE INDEX audit_records_by_key ON audit_records (key_id) WHERE key_id IS NOT NULL;
CREATE INDEX audit_records_by_route ON audit_records (route_id) WHERE route_id IS NOT NULL;
CREATE INDEX audit_records_by_model ON audit_records (model) WHERE model IS NOT NULL;
CREATE INDEX audit_records_by_address ON audit_records (ip_address);
CREATE INDEX audit_records_by_status ON audit_records (status_code) WHERE status_code IS NOT NULL;
CREATE INDEX audit_records_with_error ON audit_records (id) WHERE has_error;
CREATE INDEX audit_records_streamed ON audit_records (id) WHERE is_stream;
CREATE INDEX audit_records_in_flight ON audit_records (id) WHERE outcome IS NULL;
