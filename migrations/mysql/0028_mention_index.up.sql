CREATE INDEX mention_in_message ON mention (message_id);
