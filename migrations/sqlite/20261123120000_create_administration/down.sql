DROP TABLE settings;
DROP TABLE sessions;
DROP TABLE routes;
DROP TABLE api_keys;
