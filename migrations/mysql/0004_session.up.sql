-- kind: a sign-in, or a personal access token, which is a session that is not renewed and is known by its SHA-256.
CREATE TABLE session (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    device VARCHAR(255),
    address VARCHAR(64),
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    kind BIGINT NOT NULL DEFAULT 1,
    scopes BIGINT NOT NULL DEFAULT 0,
    token_hash BINARY(32) UNIQUE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
