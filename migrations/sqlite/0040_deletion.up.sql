-- Accounts that were deleted and whose chats still hold something of them. erases: their messages go too. chat_id and
-- message_id: how far that is.
CREATE TABLE deletion (
    user_id INTEGER NOT NULL PRIMARY KEY,
    erases INTEGER NOT NULL,
    chat_id INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER NOT NULL DEFAULT 0
) STRICT;
