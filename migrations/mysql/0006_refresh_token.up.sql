-- Only the SHA-256 of a token is kept. A used one stays until its session ends: a second use is theft.
CREATE TABLE refresh_token (
    hash BINARY(32) NOT NULL PRIMARY KEY,
    session_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
