CREATE INDEX invite_of_chat ON invite (chat_id);
