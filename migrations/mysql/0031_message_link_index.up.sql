CREATE INDEX link_of_chat ON message_link (chat_id, message_id);
