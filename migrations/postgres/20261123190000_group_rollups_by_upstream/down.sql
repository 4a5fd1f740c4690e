-- Rows that differ in the upstream alone become segments of their own, which readers add up.
UPDATE rollups SET segment = -segment - number
FROM (
    SELECT ctid AS place, ROW_NUMBER() OVER (
        PARTITION BY span, start, segment, key_id, source_path, route_id, model, status_class ORDER BY upstream
    ) AS number FROM rollups
) AS numbered
WHERE rollups.ctid = place AND number > 1;
ALTER TABLE rollups DROP CONSTRAINT rollups_pkey;
ALTER TABLE rollups DROP COLUMN upstream;
ALTER TABLE rollups ADD PRIMARY KEY (span, start, segment, key_id, source_path, route_id, model, status_class);
