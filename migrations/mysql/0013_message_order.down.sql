DROP INDEX message_order ON message;
