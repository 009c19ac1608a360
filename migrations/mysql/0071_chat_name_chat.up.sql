-- All names of a chat, to forget them with it.
CREATE INDEX chat_name_chat ON chat_name (chat_id);
