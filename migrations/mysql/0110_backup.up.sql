-- The backups that were made, and the attempts that failed.
CREATE TABLE backup (
    started_at BIGINT NOT NULL PRIMARY KEY,
    finished_at BIGINT NOT NULL,
    place VARCHAR(1024) NOT NULL,
    name VARCHAR(255) NOT NULL,
    bytes BIGINT NOT NULL,
    verified_at BIGINT,
    failure TEXT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
