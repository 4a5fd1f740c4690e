DROP TABLE path_rollups;
DROP TABLE rollups;
