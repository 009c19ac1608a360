-- Every chat and every user has a stream; seq is the place of its newest event.
CREATE TABLE stream (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
