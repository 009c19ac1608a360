CREATE TABLE session (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    device VARCHAR(255),
    address VARCHAR(64),
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
