DROP TABLE audit_details;
DROP TABLE audit_records;
