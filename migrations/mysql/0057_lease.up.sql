-- What one of several nodes holds for a while: its number, and the jobs that one node does for all.
CREATE TABLE lease (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    holder BIGINT NOT NULL,
    until BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
