-- pair is "lower:higher" of a private chat's two members, so that a pair never has two chats.
CREATE TABLE chat (
    id BIGINT NOT NULL PRIMARY KEY,
    title VARCHAR(400) NOT NULL,
    pair VARCHAR(40) UNIQUE,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
