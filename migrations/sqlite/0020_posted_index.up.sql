CREATE INDEX posted_in_message ON posted (message_id);
