DROP TABLE admin_events;
ALTER TABLE changes DROP COLUMN author_name;
ALTER TABLE sessions DROP COLUMN token_id;
ALTER TABLE sessions DROP COLUMN name;
ALTER TABLE sessions DROP COLUMN role;
DROP TABLE admin_tokens;
