ALTER TABLE audit_details DROP COLUMN replay;
