-- Figures are kept apart by the upstream as well: protocol, host and port of the last attempt. Rows from before stay, with
-- the empty text.
ALTER TABLE rollups ADD COLUMN upstream TEXT NOT NULL DEFAULT '';
ALTER TABLE rollups DROP CONSTRAINT rollups_pkey;
ALTER TABLE rollups ADD PRIMARY KEY (span, start, segment, key_id, source_path, route_id, model, upstream, status_class);
