CREATE UNIQUE INDEX message_order ON message (chat_id, seq);
