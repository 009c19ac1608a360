-- Accounts that were deleted and whose chats still hold something of them. erases: their messages go too. chat_id and
-- message_id: how far that is.
CREATE TABLE deletion (
    user_id BIGINT NOT NULL PRIMARY KEY,
    erases BIGINT NOT NULL,
    chat_id BIGINT NOT NULL DEFAULT 0,
    message_id BIGINT NOT NULL DEFAULT 0
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
