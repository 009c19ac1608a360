-- uploaded_at: when its bytes were verified. size: until then the most that will be taken.
CREATE TABLE attachment (
    id BINARY(16) NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    filename VARCHAR(255) NOT NULL,
    content_type VARCHAR(255) NOT NULL,
    size BIGINT NOT NULL,
    sha256 BINARY(32),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    uploaded_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
