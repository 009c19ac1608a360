-- Who has hidden a message, to whom changes of it are not told.
CREATE INDEX hidden_message_place ON hidden_message (chat_id, seq);
