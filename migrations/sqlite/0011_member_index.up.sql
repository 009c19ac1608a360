CREATE INDEX chat_of_member ON member (user_id, chat_id);
