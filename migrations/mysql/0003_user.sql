-- The folded columns hold what names and addresses are compared by.
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
    created_at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
