-- Long cursors of people in many chats, to which the cursors that clients keep refer. streams: a cursor as text.
CREATE TABLE sync_cursor (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    streams MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    INDEX sync_cursor_user (user_id, id),
    INDEX sync_cursor_created (created_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
