CREATE INDEX posted_of_chat ON posted (chat_id, class, message_id);
