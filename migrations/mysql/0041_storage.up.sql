-- How many bytes of uploaded files somebody has; of owner 0, how many there are in all.
CREATE TABLE storage (
    owner_id BIGINT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
