-- Of a request that an administrator sent again: JSON of the record it was made from and who did it.
ALTER TABLE audit_details ADD COLUMN replay TEXT;
