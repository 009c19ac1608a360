-- Wide enough that unread messages are counted without reading them.
CREATE INDEX message_order ON message (chat_id, seq, author_id, kind, deleted_at);
