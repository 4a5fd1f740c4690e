-- Requests of one key at once; null = no bound.
ALTER TABLE api_keys ADD COLUMN max_concurrency BIGINT;
