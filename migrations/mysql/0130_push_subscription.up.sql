-- A device that is sent pushes: an endpoint of a push service, and the keys with which its pushes are encrypted (RFC 8291).
-- It ends with its session. Its pushes are paused until quiet_until, and contain only ids if hides_content.
CREATE TABLE push_subscription (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    session_id BIGINT NOT NULL UNIQUE,
    endpoint VARCHAR(2048) NOT NULL,
    endpoint_hash BINARY(32) NOT NULL UNIQUE,
    public_key BINARY(65) NOT NULL,
    auth_secret BINARY(16) NOT NULL,
    hides_content BIGINT NOT NULL DEFAULT 0,
    quiet_until BIGINT,
    created_at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
