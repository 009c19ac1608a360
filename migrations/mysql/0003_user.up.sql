-- The folded columns hold what names and addresses are compared by. A deleted account keeps its row, without a name.
CREATE TABLE user (
    id BIGINT NOT NULL PRIMARY KEY,
    email VARCHAR(320),
    email_folded VARCHAR(320) UNIQUE,
    username VARCHAR(64),
    username_folded VARCHAR(64) UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    display_name VARCHAR(255) NOT NULL,
    name_folded VARCHAR(255) NOT NULL,
    avatar_url VARCHAR(2048),
    avatar_id BINARY(16),
    about VARCHAR(2000),
    time_zone VARCHAR(64),
    language VARCHAR(35),
    hides_presence BIGINT NOT NULL DEFAULT 0,
    hides_reading BIGINT NOT NULL DEFAULT 0,
    is_admin BIGINT NOT NULL DEFAULT 0,
    is_bot BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    deactivated_at BIGINT,
    deleted_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
