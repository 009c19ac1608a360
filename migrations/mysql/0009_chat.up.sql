-- pair is "lower:higher" of a private chat's two members, so that a pair never has two chats; of saved messages it is
-- "one:one". kind: 1 private, 2 group, 3 channel, 4 saved messages. message_life: milliseconds until what is said disappears.
CREATE TABLE chat (
    id BIGINT NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    title VARCHAR(400) NOT NULL,
    title_folded VARCHAR(400) NOT NULL,
    description VARCHAR(2000),
    avatar_id BINARY(16),
    pair VARCHAR(40) UNIQUE,
    code VARCHAR(6) UNIQUE,
    is_read_only BIGINT NOT NULL DEFAULT 0,
    message_life BIGINT,
    member_count BIGINT NOT NULL DEFAULT 0,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
