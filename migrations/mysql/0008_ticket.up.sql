-- Single-use passes for a socket, known by their SHA-256.
CREATE TABLE ticket (
    hash BINARY(32) NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
